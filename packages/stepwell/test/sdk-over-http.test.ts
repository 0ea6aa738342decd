/** Our SDK against our server over real HTTP: what the two agree on beyond the protocol, and each kind of step once. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { currentStep, Stepwell, type StepwellFunction } from "../src/index.ts";
import { createServer } from "../src/node.ts";
import { startTestServer, type TestServer } from "./server/harness.ts";

interface World {
  readonly client: Stepwell;
  readonly server: TestServer;
  /** Registers the functions and sends the event that starts them; the id of the first run. */
  start(functions: StepwellFunction<unknown, unknown>[], data?: object): Promise<string>;
  /** The run once it has ended. */
  ended(runId: string): Promise<{ readonly status: string; readonly output: unknown }>;
}

async function world(): Promise<World> {
  const server = await startTestServer();
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const client = new Stepwell({ id: "shop", isDev: true, baseUrl: server.url, logger });
  const read = async (path: string) => ((await (await fetch(`${server.url}${path}`)).json()) as { data: never }).data;
  return {
    client,
    server,
    async start(functions, data = {}) {
      const app = createServer({ client, functions });
      await once(app.listen(0, "127.0.0.1") as never, "listening");
      onTestFinished(() => void app.close());
      const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}/api/stepwell`;
      expect((await fetch(url, { method: "PUT" })).status).toBe(200);
      const { ids } = await client.send({ name: "start", data });
      const runs: { run_id: string }[] = await read(`/v1/events/${ids[0]}/runs`);
      return runs[0]!.run_id;
    },
    async ended(runId) {
      await server.notice((notice) => notice.kind === "run_ended" && notice.id === runId);
      return read(`/v1/runs/${runId}`);
    },
  };
}

describe("over HTTP", () => {
  test("what a step sends is stored with its result, in the same call as the steps around it", async () => {
    const { client, start, ended } = await world();
    let calls = 0;
    const seen: string[] = [];
    let hearBoth = () => {};
    const heardBoth = new Promise<void>((resolve) => {
      hearBoth = resolve;
    });
    const sending = client.createFunction({ id: "send", triggers: { event: "start" } }, async ({ step }) => {
      calls++;
      await step.run("before", () => 1);
      const { ids } = await step.sendEvent("send", [{ name: "sent" }, { name: "sent" }]);
      return step.run("after", () => ids);
    });
    const receiving = client.createFunction({ id: "receive", triggers: { event: "sent" } }, ({ event }) => {
      if (seen.push(event.id) === 2) hearBoth();
    });
    const { output } = await ended(await start([sending, receiving]));
    await heardBoth;
    expect(seen.sort()).toEqual((output as string[]).sort());
    expect(calls).toBe(1);
  });

  test("waits take an event that came before, signals wake, and functions give their results to those who invoke them", async () => {
    const { client, start, ended, server } = await world();
    const child = client.createFunction({ id: "child", triggers: { event: "never" } }, ({ event }) => event.data.n * 2);
    const parent = client.createFunction({ id: "parent", triggers: { event: "start" } }, async ({ step }) => {
      await step.sendEvent("answer-early", { name: "answered", data: { ok: true } });
      const early = await step.waitForEvent("early", { events: ["answered", "other"], timeout: "1h", since: "run" });
      await step.sendSignal("signal-early", { signal: "s", data: 7, ttl: "1m" });
      const signal = await step.waitForSignal<number>("signal", { signal: "s", timeout: "1h" });
      const doubled = await step.invoke("double", { function: child, data: { n: signal!.data } });
      const response = await step.fetch("fetch", `${server.url}/health`);
      return [early?.data.ok, doubled, response.status];
    });
    const run = await start([parent, child]);
    expect(await ended(run)).toMatchObject({ status: "Completed", output: [true, 14, 200] });
  });

  test("a body hears that its run was cancelled", async () => {
    const { client, start, server } = await world();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let hear = () => {};
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const busy = client.createFunction({ id: "busy", triggers: { event: "start" } }, ({ step }) =>
      step.run("body", async () => {
        const { signal } = currentStep()!;
        signal.addEventListener("abort", () => hear());
        begin();
        await heard;
      }),
    );
    const run = await start([busy]);
    await begun;
    expect((await fetch(`${server.url}/v1/runs/${run}`, { method: "DELETE" })).status).toBe(200);
    await heard;
  });

  test("a run tells that its code has changed under it", async () => {
    const { client, start, ended, server } = await world();
    let isNew = false;
    const changing = client.createFunction(
      { id: "changing", triggers: { event: "start" }, checkpointing: false },
      async ({ step }) => {
        await step.run(isNew ? "renamed" : "old name", () => {
          isNew = true;
        });
        return "done";
      },
    );
    const run = await start([changing]);
    await ended(run);
    const stored = await server.store.getRun("default", run);
    expect(stored?.notes?.codeChange?.steps).toEqual(["old name"]);
  });
});
