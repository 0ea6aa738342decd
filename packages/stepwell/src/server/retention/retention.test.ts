import { expect, test } from "vitest";
import { commit, eventOf, idOf, makeEvent, makeRun, putRun, T0 } from "../../../test/conformance/batches.ts";
import { ask, startTestServer } from "../../../test/server/harness.ts";
import type { Clock } from "../../engine/ports.ts";
import { MemoryStore } from "../../store/memory.ts";
import { createLog } from "../log.ts";
import type { RetentionPolicy } from "./policy.ts";
import { Retention } from "./retention.ts";

const DAY = 86_400_000;

/** A store with a run that ended each day, the first at T0, and a clock that never waits. */
async function setUp(days: number, policy: Partial<RetentionPolicy>, held: readonly string[] = []) {
  const store = new MemoryStore();
  await commit(store, (batch) => {
    for (let day = 0; day < days; day++) {
      const event = makeEvent(day, { receivedAt: T0 + day * DAY });
      batch.events.push(event);
      const times = { startedAt: T0, endedAt: T0 + day * DAY };
      putRun(batch, makeRun(day, { status: "completed", ...times, events: [eventOf(event)] }));
    }
  });
  let tasks: (() => void)[] = [];
  const clock: Clock = {
    now: () => T0 + days * DAY,
    defer: (task) => task(),
    at: (_at, task) => {
      queueMicrotask(task);
      tasks.push(task);
      return () => {
        tasks = tasks.filter((one) => one !== task);
      };
    },
  };
  const warnings: string[] = [];
  const log = { ...createLog({ format: "human", level: "silent" }), warn: (text: string) => void warnings.push(text) };
  const options = { store: store.retention, clock, log, heldOf: async () => held, fixed: policy };
  return { store, retention: new Retention(options), warnings };
}

const runsIn = async (store: MemoryStore) =>
  (await store.listRuns({ env: "default", limit: 1_000 })).map((run) => run.id).sort();

test("what ended longer ago than it is kept goes, with its events", async () => {
  const { store, retention } = await setUp(10, { keepMs: 3 * DAY });
  await retention.run();
  expect(await runsIn(store)).toEqual([idOf(7), idOf(8), idOf(9)]);
  expect((await store.counts()).events).toBe(3);
  expect(retention.stats.deleted).toMatchObject({ runs: 7, events: 7 });
});

test("what the engine holds stays", async () => {
  const { store, retention } = await setUp(3, { keepMs: DAY }, [idOf(0)]);
  await retention.run();
  expect(await runsIn(store)).toEqual([idOf(0), idOf(2)]);
});

test("for ever means for ever", async () => {
  const { store, retention } = await setUp(3, { keepMs: null });
  await retention.run();
  expect(await runsIn(store)).toHaveLength(3);
});

test("above the size, what ended first goes until it fits, whatever its age", async () => {
  const { store, retention } = await setUp(500, { keepMs: null, sizeBytesMax: 400 });
  store.retention.sizeBytes = async () => (await store.counts()).runs;
  await retention.run();
  const left = await runsIn(store);
  expect(left.length).toBeLessThanOrEqual(380);
  expect(left.length).toBeGreaterThan(100);
  expect(left.at(-1)).toBe(idOf(499));
  expect((await store.counts()).events).toBeLessThanOrEqual(left.length + 1);
});

test("above the size, events that started nothing go too, the oldest first, once no run is left that could", async () => {
  const { store, retention, warnings } = await setUp(0, { keepMs: null, sizeBytesMax: 100 });
  await commit(store, (batch) => {
    for (let day = -300; day < 0; day++) batch.events.push(makeEvent(day + 300, { receivedAt: T0 + day * DAY }));
  });
  const { take } = store.retention;
  store.retention.take = (task) => take.call(store.retention, task, 50);
  store.retention.sizeBytes = async () => (await store.counts()).events;
  await retention.run();
  expect((await store.counts()).events).toBe(50);
  expect((await store.listEvents({ env: "default", limit: 100 })).every((one) => one.receivedAt >= T0 - 50 * DAY)).toBe(
    true,
  );
  expect(warnings).toEqual([]);
});

test("when nothing that could go is left, that is told once", async () => {
  const { store, retention, warnings } = await setUp(2, { keepMs: null, sizeBytesMax: 100 });
  store.retention.sizeBytes = async () => 1_000;
  await retention.run();
  await retention.run();
  expect(warnings).toHaveLength(1);
});

test("the policy is shown and set over HTTP, except what was given at the start", async () => {
  const server = await startTestServer({ retention: { sizeBytesMax: 1024 ** 3 } });
  const put = (body: object) =>
    ask(`${server.url}/v1/settings/retention`, {
      method: "PUT",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  expect((await ask(`${server.url}/v1/settings/retention`)).json.data).toMatchObject({
    keep: "30d",
    max_bytes: 1024 ** 3,
    fixed: ["max_bytes"],
  });
  expect((await put({ keep: "7d" })).json.data).toMatchObject({ keep: "7d" });
  expect((await put({ keep: "soon" })).json.code).toBe("body_invalid");
  expect((await put({ max_size: "2GB" })).json.code).toBe("setting_fixed");
  expect(await server.store.retention.loadPolicy()).toContain("604800000");
});
