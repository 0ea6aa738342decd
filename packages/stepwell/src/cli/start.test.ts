import { expect, test } from "vitest";
import { isLoopback } from "../server/access/access.ts";
import { exposureOf } from "./start.ts";

const KEYS = { signingKey: "00".repeat(16), signingKeyFallback: null, eventKeys: ["a"] };

test("only this machine's own addresses are loopback", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].every(isLoopback)).toBe(true);
  expect(["0.0.0.0", "::", "192.168.0.1", "127.example.com"].some(isLoopback)).toBe(false);
});

test("what is open is said: the network, plain HTTP, weak keys", () => {
  expect(exposureOf({ host: "127.0.0.1" }, KEYS).isOpen.join()).not.toMatch(/other machines|short/);
  expect(exposureOf({ host: "0.0.0.0" }, KEYS).isOpen.join()).toContain("reachable from other machines");
  expect(exposureOf({ host: "::1" }, { ...KEYS, signingKeyFallback: "aa" }).isOpen.join()).toContain("short");
});

test("what the keys protect is said as it is: calls go out under the current key alone", () => {
  const { isProtected, isOpen } = exposureOf({ host: "::1" }, { ...KEYS, signingKeyFallback: "bb".repeat(16) });
  expect(isProtected).toContain("calls to apps: signed with the current key");
  expect(isProtected).toContain("requests here: the fallback key is accepted too");
  expect(exposureOf({ host: "::1" }, KEYS).isProtected.join()).not.toContain("fallback");
  expect(isOpen).toContain("/health, and the log-in page");
});
