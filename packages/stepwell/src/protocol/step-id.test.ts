import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { uuidFromName } from "./hash.ts";
import { stepHash } from "./step-id.ts";

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

test("a step's hash is the SHA-1 of its id; repeats add their number", () => {
  expect(stepHash("charge", 0)).toBe(sha1("charge"));
  expect(stepHash("charge", 1)).toBe(sha1("charge:1"));
  expect(stepHash("grüße 🎉", 2)).toBe(sha1("grüße 🎉:2"));
});

test("the cache of hashes stays bounded and right", () => {
  for (let index = 0; index < 25_000; index++) stepHash(`many-${index}`, 0);
  expect(stepHash("many-3", 0)).toBe(sha1("many-3"));
});

test("a name-based UUID is version 5 and stable", () => {
  expect(uuidFromName("app/app-fn")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidFromName("a")).toBe(uuidFromName("a"));
  expect(uuidFromName("a")).not.toBe(uuidFromName("b"));
});
