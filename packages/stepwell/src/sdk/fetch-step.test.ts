import { describe, expect, test } from "vitest";
import { call, client, output, state } from "../../test/sdk/driver.ts";
import type { StepTools } from "../index.ts";

const fn = (body: (step: StepTools) => unknown) =>
  client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => body(step));

const asked = async (body: (step: StepTools) => unknown) => {
  const result = await call(fn(body));
  if (result.kind !== "ops") throw result.kind === "failed" ? result.error : new Error("it returned");
  return result.ops[0]!;
};

describe("a request made by the server", () => {
  test("is a GET unless it says otherwise", async () => {
    expect(await asked((step) => step.fetch("f", "https://example.com/a"))).toMatchObject({
      op: "Gateway",
      opts: { type: "step.fetch", url: "https://example.com/a", method: "GET", headers: {} },
    });
  });

  test("carries method, headers and a text, with the content type that fetch would send", async () => {
    const init = { method: "post", headers: [["X-One", "1"]] as [string, string][], body: "{}" };
    expect((await asked((step) => step.fetch("f", new URL("https://example.com"), init))).opts).toEqual({
      type: "step.fetch",
      url: "https://example.com/",
      method: "POST",
      headers: { "x-one": "1", "content-type": "text/plain;charset=UTF-8" },
      body: "{}",
    });
    const form = { method: "PUT", body: new URLSearchParams({ a: "1 2" }) };
    expect((await asked((step) => step.fetch("f", "https://example.com", form))).opts).toMatchObject({
      headers: { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" },
      body: "a=1+2",
    });
  });

  test("may be given as a Request, whose body is read anew each time", async () => {
    const request = new Request("https://example.com", { method: "POST", body: "text", headers: { a: "b" } });
    const expected = { method: "POST", body: "text", headers: { a: "b" } };
    expect((await asked((step) => step.fetch("f", request))).opts).toMatchObject(expected);
    expect((await asked((step) => step.fetch("f", request))).opts).toMatchObject(expected);
  });

  test("is refused when it cannot be carried", async () => {
    const refused = (target: string, init: object = {}) => call(fn((step) => step.fetch("f", target, init)));
    const invalid = { kind: "failed", noRetry: true, error: { code: "option_invalid" } };
    expect(await refused("/relative")).toMatchObject(invalid);
    expect(await refused("file:///etc/passwd")).toMatchObject(invalid);
    expect(await refused("https://example.com", { body: "x" })).toMatchObject(invalid);
    expect(await refused("https://example.com", { method: "POST", body: new Uint8Array(1) })).toMatchObject(invalid);
    expect(await refused("https://example.com", { headers: { "bad name": "x" } })).toMatchObject(invalid);
  });
});

describe("its answer", () => {
  const answered = async (data: unknown, read: (response: Response) => unknown) =>
    output({
      result: await call(
        fn(async (step) => read(await step.fetch("f", "https://e.com"))),
        state({ f: { data } }),
      ),
    });
  const facts = async (response: Response) => [
    response.status,
    response.ok,
    response.url,
    response.headers.get("content-type"),
    await response.text(),
  ];

  test("is a response like any other", async () => {
    const data = { url: "https://e.com/b", headers: { "content-type": "text/x" }, body: "hello", status_code: 404 };
    expect(await answered(data, facts)).toEqual([404, false, "https://e.com/b", "text/x", "hello"]);
    expect(await answered({ ...data, status_code: 200, body: '{"a":1}' }, (r) => r.json())).toEqual({ a: 1 });
  });

  test("may have no body, a status that no server should send, and broken headers", async () => {
    expect(await answered({ url: "", headers: {}, body: "", status_code: 204 }, facts)).toEqual([
      204,
      true,
      "",
      null,
      "",
    ]);
    expect(await answered({ headers: { "bad name": "x" }, body: "b", status_code: 999 }, facts)).toEqual([
      999,
      false,
      "",
      "text/plain;charset=UTF-8",
      "b",
    ]);
  });

  test("that never came is an error of the step", async () => {
    const memo = { error: { name: "GatewayError", code: "gateway_failed", message: "no answer" } };
    const result = await call(
      fn((step) => step.fetch("f", "https://e.com")),
      state({ f: memo }),
    );
    expect(result).toMatchObject({ kind: "failed", noRetry: true, error: { code: "gateway_failed", stepId: "f" } });
  });
});
