/**
 * Bad input, as a table: each case has its documented error and status, stores nothing, and the server goes on.
 */
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../src/protocol/limits.ts";
import {
  type Answer,
  answer,
  ask,
  EVENT_KEY,
  post,
  registration,
  SIGNING_KEY,
  startApp,
  startKeyedServer,
  startTestServer,
  type TestServer,
} from "./server/harness.ts";

interface Case {
  readonly what: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly status: number;
  readonly code: string;
  /** Part of the message. */
  readonly says?: string;
  /** Which event was at fault. */
  readonly index?: number;
}

const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const event = (fields: object) => JSON.stringify({ name: "test/go", ...fields });
const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";

const EVENTS: readonly Omit<Case, "path">[] = [
  { what: "an empty body", body: "", status: 400, code: "body_invalid", says: "empty" },
  { what: "white space", body: "  \n", status: 400, code: "body_invalid", says: "empty" },
  { what: "half a JSON text", body: '{"name":', status: 400, code: "body_invalid", says: "not JSON" },
  { what: "two JSON texts", body: '{"name":"a"}\n{"name":"b"}', status: 400, code: "body_invalid" },
  {
    what: "invalid UTF-8",
    body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    status: 400,
    code: "body_invalid",
    says: "UTF-8",
  },
  { what: "a number", body: "7", status: 400, code: "event_invalid", index: 0 },
  { what: "null", body: "null", status: 400, code: "event_invalid", index: 0 },
  { what: "a list of lists", body: '[{"name":"a"},[]]', status: 400, code: "event_invalid", index: 1 },
  { what: "no name", body: "{}", status: 400, code: "event_invalid", says: "name is empty" },
  { what: "an empty name", body: '{"name":""}', status: 400, code: "event_invalid", says: "name is empty" },
  { what: "a name that is no text", body: '{"name":["a"]}', status: 400, code: "event_invalid" },
  { what: "a name with NUL", body: '{"name":"a\\u0000b"}', status: 400, code: "event_invalid" },
  { what: "a name with half a surrogate pair", body: '{"name":"\\ud800"}', status: 400, code: "event_invalid" },
  {
    what: "a name that is too long",
    body: JSON.stringify({ name: "ä".repeat(257) }),
    status: 400,
    code: "event_invalid",
  },
  { what: "a reserved name", body: '{"name":"inngest/x"}', status: 400, code: "event_name_reserved" },
  { what: "a reserved name in another case", body: '{"name":"InnGest/x"}', status: 400, code: "event_name_reserved" },
  { what: "data that is a list", body: event({ data: [] }), status: 400, code: "event_invalid", says: "data" },
  { what: "data that is a text", body: event({ data: "x" }), status: 400, code: "event_invalid", says: "data" },
  {
    what: "data beyond the range of numbers",
    body: '{"name":"a","data":{"n":1e999}}',
    status: 400,
    code: "event_invalid",
  },
  {
    what: "data with half a surrogate pair",
    body: '{"name":"a","data":{"t":"\\udc00"}}',
    status: 400,
    code: "event_invalid",
  },
  { what: "an id that is a number", body: event({ id: 7 }), status: 400, code: "event_invalid", says: "id" },
  {
    what: "an id that is too long",
    body: event({ id: "x".repeat(1_025) }),
    status: 400,
    code: "event_invalid",
    says: "id",
  },
  { what: "a ts that is a text", body: event({ ts: "2026-01-01" }), status: 400, code: "event_invalid", says: "ts" },
  {
    what: "a ts with a fraction",
    body: event({ ts: 1700000000000.5 }),
    status: 400,
    code: "event_invalid",
    says: "ts",
  },
  { what: "a ts in seconds", body: event({ ts: 1_700_000_000 }), status: 400, code: "event_invalid", says: "1980" },
  { what: "a ts after 2100", body: event({ ts: 4_102_444_800_000 }), status: 400, code: "event_invalid", says: "2100" },
  { what: "a user that is a text", body: event({ user: "x" }), status: 400, code: "event_invalid", says: "user" },
  { what: "a version that is a number", body: event({ v: 1 }), status: 400, code: "event_invalid", says: "v must" },
  {
    what: "the third of three",
    body: '[{"name":"a"},{"name":"b"},{"name":""}]',
    status: 400,
    code: "event_invalid",
    index: 2,
  },
  {
    what: "too many events",
    body: JSON.stringify(Array(5_001).fill({ name: "a" })),
    status: 400,
    code: "too_many_events",
  },
  {
    what: "an event that is too large",
    body: `[{"name":"a"},${event({ data: { text: "x".repeat(LIMITS.eventBytesMax) } })}]`,
    status: 400,
    code: "event_too_large",
    index: 1,
  },
  {
    what: "JSON that nests too deep",
    body: `{"name":"a","data":{"x":${deep(200)}}}`,
    status: 400,
    code: "body_too_deep",
  },
  { what: "JSON that nests a million times", body: deep(1_000_000), status: 400, code: "body_too_deep" },
  {
    what: "a form",
    body: "name=a",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    status: 415,
    code: "content_type_unsupported",
  },
  {
    what: "XML",
    body: "<event/>",
    headers: { "content-type": "application/xml" },
    status: 415,
    code: "content_type_unsupported",
  },
  {
    what: "a compressed body",
    body: "xxx",
    headers: { "content-encoding": "gzip" },
    status: 415,
    code: "content_type_unsupported",
  },
  {
    what: "a body announced as too large",
    body: "{}",
    headers: { "content-length": String(LIMITS.intakeBodyBytesMax + 1), connection: "close" },
    status: 413,
    code: "body_too_large",
  },
  { what: "a GET", method: "GET", status: 405, code: "method_not_allowed" },
];

const broken = (more: object) => JSON.stringify(registration("http://127.0.0.1:9/api", ["shop-a"], "test/go", more));

const REGISTRATIONS: readonly Omit<Case, "path">[] = [
  { what: "an empty body", body: "", status: 400, code: "body_invalid" },
  { what: "no JSON", body: "hello", status: 400, code: "body_invalid", says: "not JSON" },
  { what: "a list", body: "[]", status: 400, code: "body_invalid" },
  { what: "invalid UTF-8", body: Buffer.from([0x22, 0xc3, 0x22]), status: 400, code: "body_invalid", says: "UTF-8" },
  { what: "JSON that nests too deep", body: deep(100_000), status: 400, code: "body_too_deep" },
  { what: "no url", body: '{"appName":"a"}', status: 400, code: "body_invalid", says: "url" },
  { what: "no app id", body: '{"url":"http://a/b"}', status: 400, code: "app_id_required" },
  {
    what: "an address of another kind",
    body: '{"url":"ftp://a/b","appName":"a"}',
    status: 400,
    code: "function_config_invalid",
  },
  {
    what: "functions that are no list",
    body: '{"url":"http://a","appName":"a","functions":{}}',
    status: 400,
    code: "body_invalid",
  },
  {
    what: "a function that is null",
    body: '{"url":"http://a","appName":"a","functions":[null]}',
    status: 400,
    code: "function_config_invalid",
  },
  {
    what: "a cron that is none",
    body: broken({ triggers: [{ cron: "* *" }] }),
    status: 400,
    code: "function_config_invalid",
    says: "cron",
  },
  {
    what: "an expression that is none",
    body: broken({ triggers: [{ event: "a", expression: "event.data. ==" }] }),
    status: 400,
    code: "function_config_invalid",
    says: "expression",
  },
  {
    what: "too many triggers",
    body: broken({ triggers: Array(11).fill({ event: "a" }) }),
    status: 400,
    code: "function_config_invalid",
  },
  {
    what: "a worker's address",
    body: broken({ steps: { step: { runtime: { url: "wss://connect" } } } }),
    status: 400,
    code: "function_config_invalid",
    says: "worker",
  },
  {
    what: "a version known to be vulnerable",
    body: '{"url":"http://a","appName":"a","sdk":"js:v3.40.0"}',
    status: 400,
    code: "sdk_version_denied",
  },
  {
    what: "another kind of server",
    body: broken({}),
    headers: { "x-inngest-expected-server-kind": "cloud" },
    status: 400,
    code: "server_kind_mismatch",
  },
  {
    what: "a body that is too large",
    body: Buffer.alloc(LIMITS.apiBodyBytesMax + 1, 0x20),
    status: 413,
    code: "body_too_large",
  },
];

const checkpoint = (fields: object) => JSON.stringify({ run_id: RUN, qi_id: `${RUN}.main`, steps: [], ...fields });

const CHECKPOINTS: readonly Omit<Case, "path">[] = [
  { what: "an empty body", body: "", status: 400, code: "body_invalid" },
  { what: "a list", body: "[]", status: 400, code: "body_invalid" },
  { what: "no job", body: checkpoint({ qi_id: undefined }), status: 400, code: "body_invalid", says: "qi_id" },
  {
    what: "a job of another run",
    body: checkpoint({ qi_id: "01HZZZZZZZZZZZZZZZZZZZZZZY.main" }),
    status: 400,
    code: "body_invalid",
  },
  { what: "another run", body: checkpoint({ run_id: "x" }), status: 400, code: "body_invalid", says: "run_id" },
  { what: "a generation that is a text", body: checkpoint({ generation_id: "1" }), status: 400, code: "body_invalid" },
  { what: "steps that are no list", body: checkpoint({ steps: {} }), status: 400, code: "body_invalid", says: "steps" },
  {
    what: "an unknown operation",
    body: checkpoint({ steps: [{ op: "Dance", id: "a" }] }),
    status: 400,
    code: "op_invalid",
    says: "Dance",
  },
  {
    what: "an operation without id",
    body: checkpoint({ steps: [{ op: "StepRun" }] }),
    status: 400,
    code: "op_invalid",
  },
  {
    what: "a result beyond the range of numbers",
    body: `{"qi_id":"${RUN}.main","steps":[{"op":"StepRun","id":"a","data":[1e999]}]}`,
    status: 400,
    code: "op_invalid",
  },
  {
    what: "too many operations",
    body: checkpoint({ steps: Array(1_001).fill({}) }),
    status: 400,
    code: "too_many_ops",
  },
  {
    what: "an unknown run",
    body: checkpoint({ steps: [{ op: "StepRun", id: "a", data: 1 }] }),
    status: 404,
    code: "not_found",
  },
  {
    what: "a body that is too large",
    body: Buffer.alloc(LIMITS.apiBodyBytesMax + 1, 0x20),
    status: 413,
    code: "body_too_large",
  },
];

const READS: readonly Case[] = [
  { what: "an unknown route", path: "/v9/x", status: 404, code: "not_found" },
  { what: "a path that cannot be decoded", path: "/v1/runs/%zz", status: 404, code: "not_found" },
  { what: "an unknown run", path: `/v1/runs/${RUN}`, status: 404, code: "not_found" },
  { what: "a run id that is none", path: "/v1/runs/..%2f..%2fetc", status: 404, code: "not_found" },
  { what: "the steps of an unknown run", path: `/v1/runs/${RUN}/steps`, status: 404, code: "not_found" },
  { what: "cancelling an unknown run", path: `/v1/runs/${RUN}`, method: "DELETE", status: 404, code: "not_found" },
  { what: "an unknown event", path: `/v1/events/${RUN}`, status: 404, code: "not_found" },
  { what: "the runs of an unknown event", path: `/v1/events/${RUN}/runs`, status: 404, code: "not_found" },
  { what: "a limit that is a word", path: "/v1/runs?limit=many", status: 400, code: "query_invalid", says: "limit" },
  { what: "a cursor that is none", path: "/v1/runs?cursor=';drop", status: 400, code: "query_invalid", says: "cursor" },
  { what: "a status that is none", path: "/v1/runs?status=Happy", status: 400, code: "query_invalid", says: "Happy" },
  { what: "a time that is none", path: "/v1/runs?from=yesterday", status: 400, code: "query_invalid", says: "from" },
  { what: "an unknown function", path: "/v1/runs?function=nobody", status: 404, code: "not_found", says: "nobody" },
  { what: "the functions of an unknown app", path: "/v1/apps/nobody/functions", status: 404, code: "not_found" },
  { what: "the state of a run id that is none", path: "/v0/runs/x/batch", status: 400, code: "query_invalid" },
  { what: "the state of an unknown run", path: `/v0/runs/${RUN}/actions`, status: 410, code: "run_state_gone" },
  { what: "a sync without address", path: "/fn/sync", method: "POST", body: "{}", status: 400, code: "body_invalid" },
  {
    what: "a sync where nobody is",
    path: "/fn/sync",
    method: "POST",
    body: '{"url":"http://127.0.0.1:9/x"}',
    status: 502,
    code: "sync_failed",
  },
  {
    what: "a sync over another protocol",
    path: "/fn/sync",
    method: "POST",
    body: '{"url":"file:///etc/passwd"}',
    status: 502,
    code: "sync_failed",
  },
  { what: "a removal without name", path: "/fn/remove", method: "DELETE", status: 400, code: "query_invalid" },
];

async function check(server: TestServer, one: Case): Promise<void> {
  const { path, method = "POST", headers = {}, body } = one;
  const answered: Answer = await ask(server.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const { status, code, error, index } = answered.json ?? {};
  const seen = { status: answered.status, code, inBody: status };
  expect(seen, `${one.what}: ${answered.text.slice(0, 200)}`).toEqual({
    status: one.status,
    code: one.code,
    inBody: one.status,
  });
  if (one.says !== undefined) expect(error, one.what).toContain(one.says);
  if (one.index !== undefined) expect(index, one.what).toBe(one.index);
}

/** Every case on one server that keeps running; afterwards it still works, and nothing was stored. */
async function checkAll(cases: readonly Case[]): Promise<void> {
  const server = await startTestServer();
  for (const one of cases) await check(server, one);
  expect(await server.store.counts()).toMatchObject({ events: 0, runs: 0 });
  expect(server.engine.apps.list()).toEqual([]);
  expect((await post(`${server.url}/e/k`, { name: "still/here" })).status).toBe(200);
}

describe("bad input", () => {
  test("events are refused by index, whole requests at a time", () =>
    checkAll(EVENTS.map((one) => ({ ...one, path: "/e/key" }))));

  test("registrations are refused with every problem named", () =>
    checkAll(REGISTRATIONS.map((one) => ({ ...one, path: "/fn/register" }))));

  test("checkpoints are refused without touching a run", () =>
    checkAll(CHECKPOINTS.map((one) => ({ ...one, path: `/v1/checkpoint/${RUN}/async` }))));

  test("reads and small commands", () => checkAll(READS.map((one) => ({ method: "GET", ...one }))));

  test("a list without events stores nothing and is no error", async () => {
    const server = await startTestServer();
    const sent = await post(`${server.url}/e/key`, []);
    expect(sent.json).toEqual({ ids: [], status: 200 });
  });

  test("JSON is taken whatever its content type says", async () => {
    const server = await startTestServer();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const sent = await ask(`${server.url}/e/key`, { method: "POST", headers, body: ' {"name":"from/curl"}' });
    expect(sent.status).toBe(200);
  });

  test("an endless body is cut off at the limit", async () => {
    const server = await startTestServer();
    const body = Buffer.alloc(LIMITS.intakeBodyBytesMax + 1_000_000, 0x20);
    const headers = { "transfer-encoding": "chunked" };
    const sent = await ask(`${server.url}/e/key`, { method: "POST", headers, body });
    expect(sent.json).toMatchObject({ ids: [], status: 413, code: "body_too_large" });
  });
});

describe("bad signatures and keys", () => {
  const headerCases: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["no header", {}],
    ["an empty token", { authorization: "Bearer " }],
    ["another scheme", { authorization: `Basic ${SIGNING_KEY}` }],
    ["another key", { authorization: "Bearer signkey-prod-ffff" }],
    ["a key with one character more", { authorization: `Bearer ${SIGNING_KEY}0` }],
    ["the prefix alone", { authorization: "Bearer signkey-prod-" }],
    ["a very long token", { authorization: `Bearer ${"x".repeat(8_000)}` }],
  ];

  test("every route but health, events and the page wants the signing key", async () => {
    const server = await startKeyedServer();
    for (const [what, headers] of headerCases) {
      for (const path of ["/v1/runs", "/fn/register", `/v1/checkpoint/${RUN}/async`, `/v0/runs/${RUN}/batch`]) {
        const method = path.startsWith("/fn") || path.startsWith("/v1/c") ? "POST" : "GET";
        const refused = await ask(server.url + path, { method, headers, ...(method === "POST" ? { body: "{}" } : {}) });
        expect(refused.json, `${what} on ${path}`).toMatchObject({ status: 401, code: "unauthorized" });
      }
    }
    expect((await post(`${server.url}/e/${EVENT_KEY}`, { name: "a" })).status).toBe(200);
  });

  test("an in-band answer that is not signed with our key registers nothing", async () => {
    const server = await startKeyedServer();
    const app = await startApp((_call, response) => {
      response.setHeader("x-inngest-sync-kind", "in_band");
      response.setHeader("x-inngest-signature", `t=${Math.floor(Date.now() / 1_000)}&s=${"0".repeat(64)}`);
      answer(response, 200, { app_id: "evil", functions: [], sdk: "test:v1", url: "http://127.0.0.1:9" });
    });
    const refused = await post(`${server.url}/fn/sync`, { url: app.url }, { authorization: `Bearer ${SIGNING_KEY}` });
    expect(refused.status).toBeGreaterThanOrEqual(200);
    expect(server.engine.apps.list()).toEqual([]);
  });
});

type Reply = (response: ServerResponse) => void;

/** What a proxy or a login wall answers. */
function page(response: ServerResponse): void {
  response.removeHeader("x-inngest-sdk");
  response.end("<html>");
}

describe("bad replies of apps", () => {
  const replies: readonly (readonly [string, Reply, string])[] = [
    ["a page that no SDK wrote", page, "not_sdk"],
    ["no JSON", (r) => void r.end("{"), "reply_invalid"],
    ["invalid UTF-8", (r) => void r.end(Buffer.from([0x22, 0xff, 0x22])), "reply_invalid"],
    ["an unknown operation", (r) => answer(r, 206, [{ op: "Dance", id: "a" }]), "op_invalid"],
    ["an operation without id", (r) => answer(r, 206, [{ op: "StepRun" }]), "op_invalid"],
    ["operations that are a text", (r) => answer(r, 206, "ops"), "reply_invalid"],
    ["too many operations", (r) => answer(r, 206, Array(1_001).fill({})), "too_many_ops"],
    ["JSON that nests too deep", (r) => void r.end(deep(200)), "reply_invalid"],
    ["a number out of range", (r) => void r.end("[1e999]"), "reply_invalid"],
    [
      "a body that is too large",
      (r) => void r.end(Buffer.alloc(LIMITS.replyBodyBytesMax + 1, 0x20)),
      "reply_too_large",
    ],
    [
      "a body that says gzip and is none",
      (r) => void r.writeHead(200, { "content-encoding": "gzip" }).end("nope"),
      "reply_invalid",
    ],
    ["a connection that breaks off", (r) => void r.socket?.destroy(), "app_unreachable"],
  ];

  test("each fails the run with its code, and the server goes on", async () => {
    const server = await startTestServer();
    let reply: Reply = () => {};
    const app = await startApp((_call, response) => reply(response));
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"], "test/go", { retries: 0 }));
    for (const [what, next, code] of replies) {
      reply = next;
      const sent = await post(`${server.url}/e/k`, { name: "test/go" });
      const runs = await ask(`${server.url}/v1/events/${sent.json.ids[0]}/runs`);
      const runId = runs.json.data[0]!.run_id;
      await server.notice((notice) => notice.kind === "run_ended" && notice.id === runId);
      const run = await ask(`${server.url}/v1/runs/${runId}`);
      expect(run.json.data, what).toMatchObject({ status: "Failed", output: { code } });
    }
  });

  test("half a surrogate pair in a reply becomes the replacement character", async () => {
    const server = await startTestServer();
    const app = await startApp(
      (_call, response) => void response.end('"cut \\ud83d, whole \\ud83d\\ude00, slash \\\\ud83d"'),
    );
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
    await post(`${server.url}/e/k`, { name: "test/go" });
    const { id } = await server.notice((notice) => notice.kind === "run_ended");
    const run = await ask(`${server.url}/v1/runs/${id}`);
    expect(run.json.data.output).toBe("cut \ufffd, whole \u{1f600}, slash \\ud83d");
  });

  test("a function that its app does not know fails with the app's words", async () => {
    const server = await startTestServer();
    const app = await startApp((_call, response) =>
      answer(response, 500, { code: "function_not_found", message: "no such function", name: "Error" }),
    );
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"], "test/go", { retries: 0 }));
    await post(`${server.url}/e/k`, { name: "test/go" });
    const { id } = await server.notice((notice) => notice.kind === "run_ended");
    expect((await ask(`${server.url}/v1/runs/${id}`)).json.data).toMatchObject({
      status: "Failed",
      output: { message: "no such function" },
    });
  });
});
