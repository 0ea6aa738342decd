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
import { SqliteStore } from "../src/store/sqlite.ts";
import type { EventFilter, RunFilter, Store } from "../src/store/store.ts";
import * as make from "./conformance/batches.ts";
import { readEverything } from "./conformance/store.ts";

const STATUSES: readonly RunStatus[] = ["queued", "running", "completed", "failed", "cancelled"];
const SLOTS = ["main", "s0", "s1", "s2"] as const;
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
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
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
      world.batch.runs.add(run);
    },
);

const changeStep = fc.tuple(small, fc.nat(2), fc.option(json)).map(
  ([index, number, memo]): Change =>
    (world) => {
      const run = runAt(world, index);
      if (run === undefined) return;
      const step =
        run.steps.get(`s${number}`) ?? make.addStep(run, `s${number}`, { queuedAt: index, isRace: index % 2 === 0 });
      step.attempts = index;
      if (memo !== null && step.memo === null) make.memoize(run, step, memo);
      world.batch.steps.add(step);
    },
);

const putJob = fc.tuple(small, fc.constantFrom(...SLOTS), small).map(
  ([index, slot, dueAt]): Change =>
    (world) => {
      const run = runAt(world, index);
      if (run === undefined) return;
      const job = run.jobs.get(slot) ?? make.addJob(run, slot);
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
      batch.functions.push({ ...make.makeFunction(key), version: number, isArchived: number % 3 === 0 });
      batch.apps.push(make.makeApp(key, String(number)));
    },
);

const changes = fc.array(fc.oneof(newEvent, newRun, changeRun, changeStep, putJob, deleteJob, addFacts), {
  maxLength: 15,
});
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

interface Questions {
  readonly runs: readonly RunFilter[];
  readonly events: readonly EventFilter[];
  readonly expireAt: number;
  readonly expireLimit: number;
}

const questions = fc.record({
  runs: fc.array(runFilter, { minLength: 5, maxLength: 10 }),
  events: fc.array(eventFilter, { minLength: 5, maxLength: 10 }),
  expireAt: small.map((number) => make.T0 + number),
  expireLimit: fc.nat(4),
});

async function ask(store: Store, { runs, events, expireAt, expireLimit }: Questions): Promise<unknown> {
  const before = await readEverything(store);
  const after = { dueAt: 5, runId: make.idOf(5), slot: "s0" };
  return {
    before,
    runs: await Promise.all(runs.map((filter) => store.listRuns(filter))),
    events: await Promise.all(events.map((filter) => store.listEvents(filter))),
    jobs: await store.loadJobs({ after, untilAt: EVER, limit: 3 }),
    expired: await store.expireFlow(expireAt, expireLimit),
    after: await readEverything(store),
  };
}

test("memory and SQLite agree on everything after any history", async () => {
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
            for (const row of [...world.batch.runs, ...world.batch.steps, ...world.batch.jobs]) row.isStored = true;
            await Promise.all(done);
          }
          expect(await ask(sqlite, asked)).toEqual(await ask(memory, asked));
        } finally {
          await sqlite.close();
        }
      }),
      { numRuns: Number(process.env["STORE_MODEL_RUNS"] ?? 30) },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
