import { expect, test } from "vitest";
import { safeLines, safeText } from "./safe-text.ts";

test("what could steer a terminal is shown instead", () => {
  expect(safeText("\u001b]0;title\u0007\u009b2J\u202e\ttab é 世界")).toBe(
    "\\u001b]0;title\\u0007\\u009b2J\\u202e\ttab é 世界",
  );
});

test("lines stay lines", () => {
  expect(safeLines("a\r\nb\n\u001bc")).toEqual(["a", "b", "\\u001bc"]);
});
