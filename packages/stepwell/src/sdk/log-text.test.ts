import { expect, test } from "vitest";
import { LIMITS } from "../protocol/limits.ts";
import { logText } from "./log-text.ts";

test("texts stay as they are, other values are written as JSON", () => {
  expect(logText(["paid", 7, { a: "x", b: [null, true] }])).toBe('paid 7 {"a":"x","b":[null,true]}');
  expect(logText([new Map([["k", [1n]]]), new Set([new Date(0)])])).toBe('[["k",["1"]]] ["1970-01-01T00:00:00.000Z"]');
  expect(logText([undefined, Symbol("s"), 1n])).toBe("undefined Symbol(s) 1");
});

test("errors are written with their stacks and causes, also within values", () => {
  const error = new Error("outer", { cause: new TypeError("inner") });
  expect(logText([error])).toMatch(/^Error: outer\n +at [\s\S]*\ncaused by TypeError: inner/);
  expect(logText([{ error }])).toMatch(/^\{"error":"Error: outer/);
});

test("what cannot be read is no error", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  expect(logText(["before", circular, "after"])).toBe("before [unreadable] after");
  const cause = new Error("self");
  cause.cause = cause;
  expect(logText([cause]).match(/Error: self/g)).toHaveLength(2);
});

test("large values are looked at little further than they are written", () => {
  let reads = 0;
  const watched = Array.from({ length: 10_000 }, () => ({
    toJSON() {
      reads++;
      return "x".repeat(1_000);
    },
  }));
  const text = logText([watched, ...Array.from({ length: 1_000 }, () => watched)]);
  expect(text.length).toBe(LIMITS.logMessageCharsMax);
  expect(text.endsWith("…")).toBe(true);
  expect(reads).toBeLessThan(300);
});
