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
