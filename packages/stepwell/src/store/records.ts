/**
 * What the stores keep of a run, its steps, its jobs and its waits, and how a run is put together again from it.
 *
 * A record is a copy: it shares nothing that changes with the core's objects (ST1). What is derived (the stack, the
 * size of the state) and what is of this process only (calls in flight, flags) is not kept.
 */
import type { Batch } from "../core/batch.ts";
import type { InboxMessage, ReceivedPlace } from "../core/inbox.ts";
import type { Instant } from "../core/instant.ts";
import { eventsSize } from "../core/run/collect.ts";
import { type Job, MAIN_SLOT, type Run, type Step, type Wait } from "../core/run/run.ts";
import type { StoredEvent } from "../protocol/event.ts";
import { encodeUlidTime, ULID_TIME_MAX } from "../protocol/ids.ts";
import { type RunStat, runStatsOf } from "./run-stats.ts";
import type { EventFilter, ListedStep, RunFilter, RunRow, StepRow } from "./store.ts";

export type RunRecord = Omit<Run, "steps" | "stack" | "jobs" | "waits" | "stateSize" | "isStored">;

export type StepRecord = StepRow;

export type JobRecord = Pick<
  Job,
  "runId" | "slot" | "kind" | "attempt" | "dueAt" | "payload" | "lane" | "orderAt" | "isDelayed"
>;

export type WaitRecord = Omit<Wait, "isStored">;

/** A batch with its runs, steps, jobs and waits copied. Everything else in a batch never changes. */
export interface BatchRecords
  extends Pick<
    Batch,
    | "events"
    | "decisions"
    | "attempts"
    | "flow"
    | "deletedFlow"
    | "deletedMessages"
    | "operations"
    | "schedules"
    | "apps"
    | "functions"
  > {
  readonly runs: readonly RunRecord[];
  /** Of the runs, those whose events have changed. */
  readonly collecting: ReadonlySet<string>;
  readonly steps: readonly StepRecord[];
  readonly jobs: readonly JobRecord[];
  readonly deletedJobs: readonly JobRecord[];
  readonly waits: readonly WaitRecord[];
  readonly deletedWaits: readonly WaitRecord[];
  readonly messages: readonly InboxMessage[];
  readonly stats: readonly RunStat[];
}

export function copyBatch(batch: Batch): BatchRecords {
  return {
    events: [...batch.events],
    decisions: [...batch.decisions],
    attempts: [...batch.attempts],
    flow: [...batch.flow],
    deletedFlow: [...batch.deletedFlow],
    deletedMessages: [...batch.deletedMessages],
    operations: new Map(batch.operations),
    schedules: new Map(batch.schedules),
    apps: [...batch.apps],
    functions: [...batch.functions],
    runs: Array.from(batch.runs, runRecord),
    collecting: new Set(Array.from(batch.collecting.keys(), (run) => run.id)),
    steps: Array.from(batch.steps, stepRecord),
    jobs: Array.from(batch.jobs, jobRecord),
    deletedJobs: Array.from(batch.deletedJobs, jobRecord),
    waits: Array.from(batch.waits, waitRecord),
    deletedWaits: Array.from(batch.deletedWaits, waitRecord),
    messages: [...batch.messages],
    stats: runStatsOf(batch),
  };
}

function runRecord(run: Run): RunRecord {
  const {
    steps: _steps,
    stack: _stack,
    jobs: _jobs,
    waits: _waits,
    stateSize: _size,
    isStored: _isStored,
    ...record
  } = run;
  return record;
}

function stepRecord(step: Step): StepRecord {
  const { isStored: _isStored, ...record } = step;
  return record;
}

function jobRecord(job: Job): JobRecord {
  const { runId, slot, kind, attempt, dueAt, payload, lane, orderAt, isDelayed } = job;
  return { runId, slot, kind, attempt, dueAt, payload, lane, orderAt, isDelayed };
}

function waitRecord(wait: Wait): WaitRecord {
  const { isStored: _isStored, ...record } = wait;
  return record;
}

/**
 * The run as the core holds it. Whether it is sound is for the engine to check (`runProblems`): one damaged run must not
 * stop the loading of others. Steps must be in the order of `compareSteps`, jobs in the order of their slots, waits in
 * the order of `compareWaits`.
 */
export function assembleRun(
  record: RunRecord,
  steps: readonly StepRecord[],
  jobs: readonly JobRecord[],
  waits: readonly WaitRecord[],
): Run {
  const run: Run = {
    ...record,
    steps: new Map(),
    stack: [],
    jobs: new Map(),
    waits: waitsBySlot(waits),
    stateSize: eventsSize(
      record.events,
      jobs.some(({ kind }) => kind === "collect"),
    ),
    isStored: true,
  };
  for (const step of steps) {
    run.steps.set(step.id, { ...step, isStored: true });
    run.stateSize += step.options?.length ?? 0;
    if (step.seq === null) continue;
    run.stack.push(step.id);
    run.stateSize += step.memo?.length ?? 0;
  }
  for (const job of jobs) {
    run.jobs.set(job.slot, { ...job, isStored: true, call: null, again: false, generation: 0 });
  }
  return run;
}

function waitsBySlot(waits: readonly WaitRecord[]): Map<string, readonly Wait[]> {
  const slots = new Map<string, Wait[]>();
  for (const record of waits) {
    const wait = { ...record, isStored: true };
    const ofSlot = slots.get(wait.slot);
    if (ofSlot === undefined) slots.set(wait.slot, [wait]);
    else ofSlot.push(wait);
  }
  return slots;
}

export function rowOfRun(record: RunRecord): RunRow {
  const { partition: _partition, events, requestVersion: _version, forcePlan: _forcePlan, ...row } = record;
  return { ...row, eventIds: events.map((event) => event.id) };
}

type StepPlace = Pick<StepRecord, "id" | "seq" | "queuedAt">;

/** Stack order, open steps last by the time they were queued. */
export function compareSteps(left: StepPlace, right: StepPlace): number {
  const bySeq = (left.seq ?? Number.POSITIVE_INFINITY) - (right.seq ?? Number.POSITIVE_INFINITY);
  if (left.seq !== right.seq) return bySeq;
  return left.queuedAt - right.queuedAt || compareTexts(left.id, right.id);
}

export function compareWaits(left: WaitRecord, right: WaitRecord): number {
  return compareTexts(left.slot, right.slot) || left.seq - right.seq;
}

/** The first of these events, up to the one whose JSON makes them `charsMax` long. */
export function upToChars(events: readonly StoredEvent[], charsMax: number, charsBefore = 0): StoredEvent[] {
  let chars = charsBefore;
  const end = events.findIndex(({ json }) => {
    chars += json.length;
    return chars >= charsMax;
  });
  return end < 0 ? [...events] : events.slice(0, end + 1);
}

/** The order of a look-back. Ids say nothing of it: producers may choose the time in them. */
export function compareReceived(left: ReceivedPlace, right: ReceivedPlace): number {
  return left.receivedAt - right.receivedAt || compareTexts(left.id, right.id);
}

interface IdBounds {
  readonly from: string | null;
  readonly until: string | null;
}

/** Runs created at or after, and before: the engine makes their ids, in the order of time. */
export function runIdBounds({ createdFrom, createdUntil }: Pick<RunFilter, "createdFrom" | "createdUntil">): IdBounds {
  return {
    from: createdFrom === undefined ? null : timeText(createdFrom),
    until: createdUntil === undefined ? null : timeText(createdUntil),
  };
}

/** How far the clock of a producer that chooses the ids of its events may be off before a list by time misses them. */
const CLOCK_SKEW_MS_MAX = 600_000;

/** Events received at or after, and before; those within the bounds have to be looked at. */
export function eventIdBounds({
  receivedFrom,
  receivedUntil,
}: Pick<EventFilter, "receivedFrom" | "receivedUntil">): IdBounds {
  return {
    from: receivedFrom === undefined ? null : timeText(receivedFrom - CLOCK_SKEW_MS_MAX),
    until: receivedUntil === undefined ? null : timeText(receivedUntil + CLOCK_SKEW_MS_MAX),
  };
}

/** What the ids of an instant begin with. */
function timeText(at: Instant): string {
  return encodeUlidTime(Math.min(Math.max(Math.ceil(at), 0), ULID_TIME_MAX));
}

export function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Steps with the times of their jobs. A step that ran inside a discovery is retried by the discovery's job. */
export function withDueTimes(
  steps: readonly StepRecord[],
  jobs: readonly { readonly slot: string; readonly dueAt: Instant }[],
): ListedStep[] {
  const dueAt = new Map(jobs.map((job) => [job.slot, job.dueAt]));
  return steps.map((step) => ({
    ...step,
    dueAt: step.memo !== null ? null : (dueAt.get(step.id) ?? dueAt.get(MAIN_SLOT) ?? null),
  }));
}
