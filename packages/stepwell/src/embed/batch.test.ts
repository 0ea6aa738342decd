/** A batch beside every other rule that may stand with it. */
import { expect, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import type { FunctionOptions, StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });
const KEY = "event.data.key";

interface Row {
  readonly key?: string;
  readonly n: number;
  readonly more?: unknown;
}

/** What ran: when, and with which numbers. Every run sleeps for a minute afterwards. */
async function batching(options: Omit<FunctionOptions, "id" | "triggers">) {
  const seen: [seconds: number, ...numbers: unknown[]][] = [];
  let engine: TestEngine;
  const fn = client.createFunction(
    { ...options, id: "load", triggers: { event: "row" } } as FunctionOptions,
    async ({ events, step }) => {
      await step.run("note", () => {
        const seconds = (engine.now.getTime() - startedAt) / 1_000;
        seen.push([seconds, ...events.map((event) => (event.data as unknown as Row).n)]);
      });
      await step.sleep("sleep", "1m");
    },
  );
  engine = await TestEngine.start({ client, functions: [fn as StepwellFunction<unknown, unknown>] });
  const startedAt = engine.now.getTime();
  const send = async (...rows: Row[]) => {
    await engine.send(rows.map((data) => ({ name: "row", data: data as never })));
    await engine.runUntilIdle();
  };
  return { engine, seen, send, [Symbol.asyncDispose]: () => engine.stop() };
}

test("cancelOn: an event about the first event cancels the batch, and the next event opens another", async () => {
  await using it = await batching({
    batchEvents: { maxSize: 3, timeout: "10s", key: KEY },
    cancelOn: [{ event: "stop", match: "data.key" }],
  });
  await it.send({ key: "a", n: 1 }, { key: "b", n: 2 });
  await it.engine.send({ name: "stop", data: { key: "a" } });
  await it.send({ key: "a", n: 3 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([
    [10, 2],
    [10, 3],
  ]);
});

test("priority goes by the first event of a batch", async () => {
  await using it = await batching({
    batchEvents: { maxSize: 2, timeout: "1h", key: KEY },
    priority: `${KEY} == 'fast' ? 60 : 0`,
    throttle: { limit: 1, period: "10s" },
  });
  await it.send({ key: "a", n: 1 }, { key: "fast", n: 2 }, { key: "a", n: 3 }, { key: "fast", n: 4 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([
    [0, 2, 4],
    [10, 1, 3],
  ]);
});

test("keyed limits on runs: batches of one key go one after the other, those of others beside them", async () => {
  await using it = await batching({
    batchEvents: { maxSize: 2, timeout: "1h", key: KEY },
    runConcurrency: { limit: 1, key: KEY },
  });
  const rows = [1, 2, 3, 4].map((n) => ({ key: "a", n }));
  await it.send(...rows, { key: "b", n: 5 }, { key: "b", n: 6 });
  await it.engine.advance("5m");
  expect(it.seen).toEqual([
    [0, 1, 2],
    [0, 5, 6],
    [60, 3, 4],
  ]);
});

test("keyed concurrency of calls goes by the first event too", async () => {
  await using it = await batching({
    batchEvents: { maxSize: 2, timeout: "1h" },
    concurrency: { limit: 1, key: KEY },
  });
  await it.send({ key: "a", n: 1 }, { key: "b", n: 2 });
  const [run] = await it.engine.engine.store.listRuns({ env: "default", limit: 1 });
  expect(run!.flow!.keys).toEqual({ [`call fn ${KEY}`]: "a" });
  expect(it.seen).toEqual([[0, 1, 2]]);
});

test("if: events for which it is not true run alone at once", async () => {
  await using it = await batching({ batchEvents: { maxSize: 9, timeout: "10s", if: "event.data.n > 1" } });
  await it.send({ n: 1 }, { n: 2 }, { n: 3 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([
    [0, 1],
    [10, 2, 3],
  ]);
});

test("bytes: a batch begins when its events are as large as that", async () => {
  await using it = await batching({ batchEvents: { maxSize: 9, timeout: "10s", maxBytes: 1_000 } });
  await it.send({ n: 1, more: "x".repeat(500) }, { n: 2, more: "x".repeat(500) }, { n: 3 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([
    [0, 1, 2],
    [10, 3],
  ]);
});

test("bytes: they are those of UTF-8", async () => {
  await using it = await batching({ batchEvents: { maxSize: 9, timeout: "10s", maxBytes: 1_000 } });
  await it.send({ n: 1, more: "\u00e4".repeat(200) });
  await it.send({ n: 2, more: "\u00e4".repeat(200) }, { n: 3 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([
    [0, 1, 2],
    [10, 3],
  ]);
});

test("bytes: a first event that is large enough alone begins at once", async () => {
  await using it = await batching({ batchEvents: { maxSize: 9, timeout: "10s", maxBytes: 100 } });
  await it.send({ n: 1, more: "x".repeat(500) });
  expect(it.seen).toEqual([[0, 1]]);
});

test("rate limit: every event counts, and one beyond it does not come into the batch", async () => {
  await using it = await batching({
    batchEvents: { maxSize: 9, timeout: "10s" },
    rateLimit: { limit: 2, period: "1m" },
  });
  await it.send({ n: 1 }, { n: 2 }, { n: 3 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([[10, 1, 2]]);
});

test("idempotency: an event whose key was seen does not come into the batch", async () => {
  await using it = await batching({
    batchEvents: { maxSize: 9, timeout: "10s" },
    idempotency: KEY,
  });
  await it.send({ key: "a", n: 1 }, { key: "a", n: 2 }, { key: "b", n: 3 });
  await it.engine.advance("30s");
  expect(it.seen).toEqual([[10, 1, 3]]);
});
