import { expect, test } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import { isShort, type KeyOptions, readKeys } from "./keys.ts";
import type { Environment } from "./settings.ts";

const HEX = "00112233445566778899aabbccddeeff";

function refusal(options: KeyOptions, env: Environment = {}): string {
  try {
    readKeys(options, env);
    return "accepted";
  } catch (error) {
    return isStepwellError(error) ? `${error.code}: ${error.message}` : String(error);
  }
}

test("options come before STEPWELL_*, and that before INNGEST_*", () => {
  const env = {
    STEPWELL_SIGNING_KEY: "aa",
    INNGEST_SIGNING_KEY: "bb",
    STEPWELL_EVENT_KEY: "",
    INNGEST_EVENT_KEY: "one, two",
  };
  expect(readKeys({ signingKey: HEX }, env)).toEqual({
    signingKey: HEX,
    signingKeyFallback: null,
    eventKeys: ["one", "two"],
  });
  expect(readKeys({ eventKey: ["three"] }, env)).toMatchObject({ signingKey: "aa", eventKeys: ["three"] });
});

test("both keys are needed", () => {
  expect(refusal({})).toMatch(/^keys_missing/);
  expect(refusal({ signingKey: HEX })).toMatch(/^keys_missing/);
  expect(refusal({ eventKey: ["a"] })).toMatch(/^keys_missing/);
});

test("a signing key is an even number of hex digits, with or without its prefix", () => {
  expect(readKeys({ signingKey: `signkey-prod-${HEX}`, eventKey: ["a"] }, {}).signingKey).toBe(`signkey-prod-${HEX}`);
  expect(refusal({ signingKey: "abc", eventKey: ["a"] })).toContain("3 digits, which is no even number");
  expect(refusal({ signingKey: "secret", eventKey: ["a"] })).toContain("not hex");
  expect(refusal({ signingKey: HEX, signingKeyFallback: "x", eventKey: ["a"] })).toContain("fallback signing key");
});

test("no refusal repeats a key", () => {
  expect(refusal({ signingKey: "hunter2", eventKey: ["a"] })).not.toContain("hunter2");
  expect(refusal({ signingKey: HEX, eventKey: ["hunter 2"] })).not.toContain("hunter 2");
});

test("an event key is a part of an address", () => {
  expect(refusal({ signingKey: HEX, eventKey: ["a/b"] })).toMatch(/^key_invalid: The event key/);
});

test("a short key is known as such", () => {
  expect(isShort("signkey-prod-aabb")).toBe(true);
  expect(isShort(HEX)).toBe(false);
});
