/** Random histories: after the same batches, memory and SQLite give the same loads and the same lists. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Batch } from "../src/core/batch.ts";
import type { Run, RunStatus } from "../src/core/run/run.ts";
import type { StoredEvent } from "../src/protocol/event.ts";
import { MemoryStore } from "../src/store/memory.ts";
import type { PruneTask } from "../src/store/prune.ts";
import { SqliteStore } from "../src/store/sqlite.ts";
import type { EventFilter, PastEventsQuery, RunFilter, RunSearch, Store, WaitQuery } from "../src/store/store.ts";
import * as make from "./conformance/batches.ts";
import { readEverything } from "./conformance/store.ts";

const RUNS = Number(process.env["STORE_MODEL_RUNS"] ?? 30);
const STATUSES: readonly RunStatus[] = ["queued", "running", "completed", "failed", "cancelled", "skipped"];
const SLOTS = ["main", "s0", "s1", "s2", "@finish"] as const;
const WAIT_KINDS = ["event", "signal", "cancel"] as const;
const WAIT_KEYS = ["", "a", "b"].flatMap((path) => ["", "a", "n:1"].map((value) => ({ path, value })));
/** Longer than a row holds; few, so that equal ones meet. */
const LARGE = ["x", "é"].map((unit) => JSON.stringify(unit.repeat(70_000)));
const EVER = Number.MAX_SAFE_INTEGER;

/** The objects as the core would hold them; every history changes its own. */
interface World {
  readonly runs: Run[];
  readonly events: StoredEvent[];
  batch: Batch;
}

type Change = (world: World) => void;

const small = fc.nat(11);
const text = fc.oneof(fc.constantFrom("a", "b", "c"), fc.string({ unit: "binary", maxLength: 4 }));
const smallJson = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
const json = fc.oneof({ weight: 15, arbitrary: smallJson }, { weight: 1, arbitrary: fc.constantFrom(...LARGE) });
const runAt = (world: World, index: number): Run | undefined => world.runs[index % Math.max(1, world.runs.length)];

const newEvent = fc.record({ name: text, json, isInternal: fc.boolean(), idempotencyId: fc.option(text) }).map(
  (fields): Change =>
    (world) => {
      const event = make.makeEvent(world.events.length, fields);
      world.events.push(event);
      world.batch.events.push(event);
    },
);

const newRun = fc
  .record({ events: fc.array(small, { maxLength: 3 }), functionId: text, env: fc.constantFrom("default", "other") })
  .map(
    ({ events, ...fields }): Change =>
      (world) => {
        const chosen = new Set(events.flatMap((index) => world.events[index] ?? []));
        const run = make.makeRun(world.runs.length, { ...fields, events: [...chosen].map(make.eventOf) });
        world.runs.push(run);
        world.batch.runs.add(run);
      },
  );

const changeRun = fc.tuple(small, fc.constantFrom(...STATUSES), fc.option(json), fc.boolean()).map(
  ([index, status, output, forcePlan]): Change =>
    (world) => {
      const run = runAt(world, index);
      if (run === undefined) return;
      Object.assign(run, { status, output, forcePlan, startedAt: index, requestVersion: index % 3 });
      Object.assign(run, { reason: forcePlan ? "replaced" : null, notes: index % 2 === 0 ? { resumes: index } : null });
      world.batch.runs.add(run);
    },
);

const changeStep = fc.tuple(small, fc.nat(2), fc.option(json)).map(
  ([index, number, memo]): Change =>
    (world) => {
      const run = runAt(world, index);
      if (run === undefined) return;
      const step =
        run.steps.get(`s${number}`) ??
        make.addStep(run, `s${number}`, { queuedAt: index, isRace: index % 2 === 0, editedInput: memo });
      step.attempts = index;
      if (memo !== null && step.memo === null) make.memoize(run, step, memo);
      // A resumed step loses its memo again, when it was the last to get one.
      else if (run.stack.at(-1) === step.id) {
        run.stack.pop();
        Object.assign(step, { memo: null, seq: null, status: "planned", endedAt: null });
      }
      world.batch.steps.add(step);
    },
);

const putJob = fc.tuple(small, fc.constantFrom(...SLOTS), small).map(
  ([index, slot, dueAt]): Change =>
    (world) => {
      const run = runAt(world, index);
      if (run === undefined) return;
      const job = run.jobs.get(slot) ?? make.addJob(run, slot, { payload: index % 2 === 0 ? LARGE[0]! : null });
      Object.assign(job, { dueAt, attempt: index });
      world.batch.putJob(job);
    },
);

const deleteJob = fc.tuple(small, fc.constantFrom(...SLOTS)).map(
  ([index, slot]): Change =>
    (world) => {
      const job = runAt(world, index)?.jobs.get(slot);
      if (job === undefined) return;
      runAt(world, index)!.jobs.delete(slot);
      world.batch.deleteJob(job);
    },
);

const arm = fc
  .tuple(
    small,
    fc.constantFrom(...SLOTS),
    fc.constantFrom(...WAIT_KINDS),
    text,
    fc.array(fc.constantFrom(...WAIT_KEYS)),
  )
  .map(
    ([index, slot, kind, name, keys]): Change =>
      (world) => {
        const run = runAt(world, index);
        if (run === undefined) return;
        for (const key of keys) world.batch.putWait(make.addWait(run, slot, { ...key, kind, name, expression: name }));
      },
  );

const disarm = fc.tuple(small, fc.constantFrom(...SLOTS)).map(
  ([index, slot]): Change =>
    (world) => {
      const waits = runAt(world, index)?.waits;
      for (const wait of waits?.get(slot) ?? []) world.batch.deleteWait(wait);
      waits?.delete(slot);
    },
);

const message = fc.tuple(small, json, fc.boolean()).map(
  ([number, data, isDeleted]): Change =>
    ({ batch }) => {
      if (isDeleted) batch.deletedMessages.push(make.idOf(number));
      else batch.messages.add(make.makeMessage(number, { kind: "signal", signal: "go", data, ttlMs: number }));
    },
);

const changeOperation = fc.tuple(small, fc.constantFrom("running", "completed", "cancelled"), json).map(
  ([number, status, text]): Change =>
    ({ batch }) => {
      const operation = make.makeOperation(number, { status: status as "running", json: text });
      batch.operations.set(operation.id, operation);
    },
);

const deleteFact = fc.tuple(small, text).map(
  ([number, key]): Change =>
    ({ batch }) => {
      batch.deletedFlow.push(make.makeFact(`k${number}`, 0, { functionId: number % 2 === 0 ? key : "function-a" }));
    },
);

const addFacts = fc.tuple(small, text, json).map(
  ([number, key, value]): Change =>
    ({ batch }) => {
      const id = make.idOf(number);
      batch.attempts.push(make.makeAttempt(id, number, { error: value, slot: key }));
      batch.decisions.push(make.makeDecision(id, key, { reason: key, runId: number % 2 === 0 ? null : id }));
      batch.flow.push(
        make.makeFact(`k${number}`, make.T0 + number, { value, functionId: number % 2 === 0 ? key : "function-a" }),
      );
      batch.schedules.set(key, { functionId: key, json: value });
      const paused = ([null, "hold", "skip", "reject"] as const)[number % 4]!;
      const fn = make.makeFunction(key, { retries: number });
      batch.functions.push({ ...fn, version: number % 5, isArchived: number % 3 === 0, changedAt: number, paused });
      batch.apps.push({ ...make.makeApp(key, String(number)), paused });
    },
);

const changes = fc.array(
  fc.oneof(
    newEvent,
    newRun,
    changeRun,
    changeStep,
    putJob,
    deleteJob,
    arm,
    disarm,
    message,
    changeOperation,
    addFacts,
    deleteFact,
  ),
  { maxLength: 20 },
);
const history = fc.array(changes, { maxLength: 12 });

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const runFilter = fc.record(
  {
    env: fc.constantFrom("default", "other"),
    statuses: optional(fc.uniqueArray(fc.constantFrom(...STATUSES))),
    functionIds: optional(fc.uniqueArray(text, { maxLength: 3 })),
    eventId: optional(small.map(make.idOf)),
    createdFrom: optional(small.map((number) => make.T0 + number)),
    createdUntil: optional(small.map((number) => make.T0 + number)),
    before: optional(small.map(make.idOf)),
    order: optional(fc.constantFrom("newest", "oldest")),
    limit: fc.constantFrom(1, 3, 100),
  },
  { requiredKeys: ["env", "limit"] },
) as fc.Arbitrary<RunFilter>;
const eventFilter = fc.record(
  {
    env: fc.constantFrom("default", "other"),
    name: optional(text),
    includeInternal: optional(fc.boolean()),
    receivedFrom: optional(small.map((number) => make.T0 + number)),
    receivedUntil: optional(small.map((number) => make.T0 + number)),
    before: optional(small.map(make.idOf)),
    limit: fc.constantFrom(1, 3, 100),
  },
  { requiredKeys: ["env", "limit"] },
) as fc.Arbitrary<EventFilter>;

const waitQuery: fc.Arbitrary<WaitQuery> = fc.record({
  kinds: fc.uniqueArray(fc.constantFrom(...WAIT_KINDS)),
  name: text,
  keys: fc.uniqueArray(fc.constantFrom(...WAIT_KEYS)),
  afterRunId: fc.option(small.map(make.idOf)),
  limit: fc.constantFrom(1, 3, 100),
});
const pastQuery: fc.Arbitrary<PastEventsQuery> = fc.record({
  env: fc.constantFrom("default", "other"),
  names: fc.array(text, { maxLength: 3 }),
  from: small.map((number) => make.T0 + number),
  until: small.map((number) => make.T0 + number),
  limit: fc.constantFrom(1, 3, 100),
});

interface Questions {
  readonly runs: readonly RunFilter[];
  readonly events: readonly EventFilter[];
  readonly waits: readonly WaitQuery[];
  readonly past: readonly PastEventsQuery[];
  /** Where pages begin: the id before, and the position. */
  readonly start: number;
  readonly expireAt: number;
  readonly expireLimit: number;
}

const questions = fc.record({
  runs: fc.array(runFilter, { minLength: 5, maxLength: 10 }),
  events: fc.array(eventFilter, { minLength: 5, maxLength: 10 }),
  waits: fc.array(waitQuery, { minLength: 10, maxLength: 20 }),
  past: fc.array(pastQuery, { minLength: 5, maxLength: 10 }),
  start: small,
  expireAt: small.map((number) => make.T0 + number),
  expireLimit: fc.nat(4),
});

/** The filter with what no index knows, now and then. */
function searchOf(filter: RunFilter, index: number): RunSearch {
  const more: readonly Partial<RunSearch>[] = [
    {},
    { text: "a", textFunctionIds: ["b"] },
    { expression: { source: "event.a == output || output.b != null", now: make.T0 } },
    { isBrief: true, parentId: make.idOf(index) },
  ];
  return { ...filter, ...more[index % more.length] };
}

async function ask(store: Store, { runs, events, waits, past, start, ...expiry }: Questions): Promise<unknown> {
  const before = await readEverything(store);
  const after = { dueAt: 5, runId: make.idOf(5), slot: "s0" };
  return {
    before,
    runs: await Promise.all(runs.map((filter) => store.listRuns(filter))),
    searched: await Promise.all(runs.map((filter, index) => store.searchRuns(searchOf(filter, index)))),
    counted: await Promise.all(runs.map((filter, index) => store.countRuns(searchOf(filter, index)))),
    events: await Promise.all(events.map((filter) => store.listEvents(filter))),
    waits: await store.loadWaits(waits),
    past: await Promise.all(past.map((query) => store.loadPastEvents(query))),
    inbox: await store.loadInbox(make.idOf(start), 3),
    operations: await store.listOperations(3, make.idOf(start)),
    operation: await store.getOperation(make.idOf(start)),
    steps: await store.listSteps(make.idOf(start), { offset: start % 3, limit: 2 }),
    calls: await store.loadJobs({ what: "calls", after, untilAt: EVER, limit: 3 }),
    heads: await store.loadLanes(
      (await store.findLanes({ after: "", before: null, limit: 3 })).map((lane) => {
        return { lane, after: { ...after, orderAt: start }, untilAt: EVER, limit: 3 };
      }),
    ),
    expired: await store.expireFlow(expiry.expireAt, expiry.expireLimit),
    after: await readEverything(store),
    pruned: await prune(store, make.T0 + start),
    left: await readEverything(store),
  };
}

/** Retention takes all runs that may go, and older events, a little at a time where the store can. */
async function prune(store: Store, before: number): Promise<number[]> {
  const ids = Array.from({ length: 30 }, (_, number) => make.idOf(number));
  const drained = async (task: PruneTask): Promise<number> => {
    const { deleted, next } = await store.retention.prune(task, 5);
    if (next === null) return deleted;
    if (task.kind === "runs")
      return deleted + (await drained({ ...task, ids: task.ids.slice(task.ids.indexOf(next)) }));
    return deleted + (await drained({ ...task, after: next } as PruneTask));
  };
  const runs = await drained({ kind: "runs", ids });
  const events = await drained({ kind: "events", before, after: null });
  await drained({ kind: "leftovers" });
  await drained({ kind: "blobs", after: null });
  return [runs, events, await drained({ kind: "operations", before })];
}

test(
  "memory and SQLite agree on everything after any history",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "stepwell-store-"));
    let count = 0;
    try {
      await fc.assert(
        fc.asyncProperty(history, questions, async (batches, asked) => {
          const memory = new MemoryStore();
          const sqlite = new SqliteStore({ path: join(folder, `${count++}.db`), synchronous: "normal" });
          await sqlite.open();
          try {
            const world: World = { runs: [], events: [], batch: new Batch() };
            for (const batch of batches) {
              world.batch = new Batch();
              for (const change of batch) change(world);
              const done = [memory.commit(world.batch, make.FENCE), sqlite.commit(world.batch, make.FENCE)];
              make.markStored(world.batch);
              await Promise.all(done);
            }
            expect(await ask(sqlite, asked)).toEqual(await ask(memory, asked));
          } finally {
            await sqlite.close();
          }
        }),
        { numRuns: RUNS },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  Math.max(60_000, RUNS * 2_000),
);
