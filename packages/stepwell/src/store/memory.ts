/**
 * The store in memory: for tests, for the simulator, and for `stepwell dev --ephemeral`.
 *
 * Meant to be obvious rather than fast: it is what the other stores are compared with.
 *
 *   M1. Nothing kept here is shared with the core, and nothing handed out is shared with what is kept.
 *   M2. A record is replaced, never changed in place.
 *   M3. Everything happens inside the call; only the answer comes later, on a microtask.
 */
import type { Attempt, Batch, Decision, Schedule, StoredApp, StoredFunction } from "../core/batch.ts";
import type { Instant } from "../core/instant.ts";
import type { Run } from "../core/run/run.ts";
import type { JobHint, JobPlace } from "../core/schedule/job-queue.ts";
import { DEFAULT_ENV, type StoredEvent } from "../protocol/event.ts";
import {
  assembleRun,
  type BatchRecords,
  compareSteps,
  compareTexts,
  copyBatch,
  type JobRecord,
  type RunRecord,
  rowOfRun,
  type StepRecord,
  withDueTimes,
} from "./records.ts";
import type {
  EventFilter,
  Fence,
  FlowFact,
  FlowKey,
  JobPageQuery,
  ListedStep,
  Registry,
  RunFilter,
  RunRow,
  Store,
  StoreCounts,
} from "./store.ts";

/** Everything a memory store holds. Steps and jobs by run, then by step id and slot; flow facts by `flowKeyText`. */
export interface MemoryTables {
  readonly events: Map<string, StoredEvent>;
  readonly decisions: Map<string, Decision[]>;
  readonly attempts: Map<string, Attempt[]>;
  readonly runs: Map<string, RunRecord>;
  readonly steps: Map<string, Map<string, StepRecord>>;
  readonly jobs: Map<string, Map<string, JobRecord>>;
  readonly flow: Map<string, FlowFact>;
  readonly schedules: Map<string, Schedule>;
  readonly apps: Map<string, StoredApp>;
  readonly functions: Map<string, StoredFunction>;
}

function emptyTables(): MemoryTables {
  return {
    events: new Map(),
    decisions: new Map(),
    attempts: new Map(),
    runs: new Map(),
    steps: new Map(),
    jobs: new Map(),
    flow: new Map(),
    schedules: new Map(),
    apps: new Map(),
    functions: new Map(),
  };
}

export class MemoryStore implements Store {
  #tables: MemoryTables = emptyTables();

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async commit(batch: Batch, _fence: Fence): Promise<void> {
    this.apply(copyBatch(batch));
  }

  /** Stores a batch that was copied earlier: a simulator decides when, and whether, a commit takes place. */
  apply(records: BatchRecords): void {
    const tables = this.#tables;
    for (const job of records.deletedJobs) deleteJob(tables.jobs, job); // ST4
    for (const event of records.events) if (!tables.events.has(event.id)) tables.events.set(event.id, { ...event });
    for (const decision of records.decisions) append(tables.decisions, decision.eventId, { ...decision });
    for (const attempt of records.attempts) append(tables.attempts, attempt.runId, { ...attempt });
    for (const run of records.runs) tables.runs.set(run.id, mergeRun(tables.runs.get(run.id), run));
    for (const step of records.steps) {
      const steps = mapAt(tables.steps, step.runId);
      steps.set(step.id, mergeStep(steps.get(step.id), step));
    }
    for (const job of records.jobs) {
      const jobs = mapAt(tables.jobs, job.runId);
      jobs.set(job.slot, mergeJob(jobs.get(job.slot), job));
    }
    for (const fact of records.flow) tables.flow.set(flowKeyText(fact), { ...fact });
    for (const [id, schedule] of records.schedules) tables.schedules.set(id, { ...schedule });
    for (const stored of records.apps) tables.apps.set(stored.app.id, structuredClone(stored));
    for (const stored of records.functions) tables.functions.set(stored.fn.id, structuredClone(stored));
  }

  /** A copy of everything. */
  snapshot(): MemoryTables {
    return structuredClone(this.#tables);
  }

  /** Goes back to a snapshot. */
  restore(snapshot: MemoryTables): void {
    this.#tables = structuredClone(snapshot);
  }

  async loadRegistry(): Promise<Registry> {
    const { apps, functions, schedules } = this.#tables;
    return structuredClone({
      apps: [...apps.values()].sort((left, right) => compareTexts(left.app.id, right.app.id)),
      functions: [...functions.values()].sort((left, right) => compareTexts(left.fn.id, right.fn.id)),
      schedules: [...schedules.values()].sort((left, right) => compareTexts(left.functionId, right.functionId)),
    });
  }

  async loadRuns(ids: readonly string[]): Promise<Run[]> {
    const runs: Run[] = [];
    for (const id of new Set(ids)) {
      const record = this.#tables.runs.get(id);
      if (record === undefined) continue;
      const jobs = [...(this.#tables.jobs.get(id)?.values() ?? [])];
      jobs.sort((left, right) => compareTexts(left.slot, right.slot));
      runs.push(assembleRun(copyRun(record), this.#stepsOf(id), jobs));
    }
    return runs;
  }

  async loadJobs(query: JobPageQuery): Promise<JobHint[]> {
    const hints: JobHint[] = [];
    for (const jobs of this.#tables.jobs.values()) {
      for (const { runId, slot, dueAt } of jobs.values()) {
        const run = this.#tables.runs.get(runId);
        if (run === undefined || dueAt > query.untilAt || comparePlaces({ runId, slot, dueAt }, query.after) <= 0)
          continue;
        hints.push({ runId, slot, dueAt, functionId: run.functionId, orderAt: run.createdAt });
      }
    }
    return hints.sort(comparePlaces).slice(0, query.limit);
  }

  async loadFlow(keys: readonly FlowKey[], now: Instant): Promise<FlowFact[]> {
    const facts = keys.map((key) => this.#tables.flow.get(flowKeyText(key)));
    return facts.filter((fact) => fact !== undefined && fact.expiresAt > now).map((fact) => ({ ...fact! }));
  }

  async loadKnownEvents(ids: readonly string[]): Promise<string[]> {
    return [...new Set(ids)].filter((id) => this.#tables.events.has(id));
  }

  async getEvent(env: string, id: string): Promise<StoredEvent | null> {
    const event = this.#tables.events.get(id);
    return event === undefined || env !== DEFAULT_ENV ? null : { ...event };
  }

  async listEvents(filter: EventFilter): Promise<StoredEvent[]> {
    const events = [...this.#tables.events.values()].filter((event) => matchesEvent(event, filter));
    return newestFirst(events, filter.limit).map((event) => ({ ...event }));
  }

  async getRun(env: string, id: string): Promise<RunRow | null> {
    const run = this.#tables.runs.get(id);
    return run === undefined || run.env !== env ? null : rowOfRun(run);
  }

  async listRuns(filter: RunFilter): Promise<RunRow[]> {
    const runs = [...this.#tables.runs.values()].filter((run) => matchesRun(run, filter));
    return newestFirst(runs, filter.limit).map(rowOfRun);
  }

  async listSteps(runId: string): Promise<ListedStep[]> {
    return withDueTimes(this.#stepsOf(runId), [...(this.#tables.jobs.get(runId)?.values() ?? [])]);
  }

  async listAttempts(runId: string): Promise<Attempt[]> {
    return (this.#tables.attempts.get(runId) ?? []).map((attempt) => ({ ...attempt })).reverse();
  }

  async listDecisions(eventId: string): Promise<Decision[]> {
    return (this.#tables.decisions.get(eventId) ?? []).map((decision) => ({ ...decision })).reverse();
  }

  async countOpenRuns(max: number): Promise<number> {
    return Math.min(max, (await this.counts()).openRuns);
  }

  async counts(): Promise<StoreCounts> {
    const { events, runs, jobs } = this.#tables;
    const openRuns = [...runs.values()].filter((run) => run.status === "queued" || run.status === "running").length;
    const jobCount = [...jobs.values()].reduce((count, ofRun) => count + ofRun.size, 0);
    return { events: events.size, runs: runs.size, openRuns, jobs: jobCount };
  }

  async expireFlow(now: Instant, limit: number): Promise<number> {
    const expired = [...this.#tables.flow].filter(([, fact]) => fact.expiresAt <= now).sort(compareExpiry);
    for (const [key] of expired.slice(0, limit)) this.#tables.flow.delete(key);
    return Math.min(expired.length, limit);
  }

  #stepsOf(runId: string): StepRecord[] {
    return [...(this.#tables.steps.get(runId)?.values() ?? [])].sort(compareSteps);
  }
}

function copyRun(run: RunRecord): RunRecord {
  return { ...run, events: run.events.map((event) => ({ ...event })) };
}

// What a put changes of a row that exists (ST5).

function mergeRun(known: RunRecord | undefined, run: RunRecord): RunRecord {
  if (known === undefined) return copyRun(run);
  const { status, startedAt, endedAt, output, error, requestVersion, forcePlan } = run;
  return { ...known, status, startedAt, endedAt, output, error, requestVersion, forcePlan };
}

function mergeStep(known: StepRecord | undefined, step: StepRecord): StepRecord {
  if (known === undefined) return { ...step };
  const { seq, status, memo, attempts, startedAt, endedAt } = step;
  return { ...known, seq, status, memo, attempts, startedAt, endedAt };
}

function mergeJob(known: JobRecord | undefined, job: JobRecord): JobRecord {
  return known === undefined ? { ...job } : { ...known, attempt: job.attempt, dueAt: job.dueAt };
}

function deleteJob(table: Map<string, Map<string, JobRecord>>, job: JobRecord): void {
  const jobs = table.get(job.runId);
  if (jobs?.delete(job.slot) && jobs.size === 0) table.delete(job.runId);
}

function append<Row>(table: Map<string, Row[]>, key: string, row: Row): void {
  const rows = table.get(key);
  if (rows === undefined) table.set(key, [row]);
  else rows.push(row);
}

function mapAt<Row>(table: Map<string, Map<string, Row>>, key: string): Map<string, Row> {
  let rows = table.get(key);
  if (rows === undefined) {
    rows = new Map();
    table.set(key, rows);
  }
  return rows;
}

function flowKeyText({ kind, functionId, key }: FlowKey): string {
  return JSON.stringify([kind, functionId, key]);
}

function compareExpiry([, left]: [string, FlowFact], [, right]: [string, FlowFact]): number {
  const byTime = left.expiresAt - right.expiresAt || compareTexts(left.kind, right.kind);
  return byTime || compareTexts(left.functionId, right.functionId) || compareTexts(left.key, right.key);
}

function comparePlaces(left: JobPlace, right: JobPlace): number {
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt ? -1 : 1; // Not a difference: −∞ minus −∞ is no number.
  return compareTexts(left.runId, right.runId) || compareTexts(left.slot, right.slot);
}

function newestFirst<Row extends { readonly id: string }>(rows: Row[], limit: number): Row[] {
  return rows.sort((left, right) => compareTexts(right.id, left.id)).slice(0, limit);
}

function matchesEvent(event: StoredEvent, filter: EventFilter): boolean {
  return (
    filter.env === DEFAULT_ENV &&
    (filter.name === undefined || event.name === filter.name) &&
    (filter.includeInternal === true || !event.isInternal) &&
    (filter.receivedFrom === undefined || event.receivedAt >= filter.receivedFrom) &&
    (filter.receivedUntil === undefined || event.receivedAt < filter.receivedUntil) &&
    (filter.before === undefined || event.id < filter.before)
  );
}

function matchesRun(run: RunRecord, filter: RunFilter): boolean {
  const { eventId } = filter;
  return (
    run.env === filter.env &&
    (filter.statuses === undefined || filter.statuses.includes(run.status)) &&
    (filter.functionIds === undefined || filter.functionIds.includes(run.functionId)) &&
    (eventId === undefined || run.events.some((event) => event.id === eventId)) &&
    (filter.createdFrom === undefined || run.createdAt >= filter.createdFrom) &&
    (filter.createdUntil === undefined || run.createdAt < filter.createdUntil) &&
    (filter.before === undefined || run.id < filter.before)
  );
}
