import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText, encodeText } from "./text.ts";

const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
const nearMark = fc.array(fc.constantFrom("\u{10ffff}", "\udbff", "\udfff", '"', "x")).map((parts) => parts.join(""));

test("X1: every string comes back, through text that UTF-8 can carry", () => {
  fc.assert(
    fc.property(fc.oneof(anyText, nearMark), (text) => {
      const stored = encodeText(text);
      expect(stored.isWellFormed()).toBe(true);
      expect(decodeText(stored)).toBe(text);
    }),
  );
});

test("X1: ordinary text is stored as it is", () => {
  expect(encodeText("Grüße 👩‍👩‍👧 \u0000")).toBe("Grüße 👩‍👩‍👧 \u0000");
});
