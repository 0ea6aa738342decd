import { createHmac } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AppHandler, answer, SIGNING_KEY, startApp } from "../../../test/server/harness.ts";
import type { Call } from "../../protocol/call.ts";
import { EndpointTransport } from "./endpoint-transport.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
const finishing: AppHandler = (_call, response) => answer(response, 206, { op: "RunComplete", id: "done", data: 1 });

const callOf = (data: object, more: Partial<Call> = {}): Call => ({
  runId: RUN,
  functionId: "f",
  functionSlug: "f",
  url: "endpoint:",
  target: null,
  attempt: 0,
  attemptsMax: 4,
  requestId: "01HZZZZZZZZZZZZZZZZZZZZZZR",
  generation: 7,
  jobId: `${RUN}.main`,
  requestVersion: 2,
  disableImmediateExecution: false,
  events: [JSON.stringify({ name: "inngest/http.request", data })],
  memos: [],
  inputs: [],
  ...more,
});

async function callApp(data: object, handler: AppHandler = finishing, signingKey: string | null = null, more = {}) {
  const app = await startApp(handler);
  const transport = new EndpointTransport({ signingKey });
  onTestFinished(() => transport.close());
  const call = callOf(data, { url: `endpoint:${new URL(app.url).origin}`, ...more });
  const outcome = await transport.call(call, async () => "saved", new AbortController().signal);
  return { outcome, asked: app.calls[0]!, calls: app.calls };
}

describe("a call of an endpoint", () => {
  test("is the client's request again, and says that it is the server's", async () => {
    const body = '{"b": 1.50,"a":"ö"}';
    const data = {
      method: "POST",
      path: "/buy/1%202",
      query_params: "a=1&a=%C3%B6",
      content_type: "application/json",
      body,
    };
    const { outcome, asked } = await callApp(data);
    expect([asked.method, asked.url, asked.text]).toEqual(["POST", "/buy/1%202?a=1&a=%C3%B6", body]);
    expect(asked.headers).toMatchObject({
      "content-type": "application/json",
      "x-inngest-signature": "",
      "x-run-id": RUN,
      "x-request-id": "01HZZZZZZZZZZZZZZZZZZZZZZR",
      "x-inngest-generation-id": "7",
      "x-inngest-job-id": `${RUN}.main`,
      "x-inngest-req-version": "2",
    });
    expect("x-inngest-step-id" in asked.headers || "x-inngest-force-step-plan" in asked.headers).toBe(false);
    expect(outcome).toMatchObject({ kind: "ops", ops: [{ op: "RunComplete", data: "1" }] });
  });

  test("names its step, and asks for a plan where steps run side by side", async () => {
    const more = { target: "ab", disableImmediateExecution: true };
    const { asked } = await callApp({ method: "GET", path: "/" }, finishing, null, more);
    expect(asked.headers).toMatchObject({ "x-inngest-step-id": "ab", "x-inngest-force-step-plan": "true" });
  });

  test("is signed over what SDKs look at: the canonical body of a POST, nothing of a GET", async () => {
    for (const [method, body, signed] of [
      ["POST", '{"b": 1.50,"a":1}', '{"a":1,"b":1.5}'],
      ["PUT", '"text"', "text"],
      ["GET", "", ""],
      ["PATCH", '{"a":1}', ""],
    ] as const) {
      const { asked } = await callApp({ method, path: "/", body }, finishing, SIGNING_KEY);
      const [, at, signature] = /^t=(\d+)&s=(\w+)$/.exec(String(asked.headers["x-inngest-signature"]))!;
      const key = SIGNING_KEY.replace("signkey-prod-", "");
      expect(signature).toBe(createHmac("sha256", key).update(`${signed}${at}`).digest("hex"));
    }
  });

  test("goes to the function's origin, whatever the path of its event says", async () => {
    const { asked } = await callApp({ method: "GET", path: "//elsewhere.test/x" });
    expect(asked.url).toBe("/elsewhere.test/x");
  });

  test("follows no redirect", async () => {
    const { outcome, calls } = await callApp({ method: "GET", path: "/" }, (_call, response) => {
      response.removeHeader("x-inngest-sdk");
      response.writeHead(302, { location: "/other" }).end();
    });
    expect([calls.length, outcome.kind, outcome.status]).toEqual([1, "failed", 302]);
  });

  test("has a list of operations for an answer, too", async () => {
    const { outcome } = await callApp({ method: "GET", path: "/" }, (_call, response) =>
      answer(response, 206, [{ op: "Sleep", id: "nap", name: "1s" }]),
    );
    expect(outcome).toMatchObject({ kind: "ops", ops: [{ op: "Sleep" }] });
  });

  test("cannot be made of another event, and that is final", async () => {
    for (const data of [{}, { method: "GET" }, { method: "GET", path: "x" }]) {
      const { outcome, calls } = await callApp(data);
      expect(calls).toHaveLength(0);
      expect(outcome).toMatchObject({ kind: "failed", noRetry: true, error: { code: "endpoint_request_invalid" } });
    }
  });

  test("that finds nobody is tried again", async () => {
    const transport = new EndpointTransport({ signingKey: null });
    onTestFinished(() => transport.close());
    const call = callOf({ method: "GET", path: "/" }, { url: "endpoint:http://127.0.0.1:1" });
    const outcome = await transport.call(call, async () => "saved", new AbortController().signal);
    expect(outcome).toMatchObject({ kind: "failed", noRetry: false, error: { code: "app_unreachable" } });
  });
});
