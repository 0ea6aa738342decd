import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { readReply } from "./reply.ts";

const NOW = 1_700_000_000_000;
const SDK = { "x-inngest-sdk": "js:v4.0.0", "x-inngest-req-version": "2" };

function read(status: number, body: string, headers: Record<string, string> = SDK) {
  return readReply({ status, body, header: (name) => headers[name], nowMs: NOW });
}

const stepRun = {
  op: "StepRun",
  id: "a".repeat(40),
  name: "one",
  displayName: "one",
  data: { ok: true },
  userland: { id: "one" },
};

describe("a reply of an SDK", () => {
  test("with 200 is the function's return value; empty means null", () => {
    expect(read(200, '{"b":1,"a":2}')).toMatchObject({ kind: "returned", output: '{"a":2,"b":1}', requestVersion: 2 });
    expect(read(200, "")).toMatchObject({ kind: "returned", output: "null" });
  });

  test("with 206 carries one operation or a list, leading white space allowed", () => {
    expect(read(206, JSON.stringify(stepRun))).toMatchObject({
      kind: "ops",
      ops: [{ op: "StepRun", data: '{"ok":true}' }],
    });
    expect(read(206, `  ${JSON.stringify([stepRun, stepRun])}`)).toMatchObject({ kind: "ops", ops: [{}, {}] });
    expect(read(206, "[]")).toMatchObject({ kind: "ops", ops: [] });
  });

  test("tolerates null and missing fields of an operation", () => {
    const op = {
      op: "Sleep",
      id: "s",
      name: "1h",
      opts: null,
      displayName: null,
      data: null,
      error: null,
      userland: null,
      timing: { a: 0, b: 0 },
    };
    expect(read(206, JSON.stringify([op]))).toMatchObject({
      ops: [{ op: "Sleep", name: "1h", displayName: "1h", opts: {}, startedAt: null }],
    });
  });

  test("with 4xx or 5xx is a failure that is tried again unless the header forbids it", () => {
    const body = JSON.stringify({ name: "TypeError", message: "boom", stack: "at x" });
    expect(read(500, body)).toMatchObject({
      kind: "failed",
      noRetry: false,
      error: { name: "TypeError", message: "boom", stack: "at x" },
    });
    expect(read(400, body)).toMatchObject({ noRetry: false });
    expect(read(400, body, { ...SDK, "x-inngest-no-retry": "true" })).toMatchObject({ noRetry: true });
    expect(read(500, body, { ...SDK, "x-inngest-no-retry": "false" })).toMatchObject({ noRetry: false });
  });

  test("makes an error of whatever the body holds", () => {
    expect(read(500, '{"message":"only"}')).toMatchObject({ error: { name: "Error", message: "only" } });
    expect(read(500, '{"error":"step missing","foundSteps":[]}')).toMatchObject({
      error: { name: "Error", message: "step missing" },
    });
    expect(read(500, "not json")).toMatchObject({ error: { message: "not json" } });
    expect(read(500, "")).toMatchObject({ error: { message: "The function failed with HTTP 500" } });
  });

  test("marks every step error of a final reply as final", () => {
    const op = { op: "StepError", id: "a", name: "a", error: { name: "E", message: "m" } };
    expect(read(206, JSON.stringify([op]), { ...SDK, "x-inngest-no-retry": "true" })).toMatchObject({
      ops: [{ noRetry: true }],
    });
    expect(read(206, JSON.stringify([op]))).toMatchObject({ ops: [{ noRetry: false }] });
  });

  test("says when to come back, in seconds or as a date, between one second and a day", () => {
    const delay = (value: string) => read(500, "{}", { ...SDK, "retry-after": value }).retryAfterMs;
    expect(delay("0")).toBe(1_000);
    expect(delay("42")).toBe(42_000);
    expect(delay("108000")).toBe(86_400_000);
    expect(delay(new Date(NOW + 90_000).toISOString())).toBe(90_000);
    expect(delay(new Date(NOW + 90_000).toUTCString())).toBe(90_000);
    expect(delay(new Date(NOW - 90_000).toISOString())).toBe(1_000);
    expect(delay("soon")).toBeNull();
  });
});

describe("a streamed reply (201)", () => {
  test("is what it wraps, encoded once or twice", () => {
    expect(read(201, `   ${JSON.stringify({ status: 200, headers: {}, body: '{"a":1}' })}`)).toMatchObject({
      kind: "returned",
      output: '{"a":1}',
    });
    expect(read(201, JSON.stringify({ status: 200, body: { a: 1 } }))).toMatchObject({
      kind: "returned",
      output: '{"a":1}',
    });
    expect(read(201, JSON.stringify({ status: 206, body: JSON.stringify([stepRun]) }))).toMatchObject({ kind: "ops" });
  });

  test("keeps the type of a returned text", () => {
    for (const text of ["123", "true", '{"a":1}']) {
      expect(read(201, JSON.stringify({ status: 200, body: JSON.stringify(text) }))).toMatchObject({
        output: JSON.stringify(text),
      });
    }
  });

  test("takes its headers from inside", () => {
    const body = JSON.stringify({
      status: 500,
      headers: { "X-Inngest-No-Retry": "true", "Retry-After": "5" },
      body: '{"message":"m"}',
    });
    expect(read(201, body)).toMatchObject({ kind: "failed", noRetry: true, retryAfterMs: 5_000 });
  });

  test("without a status is a failure", () => {
    expect(read(201, "{}")).toMatchObject({ kind: "failed", error: { code: "reply_invalid" } });
    expect(read(201, "")).toMatchObject({ kind: "failed", error: { code: "reply_invalid" } });
  });
});

describe("anything else", () => {
  test("a 2xx that does not come from an SDK completes nothing", () => {
    expect(read(200, "<html>Log in</html>", {})).toMatchObject({ kind: "failed", error: { code: "not_sdk" } });
  });

  test("an error page is a failure that keeps the page", () => {
    expect(read(502, "<h1>Bad gateway</h1>", {})).toMatchObject({
      kind: "failed",
      error: { code: "app_error", stack: "<h1>Bad gateway</h1>" },
    });
  });

  test("an unknown operation fails that reply with its name", () => {
    expect(read(206, '[{"op":"Teleport","id":"a"}]')).toMatchObject({
      kind: "failed",
      error: { code: "op_invalid", message: expect.stringContaining("Teleport") },
    });
  });

  test("a step id that is no id, or the name of another job, fails the reply", () => {
    for (const id of ["main", "step", "", 'a"b', "a/b", "a b", "x".repeat(LIMITS.stepIdCharsMax + 1), 7]) {
      expect(read(206, JSON.stringify([{ ...stepRun, id }]))).toMatchObject({ error: { code: "op_invalid" } });
    }
  });

  test("numbers that cannot be stored count as not said", () => {
    const op = { ...stepRun, userland: { id: "one", index: 1e16 }, timing: { a: 1e300, b: 1 } };
    expect(read(206, JSON.stringify([op]))).toMatchObject({ ops: [{ index: 0, startedAt: null, endedAt: null }] });
    expect(read(201, JSON.stringify({ status: 1e16, body: "{}" }))).toMatchObject({ error: { code: "reply_invalid" } });
  });

  test("too many operations are final", () => {
    const ops = Array.from({ length: LIMITS.opsPerReplyMax + 1 }, () => stepRun);
    expect(read(206, JSON.stringify(ops))).toMatchObject({
      kind: "failed",
      noRetry: true,
      error: { code: "too_many_ops" },
    });
  });

  test("a body that is too large or too deep is refused before it is parsed", () => {
    expect(read(200, "1".repeat(LIMITS.replyBodyBytesMax + 1))).toMatchObject({ error: { code: "reply_too_large" } });
    expect(read(200, "[".repeat(100_000))).toMatchObject({ error: { code: "reply_invalid" } });
  });

  test("a value that nobody can store fails the reply, and an error with one is kept without it", () => {
    expect(read(200, "[1e999]")).toMatchObject({ kind: "failed", error: { code: "reply_invalid" } });
    expect(read(200, '["\\ud800"]')).toMatchObject({ kind: "failed", error: { code: "reply_invalid" } });
    const failed = read(500, '{"message":"half \\ud83d","cause":[1e999],"data":{"ok":1}}');
    expect(failed).toMatchObject({ kind: "failed", error: { message: "half \ufffd", data: { ok: 1 } } });
    expect(() => canonicalJson((failed as { error: unknown }).error)).not.toThrow();
  });

  test("options that nobody can store fail the reply, and names lose the halves of their pairs", () => {
    const ask = (fields: string) => read(206, `[{"op":"WaitForEvent","id":"w",${fields}}]`);
    for (const opts of ['{"limit":1e999}', '{"if":"\\ud800"}', '{"payload":{"deep":[["\\udfff"]]}}']) {
      expect(ask(`"opts":${opts}`)).toMatchObject({ kind: "failed", error: { code: "reply_invalid" } });
    }
    const named = ask('"name":"\\ud800","displayName":"x\\udfff"');
    expect(named).toMatchObject({ ops: [{ name: "\ufffd", displayName: "x\ufffd" }] });
  });

  test("no bytes and no status make it throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 100, max: 599 }), fc.boolean(), (body, status, isSdk) => {
        expect(["ops", "returned", "failed"]).toContain(read(status, body, isSdk ? SDK : {}).kind);
      }),
    );
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(200, 201, 206, 400, 500), (body, status) => {
        expect(["ops", "returned", "failed"]).toContain(read(status, body).kind);
      }),
    );
  });
});
