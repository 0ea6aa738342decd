import { get, type IncomingMessage } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
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

/** `count` events, each of which starts a run of two functions; one fails. */
async function withRuns(count: number): Promise<TestServer> {
  const server = await startTestServer();
  const app = await startApp(({ url }, response) =>
    url.includes("shop-bad") ? answer(response, 400, { name: "Error", message: "no" }) : answer(response, 200, "ok"),
  );
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-good", "shop-bad"], "test/go", { retries: 0 }));
  const events = Array.from({ length: count }, (_unused, n) => ({ name: "test/go", data: { n } }));
  await post(`${server.url}/e/k`, events);
  await server.runsEnded(count * 2);
  return server;
}

describe("lists", () => {
  test("runs come newest first, in pages that meet without gap", async () => {
    const server = await withRuns(3);
    const ids: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await ask(`${server.url}/v1/runs?limit=4&cursor=${cursor}`);
      ids.push(...page.json.data.map((run) => run.run_id));
      expect(page.json.page.has_more).toBe(page.json.page.cursor !== null);
      cursor = page.json.page.cursor;
    }
    expect(new Set(ids).size).toBe(6);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  test("runs by status, function, app and time", async () => {
    const server = await withRuns(2);
    const count = async (query: string) => (await ask(`${server.url}/v1/runs?${query}`)).json.data.length;
    expect(await count("status=Failed")).toBe(2);
    expect(await count("status=failed,completed")).toBe(4);
    expect(await count("status=Running")).toBe(0);
    expect(await count("function=shop-good")).toBe(2);
    expect(await count("app=shop&status=Completed")).toBe(2);
    expect(await count(`from=${Date.now() + 60_000}`)).toBe(0);
    expect(await count(`until=${new Date(Date.now() + 60_000).toISOString()}`)).toBe(4);
  });

  test("events by name and time, in the wire's envelope", async () => {
    const server = await withRuns(3);
    await post(`${server.url}/e/k`, { name: "other", id: "mine", v: "2" });
    const page = await ask(`${server.url}/v1/events?name=other`);
    expect(page.json).toMatchObject({ data: [{ name: "other", id: "mine", v: "2", user: {}, data: {} }] });
    expect(page.json).toHaveProperty("metadata.fetched_at");
    expect((await ask(`${server.url}/v1/events?limit=2`)).json.data).toHaveLength(2);
    expect((await ask(`${server.url}/v1/events?received_after=2100-01-01T00:00:00Z`)).json.data).toEqual([]);
    expect((await ask(`${server.url}/v1/events?limit=0`)).json.data).toHaveLength(1);
  });

  test("apps and their functions", async () => {
    const server = await withRuns(1);
    expect((await ask(`${server.url}/v1/apps`)).json.data).toMatchObject([
      { name: "shop", function_count: 2, sdk: "test:v1.0.0" },
    ]);
    const functions = await ask(`${server.url}/v1/apps/shop/functions`);
    expect(functions.json).toMatchObject([
      { slug: "shop-bad", triggers: [{ event: "test/go" }] },
      { slug: "shop-good" },
    ]);
  });
});

describe("why", () => {
  test("a failed run shows its error", async () => {
    const server = await withRuns(1);
    const [run] = (await ask(`${server.url}/v1/runs?status=Failed`)).json.data;
    expect(run).toMatchObject({ function_slug: "shop-bad", app: "shop", output: { name: "Error", message: "no" } });
  });

  test("an event says what it started and what it did not, and why", async () => {
    const server = await startTestServer();
    await post(`${server.url}/fn/register`, {
      ...registration("http://127.0.0.1:9/api", ["shop-a"]),
      functions: [
        { ...(registration("http://127.0.0.1:9/api", ["shop-a"]) as { functions: object[] }).functions[0] },
        {
          ...(registration("http://127.0.0.1:9/api", ["shop-b"]) as { functions: object[] }).functions[0],
          triggers: [{ event: "test/go", expression: "event.data.n > 5" }],
        },
      ],
    });
    const sent = await post(`${server.url}/e/k`, { name: "test/go", data: { n: 1 } });
    const decisions = await ask(`${server.url}/v1/events/${sent.json.ids[0]}/decisions`);
    expect(decisions.json.data).toMatchObject([
      { function_slug: "shop-a", outcome: "started" },
      { function_slug: "shop-b", outcome: "filtered", run_id: null },
    ]);
  });

  test("a repeated event id is stored again and starts nothing again", async () => {
    const server = await withRuns(0);
    const first = await post(`${server.url}/e/k`, { name: "test/go", id: "order-7" });
    const again = await post(`${server.url}/e/k`, { name: "test/go", id: "order-7" });
    expect(again.json.ids).not.toEqual(first.json.ids);
    const decisions = await ask(`${server.url}/v1/events/${again.json.ids[0]}/decisions`);
    expect(decisions.json.data).toMatchObject([{ outcome: "deduplicated" }, { outcome: "deduplicated" }]);
  });

  test("a repeated request with the same seed gives the same ids and starts nothing again", async () => {
    const server = await withRuns(0);
    const seed = { "x-inngest-event-id-seed": `${Date.now()},AAECAwQFBgcICQ==` };
    const first = await post(`${server.url}/e/k`, [{ name: "test/go" }, { name: "test/go" }], seed);
    const again = await post(`${server.url}/e/k`, [{ name: "test/go" }, { name: "test/go" }], seed);
    expect(again.json).toEqual(first.json);
    expect(await server.store.counts()).toMatchObject({ events: 2, runs: 4 });
  });
});

describe("the steps of a run", () => {
  test("come in pages that meet without gap, each with its own failed attempts", async () => {
    const server = await startTestServer();
    let done = 0;
    const app = await startApp((_call, response) =>
      done === 5 ? answer(response, 200, "ok") : answer(response, 206, [stepRun(String(++done), done)]),
    );
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
    await post(`${server.url}/e/k`, { name: "test/go" });
    await server.runsEnded(1);
    const [run] = [...(await ask(`${server.url}/v1/runs`)).json.data];
    const pages = [];
    for (let cursor: string | null = "0"; cursor !== null; cursor = pages.at(-1)!.page.cursor)
      pages.push((await ask(`${server.url}/v1/runs/${run!.run_id}/steps?limit=2&cursor=${cursor}`)).json);
    expect(pages.map(({ data }) => data.map(({ name }: { name: string }) => name))).toEqual([
      ["step 1", "step 2"],
      ["step 3", "step 4"],
      ["step 5"],
    ]);
    expect((await ask(`${server.url}/v1/runs/${run!.run_id}/steps?cursor=x`)).json.code).toBe("query_invalid");
  });
});

test("what the protocol names and nobody offers here says so", async () => {
  const { url } = await startTestServer();
  for (const path of ["runs/01HZZZZZZZZZZZZZZZZZZZZZZA/metadata", "traces/userland"])
    expect((await post(`${url}/v1/${path}?channel=a&topic=b`, {})).json).toMatchObject({
      code: "feature_absent",
      status: 501,
    });
  expect((await ask(`${url}/v1/prom/default`)).status).toBe(200);
});

describe("the feed", () => {
  test("tells what is committed, without payloads", async () => {
    const server = await startTestServer();
    const app = await startApp((_call, response) => answer(response, 200, "secret"));
    await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
    const stream = await new Promise<IncomingMessage>((resolve) => get(`${server.url}/v1/feed`, resolve));
    onTestFinished(() => void stream.destroy());
    expect(stream.headers).toMatchObject({ "content-type": "text/event-stream", "x-inngest-server-kind": "dev" });
    await post(`${server.url}/e/k`, { name: "test/go", data: { hidden: "secret" } });
    let text = "";
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.includes("event: run_ended")) break;
    }
    const kinds = [...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    expect(kinds).toEqual(["event_received", "run_created", "run_started", "run_ended"]);
    expect(text).toContain('"function":"shop-a"');
    expect(text).not.toContain("secret");
  });
});
