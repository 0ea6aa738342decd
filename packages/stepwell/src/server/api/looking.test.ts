import { describe, expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import {
  type Answer,
  answer,
  ask,
  post,
  registration,
  startApp,
  startTestServer,
} from "../../../test/server/harness.ts";

const rowsOf = ({ json }: Answer) => json.data as unknown as readonly Readonly<Record<string, unknown>>[];

/** Functions of which one fails, and three events that both have run for. */
async function withRuns() {
  const server = await startTestServer();
  const app = await startApp(({ url }, response) =>
    url.includes("shop-bad")
      ? answer(response, 400, { name: "Error", message: "no tea left" })
      : answer(response, 200, { total: 7 }),
  );
  const body = registration(app.url, ["shop-good", "shop-bad"], "test/go", { retries: 0 }) as { functions: object[] };
  await post(`${server.url}/fn/register`, body);
  const events = [1, 2, 3].map((n) => ({ name: "test/go", data: { n, town: n === 2 ? "Leeds" : "York" } }));
  await post(`${server.url}/e/k`, events);
  await server.runsEnded(6);
  return { ...server, appUrl: app.url, body };
}

describe("runs by what they carry", () => {
  test("a text is looked for in events, results, errors and names", async () => {
    const { url } = await withRuns();
    const count = async (text: string) => (await askChecked(`${url}/api/v2/runs?text=${text}`)).json.data.length;
    expect(await count("leeds")).toBe(2);
    expect(await count("tea%20left")).toBe(3);
    expect(await count("shop-good")).toBe(3);
    expect(await count("nowhere")).toBe(0);
  });

  test("an expression sees the event and the output", async () => {
    const { url } = await withRuns();
    const found = async (expression: string) => {
      const query = `if=${encodeURIComponent(expression)}`;
      return (await askChecked(`${url}/api/v2/runs?${query}`)).json.data.length;
    };
    expect(await found("event.data.n > 1")).toBe(4);
    expect(await found("output.total == 7")).toBe(3);
    expect(await found("event.data.n == 3 && output.message == 'no tea left'")).toBe(1);
    expect((await ask(`${url}/api/v2/runs?if=event.`)).status).toBe(400);
  });

  test("pages of what was found meet without gap", async () => {
    const { url } = await withRuns();
    const first = await askChecked(`${url}/api/v2/runs?text=york&limit=3`);
    const { cursor } = first.json.page;
    const second = await askChecked(`${url}/api/v2/runs?text=york&limit=3&cursor=${cursor}`);
    expect(new Set([...rowsOf(first), ...rowsOf(second)].map((run) => run["id"])).size).toBe(4);
  });
});

describe("schedules and syncs", () => {
  test("the next ticks of a function's schedules are told", async () => {
    const { url, body } = await withRuns();
    const [fn] = body.functions;
    const functions = [{ ...fn, triggers: [{ cron: "TZ=Europe/Paris 0 9 * * *" }] }];
    await post(`${url}/fn/register`, { ...body, functions });
    const [tick] = (await askChecked(`${url}/v1/functions/shop-good/ticks?limit=3`)).json.data;
    expect(tick).toMatchObject({ cron: "TZ=Europe/Paris 0 9 * * *", zone: "Europe/Paris" });
    const times = (tick as unknown as { next: string[] }).next.map((at) => Date.parse(at));
    expect(times).toHaveLength(3);
    expect(times.every((at) => at > Date.now())).toBe(true);
  });

  test("what syncs changed is told, and what the latest one took away", async () => {
    const { url, body } = await withRuns();
    const [fn] = body.functions;
    await post(`${url}/fn/register`, { ...body, functions: [{ ...fn, name: "Better" }] });
    const [newest] = (await askChecked(`${url}/v1/apps/shop/syncs`)).json.data;
    expect(newest).toMatchObject({
      functions: [
        { slug: "shop-bad", kind: "removed" },
        { slug: "shop-good", kind: "changed", changes: [{ path: "name", after: "Better" }] },
      ],
    });
  });

  test("an address that cannot be synced is listed with what to do, and a refused registration too", async () => {
    const { url, body } = await withRuns();
    await post(`${url}/fn/sync`, { url: "http://127.0.0.1:9/api/stepwell" });
    await post(`${url}/fn/register`, { ...body, url: "http://127.0.0.1:10/api", functions: [{ id: "x" }] });
    const failures = rowsOf(await askChecked(`${url}/v1/syncs/failures`));
    expect(failures.map((one) => one["code"]).sort()).toEqual(["function_config_invalid", "sync_failed"]);
    expect(failures.every((one) => one["fix"] !== "")).toBe(true);
  });
});
