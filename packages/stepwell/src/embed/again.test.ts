import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import { NonRetriableError } from "../sdk/errors.ts";
import type { StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });
const start = (...functions: StepwellFunction<unknown, unknown>[]) => TestEngine.start({ client, functions });
const run = async (engine: TestEngine, data: Record<string, never> | Record<string, number> = {}) => {
  const { runIds } = await engine.send({ name: "start", data });
  await engine.runUntilIdle();
  return runIds[0]!;
};

describe("a run again", () => {
  const counts: string[] = [];
  const steps = client.createFunction({ id: "steps", triggers: { event: "start" } }, async ({ event, step }) => {
    const body = (id: string, n: number) => {
      counts.push(id);
      return n + 1;
    };
    const first = await step.run("first", () => body("first", Number(event.data["n"])));
    const second = await step.run("second", (n: number) => body("second", n), first);
    return step.run("third", () => body("third", second));
  });

  test("is a new run with the same event, linked to the old one", async () => {
    await using engine = await start(steps);
    const old = await run(engine, { n: 1 });
    const { runId } = await engine.rerun(old);
    expect(runId).not.toBe(old);
    expect(await engine.waitForRun(runId)).toMatchObject({ status: "completed", output: 4 });
  });

  test("from a step with other arguments begins under the limits on runs, as every start does", async () => {
    const limited = client.createFunction(
      { id: "limited", triggers: { event: "start" }, runConcurrency: 1, throttle: { limit: 1, period: "1m" } },
      async ({ step }) => {
        const n = await step.run("first", (value: number) => value + 1, 1);
        await step.sleep("long", "10m");
        return n;
      },
    );
    await using engine = await start(limited as StepwellFunction<unknown, unknown>);
    const old = await run(engine);
    const { runId } = await engine.rerun(old, { fromStep: "first", input: [7] });
    const startOf = async () => (await engine.engine.store.loadRuns([runId]))[0]!.startedAt;
    await engine.advance("9m");
    expect(await startOf()).toBeNull();
    await engine.advance("2m");
    expect(await startOf()).not.toBeNull();
  });

  test("from a step keeps what came before it", async () => {
    await using engine = await start(steps);
    const old = await run(engine, { n: 1 });
    counts.length = 0;
    const { runId } = await engine.rerun(old, { fromStep: "second" });
    expect(await engine.waitForRun(runId)).toMatchObject({ output: 4 });
    expect(counts).toEqual(["second", "third"]);
  });

  test("from a step with other arguments", async () => {
    await using engine = await start(steps);
    const old = await run(engine, { n: 1 });
    const { runId } = await engine.rerun(old, { fromStep: "second", input: [10] });
    expect(await engine.waitForRun(runId)).toMatchObject({ output: 12 });
  });

  test("of a step that does not exist is refused", async () => {
    await using engine = await start(steps);
    const old = await run(engine, { n: 1 });
    await expect(engine.rerun(old, { fromStep: "fourth" })).rejects.toMatchObject({ code: "step_unknown" });
  });
});

describe("a failed run", () => {
  test("goes on where it failed, with what it had", async () => {
    let isBroken = true;
    const counts: string[] = [];
    const fails = client.createFunction({ id: "fails", triggers: { event: "start" } }, async ({ step }) => {
      const first = await step.run("first", () => counts.push("first"));
      const second = await step.run("second", () => {
        if (isBroken) throw new NonRetriableError("broken");
        return 2;
      });
      return [first, second];
    });
    await using engine = await start(fails);
    const id = await run(engine);
    expect(await engine.getRun(id)).toMatchObject({ status: "failed", error: { message: "broken" } });
    isBroken = false;
    await engine.resumeRun(id);
    expect(await engine.waitForRun(id)).toMatchObject({ status: "completed", output: [1, 2], error: null });
    expect(counts).toEqual(["first"]);
    await expect(engine.resumeRun(id)).rejects.toMatchObject({ code: "run_not_failed" });
  });
});

describe("a paused function", () => {
  const simple = client.createFunction({ id: "simple", triggers: { event: "start" } }, async ({ step }) => {
    await step.sleep("a minute", "1m");
    return "done";
  });

  test("holds its runs, those that are under way too, and goes on when it is resumed", async () => {
    await using engine = await start(simple);
    const before = await run(engine);
    await engine.engine.pause({ kind: "function", id: "shop-simple", mode: "hold" });
    const held = await run(engine);
    await engine.advance("1h");
    expect([(await engine.getRun(before))?.status, (await engine.getRun(held))?.status]).toEqual(["running", "queued"]);
    await engine.engine.unpause({ kind: "function", id: "shop-simple" });
    await engine.advance("1m");
    expect(await engine.waitForRun(before)).toMatchObject({ output: "done" });
    expect(await engine.waitForRun(held)).toMatchObject({ output: "done" });
  });

  test("leaves skipped runs in mode skip, and a hook hears of them", async () => {
    const skipped: unknown[] = [];
    const hooked = client.createFunction(
      { id: "hooked", triggers: { event: "start" }, onSkip: ({ event }) => void skipped.push(event.data.run_id) },
      async () => 1,
    );
    await using engine = await start(hooked);
    await engine.engine.pause({ kind: "app", id: "shop", mode: "skip" });
    await engine.send({ name: "start" });
    await engine.engine.unpause({ kind: "app", id: "shop" });
    await engine.runUntilIdle();
    expect(skipped).toHaveLength(1);
    expect(await engine.getRun(String(skipped[0]))).toMatchObject({ status: "skipped", reason: "paused" });
  });
});

describe("a request of a step", () => {
  test("is made by the engine, and its secrets are in no row", async () => {
    const server = createServer((request, response) => {
      response.setHeader("x-seen", String(request.headers["authorization"]));
      response.end('{"price":7}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/price`;
    const fetches = client.createFunction({ id: "fetches", triggers: { event: "start" } }, async ({ step }) => {
      const response = await step.fetch("price", url, { headers: { authorization: "Bearer top-secret" } });
      return [response.status, response.headers.get("x-seen")?.slice(0, 6), await response.json()];
    });
    await using engine = await start(fetches);
    const id = await run(engine);
    await expect.poll(async () => (await engine.getRun(id))?.status).toBe("completed");
    expect((await engine.getRun(id))?.output).toEqual([200, "Bearer", { price: 7 }]);
    const [step] = await engine.getSteps(id);
    expect(step).toMatchObject({ kind: "fetch", status: "completed" });
    expect(step!.options).not.toContain("top-secret");
  });
});
