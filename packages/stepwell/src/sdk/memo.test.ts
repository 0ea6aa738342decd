import { expect, test } from "vitest";
import { memosOfTexts, readMemo } from "./memo.ts";

test("exact wrappers are unwrapped", () => {
  expect(readMemo({ data: 1 })).toEqual({ kind: "data", data: 1 });
  expect(readMemo({ type: "data", data: null })).toEqual({ kind: "data", data: null });
  expect(readMemo({ error: { message: "x" } })).toEqual({ kind: "error", error: { message: "x" } });
  expect(readMemo({ input: [1, 2] })).toEqual({ kind: "input", input: [1, 2] });
});

test("everything else is the result itself", () => {
  for (const value of [null, 1, "x", [], {}, { name: "e", data: {} }, { data: 1, error: 2 }, { input: 1 }]) {
    expect(readMemo(value)).toEqual({ kind: "data", data: value });
  }
});

test("texts are parsed when they are asked for", () => {
  const memos = memosOfTexts([
    { id: "a", json: '{"data":1}' },
    { id: "b", json: "not JSON" },
  ]);
  expect([memos.size, memos.has("b"), memos.get("a")]).toEqual([2, true, { data: 1 }]);
});
