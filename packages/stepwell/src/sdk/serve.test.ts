import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type AnyFunction, type Middleware, NonRetriableError, RetryAfterError, Stepwell } from "../index.ts";
import { canonicalJson } from "../protocol/json.ts";
import { hashedSigningKey, sign } from "../protocol/signature.ts";
import { stepHash } from "../protocol/step-id.ts";
import type { ServeOptions } from "./app.ts";
import { createHandler } from "./handler.ts";
import type { ClientOptions, Fetch } from "./settings.ts";

const KEY = "signkey-test-00ff00ff00ff00ff";
const NEW_KEY = "signkey-test-11ff11ff11ff11ff";

interface Sent {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

function app(
  handler: Parameters<Stepwell["createFunction"]>[1],
  options: Partial<ClientOptions> & { answer?: (url: string) => Response } & Partial<ServeOptions> = {},
) {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, init) => {
    const headers = init.headers as Record<string, string>;
    sent.push({ url, authorization: headers["authorization"], body: init.body && JSON.parse(String(init.body)) });
    return options.answer?.(url) ?? new Response("{}");
  };
  const { answer, serveOrigin, servePath, allowUnsignedSync, ...clientOptions } = options;
  const serving = Object.fromEntries(
    Object.entries({ serveOrigin, servePath, allowUnsignedSync }).filter(([, value]) => value !== undefined),
  );
  const client = new Stepwell({ id: "app", isDev: true, baseUrl: "http://server.test", fetch, ...clientOptions });
  const fn: AnyFunction = client.createFunction({ id: "f", triggers: { event: "e" }, retries: 1 }, handler);
  const handle = createHandler({ client, functions: [fn], ...serving });
  const post = (
    fields: Record<string, unknown> = {},
    ctx: Record<string, unknown> = {},
    query = "?fnId=app-f&stepId=step",
  ) => handle(request("POST", callBody(fields, ctx), query));
  return { sent, handle, post };
}

const request = (method: string, body?: string, query = "", headers: Record<string, string> = {}) =>
  new Request(`http://app.test/api${query}`, { method, headers, ...(body === undefined ? {} : { body }) });

function callBody(fields: Record<string, unknown>, ctx: Record<string, unknown>): string {
  return canonicalJson({
    event: { name: "e", data: {}, id: "1", ts: 1 },
    events: [],
    steps: {},
    use_api: false,
    version: -1,
    ctx: { run_id: "01RUN", attempt: 0, max_attempts: 2, fn_id: "uuid", stack: { stack: [], current: 0 }, ...ctx },
    ...fields,
  });
}

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

const twoSteps: Parameters<Stepwell["createFunction"]>[1] = async ({ step }) => {
  await step.run("a", () => 1);
  await step.run("b", () => 2);
  return "done";
};

describe("replies", () => {
  test("a returned value is the body, nothing is null", async () => {
    const reply = await app(() => undefined).post();
    expect([reply.status, await reply.text()]).toEqual([200, "null"]);
  });

  test("a function error is 500 and says that it may be tried again", async () => {
    const reply = await app(() => Promise.reject(new TypeError("boom"))).post();
    expect([reply.status, reply.headers.get("x-inngest-no-retry")]).toEqual([500, "false"]);
    expect(await reply.json()).toMatchObject({ name: "TypeError", message: "boom", __serialized: true });
  });

  test("a final function error is 400 and says so", async () => {
    const reply = await app(() => Promise.reject(new NonRetriableError("no"))).post();
    expect([reply.status, reply.headers.get("x-inngest-no-retry")]).toEqual([400, "true"]);
  });

  test("a wish for the next attempt is a header", async () => {
    const reply = await app(() => Promise.reject(new RetryAfterError("busy", "2m"))).post();
    expect([reply.status, reply.headers.get("retry-after")]).toEqual([500, "120"]);
  });

  test("more operations than a reply may hold are a final, clear error", async () => {
    const many = app(({ step }) => Promise.all(Array.from({ length: 1_001 }, () => step.run("x", () => 1))));
    const reply = await many.post();
    expect([reply.status, reply.headers.get("x-inngest-no-retry")]).toEqual([400, "true"]);
    expect(await reply.json()).toMatchObject({ code: "too_many_ops" });
  });

  test("steps that the code no longer reaches are named in a header, however the call ends", async () => {
    const old = { [stepHash("old, step", 0)]: { data: 1 }, [stepHash("ä", 0)]: { data: 2 } };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const named = async (handler: Parameters<Stepwell["createFunction"]>[1]) =>
      (await app(handler, { logger, checkpointing: false }).post({ steps: old })).headers.get("x-stepwell-unreached");
    expect(await named(() => 1)).toBe("%C3%A4,old%2C%20step");
    expect(await named(({ step }) => step.run("new", () => 1))).toBe("%C3%A4,old%2C%20step");
    expect(await named(() => Promise.reject(new Error("no")))).toBe("%C3%A4,old%2C%20step");
    expect(await named(({ step }) => Promise.all([step.run("old, step", () => 1), step.run("ä", () => 1)]))).toBeNull();
  });

  test("of many such steps the first ten are named", async () => {
    const steps = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [stepHash(`s${n}`.repeat(200), 0), null]));
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const header = (await app(() => 1, { logger }).post({ steps })).headers.get("x-stepwell-unreached")!;
    expect(header.split(",")).toHaveLength(10);
    expect(header.length).toBeLessThan(4_096);
  });

  test("the step to run may stand in the header", async () => {
    const { handle } = app(({ step }) => Promise.all([step.run("a", () => 1), step.run("b", () => 2)]));
    const headers = { "x-inngest-step-id": stepHash("b", 0) };
    const reply = await handle(request("POST", callBody({}, {}), "?fnId=app-f", headers));
    expect(await reply.json()).toMatchObject([{ op: "StepRun", displayName: "b" }]);
  });

  test("operations carry everything a server asks for", async () => {
    const { post } = app(({ step }) => step.run({ id: "a", name: "Step A" }, (n: number) => n, 7), {
      checkpointing: false,
    });
    const [op] = (await (await post()).json()) as Record<string, unknown>[];
    expect(op).toMatchObject({
      op: "StepRun",
      id: stepHash("a", 0),
      name: "a",
      displayName: "Step A",
      data: 7,
      userland: { id: "a" },
      opts: { type: "step.run", input: [7] },
      timing: { a: expect.any(Number), b: expect.any(Number) },
    });
  });
});

describe("checkpoints over HTTP", () => {
  const job = { qi_id: "job-1", request_id: "req-1", generation_id: 3 };

  test("each step is posted with what names the job, then the function goes on", async () => {
    const { post, sent } = app(twoSteps);
    const reply = await post({}, job);
    expect([reply.status, await reply.text()]).toEqual([200, '"done"']);
    expect(sent.map((request) => request.url)).toEqual(Array(2).fill("http://server.test/v1/checkpoint/01RUN/async"));
    expect(sent[0]!.body).toMatchObject({
      ...job,
      run_id: "01RUN",
      fn_id: "uuid",
      steps: [{ op: "StepRun", data: 1 }],
    });
  });

  test("are not made without a job, when switched off, or when the server forbids it", async () => {
    const quiet = [
      await withoutCheckpoint(app(twoSteps), {}),
      await withoutCheckpoint(app(twoSteps, { checkpointing: false }), job),
      await withoutCheckpoint(app(twoSteps), { ...job, disable_immediate_execution: true }),
    ];
    expect(quiet).toEqual([["StepRun"], ["StepRun"], ["StepPlanned"]]);
  });

  async function withoutCheckpoint({ post, sent }: ReturnType<typeof app>, ctx: Record<string, unknown>) {
    const ops = (await (await post({}, ctx)).json()) as { op: string }[];
    expect(sent).toEqual([]);
    return ops.map((op) => op.op);
  }

  test("a server that fails gets a few tries, then the reply carries the step", async () => {
    const { post, sent } = app(twoSteps, { answer: () => new Response("", { status: 500 }) });
    const pending = post({}, job);
    while (sent.length < 3) {
      await new Promise((resolve) => setImmediate(resolve));
      await vi.runAllTimersAsync();
    }
    const reply = await pending;
    expect(reply.status).toBe(206);
    expect(await reply.json()).toMatchObject([{ op: "StepRun", data: 1 }]);
    expect(sent).toHaveLength(3);
  });

  test("a server without checkpoints is asked once", async () => {
    const { post, sent } = app(twoSteps, { answer: () => new Response("", { status: 404 }) });
    expect((await post({}, job)).status).toBe(206);
    expect(sent).toHaveLength(1);
  });

  test("a superseded call stops", async () => {
    const { post } = app(twoSteps, { answer: () => new Response("", { status: 409 }) });
    const reply = await post({}, job);
    expect(reply.headers.get("x-inngest-no-retry")).toBe("true");
    expect(await reply.json()).toMatchObject({ code: "stale_dispatch" });
  });
});

describe("state that does not fit into a call", () => {
  const answer = (url: string) =>
    url.endsWith("/batch")
      ? Response.json([
          { name: "e", data: { n: 1 }, id: "1", ts: 1 },
          { name: "e", data: { n: 2 }, id: "2", ts: 1 },
        ])
      : Response.json({ [stepHash("a", 0)]: { data: "stored" } });
  const handler: Parameters<Stepwell["createFunction"]>[1] = async ({ events, step }) => [
    events.length,
    await step.run("a", () => "new"),
  ];

  test("is fetched, whichever of the two flags says so", async () => {
    for (const [fields, ctx] of [
      [{ use_api: true }, {}],
      [{}, { use_api: true }],
    ] as const) {
      const { post, sent } = app(handler, { answer, signingKey: KEY });
      expect(await (await post(fields, ctx)).json()).toEqual([2, "stored"]);
      expect(sent.map((request) => new URL(request.url).pathname)).toEqual([
        "/v0/runs/01RUN/batch",
        "/v0/runs/01RUN/actions",
      ]);
      expect(sent[0]!.authorization).toBe(`Bearer ${hashedSigningKey(KEY)}`);
    }
  });

  test("is asked for with the fallback key when the first is refused", async () => {
    const refuse = Response.json({ error: "Authentication failed", status: 401 }, { status: 401 });
    const tokens: string[] = [];
    const { post, sent } = app(handler, {
      signingKey: NEW_KEY,
      signingKeyFallback: KEY,
      answer: (url) =>
        sent.at(-1)!.authorization === `Bearer ${hashedSigningKey(KEY)}` ? answer(url) : refuse.clone(),
    });
    expect((await post({ use_api: true })).status).toBe(200);
    tokens.push(...sent.map((request) => String(request.authorization)));
    expect(tokens.filter((token) => token === `Bearer ${hashedSigningKey(KEY)}`)).toHaveLength(2);
  });

  test("that cannot be fetched is a retryable error", async () => {
    const { post } = app(handler, { answer: () => new Response("", { status: 500 }) });
    const reply = await post({ use_api: true });
    expect(reply.status).toBe(502);
    expect(reply.headers.get("x-inngest-no-retry")).toBeNull();
  });
});

describe("production", () => {
  const production = { isDev: false, signingKey: KEY };

  test("introspection tells the server that knows the key more", async () => {
    const { handle } = app(() => null, production);
    const headers = { "x-inngest-signature": sign(new Uint8Array(0), KEY, Date.now()) };
    const reply = await handle(request("GET", undefined, "", headers));
    expect(await reply.json()).toMatchObject({ mode: "cloud", app_id: "app", authentication_succeeded: true });
    expect(reply.headers.get("x-inngest-signature")).toMatch(/^t=\d+&s=[0-9a-f]{64}$/);
  });

  test("without a key of its own the app says so on every request", async () => {
    const { handle } = app(() => null, { isDev: false });
    for (const method of ["GET", "PUT", "POST"]) {
      const reply = await handle(request(method, method === "GET" ? undefined : "{}"));
      expect(reply.status).toBe(500);
      expect(await reply.json()).toMatchObject({ code: "signing_key_missing" });
    }
  });

  test("an old signature is refused", async () => {
    const { handle } = app(() => null, production);
    const headers = { "x-inngest-signature": sign(new Uint8Array(0), KEY, Date.now() - 301_000) };
    expect((await handle(request("GET", undefined, "", headers))).status).toBe(401);
  });

  test("unsigned syncs only where they were allowed, and never in-band", async () => {
    const open = app(() => null, { ...production, allowUnsignedSync: true });
    expect((await open.handle(request("PUT", "{}"))).status).toBe(200);
    const inBand = request("PUT", '{"url":"x"}', "", { "x-inngest-sync-kind": "in_band" });
    expect((await open.handle(inBand)).status).toBe(401);
  });
});

describe("sync", () => {
  test("the address may be set by options, and other query parameters are kept", async () => {
    const { handle, sent } = app(() => null, { serveOrigin: "https://public.test", servePath: "/hooks" });
    await handle(request("PUT", "{}", "?deployId=d1&token=t"));
    expect(sent[0]!.url).toBe("http://server.test/fn/register?deployId=d1");
    const body = sent[0]!.body as { url: string; functions: { steps: { step: { runtime: { url: string } } } }[] };
    expect(body.url).toBe("https://public.test/hooks?token=t");
    expect(body.functions[0]!.steps.step.runtime.url).toBe("https://public.test/hooks?token=t&fnId=app-f&stepId=step");
  });

  test("the server's refusal is passed on", async () => {
    const refusal = { status: 400, error: "Expected server kind cloud, got dev" };
    const { handle } = app(() => null, { answer: () => Response.json(refusal, { status: 400 }) });
    const reply = await handle(request("PUT", "{}"));
    expect([reply.status, await reply.json()]).toEqual([400, { message: refusal.error, modified: false }]);
  });

  test("a server that does not answer is named", async () => {
    const { handle } = app(() => null, {
      answer: () => {
        throw new TypeError("fetch failed");
      },
    });
    const reply = await handle(request("PUT", "{}"));
    expect(reply.status).toBe(502);
    expect(await reply.json()).toMatchObject({ code: "server_unreachable" });
  });
});

test("two functions of one id are refused when they are served", () => {
  const client = new Stepwell({ id: "app", isDev: true });
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, () => null);
  expect(() => createHandler({ client, functions: [fn, fn] })).toThrow("two functions have the id f");
});

test("wrapRequest sees the call and may change the reply", async () => {
  const seen: string[] = [];
  const middleware: Middleware = {
    id: "m",
    async wrapRequest({ next, runId, requestInfo }) {
      seen.push(`${requestInfo.method} ${runId}`);
      const reply = await next();
      return { ...reply, headers: { ...reply.headers, "x-mine": "1" } };
    },
  };
  const reply = await app(() => 1, { middleware: [middleware] }).post();
  expect(seen).toEqual(["POST 01RUN"]);
  expect(reply.headers.get("x-mine")).toBe("1");
});

describe("hostile requests", () => {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const { handle } = app(() => "ok", { logger });

  test("any bytes get an answer with a code or a result", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const reply = await handle(new Request("http://app.test/api?fnId=app-f", { method: "POST", body: bytes }));
        expect(reply.status).toBe(400);
        expect(await reply.json()).toMatchObject({ code: "body_invalid" });
      }),
    );
  });

  test("any JSON in any field gets an answer", async () => {
    const field = fc.constantFrom("ctx", "event", "events", "steps", "use_api", "version");
    await fc.assert(
      fc.asyncProperty(field, fc.jsonValue(), async (name, value) => {
        const reply = await handle(request("POST", callBody({ [name]: value }, {}), "?fnId=app-f"));
        expect([200, 400, 502]).toContain(reply.status);
        await reply.json();
      }),
    );
  });

  test("any value in the context gets an answer", async () => {
    const names = [
      "run_id",
      "attempt",
      "max_attempts",
      "stack",
      "qi_id",
      "generation_id",
      "disable_immediate_execution",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, value) => {
        const reply = await handle(request("POST", callBody({}, { [name]: value }), "?fnId=app-f"));
        expect([200, 400]).toContain(reply.status);
        await reply.json();
      }),
    );
  });

  test("any query and any signature gets an answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.webQueryParameters(), fc.stringMatching(/^[ -~]{0,80}$/), async (query, signature) => {
        const reply = await handle(
          request("POST", callBody({}, {}), `?${query}`, { "x-inngest-signature": signature }),
        );
        expect(reply.status).toBeGreaterThanOrEqual(200);
        await reply.text();
      }),
    );
  });
});
