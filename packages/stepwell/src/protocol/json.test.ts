import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, isDeeperThan } from "./json.ts";

test("canonical text sorts keys by UTF-16 units and writes numbers the short way", () => {
  expect(canonicalJson({ b: 1.0, a: 1e21, é: -0, A: [undefined, null] })).toBe(
    '{"A":[null,null],"a":1e+21,"b":1,"é":0}',
  );
});

test("undefined is null, and members that are undefined are left out", () => {
  expect(canonicalJson(undefined)).toBe("null");
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test("what JSON cannot carry is refused", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  expect(() => canonicalJson(cycle)).toThrow();
  expect(() => canonicalJson({ at: Number.NaN })).toThrow();
  expect(() => canonicalJson({ big: 1n })).toThrow();
});

test("depth counts brackets outside of texts", () => {
  expect(isDeeperThan("[[[1]]]", 3)).toBe(false);
  expect(isDeeperThan("[[[[1]]]]", 3)).toBe(true);
  expect(isDeeperThan('"[[[[[["', 3)).toBe(false);
  expect(isDeeperThan('["\\"[[[[", {"a": []}]', 3)).toBe(false);
});

test("the short way writes what the library writes, whatever the value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10, noUnicodeString: false }), (value) => {
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }),
  );
});

test("dates, sparse arrays and values with toJSON are written as JSON writes them", () => {
  expect(canonicalJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  expect(canonicalJson({ toJSON: () => ({ b: 1, a: 2 }) })).toBe('{"a":2,"b":1}');
  expect(canonicalJson([undefined, 1])).toBe("[null,1]");
});

test("integer-like keys stand in the order of their characters, not of their numbers", () => {
  expect(canonicalJson({ 10: "ten", 9: "nine" })).toBe('{"10":"ten","9":"nine"}');
});
