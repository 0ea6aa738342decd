import { expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import { answer, ask, post, registration, startApp, startTestServer } from "../../../test/server/harness.ts";

interface Stats {
  readonly step_ms: number;
  readonly totals: Readonly<Record<string, unknown>>;
  readonly points: readonly { readonly at: string; readonly created: number; readonly queued: number }[];
}

/** Two functions: one completes, one fails. */
async function withRuns(count: number) {
  const server = await startTestServer();
  const app = await startApp(({ url }, response) =>
    url.includes("shop-bad") ? answer(response, 400, { name: "Error", message: "no" }) : answer(response, 200, "ok"),
  );
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-good", "shop-bad"], "test/go", { retries: 0 }));
  const events = Array.from({ length: count }, (_unused, n) => ({ name: "test/go", data: { n } }));
  await post(`${server.url}/e/k`, events);
  await server.runsEnded(count * 2);
  const stats = async (query = "") =>
    (await askChecked(`${server.url}/v1/stats${query}`)).json.data as unknown as Stats;
  return { server, stats };
}

test("runs of the last day, in points of a quarter of an hour, none missing", async () => {
  const { stats } = await withRuns(3);
  const { step_ms, totals, points } = await stats();
  expect(totals).toMatchObject({ created: 6, started: 6, completed: 3, failed: 3, duration: { count: 6 } });
  expect(step_ms).toBe(900_000);
  expect(points.length).toBeGreaterThanOrEqual(96);
  expect(points.reduce((sum, point) => sum + point.created, 0)).toBe(6);
  expect(points.at(-1)!.queued).toBe(0);
});

test("of one function or one app, in steps as asked for", async () => {
  const { server, stats } = await withRuns(2);
  expect((await stats("?function=shop-bad&step=1h")).totals).toMatchObject({ created: 2, completed: 0, failed: 2 });
  expect((await stats("?app=shop&step=1d")).totals).toMatchObject({ created: 4 });
  expect((await ask(`${server.url}/v1/stats?function=nobody`)).status).toBe(404);
});

test("function by function, those with the most runs first", async () => {
  const { server } = await withRuns(2);
  await post(`${server.url}/v1/functions/shop-bad/invoke`, { data: {} });
  await server.runsEnded(5);
  const { json } = await askChecked(`${server.url}/v1/stats/functions`);
  expect(json.data).toMatchObject([
    { function_slug: "shop-bad", app: "shop", created: 3, failed: 3, queued: 0 },
    { function_slug: "shop-good", created: 2, completed: 2 },
  ]);
});

test("the backlog of a span that is over is that of its end", async () => {
  const { server, stats } = await withRuns(1);
  await post(`${server.url}/v1/functions/shop-good/pause`, { mode: "hold" });
  await post(`${server.url}/e/k`, { name: "test/go", data: {} });
  await server.runsEnded(3);
  expect((await stats("?function=shop-good")).points.at(-1)!.queued).toBe(1);
  const before = Date.now() - 3_600_000;
  const past = await stats(`?function=shop-good&from=${before - 3_600_000}&until=${before}`);
  expect(past.points.at(-1)!.queued).toBe(0);
});

test("a span that cannot be told is refused by name", async () => {
  const { server } = await withRuns(1);
  const refusal = async (query: string) => (await ask(`${server.url}/v1/stats?${query}`)).json;
  expect(await refusal("from=2026-01-02&until=2026-01-01")).toMatchObject({ status: 400 });
  expect(await refusal("from=2020-01-01&until=2020-01-02&step=1m")).toMatchObject({ status: 400 });
  expect(await refusal("from=2020-01-01&step=1d")).toMatchObject({ status: 400 });
  expect(await refusal("step=2h")).toMatchObject({ status: 400 });
});
