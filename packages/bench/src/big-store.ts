/**
 * Fills an empty store with a history: runs with their events, steps, attempts and decisions over ninety days, written
 * as the engine's own commits would write them, without the engine. The same seed and end give the same rows.
 *
 * The mix: 5 apps with 4 functions each. Function 0 has a third of all runs, the others less and less; function 17 has
 * hardly any, function 18 always fails, function 19 is paused and holds a backlog. Of the others 3 % fail and 2 % end otherwise;
 * some sleep still. One run in a hundred collects three events, one in fifty invokes another, and the last but one has a thousand steps.
 */
import { DatabaseSync } from "node:sqlite";
import { Batch } from "../../stepwell/src/core/batch.ts";
import type { Run, RunEvent, Step } from "../../stepwell/src/core/run/run.ts";
import { createIdSource } from "../../stepwell/src/protocol/ids.ts";
import { stepHash } from "../../stepwell/src/protocol/step-id.ts";
import { batchRows } from "../../stepwell/src/store/sqlite/batch-rows.ts";
import { INSERT_BLOB, keepBlobs } from "../../stepwell/src/store/sqlite/blobs.ts";
import { migrate } from "../../stepwell/src/store/sqlite/migrate.ts";
import { prepareWrites, runWrites } from "../../stepwell/src/store/sqlite/writes.ts";
import { ALWAYS_FAILS, APPS, eventNameOf, FUNCTIONS, PAUSED, weightedFunction } from "./big-store-apps.ts";
import { bigRun, type RunPlan } from "./big-store-run.ts";

export interface BigStore {
  readonly path: string;
  readonly runs: number;
  readonly seed: number;
  /** When the last run was created. */
  readonly endAt: number;
  readonly progress: (text: string) => void;
}

/** What a reader may ask for: ids that are there. */
export interface BigStoreFacts {
  readonly runs: number;
  readonly steps: number;
  readonly events: number;
  readonly startAt: number;
  readonly endAt: number;
  /** A run with a thousand steps, one that invoked another, an event of one run, and one of a run that collected. */
  readonly thousandSteps: string;
  readonly parent: string;
  readonly event: string;
  readonly collectedEvent: string;
  /** The customer of one run. */
  readonly customer: string;
}

const SPAN_MS = 90 * 86_400_000;
const RUNS_PER_COMMIT = 2_000;

/** Numbers between 0 and 1, the same for the same seed. */
function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function fillStore({ path, runs, seed, endAt, progress }: BigStore): BigStoreFacts {
  const db = new DatabaseSync(path);
  db.exec(
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; PRAGMA locking_mode = EXCLUSIVE",
  );
  migrate(db, path);
  const writes = prepareWrites(db);
  const insertBlob = db.prepare(INSERT_BLOB);
  const store = (batch: Batch) => {
    const { rows, large } = batchRows(batch);
    db.exec("BEGIN");
    keepBlobs(insertBlob, large);
    runWrites(writes, rows);
    db.exec("COMMIT");
  };
  storeApps(store, endAt - SPAN_MS);
  const history = new History(seed, runs, endAt);
  const began = performance.now();
  for (let done = 0; done < runs; done += RUNS_PER_COMMIT) {
    const batch = new Batch();
    for (let index = done; index < Math.min(runs, done + RUNS_PER_COMMIT); index++) history.addRun(batch, index);
    store(batch);
    const seconds = (performance.now() - began) / 1_000;
    progress(`${done.toLocaleString("en")} of ${runs.toLocaleString("en")} runs, ${Math.round(done / seconds)}/s`);
  }
  db.close();
  return history.facts;
}

function storeApps(store: (batch: Batch) => void, at: number): void {
  const batch = new Batch();
  for (const app of APPS) batch.apps.push({ app, checksum: "", syncedAt: at, paused: null });
  for (const fn of FUNCTIONS) {
    batch.functions.push({ fn, version: 1, isArchived: false, changedAt: at, paused: fn === PAUSED ? "hold" : null });
  }
  store(batch);
}

class History {
  readonly #chance: () => number;
  readonly #ids: ReturnType<typeof createIdSource>;
  readonly #runs: number;
  readonly #endAt: number;
  #steps = 0;
  #events = 0;
  #parent: Step | null = null;
  readonly #known = { thousandSteps: "", parent: "", event: "", collectedEvent: "", customer: "" };

  constructor(seed: number, runs: number, endAt: number) {
    this.#chance = seededChance(seed);
    this.#ids = createIdSource(() => Math.floor(this.#chance() * 2 ** 32));
    this.#runs = runs;
    this.#endAt = endAt;
  }

  get facts(): BigStoreFacts {
    const startAt = this.#endAt - SPAN_MS;
    return { ...this.#known, runs: this.#runs, steps: this.#steps, events: this.#events, startAt, endAt: this.#endAt };
  }

  addRun(batch: Batch, index: number): void {
    const chance = this.#chance;
    const createdAt = Math.round(this.#endAt - SPAN_MS + ((index + 1) / this.#runs) * SPAN_MS);
    const fn = weightedFunction(chance());
    const customer = `c-${Math.floor(chance() * 1_000_000)}`;
    const eventCount = chance() < 0.01 ? 3 : 1;
    const events = Array.from({ length: eventCount }, () => this.#event(batch, createdAt, fn, customer));
    const plan: RunPlan = {
      id: this.#ids.next(createdAt),
      fn,
      events,
      createdAt,
      ageShare: (index + 1) / this.#runs,
      stepCount: index === this.#runs - 2 ? 1_000 : 3 + Math.floor(chance() * 5),
      parentId: this.#parent?.runId ?? null,
      alwaysFails: fn === ALWAYS_FAILS,
      isHeld: fn === PAUSED,
      endAt: this.#endAt,
    };
    const run = bigRun(batch, plan, chance);
    if (this.#parent !== null) this.#parent.childRunId = run.id;
    this.#steps += run.steps.size;
    this.#parent = this.#parentOf(run, index, chance);
    this.#note(run, index, customer);
  }

  /** Now and then the next run is one that this one invoked; both are stored in one commit. */
  #parentOf(run: Run, index: number, chance: () => number): Step | null {
    const step = run.steps.get(stepHash("step-1", 0));
    if (step === undefined || chance() >= 0.02 || (index + 1) % RUNS_PER_COMMIT === 0) return null;
    step.kind = "invoke";
    return step;
  }

  #event(batch: Batch, at: number, fn: (typeof FUNCTIONS)[number], customer: string): RunEvent {
    const id = this.#ids.next(at);
    const name = eventNameOf(fn);
    const order = Math.floor(this.#chance() * 1e9);
    const data = {
      amount: order % 1_000,
      customer,
      orderId: `o-${order}`,
      items: [{ sku: `s-${order % 977}`, count: order % 5 }],
    };
    const json = JSON.stringify({ data, id, name, ts: at, user: {} });
    batch.events.push({ id, name, ts: at, receivedAt: at, idempotencyId: null, isInternal: false, json });
    if (this.#chance() < 0.05) {
      const reason = "its condition is false";
      batch.decisions.push({ eventId: id, functionId: FUNCTIONS[3]!.id, outcome: "filtered", reason, runId: null, at });
    }
    this.#events++;
    return { id, name, json };
  }

  #note(run: Run, index: number, customer: string): void {
    const known = this.#known;
    if (run.steps.size === 1_000) known.thousandSteps = run.id;
    if (index < this.#runs * 0.95) return; // Older ones may be gone by their age when they are asked for.
    known.customer ||= customer;
    known.event ||= run.events[0]!.id;
    if (run.events.length > 1) known.collectedEvent ||= run.events[1]!.id;
    if (run.parent !== null) known.parent ||= run.parent.runId;
  }
}
