/**
 * The tables of the store in memory, and what a batch does to them.
 *
 *   M2. A record is replaced, never changed in place.
 */
import type {
  Attempt,
  Decision,
  FlowFactKey,
  Schedule,
  StoredApp,
  StoredFunction,
  StoredOperation,
} from "../core/batch.ts";
import type { InboxMessage } from "../core/inbox.ts";
import type { RunNotes } from "../core/run/run.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { BatchRecords, JobRecord, RunRecord, StepRecord, WaitRecord } from "./records.ts";
import { addStatValues, type RunStat, runStatKey } from "./run-stats.ts";
import type { FlowFact, FunctionVersion } from "./store.ts";

/**
 * Everything a memory store holds. Steps, jobs and waits by run, then by step id, slot, and `waitPlaceText`; flow facts
 * by `flowKeyText`; versions by function, then by number; counts of runs by `runStatKey`.
 */
export interface MemoryTables {
  readonly events: Map<string, StoredEvent>;
  readonly decisions: Map<string, Decision[]>;
  readonly attempts: Map<string, Attempt[]>;
  readonly runs: Map<string, RunRecord>;
  readonly steps: Map<string, Map<string, StepRecord>>;
  readonly jobs: Map<string, Map<string, JobRecord>>;
  readonly waits: Map<string, Map<string, WaitRecord>>;
  readonly messages: Map<string, InboxMessage>;
  readonly operations: Map<string, StoredOperation>;
  readonly flow: Map<string, FlowFact>;
  readonly schedules: Map<string, Schedule>;
  readonly apps: Map<string, StoredApp>;
  readonly functions: Map<string, StoredFunction>;
  readonly versions: Map<string, Map<number, FunctionVersion>>;
  readonly stats: Map<string, RunStat>;
}

export function emptyTables(): MemoryTables {
  return {
    events: new Map(),
    decisions: new Map(),
    attempts: new Map(),
    runs: new Map(),
    steps: new Map(),
    jobs: new Map(),
    waits: new Map(),
    messages: new Map(),
    operations: new Map(),
    flow: new Map(),
    schedules: new Map(),
    apps: new Map(),
    functions: new Map(),
    versions: new Map(),
    stats: new Map(),
  };
}

/** Stores a batch. */
export function applyRecords(tables: MemoryTables, records: BatchRecords): void {
  applyDeletes(tables, records); // ST4
  for (const event of records.events) if (!tables.events.has(event.id)) tables.events.set(event.id, { ...event });
  for (const decision of records.decisions) append(tables.decisions, decision.eventId, { ...decision });
  for (const attempt of records.attempts) append(tables.attempts, attempt.runId, { ...attempt });
  for (const run of records.runs)
    tables.runs.set(run.id, mergeRun(tables.runs.get(run.id), run, records.collecting.has(run.id)));
  for (const step of records.steps) {
    const steps = mapAt(tables.steps, step.runId);
    steps.set(step.id, mergeStep(steps.get(step.id), step));
  }
  for (const job of records.jobs) {
    const jobs = mapAt(tables.jobs, job.runId);
    jobs.set(job.slot, mergeJob(jobs.get(job.slot), job));
  }
  for (const wait of records.waits) mapAt(tables.waits, wait.runId).set(waitPlaceText(wait), { ...wait });
  for (const message of records.messages) tables.messages.set(message.id, structuredClone(message));
  for (const [id, operation] of records.operations) tables.operations.set(id, { ...operation });
  for (const stat of records.stats) addStat(tables.stats, stat);
  for (const fact of records.flow) tables.flow.set(flowKeyText(fact), { ...fact });
  for (const [id, schedule] of records.schedules) tables.schedules.set(id, { ...schedule });
  for (const stored of records.apps) tables.apps.set(stored.app.id, structuredClone(stored));
  for (const stored of records.functions) {
    const { fn, version, changedAt } = structuredClone(stored);
    tables.functions.set(fn.id, structuredClone(stored));
    const versions = mapAt(tables.versions, fn.id);
    if (!versions.has(version)) versions.set(version, { version, changedAt, config: fn });
  }
}

function addStat(stats: Map<string, RunStat>, stat: RunStat): void {
  const values = [...(stats.get(runStatKey(stat))?.values ?? stat.values.map(() => 0))];
  addStatValues(values, stat.values);
  stats.set(runStatKey(stat), { ...stat, values });
}

export function copyRun(run: RunRecord): RunRecord {
  const { parent, notes, flow } = run;
  return {
    ...run,
    flow: flow === null ? null : structuredClone(flow),
    events: run.events.map((event) => ({ ...event })),
    parent: parent === null ? null : { ...parent },
    notes: copyNotes(notes),
  };
}

function copyNotes(notes: RunNotes | null): RunNotes | null {
  return notes === null ? null : structuredClone(notes);
}

// What a put changes of a row that exists (ST5).

function mergeRun(known: RunRecord | undefined, run: RunRecord, isCollecting: boolean): RunRecord {
  if (known === undefined) return copyRun(run);
  const { status, startedAt, endedAt, output, error, reason, notes, requestVersion, forcePlan, events, flow, startAt } =
    run;
  return {
    ...known,
    ...(isCollecting ? { events: events.map((event) => ({ ...event })), flow, startAt } : {}),
    status,
    startedAt,
    endedAt,
    output,
    error,
    reason,
    notes: copyNotes(notes),
    requestVersion,
    forcePlan,
  };
}

function mergeStep(known: StepRecord | undefined, step: StepRecord): StepRecord {
  if (known === undefined) return { ...step };
  const { kind, childRunId, seq, status, memo, attempts, startedAt, endedAt } = step;
  return { ...known, kind, childRunId, seq, status, memo, attempts, startedAt, endedAt };
}

function mergeJob(known: JobRecord | undefined, job: JobRecord): JobRecord {
  return known === undefined
    ? { ...job }
    : { ...known, attempt: job.attempt, dueAt: job.dueAt, lane: job.lane, isDelayed: job.isDelayed };
}

function applyDeletes(tables: MemoryTables, records: BatchRecords): void {
  for (const job of records.deletedJobs) deleteAt(tables.jobs, job.runId, job.slot);
  for (const wait of records.deletedWaits) deleteAt(tables.waits, wait.runId, waitPlaceText(wait));
  for (const id of records.deletedMessages) tables.messages.delete(id);
  for (const key of records.deletedFlow) {
    const fact = tables.flow.get(flowKeyText(key));
    if (key.ifValue === undefined || fact?.value === key.ifValue) tables.flow.delete(flowKeyText(key));
  }
}

function deleteAt<Row>(table: Map<string, Map<string, Row>>, runId: string, key: string): void {
  const rows = table.get(runId);
  if (rows?.delete(key) && rows.size === 0) table.delete(runId);
}

function append<Row>(table: Map<string, Row[]>, key: string, row: Row): void {
  const rows = table.get(key);
  if (rows === undefined) table.set(key, [row]);
  else rows.push(row);
}

function mapAt<Key, Row>(table: Map<string, Map<Key, Row>>, key: string): Map<Key, Row> {
  let rows = table.get(key);
  if (rows === undefined) {
    rows = new Map();
    table.set(key, rows);
  }
  return rows;
}

export function flowKeyText({ kind, functionId, key }: FlowFactKey): string {
  return JSON.stringify([kind, functionId, key]);
}

function waitPlaceText({ slot, seq }: WaitRecord): string {
  return JSON.stringify([slot, seq]);
}
