/** What the server answers is what its description says, field by field. */
import { describe, expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import {
  answer,
  ask,
  post,
  registration,
  startApp,
  startTestServer,
  stepRun,
  type TestServer,
} from "../../../test/server/harness.ts";

interface Seen extends TestServer {
  readonly eventId: string;
  readonly good: string;
  readonly bad: string;
}

/** One event that started two runs: one with two steps, one that failed. */
async function withRuns(): Promise<Seen> {
  const server = await startTestServer();
  const app = await startApp(({ url, json }, response) => {
    if (url.includes("shop-bad")) return answer(response, 500, { name: "Error", message: "no" });
    const done = Object.keys(json.steps).length;
    return done < 2 ? answer(response, 206, [stepRun(String(done), { n: done })]) : answer(response, 200, { sum: 1 });
  });
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-good", "shop-bad"], "test/go", { retries: 1 }));
  const sent = await post(`${server.url}/e/k`, { name: "test/go", data: { n: 1 }, v: "2" });
  await server.runsEnded(2);
  const eventId = sent.json.ids[0]!;
  const runs = (await ask(`${server.url}/v1/events/${eventId}/runs`)).json.data as unknown as {
    run_id: string;
    function_slug: string;
  }[];
  const idOf = (slug: string) => runs.find((run) => run.function_slug === slug)!.run_id;
  return { ...server, eventId, good: idOf("shop-good"), bad: idOf("shop-bad") };
}

test("every route that reads answers what its description says", async () => {
  const { url, eventId, good, bad } = await withRuns();
  const paths = [
    "/v1/events",
    `/v1/events/${eventId}`,
    `/v1/events/${eventId}/runs`,
    `/v1/events/${eventId}/decisions`,
    "/v1/runs?limit=1",
    `/v1/runs?event=${eventId}`,
    `/v1/runs/${good}`,
    `/v1/runs/${bad}`,
    `/v1/runs/${good}/steps`,
    `/v1/runs/${bad}/steps`,
    `/v1/runs/${good}/jobs`,
    "/v1/functions",
    "/v1/functions/shop-good",
    "/v1/apps",
    "/v1/apps/shop/functions",
    "/v1/openapi.json",
    "/health",
    "/dev",
    "/v2/health",
    "/v2/runs?limit=1",
    `/v2/runs/${good}?includeOutput=true`,
    `/v2/runs/${bad}/trace?includeOutput=true`,
    `/v2/events/${eventId}/runs`,
    "/v2/apps",
    "/v2/apps/shop",
    "/v2/apps/shop/functions",
    "/v2/apps/shop/functions/good",
    "/v2/apps/shop/functions/shop-good/runs",
  ];
  for (const path of paths) {
    expect([path, (await askChecked(url + path)).status]).toEqual([path, 200]);
    if (path.startsWith("/v2")) expect((await askChecked(`${url}/api${path}`)).status).toBe(200);
  }
});

describe("/v1", () => {
  test("runs of an event carry the result, times, the function's name and all events", async () => {
    const { url, eventId, good, bad } = await withRuns();
    const runs = await askChecked(`${url}/v1/events/${eventId}/runs`);
    expect(runs.json.data).toHaveLength(2);
    expect(runs.json.data.find((run) => run.run_id === bad)).toMatchObject({
      function_name: "shop-bad",
      status: "Failed",
      output: { message: "no" },
    });
    expect(runs.json.data.find((run) => run.run_id === good)).toMatchObject({
      function_name: "shop-good",
      status: "Completed",
      output: { sum: 1 },
      event_ids: [eventId],
      queued_at: expect.any(String),
      ended_at: expect.any(String),
    });
  });

  test("a run that goes on has its jobs, one that has ended has none", async () => {
    const server = await startTestServer();
    await post(`${server.url}/fn/register`, registration("http://127.0.0.1:9/api", ["shop-a"]));
    const sent = await post(`${server.url}/e/k`, { name: "test/go", ts: Date.now() + 3_600_000 });
    const [run] = (await ask(`${server.url}/v1/events/${sent.json.ids[0]}/runs`)).json.data;
    const jobs = await askChecked(`${server.url}/v1/runs/${run!.run_id}/jobs`);
    expect(jobs.json.data).toMatchObject([{ JobID: `${run!.run_id}.main`, kind: "discover", attempt: 0, position: 0 }]);
    await ask(`${server.url}/v1/runs/${run!.run_id}`, { method: "DELETE" });
    expect((await askChecked(`${server.url}/v1/runs/${run!.run_id}/jobs`)).json.data).toEqual([]);
  });
});

describe("/v2", () => {
  test("runs are filtered by status, function, event and time, in pages", async () => {
    const { url, eventId, good, bad } = await withRuns();
    const ids = async (path: string) => {
      const page = await askChecked(`${url}/api/v2${path}`);
      return (page.json.data as unknown as { id: string }[]).map((run) => run.id);
    };
    expect(await ids("/runs?status=FAILED")).toEqual([bad]);
    expect(await ids("/runs?status=FAILED&status=COMPLETED")).toHaveLength(2);
    expect(await ids("/apps/shop/functions/good/runs?order=DESC&timeField=QUEUED_AT")).toEqual([good]);
    expect(await ids(`/events/${eventId}/runs?status=COMPLETED`)).toEqual([good]);
    expect(await ids("/runs?order=ASC")).toEqual((await ids("/runs?order=DESC")).reverse());
    expect(await ids("/runs?from=2100-01-01T00:00:00Z")).toEqual([]);
    const first = await askChecked(`${url}/api/v2/runs?limit=1`);
    const page = first.json.page as unknown as { cursor: string; hasMore: boolean; limit: number };
    expect(page).toMatchObject({ hasMore: true, limit: 1 });
    const rest = await ids(`/runs?limit=1&cursor=${page.cursor}`);
    expect([...(first.json.data as unknown as { id: string }[]).map((run) => run.id), ...rest].sort()).toEqual(
      [good, bad].sort(),
    );
  });

  test("what a list cannot do is refused by name", async () => {
    const { url } = await withRuns();
    const refused = async (query: string) => (await ask(`${url}/v2/runs?${query}`)).json as unknown;
    const error = (part: string) => ({ errors: [{ code: "query_invalid", message: expect.stringContaining(part) }] });
    expect(await refused("order=UP")).toEqual(error("order"));
    expect(await refused("timeField=ENDED_AT")).toEqual(error("timeField"));
    expect(await refused("status=DANCING")).toEqual(error("DANCING"));
    expect(await refused("cursor=next")).toEqual(error("cursor"));
    expect(await refused("includeOutput=yes")).toEqual(error("includeOutput"));
    expect(await refused("from=yesterday")).toEqual(error("from"));
  });

  test("a run shows its output only when asked, and durations as texts", async () => {
    const { url, good } = await withRuns();
    const plain = await askChecked(`${url}/v2/runs/${good}`);
    expect(plain.json.data).not.toHaveProperty("output");
    const full = await askChecked(`${url}/v2/runs/${good}?includeOutput=true`);
    expect(full.json.data).toMatchObject({
      function: { id: "shop-good", name: "shop-good" },
      app: { id: "shop" },
      status: "COMPLETED",
      durationMs: expect.stringMatching(/^\d+$/),
      output: { sum: 1 },
    });
  });

  test("a trace is the tree of steps, with attempts and their errors", async () => {
    const { url, good, bad } = await withRuns();
    const trace = await askChecked(`${url}/v2/runs/${good}/trace?includeOutput=true`);
    expect(trace.json.data).toMatchObject({
      runId: good,
      rootSpan: {
        kind: "RUN",
        status: "COMPLETED",
        output: { sum: 1 },
        children: [
          { kind: "STEP", status: "COMPLETED", stepId: "0".repeat(40), output: { n: 0 }, error: null, children: [] },
          { kind: "STEP", status: "COMPLETED", stepId: "1".repeat(40), output: { n: 1 } },
        ],
      },
    });
    const failed = await askChecked(`${url}/v2/runs/${bad}/trace`);
    expect(failed.json.data).toMatchObject({
      rootSpan: { status: "FAILED", error: { message: "no" }, failedAttempts: [{ error: { message: "no" } }, {}] },
    });
    expect(failed.json.data).not.toHaveProperty("rootSpan.output");
  });

  test("an event is sent, and started what listens", async () => {
    const { url } = await withRuns();
    const sent = await askChecked(`${url}/api/v2/events`, "POST", { name: "test/go", data: { n: 2 } });
    const { eventId } = sent.json.data as unknown as { eventId: string };
    expect((await askChecked(`${url}/v2/events/${eventId}/runs`)).json.data).toHaveLength(2);
    const reserved = await post(`${url}/v2/events`, { name: "inngest/x" });
    expect([reserved.status, reserved.json]).toMatchObject([400, { errors: [{ code: "event_name_reserved" }] }]);
    const list = await post(`${url}/v2/events`, [{ name: "a" }]);
    expect(list.json).toMatchObject({ errors: [{ code: "body_invalid" }] });
  });
});
