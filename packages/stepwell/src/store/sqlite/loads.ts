/**
 * What the engine loads, on a read-only connection of its own thread: WAL readers wait for nobody, and a bounded
 * point read takes microseconds, less than asking another thread would.
 *
 *   L1. Whatever is large is read in parts, and between two parts the loop gets its turn.
 *   L2. A run is read in one snapshot with its steps, jobs and events.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Schedule, StoredApp, StoredFunction } from "../../core/batch.ts";
import type { Instant } from "../../core/instant.ts";
import type { Run, RunEvent } from "../../core/run/run.ts";
import type { JobHint } from "../../core/schedule/job-queue.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { assembleRun, compareSteps, compareTexts } from "../records.ts";
import type { FlowFact, FlowKey, JobPageQuery, Registry } from "../store.ts";
import { PARTITION } from "./batch-rows.ts";
import {
  eventIdsOfRow,
  JOB_COLUMNS,
  type JobColumns,
  jobOfRow,
  RUN_COLUMNS,
  type RunColumns,
  runOfRow,
  STEP_COLUMNS,
  type StepColumns,
  stepOfRow,
} from "./rows.ts";
import { decodeText, encodeText } from "./text.ts";

/** Runs in one snapshot, and job hints in one statement: two or three ms of the loop's time. */
const RUNS_PER_PART = 100;
const JOBS_PER_PART = 500;

// The ids lead (CROSS JOIN keeps the order of the tables), so every row is found by its key.
const EACH_ID = "FROM (SELECT value AS wanted_id FROM json_each(?)) CROSS JOIN";
const LOADS = {
  runs: `SELECT ${RUN_COLUMNS} ${EACH_ID} runs ON runs.id = wanted_id`,
  steps: `SELECT ${STEP_COLUMNS} ${EACH_ID} steps ON steps.run_id = wanted_id`,
  jobs: `SELECT ${JOB_COLUMNS} ${EACH_ID} jobs ON jobs.run_id = wanted_id`,
  events: `SELECT events.id, name, json ${EACH_ID} events ON events.id = wanted_id`,
  knownEvents: `SELECT events.id ${EACH_ID} events ON events.id = wanted_id`,
  jobPage: `SELECT jobs.run_id AS runId, jobs.slot AS slot, due_at AS dueAt, function_id AS functionId, created_at AS orderAt
    FROM jobs INDEXED BY jobs_by_due CROSS JOIN runs ON runs.id = jobs.run_id
    WHERE jobs.partition = ? AND (due_at, run_id, slot) > (?, ?, ?) AND due_at <= ?
    ORDER BY due_at, run_id, slot LIMIT ?`,
  flow: `SELECT value, expires_at AS expiresAt FROM flow_state
    WHERE partition = ? AND kind = ? AND function_id = ? AND key = ? AND expires_at > ?`,
  openRuns: `SELECT count(*) AS count FROM (SELECT 1 FROM runs INDEXED BY runs_by_status
    WHERE status <> 'completed' AND status IN ('queued', 'running') LIMIT ?)`,
  apps: "SELECT config, checksum, synced_at AS syncedAt FROM apps",
  functions: "SELECT config, version, is_archived AS isArchived FROM functions",
  schedules: "SELECT function_id AS functionId, json FROM schedules",
} as const;

export class SqliteLoads {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof LOADS, StatementSync>>;

  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path;
    this.#db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    const prepared = Object.entries(LOADS).map(([name, sql]) => [name, this.#db.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof LOADS, StatementSync>;
  }

  close(): void {
    this.#db.close();
  }

  registry(): Registry {
    const apps = all<{ config: string; checksum: string; syncedAt: number }>(this.#statements.apps);
    const functions = all<{ config: string; version: number; isArchived: number }>(this.#statements.functions);
    const schedules = all<Schedule>(this.#statements.schedules);
    return {
      apps: apps
        .map(({ config, checksum, syncedAt }): StoredApp => {
          return { app: JSON.parse(config) as StoredApp["app"], checksum: decodeText(checksum), syncedAt };
        })
        .sort((left, right) => compareTexts(left.app.id, right.app.id)),
      functions: functions
        .map(({ config, version, isArchived }): StoredFunction => {
          return { fn: JSON.parse(config) as StoredFunction["fn"], version, isArchived: isArchived === 1 };
        })
        .sort((left, right) => compareTexts(left.fn.id, right.fn.id)),
      schedules: schedules
        .map(({ functionId, json }) => ({ functionId: decodeText(functionId), json: decodeText(json) }))
        .sort((left, right) => compareTexts(left.functionId, right.functionId)),
    };
  }

  async runs(ids: readonly string[]): Promise<Run[]> {
    const wanted = [...new Set(ids)];
    const runs = this.#runsOfPart(wanted.slice(0, RUNS_PER_PART));
    for (let start = RUNS_PER_PART; start < wanted.length; start += RUNS_PER_PART) {
      await nextTurn(); // L1
      runs.push(...this.#runsOfPart(wanted.slice(start, start + RUNS_PER_PART)));
    }
    return runs;
  }

  #runsOfPart(ids: readonly string[]): Run[] {
    const wanted = JSON.stringify(ids.map(encodeText));
    this.#db.exec("BEGIN"); // L2
    try {
      const rows = all<RunColumns>(this.#statements.runs, wanted);
      const steps = groupByRun(all<StepColumns>(this.#statements.steps, wanted).map(stepOfRow));
      const jobs = groupByRun(all<JobColumns>(this.#statements.jobs, wanted).map(jobOfRow));
      const events = this.#eventsOf(rows);
      return rows.map((row) => {
        const run = runOfRow(
          row,
          row.events === null ? this.#ownEvents(row, events) : (JSON.parse(row.events) as RunEvent[]),
        );
        const stepsOfRun = (steps.get(run.id) ?? []).sort(compareSteps);
        const jobsOfRun = (jobs.get(run.id) ?? []).sort((left, right) => compareTexts(left.slot, right.slot));
        return assembleRun(run, stepsOfRun, jobsOfRun);
      });
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  /** The events that these runs share with the table of events. */
  #eventsOf(rows: readonly RunColumns[]): ReadonlyMap<string, RunEvent> {
    const ids = rows.filter((row) => row.events === null).flatMap(eventIdsOfRow);
    const wanted = JSON.stringify([...new Set(ids)].map(encodeText));
    const events = all<RunEvent>(this.#statements.events, wanted).map(({ id, name, json }) => {
      return { id: decodeText(id), name: decodeText(name), json: decodeText(json) };
    });
    return new Map(events.map((event) => [event.id, event]));
  }

  #ownEvents(row: RunColumns, events: ReadonlyMap<string, RunEvent>): RunEvent[] {
    return eventIdsOfRow(row).map((id) => {
      const event = events.get(id);
      if (event !== undefined) return event;
      throw new StepwellError("store_corrupt", { path: this.#path, reason: `event ${id} of run ${row.id} is missing` });
    });
  }

  async jobs({ after, untilAt, limit }: JobPageQuery): Promise<JobHint[]> {
    const hints: JobHint[] = [];
    for (let place = after; hints.length < limit; place = hints.at(-1)!) {
      if (hints.length > 0) await nextTurn(); // L1
      const count = Math.min(JOBS_PER_PART, limit - hints.length);
      const from = [PARTITION, place.dueAt, encodeText(place.runId), encodeText(place.slot)];
      for (const hint of all<JobHint>(this.#statements.jobPage, ...from, untilAt, count)) hints.push(decodeHint(hint));
      if (hints.length % JOBS_PER_PART !== 0 || hints.length === 0 || hints.at(-1) === place) break;
    }
    return hints;
  }

  flow(keys: readonly FlowKey[], now: Instant): FlowFact[] {
    const facts: FlowFact[] = [];
    for (const { kind, functionId, key } of keys) {
      const values = [PARTITION, kind, encodeText(functionId), encodeText(key), now];
      const row = all<{ value: string; expiresAt: number }>(this.#statements.flow, ...values)[0];
      if (row === undefined) continue;
      facts.push({ kind, functionId, key, value: decodeText(row.value), expiresAt: row.expiresAt });
    }
    return facts;
  }

  openRuns(max: number): number {
    return all<{ count: number }>(this.#statements.openRuns, max)[0]!.count;
  }

  knownEvents(ids: readonly string[]): string[] {
    const wanted = JSON.stringify([...new Set(ids)].map(encodeText));
    return all<{ id: string }>(this.#statements.knownEvents, wanted).map((row) => decodeText(row.id));
  }
}

function decodeHint(hint: JobHint): JobHint {
  const { runId, slot, dueAt, functionId, orderAt } = hint;
  return { runId: decodeText(runId), slot: decodeText(slot), dueAt, functionId: decodeText(functionId), orderAt };
}

function groupByRun<Row extends { readonly runId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.runId);
    if (group === undefined) groups.set(row.runId, [row]);
    else group.push(row);
  }
  return groups;
}

/** The rows of a statement, typed as its SELECT list says. */
function all<Row>(statement: StatementSync, ...values: (string | number | null)[]): Row[] {
  return statement.all(...values) as unknown as Row[];
}
