import { expect, test } from "vitest";
import { countText, listText, shortError, spanText, untilText } from "./words.ts";

test("spans have their two largest units", () => {
  expect([250, 59_999, 3_600_000, 93_784_000].map(spanText)).toEqual(["250ms", "59s", "1h", "1d2h"]);
});

test("what is over is now", () => {
  expect(untilText(0, 5)).toBe("now");
  expect(untilText(60_000, 0)).toBe("1970-01-01T00:01:00Z (in 1m)");
});

test("lists end with and, or with how many more there are", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map((items) => listText(items))).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
  ]);
  expect(listText(["a", "b", "c", "d"], 1_004)).toBe("a, b, c and 1,001 more");
  expect([countText(1, "job"), countText(2_000, "job")]).toEqual(["1 job", "2,000 jobs"]);
});

test("errors are cut", () => {
  expect(shortError({ name: "Error", message: "x".repeat(500) })).toHaveLength(201);
  expect(shortError({ message: "no luck" })).toBe("no luck");
});
