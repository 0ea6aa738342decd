import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { answer, startApp } from "../../test/server/harness.ts";
import { StopSource } from "../engine/stop-source.ts";
import type { Call } from "../protocol/call.ts";
import { verify } from "../protocol/signature.ts";
import { HttpTransport, targetOf } from "./http-transport.ts";

const KEY = "signkey-test-0123abcd";

const make = (of: HttpTransport, made: Call, stop = new StopSource()) => of.call(made, async () => "saved", stop);

function call(url: string, more: Partial<Call> = {}): Call {
  return {
    runId: "01HZZZZZZZZZZZZZZZZZZZZZZZ",
    functionId: "28e29508-37a3-5408-99b2-bd46aaf03c91",
    functionSlug: "shop-a",
    url,
    target: null,
    attempt: 0,
    attemptsMax: 5,
    requestId: "01HZZZZZZZZZZZZZZZZZZZZZZX",
    generation: 3,
    jobId: "01HZZZZZZZZZZZZZZZZZZZZZZZ.main",
    requestVersion: -1,
    disableImmediateExecution: false,
    events: ['{"data":{},"id":"1","name":"a","ts":1,"user":{}}'],
    memos: [],
    inputs: [],
    ...more,
  };
}

function transport(options: Partial<ConstructorParameters<typeof HttpTransport>[0]> = {}): HttpTransport {
  const made = new HttpTransport({ signingKey: null, ...options });
  onTestFinished(() => made.close());
  return made;
}

describe("the request", () => {
  test("stepId is replaced and every other parameter kept as it was written", () => {
    const of = (url: string) => targetOf(url).pathPrefix;
    expect(of("http://a/api?fnId=shop-a&stepId=step")).toBe("/api?fnId=shop-a&stepId=");
    expect(of("http://a/api?stepId=x&fnId=f&token=a%2Bb+c&step=step")).toBe(
      "/api?fnId=f&token=a%2Bb+c&step=step&stepId=",
    );
    expect(of("http://a/api")).toBe("/api?stepId=");
  });

  test("carries the headers SDKs read, and no signature without a key", async () => {
    const app = await startApp((_call, response) => answer(response, 200, null));
    await make(transport(), call(`${app.url}?fnId=shop-a`, { target: "ab".repeat(20), requestVersion: 2 }));
    const [seen] = app.calls;
    expect(seen!.url).toBe(`/api/test?fnId=shop-a&stepId=${"ab".repeat(20)}`);
    expect(seen!.headers).toMatchObject({
      "content-type": "application/json",
      "x-run-id": "01HZZZZZZZZZZZZZZZZZZZZZZZ",
      "x-inngest-req-version": "2",
      "x-request-id": "01HZZZZZZZZZZZZZZZZZZZZZZX",
      "x-inngest-generation-id": "3",
      "x-inngest-step-id": "ab".repeat(20),
    });
    expect(seen!.headers).not.toHaveProperty("x-inngest-signature");
  });

  test("is signed over its bytes, as the protocol's own signing does it", async () => {
    const app = await startApp((_call, response) => answer(response, 200, null));
    await make(transport({ signingKey: KEY }), call(app.url));
    const [seen] = app.calls;
    const bytes = new TextEncoder().encode(seen!.text);
    expect(verify(String(seen!.headers["x-inngest-signature"]), bytes, [KEY], Date.now()).verdict).toBe("valid");
  });
});

describe("the answer", () => {
  test("a returned value", async () => {
    const app = await startApp((_call, response) => answer(response, 200, { b: 1, a: 2 }));
    expect(await make(transport(), call(app.url))).toMatchObject({ kind: "returned", output: '{"a":2,"b":1}' });
  });

  test("compressed bodies are unpacked, up to the limit", async () => {
    const zeros = Buffer.alloc(20_000_000, 0x20);
    const app = await startApp(({ url }, response) => {
      const kind = new URL(url, "http://a").searchParams.get("kind");
      response.setHeader("content-encoding", kind === "br" ? "br" : "gzip");
      response.end(kind === "br" ? brotliCompressSync('"small"') : gzipSync(kind === "bomb" ? zeros : '"small"'));
    });
    const http = transport();
    expect(await make(http, call(`${app.url}?kind=gzip`))).toMatchObject({ output: '"small"' });
    expect(await make(http, call(`${app.url}?kind=br`))).toMatchObject({ output: '"small"' });
    expect(await make(http, call(`${app.url}?kind=bomb`))).toMatchObject({ error: { code: "reply_too_large" } });
  });

  test("redirects keep method and body, and end at their limit", async () => {
    const app = await startApp(({ url }, response) => {
      if (url.startsWith("/loop")) return void response.writeHead(302, { location: "/loop" }).end();
      if (url.startsWith("/api")) return void response.writeHead(301, { location: `/moved${url.slice(9)}` }).end();
      return answer(response, 200, "here");
    });
    const http = transport();
    expect(await make(http, call(app.url))).toMatchObject({ output: '"here"' });
    expect(app.calls[1]).toMatchObject({ method: "POST", url: "/moved?stepId=step", text: app.calls[0]!.text });
    expect(await make(http, call(app.url.replace("/api/test", "/loop")))).toMatchObject({
      error: { code: "app_unreachable" },
    });
  });

  test("nobody there, no URL, another protocol: an outcome with a reason", async () => {
    const http = transport();
    const refused = await make(http, call("http://127.0.0.1:9/api"));
    expect(refused).toMatchObject({ kind: "failed", error: { code: "app_unreachable" }, isUnreached: true });
    expect(refused.kind === "failed" && refused.error.message).toContain("refused");
    expect(await make(http, call("nonsense"))).toMatchObject({ error: { code: "app_unreachable" } });
  });

  test("a call that takes too long is broken off", async () => {
    const app = await startApp(() => {});
    expect(await make(transport({ callMsMax: 20 }), call(app.url))).toMatchObject({ error: { code: "call_timeout" } });
  });

  test("a call that nobody waits for any more closes its connection, which the app sees", async () => {
    const stop = new StopSource();
    let closed: Promise<void> | null = null;
    const app = await startApp((_call, response) => {
      closed = new Promise((resolve) => void response.on("close", resolve));
      stop.stop();
    });
    expect(await make(transport(), call(app.url), stop)).toMatchObject({ kind: "failed" });
    await closed;
  });

  test("a kept connection that the app closed meanwhile is not a failure", async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        requests++;
        response.setHeader("x-inngest-sdk", "test:v1");
        if (requests === 2)
          response.socket?.destroy(); // Closed while the second request was on its way.
        else response.end("1");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const http = transport({ connectionsMax: 1 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await make(http, call(url))).toMatchObject({ kind: "returned" });
    expect(await make(http, call(url))).toMatchObject({ kind: "returned" });
    expect(requests).toBe(3);
  });
});
