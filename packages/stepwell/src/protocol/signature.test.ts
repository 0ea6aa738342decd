import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { utf8ToBytes } from "./hash.ts";
import { hashedSigningKey, sign, verify } from "./signature.ts";

const KEY = "signkey-prod-0123456789abcdef";
const NOW = 1_700_000_000_000;
const body = utf8ToBytes('{"a":1,"b":"ü"}');

describe("a signature", () => {
  test("is the HMAC of the body and the time, under the text of the key without its prefix", () => {
    const expected = createHmac("sha256", "0123456789abcdef").update(body).update("1700000000").digest("hex");
    expect(sign(body, KEY, NOW)).toBe(`t=1700000000&s=${expected}`);
  });

  test("is valid for five minutes either way", () => {
    const header = sign(body, KEY, NOW);
    expect(verify(header, body, [KEY], NOW + 299_000).verdict).toBe("valid");
    expect(verify(header, body, [KEY], NOW + 301_000).verdict).toBe("expired");
    expect(verify(header, body, [KEY], NOW - 301_000).verdict).toBe("expired");
  });

  test("of canonical text fits a body with other spacing and order", () => {
    const header = sign(body, KEY, NOW);
    expect(verify(header, utf8ToBytes('{ "b": "ü", "a": 1 }'), [KEY], NOW).verdict).toBe("valid");
  });

  test("is refused for another body, another key, or another form", () => {
    const header = sign(body, KEY, NOW);
    expect(verify(header, utf8ToBytes('{"a":2}'), [KEY], NOW).verdict).toBe("mismatch");
    expect(verify(header, body, ["ffff"], NOW).verdict).toBe("mismatch");
    expect(verify(header, body, [], NOW).verdict).toBe("mismatch");
    for (const forged of [
      "",
      "t=1",
      `s=${header}`,
      `${header}&x=1`,
      header.toUpperCase(),
      header.replace("t=", "t=-"),
    ]) {
      expect(verify(forged, body, [KEY], NOW).verdict).toBe("malformed");
    }
  });

  test("names the key that fits, so that the answer can be signed with it", () => {
    expect(verify(sign(body, "beef", NOW), body, [KEY, "beef"], NOW)).toEqual({ verdict: "valid", key: "beef" });
  });

  test("covers an empty body", () => {
    const empty = new Uint8Array();
    expect(verify(sign(empty, KEY, NOW), empty, [KEY], NOW).verdict).toBe("valid");
  });
});

test("the hashed key keeps its prefix and hashes the bytes, not the text", () => {
  expect(hashedSigningKey("signkey-test-00ff")).toMatch(/^signkey-test-[0-9a-f]{64}$/);
  expect(hashedSigningKey("00ff")).toBe(hashedSigningKey("00FF"));
  expect(hashedSigningKey("xyz")).toBeNull();
  expect(hashedSigningKey("abc")).toBeNull();
});
