/** Lines of handlers from the SDK to the API: while a step runs, with the reply, and from an engine in this process. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createEngine } from "../src/engine.ts";
import { type Handler, Stepwell } from "../src/index.ts";
import { createServer } from "../src/node.ts";
import { askChecked } from "./server/api-harness.ts";
import { ask, post, startTestServer } from "./server/harness.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A run of this handler, over HTTP. */
async function start(handler: Handler<{ event: "start" }, unknown>) {
  const server = await startTestServer();
  const client = new Stepwell({ id: "shop", isDev: true, baseUrl: server.url, logger: SILENT });
  const fn = client.createFunction({ id: "pay", triggers: { event: "start" }, retries: 1 }, handler);
  const app = createServer({ client, functions: [fn] });
  await once(app.listen(0, "127.0.0.1") as never, "listening");
  onTestFinished(() => void app.close());
  await fetch(`http://127.0.0.1:${(app.address() as AddressInfo).port}/api/stepwell`, { method: "PUT" });
  await client.send({ name: "start" });
  const { runId } = await server.notice((notice) => notice.kind === "run_created");
  const lines = async (query = "") => (await askChecked(`${server.url}/v1/runs/${runId}/logs${query}`)).json;
  /** Once so many lines are stored. */
  const stored = async (count: number) => {
    for (;;) {
      const answer = await lines();
      if (answer.data.length >= count) return answer;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { server, runId: runId!, lines, stored };
}

test("lines arrive while the step that wrote them is still running", async () => {
  let release = () => {};
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { stored, server } = await start(async ({ step, logger }) => {
    logger.info("begins");
    await step.run("charge", async () => {
      logger.warn("slow", { ms: 7 });
      await isReleased;
    });
  });
  const { data } = await stored(2);
  expect(data).toMatchObject([
    { level: "info", message: "begins", step_name: null, attempt: 0, function_slug: "shop-pay" },
    { level: "warn", message: 'slow {"ms":7}', step_name: "charge" },
  ]);
  release();
  await server.runsEnded(1);
});

test("each line comes once, however often stored steps are replayed, and says its attempt", async () => {
  let tries = 0;
  const { stored, server } = await start(async ({ step, logger }) => {
    logger.info("begins");
    await step.run("charge", () => {
      logger.debug(`try ${++tries}`);
      if (tries === 1) throw new Error("declined");
    });
    await step.sleep("a moment", 1);
    logger.info("ends");
  });
  await server.runsEnded(1);
  const { data } = await stored(5);
  const texts = data.map((line) => line as unknown as { message: string; attempt: number });
  const told = texts.map(({ message, attempt }) => `${message} (${attempt})`);
  expect(told).toEqual(["begins (0)", "try 1 (0)", "begins (1)", "try 2 (1)", "ends (0)"]);
});

test("lines are searched across runs", async () => {
  const { server, stored } = await start(({ logger }) => {
    logger.info("Payment accepted");
    logger.error("mail failed");
  });
  await server.runsEnded(1);
  await stored(2);
  const found = async (query: string) => {
    const { json } = await askChecked(`${server.url}/v1/logs?${query}`);
    return json.data.map((line) => (line as unknown as { message: string }).message);
  };
  expect(await found("text=PAYMENT")).toEqual(["Payment accepted"]);
  expect(await found("level=warn&function=shop-pay")).toEqual(["mail failed"]);
  expect(await found("app=shop&limit=1")).toEqual(["mail failed"]);
  expect((await ask(`${server.url}/v1/logs?level=loud`)).json.code).toBe("query_invalid");
});

test("what is no list of lines is refused, what is no line is counted", async () => {
  const { server, runId, lines } = await start(() => {});
  await server.runsEnded(1);
  const send = (calls: unknown) => post(`${server.url}/v1/logs`, { calls });
  for (const calls of [7, [7], [{ run_id: "x", lines: [] }], [{ run_id: runId, lines: 7 }]]) {
    expect((await send(calls)).json.code).toBe("body_invalid");
  }
  const noLines = [{ message: 7 }, null, { level: 7, at: "x", step: 7, name: {}, message: "m" }];
  expect((await send([{ run_id: runId, fn_id: 7, attempt: -1, dropped: "x", lines: noLines }])).status).toBe(202);
  for (;;) {
    const { data, totals } = (await lines()) as unknown as { data: object[]; totals: object };
    if (data.length === 0) continue;
    expect(data).toMatchObject([{ level: "info", message: "m", step_id: null, step_name: null, function_id: null }]);
    expect(totals).toEqual({ lines: 1, dropped: 2 });
    break;
  }
});

test("an engine in the same process keeps them too", async () => {
  const client = new Stepwell({ id: "shop", logger: SILENT });
  const fn = client.createFunction({ id: "pay", triggers: { event: "start" } }, async ({ step, logger }) => {
    await step.run("charge", () => logger.info("charged"));
    logger.info("after");
  });
  const engine = await createEngine({ client, functions: [fn] });
  onTestFinished(() => engine.stop());
  const { runIds } = await engine.send({ name: "start" });
  await engine.waitForRun(runIds[0]!);
  expect(await engine.getLogs(runIds[0]!)).toMatchObject([
    { message: "charged", stepName: "charge", level: "info" },
    { message: "after", stepName: null },
  ]);
});
