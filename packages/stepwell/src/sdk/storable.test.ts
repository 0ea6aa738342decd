import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../protocol/json.ts";
import { storableText } from "./storable.ts";

const store = (value: unknown, bytesMax?: number) => storableText(value, 'Step "s"', "result", bytesMax);
const refusal = (value: unknown) => {
  try {
    store(value);
  } catch (error) {
    return (error as Error).message;
  }
  return "stored";
};

describe("what JSON carries is stored", () => {
  test("plain values, canonically", () => {
    expect(store({ b: [1, "x", null, true], a: {} })).toBe('{"a":{},"b":[1,"x",null,true]}');
  });

  test("nothing is null, undefined members are dropped, undefined elements are null", () => {
    expect(store(undefined)).toBe("null");
    expect(store({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  test("objects with a JSON form in that form", () => {
    expect(store({ at: new Date(0), url: new URL("http://x/") })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","url":"http://x/"}',
    );
  });

  test("the same object twice, as long as it does not contain itself", () => {
    const shared = { n: 1 };
    expect(store([shared, shared])).toBe('[{"n":1},{"n":1}]');
  });

  test("any JSON value comes back as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(store(value)).toBe(canonicalJson(value));
        expect(JSON.parse(store(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("what JSON would lose is refused, with its path", () => {
  test("a cycle", () => {
    const node: { children: unknown[] } = { children: [] };
    node.children.push({ parent: node });
    expect(refusal(node)).toBe(
      'Step "s": the value at result.children[0].parent cannot be stored: it contains itself.',
    );
  });

  test("a bigint, a function and a symbol", () => {
    expect(refusal({ rows: [{ id: 1n }] })).toContain("at result.rows[0].id cannot be stored: JSON has no bigint");
    expect(refusal({ save: () => {} })).toContain("at result.save cannot be stored: JSON has no function");
    expect(refusal([Symbol("x")])).toContain("at result[0] cannot be stored: JSON has no symbol");
  });

  test("numbers that are none", () => {
    expect(refusal({ "a b": Number.NaN })).toContain('at result["a b"] cannot be stored: NaN is not a JSON number');
    expect(refusal(Number.POSITIVE_INFINITY)).toContain("at result cannot be stored: Infinity");
  });

  test("collections, errors, promises, patterns, bytes and invalid dates", () => {
    expect(refusal({ m: new Map([[1, 2]]) })).toContain("a Map or Set loses its entries");
    expect(refusal(new Set([1]))).toContain("a Map or Set loses its entries");
    expect(refusal(new Error("x"))).toContain("an Error loses its message");
    expect(refusal({ p: Promise.resolve(1) })).toContain("await it");
    expect(refusal(/x/)).toContain("RegExp");
    expect(refusal(new Uint8Array(2))).toContain("base64");
    expect(refusal(new Date(Number.NaN))).toContain("the date is invalid");
  });

  test("what nests too deep or is too large", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 200; depth++) deep = [deep];
    expect(refusal(deep)).toContain("nests deeper than");
    expect(() => store("é".repeat(10), 21)).toThrow("it has 22 bytes, and the limit is 21");
    expect(store("é".repeat(10), 22)).toHaveLength(12);
  });
});

test("what keeps its content out of its members is refused, not emptied", () => {
  const generator = (function* () {})();
  for (const value of [new Response("x"), new Headers(), new Blob([]), new WeakMap(), new Number(5), generator]) {
    expect(refusal(value)).toContain("has no JSON form");
  }
  expect(
    store(
      new (class Point {
        x = 1;
      })(),
    ),
  ).toBe('{"x":1}');
});

test("half of a surrogate pair is refused with its place", () => {
  expect(refusal({ texts: ["ok", "\ud800"] })).toContain("result.texts[1]");
});
