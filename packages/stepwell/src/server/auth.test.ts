import { describe, expect, test } from "vitest";
import { hashedSigningKey } from "../protocol/signature.ts";
import { createGate } from "./auth.ts";

const KEY = "signkey-prod-0123abcd";

describe("the signing key", () => {
  const gate = createGate({ eventKeys: [], signingKeys: [KEY, "signkey-prod-beef"] });

  test("is accepted plain and hashed, with and without prefix, current and fallback", () => {
    const hashed = hashedSigningKey(KEY)!;
    for (const token of [KEY, "0123abcd", hashed, hashed.replace("signkey-prod-", ""), "signkey-prod-beef", "beef"]) {
      expect(() => gate.checkBearer(`Bearer ${token}`)).not.toThrow();
    }
  });

  test("anything else is refused", () => {
    for (const header of [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      "Bearer undefined",
      "Bearer 0123ABCD",
      `Token ${KEY}`,
      KEY,
    ]) {
      expect(() => gate.checkBearer(header), header).toThrow("Authentication failed");
    }
  });

  test("a key that is no hex has no hashed form and is accepted plain", () => {
    const plain = createGate({ eventKeys: [], signingKeys: ["not hex at all".replaceAll(" ", "-")] });
    expect(() => plain.checkBearer("Bearer not-hex-at-all")).not.toThrow();
  });

  test("without a key nothing is asked", () => {
    const open = createGate({ eventKeys: [], signingKeys: [] });
    for (const header of [undefined, "Bearer ", "Bearer undefined"])
      expect(() => open.checkBearer(header)).not.toThrow();
  });
});

describe("event keys", () => {
  test("any of those configured, exactly", () => {
    const gate = createGate({ eventKeys: ["one", "two"], signingKeys: [] });
    expect(() => gate.checkEventKey("two")).not.toThrow();
    expect(() => gate.checkEventKey("Two")).toThrow("not found");
    expect(() => gate.checkEventKey("")).toThrow("required");
  });

  test("any at all when none is configured", () => {
    expect(() => createGate({ eventKeys: [], signingKeys: [] }).checkEventKey("NO_EVENT_KEY_SET")).not.toThrow();
  });
});
