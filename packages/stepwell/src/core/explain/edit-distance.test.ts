import { expect, test } from "vitest";
import { closestNames, editDistance } from "./edit-distance.ts";

test("counts letters that are changed, added or missing, up to a limit", () => {
  expect(editDistance("order", "order", 2)).toBe(0);
  expect(editDistance("order", "ordr", 2)).toBe(1);
  expect(editDistance("order", "odrer", 2)).toBe(2);
  expect(editDistance("order", "invoice", 2)).toBe(3);
  expect(editDistance("", "ab", 2)).toBe(2);
});

test("names the nearest first, whatever their capitals, and no more than asked for", () => {
  const known = ["user/created", "user/updated", "User/Create", "order/placed"];
  expect(closestNames("user/create", known, 2, 5)).toEqual(["User/Create", "user/created"]);
  expect(closestNames("user/create", known, 2, 1)).toEqual(["User/Create"]);
  expect(closestNames("nothing/like", known, 2, 5)).toEqual([]);
});
