import { describe, expect, test } from "vitest";
import { type GatewayCall, type GatewayKind, readGatewayOpts, redactGatewayOpts } from "./gateway.ts";
import type { JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";

const URL_A = "https://api.example.com/v1/x";

function read(kind: GatewayKind, opts: JsonObject): GatewayCall {
  const call = readGatewayOpts(kind, { url: URL_A, ...opts });
  if (typeof call === "string") throw new Error(call);
  return call;
}

const headersOf = (kind: GatewayKind, opts: JsonObject) => Object.fromEntries(read(kind, opts).headers);
const ai = (format: string, more: JsonObject = {}) =>
  headersOf("ai", { format, auth_key: "sk-1", body: { model: "m" }, ...more });

describe("a request of step.fetch", () => {
  test("is a POST unless it says otherwise", () => {
    expect(read("fetch", {}).method).toBe("POST");
    expect(read("fetch", { method: "get" }).method).toBe("GET");
  });

  test("keeps headers in lower case and joins lists and spellings", () => {
    expect(
      headersOf("fetch", { headers: { "X-A": "1", "x-a": "2", "X-B": ["3", "4"], "x-n": 5, "x-z": null } }),
    ).toEqual({
      "x-a": "1, 2",
      "x-b": "3, 4",
      "x-n": "5",
    });
  });

  test("loses the headers that belong to the connection", () => {
    const headers = { Host: "inside", "Content-Length": "1", "transfer-encoding": "chunked", Connection: "x", te: "t" };
    expect(headersOf("fetch", { headers: { ...headers, accept: "a" } })).toEqual({ accept: "a" });
  });

  test("is refused with a reason that tells no value", () => {
    const reason = (opts: JsonObject) => readGatewayOpts("fetch", { url: URL_A, ...opts });
    expect(reason({ url: 1 })).toBe("it has no url");
    expect(reason({ url: "file:///etc/passwd" })).toBe("its url is not one of http or https");
    expect(reason({ url: "https://a/\r\nx: 1" })).toBe("its url is not one of http or https");
    expect(reason({ url: `https://a/${"x".repeat(LIMITS.gatewayUrlCharsMax)}` })).toMatch(/longer than 8192/);
    expect(reason({ method: "CONNECT" })).toMatch(/method/);
    expect(reason({ method: "GET / HTTP/1.1\r\n" })).toMatch(/method/);
    expect(reason({ body: { a: 1 } })).toBe("its body is not a text");
    expect(reason({ headers: [] })).toMatch(/not an object/);
    expect(reason({ headers: { "a b": "1" } })).toMatch(/name that cannot be sent/);
    expect(reason({ headers: { authorization: "Bearer s3cret\r\nx: 1" } })).toBe(
      "its header authorization has a value that cannot be sent",
    );
    expect(reason({ headers: { a: "x".repeat(LIMITS.gatewayHeaderCharsMax) } })).toMatch(/characters/);
    const many = Object.fromEntries(Array.from({ length: LIMITS.gatewayHeadersMax + 1 }, (_, i) => [`h${i}`, "1"]));
    expect(reason({ headers: many })).toMatch(/more than 100 headers/);
  });
});

describe("a request of step.ai.infer", () => {
  test("says who asks as its format wants it", () => {
    expect(ai("openai-chat")).toMatchObject({ authorization: "Bearer sk-1", "content-type": "application/json" });
    expect(ai("bedrock")).toMatchObject({ authorization: "sk-1" });
    expect(ai("anthropic")).toMatchObject({ "x-api-key": "sk-1", "anthropic-version": "2023-06-01" });
    expect(ai("gemini")).not.toHaveProperty("authorization");
    expect(read("ai", { format: "gemini", auth_key: "sk-1", body: {} }).queryKey).toBe("sk-1");
    expect(ai("openai-chat", { auth_key: "" })).not.toHaveProperty("authorization");
  });

  test("lets the app's own headers win", () => {
    const headers = { "Anthropic-Version": "2099-01-01", Accept: "text/plain" };
    expect(ai("anthropic", { headers })).toMatchObject({ "anthropic-version": "2099-01-01", accept: "text/plain" });
  });

  test("carries its body as JSON and is a POST", () => {
    expect(read("ai", { body: { b: 1, a: [2] }, method: "GET" })).toMatchObject({
      body: '{"b":1,"a":[2]}',
      method: "POST",
    });
  });

  test("is refused without a body, with a stream, with a key that no header carries", () => {
    expect(readGatewayOpts("ai", { url: URL_A })).toBe("it has no body");
    expect(readGatewayOpts("ai", { url: URL_A, body: { stream: true } })).toMatch(/stream/);
    expect(readGatewayOpts("ai", { url: URL_A, body: {}, auth_key: "sk-1\n" })).toBe("its auth_key cannot be sent");
  });
});

test("a request names the texts that must not be shown", () => {
  const headers = { Authorization: "Bearer abc", "X-Api-Key": "def", Cookie: "s=1", accept: "plain" };
  expect(read("fetch", { headers }).secrets).toEqual(["Bearer abc", "abc", "def", "s=1"]);
  expect(read("ai", { body: {}, format: "gemini", auth_key: "sk-1" }).secrets).toEqual(["sk-1"]);
});

describe("the history", () => {
  const shown = (kind: GatewayKind, opts: JsonObject) => redactGatewayOpts(kind, opts);

  test("holds no key, no credentials and no secret of an address", () => {
    const opts = {
      url: "https://user:s3cret-pw@api.example.com/v1?key=s3cret-a&page=2&X-Amz-Signature=s3cret-b#access_token=s3cret-c",
      auth_key: "s3cret-d",
      headers: {
        Authorization: "Bearer s3cret-e",
        "x-goog-api-key": ["s3cret-f"],
        "x-custom": "Basic s3cret-g",
        "my-token": "s3cret-h",
        Cookie: "s3cret-i",
        referer: "https://a.example/?sig=s3cret-j",
        accept: "application/json",
        "idempotency-key": "order-1",
      },
      body: { model: "m", max_tokens: 9, tools: [{ authorization_token: "s3cret-k" }] },
    };
    const text = JSON.stringify(shown("ai", opts));
    expect(text).not.toContain("s3cret");
    expect(shown("ai", opts)).toMatchObject({
      url: "https://[redacted]@api.example.com/v1?key=[redacted]&page=2&X-Amz-Signature=[redacted]#access_token=[redacted]",
      auth_key: "[redacted]",
      headers: { Authorization: "[redacted]", accept: "application/json", "idempotency-key": "order-1" },
      body: { model: "m", max_tokens: 9 },
    });
  });

  test("is not fooled by the spellings that address parsers forgive", () => {
    expect(shown("fetch", { url: "https:\\\\u:p@host/x" })["url"]).not.toContain("u:p");
    expect(shown("fetch", { url: " ht\ntps://u:p@host/?%6bey=v" })["url"]).toBe(
      "https://[redacted]@host/?%6bey=[redacted]",
    );
    expect(shown("fetch", { url: "https://a@b:c@host/" })["url"]).toBe("https://[redacted]@host/");
    expect(shown("fetch", { url: 7, headers: "Authorization: x" })).toEqual({
      url: "[redacted]",
      headers: "[redacted]",
    });
  });

  test("keeps a body as it is, up to its bound", () => {
    expect(shown("fetch", { body: "a=1&secret=2" })).toEqual({ body: "a=1&secret=2" });
    expect(String(shown("fetch", { body: "x".repeat(1_000_000) })["body"])).toHaveLength(65_537);
    expect(String(shown("ai", { body: { x: "x".repeat(1_000_000) } })["body"])).toHaveLength(65_537);
  });
});
