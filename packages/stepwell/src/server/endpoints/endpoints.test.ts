import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  answer,
  ask,
  post,
  SIGNING_KEY,
  startApp,
  startKeyedServer,
  startTestServer,
  stepRun,
  type TestServer,
} from "../../../test/server/harness.ts";
import { stepHash } from "../../protocol/step-id.ts";
import { SqliteStore } from "../../store/sqlite.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
const COMPLETE = { op: "RunComplete", id: stepHash("complete", 0) };
const AUTHORIZED = { authorization: `Bearer ${SIGNING_KEY}` };
const finished = (body: string) => ({
  ...COMPLETE,
  data: { status: 200, headers: { "x-made": "yes" }, body, version: 2 },
});

interface Created {
  readonly fn_id: string;
  readonly app_id: string;
  readonly run_id: string;
  readonly token: string;
  readonly realtime_token: string;
}

const newRun = (steps: unknown[], more: object = {}, domain = "http://shop.test") => ({
  run_id: RUN,
  event: { name: "inngest/http.request", data: { domain, method: "GET", path: "/buy", query_params: "a=1", fn: "" } },
  steps,
  request_version: 2,
  retries: 3,
  ...more,
});

async function create(server: TestServer, body: object, headers = {}): Promise<Created> {
  const created = await post(`${server.url}/v1/checkpoint`, body, headers);
  expect([created.status, created.text]).toEqual([200, expect.stringContaining("realtime_token")]);
  return created.json.data as object as Created;
}

const output = (server: TestServer, { run_id, token }: Created) =>
  ask(`${server.url}/v1/http/runs/${run_id}/output?token=${token}`);

describe("an endpoint's run", () => {
  test("is stored with its app, function and event, and its output is the endpoint's answer", async () => {
    const server = await startTestServer();
    const created = await create(server, newRun([stepRun("a", 1)]));
    expect([created.run_id, created.app_id]).toEqual([RUN, "http://shop.test"]);
    const saved = await post(`${server.url}/v1/checkpoint/${RUN}/steps`, { steps: [finished("made")] });
    expect(saved.status).toBe(200);
    const answered = await output(server, created);
    expect([answered.status, answered.text, answered.headers["x-made"]]).toEqual([200, "made", "yes"]);
    const state = await ask(`${server.url}/v1/runs/${RUN}`);
    expect(state.text).toContain("http://shop.test-GET /buy");
  });

  test("is waited for by whoever asks for its output", async () => {
    const server = await startTestServer();
    const created = await create(server, newRun([stepRun("a", 1)]));
    const waiting = output(server, created);
    await post(`${server.url}/v1/http/runs/${RUN}/steps`, { steps: [finished("late")] });
    expect((await waiting).text).toBe("late");
  });

  test("is not given for over when the server stops", async () => {
    const server = await startTestServer();
    const created = await create(server, newRun([stepRun("a", 1)]));
    const waiting = output(server, created);
    await ask(`${server.url}/health`); // After the one before it.
    await server.stop();
    expect([(await waiting).status, (await waiting).json.code]).toEqual([503, "server_stopping"]);
  });

  test("goes on with calls of the server, which fetch its state", async () => {
    const server = await startTestServer();
    const states: string[] = [];
    const app = await startApp(async (call, response) => {
      const state = (what: string) => ask(`${server.url}/v0/runs/${call.headers["x-run-id"]}/${what}`);
      states.push((await state("actions")).text, (await state("batch")).text);
      answer(response, 206, finished("from the server"));
    });
    const { origin } = new URL(app.url);
    const nap = { op: "Sleep", id: "b".repeat(40), name: "1ms", opts: {} };
    const created = await create(server, newRun([stepRun("a", 1), nap], {}, origin));
    expect((await output(server, created)).text).toBe("from the server");
    expect(JSON.parse(states[0]!)).toEqual({ ["a".repeat(40)]: { data: 1 }, ["b".repeat(40)]: null });
    expect(JSON.parse(states[1]!)).toMatchObject([{ name: "inngest/http.request", data: { path: "/buy" } }]);
    expect(app.calls[0]!.url).toBe("/buy?a=1");
  });

  test("that fails for good is a 500, with its error and without a stack", async () => {
    const server = await startTestServer();
    const error = { name: "Error", message: "no stock", stack: "at secret.ts" };
    const created = await create(server, newRun([{ ...COMPLETE, op: "StepFailed", error }]));
    const answered = await output(server, created);
    expect([answered.status, answered.text]).toEqual([500, expect.stringContaining("no stock")]);
    expect(answered.text).not.toContain("secret");
  });

  test("survives the server: it goes on from what was saved, and the token still opens it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stepwell-endpoints-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const app = await startApp((_call, response) => answer(response, 206, finished("after all")));
    const { origin } = new URL(app.url);
    const start = () => startKeyedServer({ store: new SqliteStore({ path: join(folder, "db") }) });
    const first = await start();
    const nap = { op: "Sleep", id: "b".repeat(40), name: "100ms", opts: {} };
    const created = await create(first, newRun([stepRun("a", 1), nap], {}, origin), AUTHORIZED);
    await first.stop();
    const second = await start();
    expect((await output(second, created)).text).toBe("after all");
  });
});

describe("what is refused", () => {
  test("bodies that are no run", async () => {
    const server = await startTestServer();
    const data = newRun([]).event.data;
    const bodies = [
      [],
      newRun([], { run_id: "no" }),
      newRun([], { event: {} }),
      newRun([], { event: { data: { ...data, domain: "shop" } } }),
      newRun([], { event: { data: { ...data, domain: "ftp://shop.test" } } }),
      newRun([], { event: { data: { ...data, method: "G E T" } } }),
      newRun([], { event: { data: { ...data, path: "buy" } } }),
      newRun([], { steps: {} }),
      newRun([{ op: "Dance", id: "a" }]),
    ];
    for (const body of bodies) {
      const refused = await post(`${server.url}/v1/checkpoint`, body);
      expect([refused.status, refused.json.code]).toEqual([400, expect.stringMatching(/_invalid$/)]);
    }
  });

  test("another request under the id of a run; the same one is answered as before", async () => {
    const server = await startTestServer();
    const created = await create(server, newRun([stepRun("a", 1)]));
    expect((await create(server, newRun([stepRun("a", 2)]))).fn_id).toBe(created.fn_id);
    const other = await post(`${server.url}/v1/http/runs`, newRun([], {}, "http://other.test"));
    expect([other.status, other.json.code]).toEqual([409, "run_exists"]);
  });

  test("outputs and streams without their token", async () => {
    const server = await startTestServer();
    const { token, realtime_token } = await create(server, newRun([finished("made")]));
    const other = RUN.replace(/Z$/, "A");
    for (const path of [
      `/v1/http/runs/${RUN}/output`,
      `/v1/http/runs/${RUN}/output?token=${realtime_token}`,
      `/v1/http/runs/${other}/output?token=${token}`,
      `/v1/realtime/sse?token=${token}`,
    ]) {
      expect([path, (await ask(server.url + path)).json.code]).toEqual([path, "run_token_invalid"]);
    }
  });

  test("nothing that an endpoint reports too late: it is told that all is well", async () => {
    const server = await startTestServer();
    await create(server, newRun([finished("made")]));
    for (const run of [RUN, RUN.replace(/Z$/, "A")]) {
      const saved = await post(`${server.url}/v1/checkpoint/${run}/steps`, { steps: [stepRun("b", 1)] });
      expect([saved.status, saved.text]).toEqual([200, '{"status":200}']);
    }
  });

  test("a body in base64 is read where the SDK is one that sends bytes", async () => {
    const server = await startTestServer();
    const app = await startApp((_call, response) => answer(response, 206, finished("read")));
    const { origin } = new URL(app.url);
    const body = newRun([{ op: "DiscoveryRequest", id: "d" }], {}, origin);
    const data = { ...body.event.data, method: "POST", body: Buffer.from('{"a":1}').toString("base64") };
    const created = await create(server, { ...body, event: { data } }, { "x-inngest-sdk": "go:v0.14.0" });
    await output(server, created);
    expect(app.calls[0]!.text).toBe('{"a":1}');
  });
});

describe("streams", () => {
  const tee = (server: TestServer, body: string) =>
    ask(`${server.url}/v1/realtime/publish/tee?channel=${RUN}`, { method: "POST", body });
  const event = (name: string, data: unknown) => `event: inngest.${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const end = event("response", { status: "succeeded", response: { body: "1", statusCode: 200, headers: {} } });
  const listen = (server: TestServer, { realtime_token }: Created) =>
    ask(`${server.url}/v1/realtime/sse?token=${realtime_token}`);

  test("reach those who listen and those who come late, up to the endpoint's last word", async () => {
    const server = await startTestServer();
    const created = await create(server, newRun([stepRun("a", 1)]));
    expect((await tee(server, event("stream", { data: 1 }))).status).toBe(200);
    const early = listen(server, created);
    expect((await tee(server, event("stream", { data: 2 }) + end)).status).toBe(200);
    const all = event("stream", { data: 1 }) + event("stream", { data: 2 }) + end;
    expect((await early).text).toContain(all);
    const late = await listen(server, created);
    expect([late.headers["content-type"], late.text]).toEqual(["text/event-stream", expect.stringContaining(all)]);
  });

  test("end with the run's answer where the endpoint's last word did not come", async () => {
    const server = await startTestServer();
    const created = await create(server, newRun([finished("made")]));
    const { text } = await listen(server, created);
    expect(text).toContain("event: inngest.response\ndata: ");
    expect(text).toMatch(/"status":"succeeded","response":\{"body":"made"/);
  });

  test("have a limit, and need a run", async () => {
    const server = await startTestServer();
    expect((await tee(server, "x".repeat(1_100_000))).status).toBe(413);
    expect((await post(`${server.url}/v1/realtime/publish/tee?channel=all`, {})).json.code).toBe("query_invalid");
  });
});
