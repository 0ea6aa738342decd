import { expect, test } from "vitest";
import { policyOf } from "./retention-choice.ts";

test("an option wins over a variable, and what nobody says is left open", () => {
  const env = { STEPWELL_RETENTION: "7d", INNGEST_MAX_SIZE: "1GB" };
  expect(policyOf({ retention: "forever" }, env)).toEqual({ keepMs: null, sizeBytesMax: 1024 ** 3 });
  expect(policyOf({}, {})).toEqual({});
});

test("what cannot be read is refused by name", () => {
  expect(() => policyOf({}, { STEPWELL_RETENTION: "soon" })).toThrow(/--retention: soon/);
  expect(() => policyOf({ maxSize: "1MB" }, {})).toThrow(/--max-size/);
});
