/** Runs, steps, jobs, waits and batches for the store suite, made directly: no engine, no rules, any value one likes. */
import type { Attempt, Decision, FlowState, StoredApp, StoredFunction, StoredOperation } from "../../src/core/batch.ts";
import { Batch } from "../../src/core/batch.ts";
import type { InboxContent, InboxMessage } from "../../src/core/inbox.ts";
import { type Job, MAIN_SLOT, type Run, type RunEvent, type Step, type Wait } from "../../src/core/run/run.ts";
import { storePlace } from "../../src/core/schedule/hint.ts";
import type { StoredEvent } from "../../src/protocol/event.ts";
import { NO_FLOW } from "../../src/protocol/flow.ts";
import { type FunctionConfig, NO_TIMEOUTS } from "../../src/protocol/function.ts";
import { encodeUlidTime } from "../../src/protocol/ids.ts";
import type { Fence, Store } from "../../src/store/store.ts";

export const T0 = 1_750_000_000_000;
export const FENCE: Fence = { node: "test", epoch: 1 };

/** The n-th id: ids of larger numbers are larger. */
export function idOf(number: number): string {
  return `${encodeUlidTime(T0 + number)}00${String(number).padStart(14, "0")}`;
}

export function makeEvent(number: number, fields: Partial<StoredEvent> = {}): StoredEvent {
  const name = fields.name ?? "order/placed";
  const at = T0 + number;
  return {
    id: idOf(number),
    name,
    ts: at,
    receivedAt: at,
    idempotencyId: null,
    json: JSON.stringify({ data: { number }, id: `e${number}`, name, ts: at }),
    isInternal: false,
    ...fields,
  };
}

export function eventOf({ id, name, json }: StoredEvent): RunEvent {
  return { id, name, json };
}

export function makeRun(number: number, fields: Partial<Run> = {}): Run {
  const events = fields.events ?? [eventOf(makeEvent(number))];
  return {
    id: idOf(number),
    env: "default",
    partition: 0,
    functionId: "function-a",
    cron: null,
    originalRunId: null,
    flow: null,
    parent: null,
    functionVersion: 1,
    createdAt: T0 + number,
    startAt: T0 + number,
    status: "queued",
    startedAt: null,
    endedAt: null,
    output: null,
    error: null,
    reason: null,
    notes: null,
    requestVersion: -1,
    forcePlan: false,
    steps: new Map(),
    stack: [],
    jobs: new Map(),
    waits: new Map(),
    stateSize: events.reduce((size, event) => size + event.json.length, 0),
    isStored: false,
    ...fields,
    events,
  };
}

/** Adds a step to the run; with a memo it takes the next place in the stack. */
export function addStep(run: Run, id: string, fields: Partial<Step> = {}): Step {
  const step: Step = {
    runId: run.id,
    id,
    kind: "run",
    name: `step ${id}`,
    index: 0,
    seq: null,
    status: "planned",
    memo: null,
    options: null,
    childRunId: null,
    editedInput: null,
    isRace: false,
    attempts: 0,
    queuedAt: run.createdAt,
    startedAt: null,
    endedAt: null,
    isStored: false,
    ...fields,
  };
  run.steps.set(id, step);
  run.stateSize += step.options?.length ?? 0;
  if (step.memo !== null) memoize(run, step, step.memo);
  return step;
}

export function memoize(run: Run, step: Step, memo: string): void {
  step.memo = memo;
  step.status = "completed";
  step.seq = run.stack.length;
  step.endedAt = run.createdAt + run.stack.length + 1;
  run.stack.push(step.id);
  run.stateSize += memo.length;
}

export function addJob(run: Run, slot: string = MAIN_SLOT, fields: Partial<Job> = {}): Job {
  const kind = fields.kind ?? (slot === MAIN_SLOT ? "discover" : "step");
  const job: Job = {
    runId: run.id,
    slot,
    kind,
    ...storePlace(run, kind),
    isDelayed: true,
    attempt: 0,
    dueAt: run.createdAt,
    payload: null,
    isStored: false,
    call: null,
    again: false,
    generation: 0,
    ...fields,
  };
  run.jobs.set(slot, job);
  return job;
}

/** Adds the next index entry to a slot of the run. */
export function addWait(run: Run, slot: string, fields: Partial<Wait> = {}): Wait {
  const waits = run.waits.get(slot) ?? [];
  const wait: Wait = {
    runId: run.id,
    slot,
    seq: waits.length,
    kind: slot[0] === "@" ? "cancel" : "event",
    name: "order/paid",
    path: "data.id",
    value: "s:1",
    expression: null,
    armedAt: run.createdAt,
    untilAt: null,
    isStored: false,
    ...fields,
  };
  run.waits.set(slot, [...waits, wait]);
  return wait;
}

export function makeMessage(number: number, content: Partial<InboxContent> = {}): InboxMessage {
  const event = { kind: "event", eventId: idOf(number), starts: true, after: null } as const;
  const isOther = content.kind !== undefined && content.kind !== "event";
  return { id: idOf(number), content: (isOther ? content : { ...event, ...content }) as InboxContent };
}

export function makeOperation(number: number, fields: Partial<StoredOperation> = {}): StoredOperation {
  return { id: idOf(number), kind: "cancel", status: "running", createdAt: T0 + number, json: "{}", ...fields };
}

export function makeAttempt(runId: string, attempt: number, fields: Partial<Attempt> = {}): Attempt {
  const startedAt = T0 + attempt;
  return { runId, slot: "main", attempt, startedAt, endedAt: startedAt + 5, status: 500, error: "{}", ...fields };
}

export function makeDecision(eventId: string, functionId: string, fields: Partial<Decision> = {}): Decision {
  return { eventId, functionId, outcome: "filtered", reason: "its condition is false", runId: null, at: T0, ...fields };
}

export function makeFact(key: string, expiresAt: number, fields: Partial<FlowState> = {}): FlowState {
  return { kind: "idempotency", functionId: "function-a", key, value: idOf(1), expiresAt, ...fields };
}

export function makeFunction(id: string, fields: Partial<FunctionConfig> = {}): StoredFunction {
  const fn: FunctionConfig = {
    id,
    slug: `app-${id}`,
    name: id,
    appId: "app",
    triggers: [{ kind: "event", event: "order/placed", expression: null }],
    retries: 4,
    url: "http://127.0.0.1:3000/api?fnId=x",
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    flow: NO_FLOW,
    raw: { nested: { list: [1, "two", null] } },
    ...fields,
  };
  return { fn, version: 1, isArchived: false, changedAt: T0, paused: null };
}

export function makeApp(id: string, checksum: string): StoredApp {
  const functions = [makeFunction("f1", { appId: id }).fn];
  return {
    app: { id, url: "http://127.0.0.1:3000/api", sdk: "js:v1", framework: "express", version: null, functions },
    checksum,
    syncedAt: T0,
    paused: null,
  };
}

/** Everything a run has. */
export function putRun(batch: Batch, run: Run): void {
  batch.runs.add(run);
  for (const step of run.steps.values()) batch.steps.add(step);
  for (const job of run.jobs.values()) batch.putJob(job);
  for (const waits of run.waits.values()) for (const wait of waits) batch.putWait(wait);
}

/** Makes a batch, hands it over, and marks its rows as stored, as the engine does. */
export function commit(store: Store, fill: (batch: Batch) => void): Promise<void> {
  const batch = new Batch();
  fill(batch);
  const done = store.commit(batch, FENCE);
  markStored(batch);
  return done;
}

export function markStored(batch: Batch): void {
  for (const row of [...batch.runs, ...batch.steps, ...batch.jobs, ...batch.waits]) row.isStored = true;
}

export function commitRuns(store: Store, ...runs: readonly Run[]): Promise<void> {
  return commit(store, (batch) => {
    for (const run of runs) putRun(batch, run);
  });
}

/** What a load must give for this run: the same, without what is of one process only. */
export function asLoaded(run: Run): unknown {
  const steps = [...run.steps.values()].map((step) => ({ ...step, isStored: true }));
  const jobs = [...run.jobs.values()].map((job) => ({
    ...job,
    isStored: true,
    call: null,
    again: false,
    generation: 0,
  }));
  const waits = [...run.waits].map(
    ([slot, list]) => [slot, list.map((wait) => ({ ...wait, isStored: true }))] as const,
  );
  return structuredClone({
    ...run,
    isStored: true,
    steps: new Map(steps.map((step) => [step.id, step])),
    jobs: new Map(jobs.map((job) => [job.slot, job])),
    waits: new Map(waits),
  });
}
