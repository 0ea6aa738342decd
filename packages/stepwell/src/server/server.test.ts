import { describe, expect, test } from "vitest";
import {
  answer,
  ask,
  EVENT_KEY,
  post,
  registration,
  SIGNING_KEY,
  startApp,
  startKeyedServer,
  startTestServer,
  stepRun,
} from "../../test/server/harness.ts";
import { hashedSigningKey, verify } from "../protocol/signature.ts";

/** An app whose functions take three steps and return their sum. */
function threeSteps() {
  return startApp(({ json }, response) => {
    const done = Object.keys(json.steps).length;
    if (done < 3) answer(response, 206, [stepRun(String(done), done)]);
    else answer(response, 200, { sum: 3 });
  });
}

describe("from an event to a finished run", () => {
  test("an event starts a function, its steps run, and the run is seen to finish", async () => {
    const server = await startTestServer();
    const app = await threeSteps();
    const synced = await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
    expect(synced.json).toMatchObject({ ok: true, modified: true, status: 200 });

    const sent = await post(`${server.url}/e/any-key`, [{ name: "test/go", data: { n: 1 } }]);
    expect(sent.status).toBe(200);
    const [eventId] = sent.json.ids;
    await server.notice((notice) => notice.kind === "run_ended");

    const runs = await ask(`${server.url}/v1/events/${eventId}/runs`);
    expect(runs.json.data).toMatchObject([{ status: "Completed", output: { sum: 3 }, event_id: eventId }]);
    const runId = runs.json.data[0]!.run_id;
    expect((await ask(`${server.url}/v1/runs/${runId}`)).json.data).toMatchObject({
      run_id: runId,
      status: "Completed",
    });
    const steps = await ask(`${server.url}/v1/runs/${runId}/steps`);
    expect(steps.json.data.map((step) => step.output)).toEqual([0, 1, 2]);
    expect(app.calls.map((call) => call.json.ctx.stack.current)).toEqual([0, 1, 2, 3]);
  });

  test("the same registration again changes nothing", async () => {
    const server = await startTestServer();
    const body = registration("http://127.0.0.1:9/api", ["shop-b", "shop-a"]);
    await post(`${server.url}/fn/register`, body);
    const reversed = registration("http://127.0.0.1:9/api", ["shop-a", "shop-b"]);
    expect((await post(`${server.url}/fn/register`, reversed)).json.modified).toBe(false);
  });

  test("a failing function is retried and its error is shown", async () => {
    const server = await startTestServer();
    const app = await startApp((_call, response) => answer(response, 500, { name: "TypeError", message: "boom" }));
    const body = registration(app.url, ["shop-a"], "test/go", { retries: 1 });
    await post(`${server.url}/fn/register`, body);
    await post(`${server.url}/e/k`, { name: "test/go" });
    const { id } = await server.notice((notice) => notice.kind === "run_ended");
    expect(app.calls).toHaveLength(2);
    expect((await ask(`${server.url}/v1/runs/${id}`)).json.data).toMatchObject({
      status: "Failed",
      output: { name: "TypeError", message: "boom" },
    });
    const steps = await ask(`${server.url}/v1/runs/${id}/steps`);
    expect(steps.json.function_failed_attempts.length).toBeGreaterThan(0);
  });

  test("a removed app's functions are not started any more", async () => {
    const server = await startTestServer();
    await post(`${server.url}/fn/register`, registration("http://127.0.0.1:9/api", ["shop-a"]));
    const removed = await ask(`${server.url}/fn/remove?url=http://127.0.0.1:9/api`, { method: "DELETE" });
    expect(removed.json).toMatchObject({ ok: true, status: 200 });
    const sent = await post(`${server.url}/e/k`, { name: "test/go" });
    expect((await ask(`${server.url}/v1/events/${sent.json.ids[0]}/runs`)).json.data).toEqual([]);
    expect((await ask(`${server.url}/fn/remove?appId=nobody`, { method: "DELETE" })).status).toBe(404);
  });
});

describe("production mode", () => {
  test("calls are signed over the bytes that are sent", async () => {
    const server = await startKeyedServer();
    const app = await startApp((_call, response) => answer(response, 200, "ok"));
    const authorization = `Bearer ${SIGNING_KEY}`;
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]), { authorization });
    await post(`${server.url}/e/${EVENT_KEY}`, { name: "test/go", data: { text: "grüße" } });
    await server.notice((notice) => notice.kind === "run_ended");
    const [call] = app.calls;
    const verdict = verify(
      String(call!.headers["x-inngest-signature"]),
      new TextEncoder().encode(call!.text),
      [SIGNING_KEY],
      Date.now(),
    );
    expect(verdict).toMatchObject({ verdict: "valid" });
  });

  test("events need a known key, everything else the signing key, plain or hashed", async () => {
    const server = await startKeyedServer();
    expect((await post(`${server.url}/e/wrong`, { name: "a" })).json).toEqual({
      ids: [],
      status: 401,
      error: "Event key not found.",
      code: "event_key_unknown",
    });
    expect((await post(`${server.url}/e/`, { name: "a" })).json.code).toBe("event_key_required");
    for (const path of ["/v1/runs", "/v1/apps", "/v0/runs/x/batch", "/metrics", "/v1/feed"]) {
      expect((await ask(server.url + path)).json).toMatchObject({ status: 401, code: "unauthorized" });
    }
    const tokens = [SIGNING_KEY, SIGNING_KEY.replace("signkey-prod-", ""), hashedSigningKey(SIGNING_KEY)];
    for (const token of tokens) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await ask(`${server.url}/v1/runs`, { headers })).status).toBe(200);
    }
    expect((await ask(`${server.url}/health`)).status).toBe(200);
  });

  test("the fallback key is accepted as well", async () => {
    const server = await startKeyedServer({ signingKeyFallback: "signkey-prod-ffee" });
    const headers = { authorization: "Bearer signkey-prod-ffee" };
    expect((await ask(`${server.url}/v1/runs`, { headers })).status).toBe(200);
  });

  test("a registration without the key is refused in JSON, with its status inside", async () => {
    const server = await startKeyedServer();
    const refused = await post(`${server.url}/fn/register`, registration("http://127.0.0.1:9/api", ["shop-a"]));
    expect(refused.json).toMatchObject({ status: 401, error: expect.any(String) });
  });
});

describe("every response", () => {
  test("names the kind of server, and is nothing to guess at", async () => {
    const server = await startTestServer();
    for (const answered of [
      await ask(`${server.url}/health`),
      await ask(`${server.url}/nothing`),
      await post(`${server.url}/e/k`, { name: "a" }),
      await ask(`${server.url}/v1/runs`, { method: "OPTIONS", headers: { "access-control-request-headers": "x-a" } }),
    ]) {
      expect(answered.headers["x-inngest-server-kind"]).toBe("dev");
      expect(answered.headers["x-content-type-options"]).toBe("nosniff");
    }
    const production = await startKeyedServer();
    expect((await ask(`${production.url}/health`)).headers["x-inngest-server-kind"]).toBe("cloud");
  });

  test("without a signing key, whatever stands in Authorization is fine", async () => {
    const server = await startTestServer();
    for (const authorization of ["Bearer ", "Bearer undefined", "Basic x"]) {
      expect((await ask(`${server.url}/v1/runs`, { headers: { authorization } })).status).toBe(200);
    }
  });

  test("/dev is there in dev mode only", async () => {
    const server = await startTestServer();
    expect((await ask(`${server.url}/dev`)).json).toMatchObject({ functions: [], isMissingSigningKey: true });
    const production = await startKeyedServer();
    const headers = { authorization: `Bearer ${SIGNING_KEY}` };
    expect((await ask(`${production.url}/dev`, { headers })).status).toBe(404);
  });

  test("/metrics counts events, runs, calls and commits", async () => {
    const server = await startTestServer();
    const app = await startApp((_call, response) => answer(response, 200, 1));
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
    await post(`${server.url}/e/k`, { name: "test/go" });
    await server.notice((notice) => notice.kind === "run_ended");
    const { text } = await ask(`${server.url}/metrics`);
    expect(text).toContain("stepwell_events_received_total 1");
    expect(text).toContain('stepwell_runs_ended_total{status="completed"} 1');
    expect(text).toContain('stepwell_calls_total{outcome="returned"} 1');
    expect(text).toMatch(/stepwell_commit_duration_seconds_count [1-9]/);
    expect(text).toMatch(/stepwell_process_resident_memory_bytes \d+/);
  });
});

describe("starting and stopping", () => {
  test("a port that is taken is a coded error", async () => {
    const server = await startTestServer();
    await expect(startTestServer({ port: server.port })).rejects.toMatchObject({ code: "port_in_use" });
  });

  test("stopping lets the call that is out finish and stores what it reported", async () => {
    const server = await startTestServer();
    let isCalled = () => {};
    const called = new Promise<void>((resolve) => {
      isCalled = resolve;
    });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const app = await startApp(async (_call, response) => {
      isCalled();
      await released;
      answer(response, 200, "done");
    });
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
    await post(`${server.url}/e/k`, { name: "test/go" });
    await called;
    const stopped = server.stop();
    const refused = await post(`${server.url}/e/k`, { name: "test/go" });
    expect(refused.json).toMatchObject({ ids: [], status: 503, code: "server_stopping" });
    expect((await ask(`${server.url}/health`)).status).toBe(503);
    release();
    await stopped;
    const [run] = [...server.store.snapshot().runs.values()];
    expect(run).toMatchObject({ status: "completed", output: '"done"' });
    await expect(ask(`${server.url}/health`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
