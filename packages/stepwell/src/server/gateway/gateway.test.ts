import { once } from "node:events";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { codeOf, dataOf, failureOf, gateway, startWorld } from "../../../test/server/gateway-world.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";

describe("step.fetch", () => {
  test("sends method, headers and body, and gives the answer", async () => {
    const world = await startWorld((_request, response) => {
      response.writeHead(201, { "x-a": "1", "set-cookie": ["a=1", "b=2"] }).end("hé");
    });
    const opts = { url: `${world.origin}/p?q=1`, method: "PUT", headers: { "X-B": "2", Host: "evil" }, body: "ü" };
    const outcome = await gateway().ask("fetch", opts);
    expect(world.seen[0]).toMatchObject({ method: "PUT", path: "/p?q=1", body: "ü", headers: { "x-b": "2" } });
    expect(world.seen[0]!.headers.host).toBe(`127.0.0.1:${world.port}`);
    expect(dataOf(outcome)).toEqual({
      url: `${world.origin}/p?q=1`,
      headers: expect.objectContaining({ "x-a": "1", "set-cookie": "a=1, b=2" }),
      body: "hé",
      status_code: 201,
    });
  });

  test("is a POST without a method, and every status is a success", async () => {
    const world = await startWorld((_request, response) => void response.writeHead(503).end("no"));
    expect(dataOf(await gateway().ask("fetch", { url: world.origin }))).toMatchObject({ status_code: 503, body: "no" });
    expect(world.seen[0]!.method).toBe("POST");
  });

  test("unpacks packed bodies and says so by leaving out their encoding", async () => {
    const packers = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync, raw: deflateRawSync };
    const world = await startWorld(({ path }, response) => {
      const name = path.slice(1) as keyof typeof packers;
      response.setHeader("content-encoding", name === "raw" ? "deflate" : name);
      response.end(packers[name]("hello"));
    });
    const { ask } = gateway();
    const get = async (name: string) => dataOf(await ask("fetch", { url: `${world.origin}/${name}`, method: "GET" }));
    for (const name of Object.keys(packers)) {
      const { body, headers } = await get(name);
      expect(body).toBe("hello");
      expect(headers).not.toHaveProperty("content-encoding");
      expect(headers).not.toHaveProperty("content-length");
    }
  });

  test("reads another charset, and keeps bytes that are no text beside what can be read of them", async () => {
    const bytes = Buffer.from([0x68, 0xe9, 0xff]);
    const world = await startWorld(({ path }, response) => {
      response.setHeader("content-type", path === "/latin" ? "text/plain; charset=ISO-8859-1" : "image/png");
      response.end(bytes);
    });
    const { ask } = gateway();
    const base64 = bytes.toString("base64");
    const get = async (path: string) => dataOf(await ask("fetch", { url: world.origin + path, method: "GET" }));
    expect(await get("/latin")).toMatchObject({ body: "héÿ", body_base64: base64 });
    expect(await get("/image")).toMatchObject({ body: "h\ufffd\ufffd", body_base64: base64 });
  });

  test("takes user and password out of the address", async () => {
    const world = await startWorld((_request, response) => void response.end());
    const url = `http://us%40er:s3cret@127.0.0.1:${world.port}/?token=s3cret-2&a=1`;
    const data = dataOf(await gateway().ask("fetch", { url }));
    expect(world.seen[0]!.headers.authorization).toBe(`Basic ${Buffer.from("us@er:s3cret").toString("base64")}`);
    expect(world.seen[0]!.path).toBe("/?token=s3cret-2&a=1");
    expect(data["url"]).toBe(`http://127.0.0.1:${world.port}/?token=[redacted]&a=1`);
  });

  test("what cannot be made is final and says why", async () => {
    const { ask } = gateway();
    const failure = failureOf(await ask("fetch", { url: "https://", headers: {} }));
    expect(failure).toMatchObject({
      noRetry: true,
      status: null,
      error: { name: "GatewayError", code: "gateway_invalid" },
    });
    expect(failure.error.message).toBe("The request of step s cannot be made: its url is not an address.");
    const body = "x".repeat(LIMITS.stepInputBytesMax + 1);
    expect(failureOf(await ask("fetch", { url: "http://127.0.0.1:9", body }))).toMatchObject({
      noRetry: true,
      error: { code: "gateway_too_large" },
    });
  });
});

describe("redirects", () => {
  test("301, 302 and 303 become GET, 307 and 308 stay as they were", async () => {
    const world = await startWorld(({ path }, response) => {
      if (path === "/end") response.end("end");
      else response.writeHead(Number(path.slice(1)), { location: "/end" }).end("moved");
    });
    const { ask } = gateway();
    const last = async (status: number) => {
      const opts = {
        url: `${world.origin}/${status}`,
        headers: { "content-type": "a/b", authorization: "x" },
        body: "b",
      };
      expect(dataOf(await ask("fetch", opts))).toMatchObject({ url: `${world.origin}/end`, body: "end" });
      const { method, body, headers } = world.seen.at(-1)!;
      return [method, body, headers["content-type"], headers.authorization];
    };
    expect(await last(301)).toEqual(["GET", "", undefined, "x"]);
    expect(await last(302)).toEqual(["GET", "", undefined, "x"]);
    expect(await last(303)).toEqual(["GET", "", undefined, "x"]);
    expect(await last(307)).toEqual(["POST", "b", "a/b", "x"]);
    expect(await last(308)).toEqual(["POST", "b", "a/b", "x"]);
  });

  test("another origin is not told who asks, nor is the first when it comes back there", async () => {
    const other = await startWorld(
      (_request, response) => void response.writeHead(307, { location: `${world.origin}/end` }).end(),
    );
    const world = await startWorld(({ path }, response) => {
      if (path === "/end") response.end("end");
      else response.writeHead(307, { location: `http://us:pw@127.0.0.1:${other.port}/` }).end();
    });
    const headers = {
      Authorization: "a",
      Cookie: "b",
      "X-Api-Key": "c",
      "my-token": "d",
      "x-e": "Bearer e",
      accept: "f",
    };
    await gateway().ask("fetch", { url: `${world.origin}/start`, headers });
    expect(world.seen[0]!.headers).toMatchObject({
      authorization: "a",
      cookie: "b",
      "x-api-key": "c",
      "my-token": "d",
    });
    for (const { headers: told } of [other.seen[0]!, world.seen[1]!]) {
      expect(told.accept).toBe("f");
      for (const name of ["authorization", "cookie", "x-api-key", "my-token", "x-e"])
        expect(told).not.toHaveProperty(name);
    }
  });

  test("end after five, and at an address of another kind", async () => {
    const world = await startWorld(({ path }, response) => {
      const step = Number(path.slice(1));
      response.writeHead(302, { location: step < 0 ? "file:///etc/passwd" : `/${step + 1}` }).end();
    });
    const { ask } = gateway();
    expect(failureOf(await ask("fetch", { url: `${world.origin}/1` })).error.message).toMatch(/more than 5 redirects/);
    expect(world.seen).toHaveLength(6);
    expect(failureOf(await ask("fetch", { url: `${world.origin}/-1` })).error.message).toMatch(
      /redirects to what is no address/,
    );
  });
});

describe("step.ai.infer", () => {
  const opts = (origin: string, more: JsonObject = {}): JsonObject => ({
    url: `${origin}/v1/chat`,
    auth_key: "sk-s3cret",
    format: "openai-chat",
    body: { model: "m" },
    ...more,
  });

  test("gives the provider's JSON", async () => {
    const world = await startWorld((_request, response) => void response.end('{"b":1,"a":"\\ud800"}'));
    expect(await gateway().ask("ai", opts(world.origin))).toEqual({ kind: "done", data: '{"a":"\ufffd","b":1}' });
    expect(world.seen[0]).toMatchObject({ method: "POST", path: "/v1/chat", body: '{"model":"m"}' });
    expect(world.seen[0]!.headers).toMatchObject({
      authorization: "Bearer sk-s3cret",
      "content-type": "application/json",
    });
  });

  test("puts the key of gemini into the query, in place of the one that is there", async () => {
    const world = await startWorld((_request, response) => void response.end("{}"));
    await gateway().ask("ai", opts(world.origin, { url: `${world.origin}/x?key=old`, format: "gemini" }));
    expect(world.seen[0]!.path).toBe("/x?key=sk-s3cret");
    expect(world.seen[0]!.headers).not.toHaveProperty("authorization");
  });

  test("a status above 299 is retried, after Retry-After, with the provider's words and without the key", async () => {
    const world = await startWorld((_request, response) => {
      response.writeHead(429, { "retry-after": "7" }).end('{"error":{"message":"Key sk-s3cret is slow"}}');
    });
    const failure = failureOf(await gateway().ask("ai", opts(world.origin)));
    const message = `${world.origin} answered HTTP 429: Key [redacted] is slow.`;
    expect(failure).toMatchObject({
      noRetry: false,
      retryAfterMs: 7_000,
      status: 429,
      error: {
        name: "AIGatewayError",
        code: "gateway_status",
        message,
        data: { error: { message: "Key [redacted] is slow" } },
      },
    });
    expect(failure.error.stack).toContain(message);
  });

  test("a refusal's body is bounded, whatever it is, and Retry-After clamped", async () => {
    const world = await startWorld((_request, response) => {
      response.writeHead(400, { "retry-after": "9999999" }).end(`<html>${"x".repeat(200_000)}`);
    });
    const failure = failureOf(await gateway().ask("ai", opts(world.origin)));
    expect(failure).toMatchObject({ noRetry: false, status: 400, retryAfterMs: LIMITS.retryAfterMsMax });
    expect(String(failure.error.data).length).toBeLessThan(70_000);
  });

  test("what is not JSON, or nests without end, fails and is retried", async () => {
    const bodies = ["<html>", "[".repeat(1_000) + "]".repeat(1_000), '{"a":1e999}', "\xff"];
    const world = await startWorld((_request, response) => void response.end(bodies.shift()));
    const { ask } = gateway();
    for (let left = bodies.length; left > 0; left--) {
      const failure = failureOf(await ask("ai", opts(world.origin)));
      expect(failure).toMatchObject({ noRetry: false, error: { code: "gateway_failed" } });
      expect(failure.error.message).toMatch(/the answer is not JSON/);
    }
  });

  test("no text of a failure holds a secret of the request", async () => {
    const world = await startWorld(({ headers, path, body }, response) => {
      response.writeHead(500).end(JSON.stringify({ error: { message: `${JSON.stringify(headers)} ${path} ${body}` } }));
    });
    const url = `http://s3cret-user:s3cret-pw@127.0.0.1:${world.port}/?api_key=s3cret%2Fquery`;
    const headers = { "x-api-key": 's3cret"quoted', cookie: "s3cret-cookie" };
    const { ask } = gateway();
    const asked = await ask("ai", { url, headers, auth_key: "s3cret-key", format: "x", body: {} });
    expect(JSON.stringify(asked)).not.toContain("s3cret");
    expect(JSON.stringify(asked)).toContain("[redacted]");
    expect(JSON.stringify(await ask("ai", { url, body: {} }))).not.toMatch(/s3cret|czNjcmV0/);
    const dead = await startWorld((_request, response) => void response.socket?.destroy());
    const broken = await ask("ai", { url: url.replace(String(world.port), String(dead.port)), headers, body: {} });
    expect(JSON.stringify(broken)).not.toContain("s3cret");
  });
});

describe("hostile and slow worlds", () => {
  test("an answer beyond the limit is refused, packed or not", async () => {
    // Without its end: who unpacks all of it first finds it damaged.
    const bomb = gzipSync(Buffer.alloc(50_000_000)).subarray(0, -10);
    const world = await startWorld(({ path }, response) => {
      if (path === "/bomb") response.setHeader("content-encoding", "gzip").end(bomb);
      else if (path === "/quotes") response.end('"'.repeat(60_000));
      else response.end("x".repeat(100_001));
    });
    const { ask } = gateway({ responseBytesMax: 100_000 });
    for (const path of ["/plain", "/bomb", "/quotes"]) {
      const failure = failureOf(await ask("fetch", { url: world.origin + path }));
      expect(failure).toMatchObject({ noRetry: true, error: { code: "gateway_too_large" } });
    }
  });

  test("a stream without end is cut off at the limit", async () => {
    let closed = () => {};
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    const world = await startWorld((_request, response) => {
      const pour = () => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", pour).on("close", closed);
      pour();
    });
    expect(codeOf(await gateway().ask("fetch", { url: world.origin }))).toBe("gateway_too_large");
    await isClosed;
  });

  test("no answer, and an answer that never ends, are timeouts that are retried", async () => {
    const world = await startWorld(({ path }, response) => {
      if (path === "/half") response.write("half");
    });
    const { ask } = gateway({ timeoutMs: 50 });
    for (const path of ["/", "/half"]) {
      const failure = failureOf(await ask("fetch", { url: world.origin + path }));
      expect(failure).toMatchObject({ noRetry: false, error: { code: "gateway_timeout" } });
      expect(failure.error.message).toBe(`The request to ${world.origin} took longer than 50ms.`);
    }
  });

  test("a name that is looked up for ever is a timeout too", async () => {
    const { ask } = gateway({ timeoutMs: 50, lookup: () => new Promise(() => {}) });
    expect(codeOf(await ask("fetch", { url: "http://slow.example/" }))).toBe("gateway_timeout");
  });

  test("the signal breaks a request off, before it and within it", async () => {
    const controller = new AbortController();
    const world = await startWorld((_request, response) => {
      response.write("half");
      controller.abort();
    });
    const { ask } = gateway();
    const failure = failureOf(await ask("fetch", { url: world.origin }, controller.signal));
    expect(failure.error.message).toBe(`The request to ${world.origin} failed: it was called off.`);
    expect(codeOf(await ask("fetch", { url: world.origin }, controller.signal))).toBe("gateway_failed");
    expect(world.seen).toHaveLength(1);
  });

  test("closing breaks off what is under way, and what comes later", async () => {
    const made: ReturnType<typeof gateway> = gateway();
    const world = await startWorld(() => void made.close());
    expect(failureOf(await made.ask("fetch", { url: world.origin })).error.message).toMatch(/shutting down/);
    expect(failureOf(await made.ask("fetch", { url: world.origin })).error.message).toMatch(/shutting down/);
  });

  test("a closed port, an unknown name and a server of another protocol fail and are retried", async () => {
    const other = createSocketServer(
      (socket) =>
        void socket
          .on("error", () => {})
          .resume()
          .end("SSH-2.0-x\r\n"),
    ).listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { ask } = gateway({
      lookup: () => Promise.reject(Object.assign(new Error("s3cret"), { code: "ENOTFOUND" })),
    });
    const why = async (url: string) => failureOf(await ask("fetch", { url })).error.message;
    expect(await why(`http://127.0.0.1:${port}/`)).toMatch(/failed: it does not speak HTTP/);
    other.close();
    await once(other, "close");
    expect(await why(`http://127.0.0.1:${port}/`)).toMatch(/failed: the connection was refused/);
    expect(await why("http://nowhere.example/")).toMatch(/failed: the host name is not known/);
    expect(failureOf(await ask("fetch", { url: "http://nowhere.example/" })).noRetry).toBe(false);
  });
});
