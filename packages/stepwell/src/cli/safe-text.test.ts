import { expect, test } from "vitest";
import { harmlessText, safeLines, safeText } from "./safe-text.ts";

test("what could steer a terminal is shown instead", () => {
  expect(safeText("\u001b]0;title\u0007\u009b2J\u202e\ttab é 世界")).toBe(
    "\\u001b]0;title\\u0007\\u009b2J\\u202e\ttab é 世界",
  );
});

test("lines stay lines", () => {
  expect(safeLines("a\r\nb\n\u001bc")).toEqual(["a", "b", "\\u001bc"]);
});

test("of all that is printed, lines and styles pass, and styles only where there are colours", () => {
  const text = "\u001b[31mfailed\u001b[39m a\r\nb\u001b]0;title\u0007\u001b[2J\u009b1A\rok\u202e";
  const rest = "a\nb\\u001b]0;title\\u0007\\u001b[2J\\u009b1A\\u000dok\\u202e";
  expect(harmlessText(text, true)).toBe(`\u001b[31mfailed\u001b[39m ${rest}`);
  expect(harmlessText(text, false)).toBe(`failed ${rest}`);
});

test("what is shown of a value in JSON is still that value", () => {
  const value = { name: "a\u009b2J\u202e\u007f" };
  expect(JSON.parse(harmlessText(JSON.stringify(value), true))).toEqual(value);
});
