/**
 * What the engine loads, on a read-only connection of its own thread: WAL readers wait for nobody, and a bounded
 * point read takes microseconds, less than asking another thread would.
 *
 *   L1. Whatever is large is read in parts, and between two parts the loop gets its turn.
 *   L2. A run is read in one snapshot with its steps, jobs, waits and events, and every row in one with its large values: the
 *        writer may delete both in between.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FlowFactKey, Schedule, StoredApp, StoredFunction, StoredOperation } from "../../core/batch.ts";
import type { HeldPlace } from "../../core/core-options.ts";
import type { ThrottleState } from "../../core/flow/admission.ts";
import type { InboxContent, InboxMessage } from "../../core/inbox.ts";
import type { Instant } from "../../core/instant.ts";
import type { Run, RunEvent } from "../../core/run/run.ts";
import { StepwellError } from "../../protocol/errors.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import type { RunFlow } from "../../protocol/flow.ts";
import { assembleRun, compareSteps, compareTexts, compareWaits, type WaitRecord } from "../records.ts";
import type { FlowFact, PastEventsQuery, Registry, WaitCount, WaitQuery } from "../store.ts";
import { PARTITION } from "./batch-rows.ts";
import { isReference, putBack, type ReadRows, readRows, SELECT_BLOBS } from "./blobs.ts";
import { createJobLoads, JOB_LOADS, type JobLoads } from "./job-loads.ts";
import { pastEvents } from "./past-events.ts";
import {
  EVENT_COLUMNS,
  type EventColumns,
  eventIdsOfRow,
  eventOfRow,
  JOB_COLUMNS,
  type JobColumns,
  jobOfRow,
  OPERATION_COLUMNS,
  operationOfRow,
  RUN_COLUMNS,
  type RunColumns,
  runOfRow,
  STEP_COLUMNS,
  type StepColumns,
  stepOfRow,
  WAIT_COLUMNS,
  waitOfRow,
} from "./rows.ts";
import { groupByRun, inSnapshot } from "./select.ts";
import { decodeText, encodeText } from "./text.ts";
import { all } from "./typed.ts";

// How much the loop reads before it gets its turn: two or three ms of its time.
const RUNS_PER_PART = 100;
const EVENTS_PER_PART = 500;
const MESSAGES_PER_PART = 500;
const WAIT_ENTRIES_PER_PART = 200;

// The ids lead (CROSS JOIN keeps the order of the tables), so every row is found by its key.
const EACH_ID = "FROM (SELECT value AS wanted_id FROM json_each(?)) CROSS JOIN";
export const LOADS = {
  runs: `SELECT ${RUN_COLUMNS} ${EACH_ID} runs ON runs.id = wanted_id`,
  steps: `SELECT ${STEP_COLUMNS} ${EACH_ID} steps ON steps.run_id = wanted_id`,
  jobs: `SELECT ${JOB_COLUMNS} ${EACH_ID} jobs ON jobs.run_id = wanted_id`,
  waits: `SELECT ${WAIT_COLUMNS} ${EACH_ID} waits ON waits.run_id = wanted_id`,
  runEvents: `SELECT events.id, name, json ${EACH_ID} events ON events.id = wanted_id`,
  events: `SELECT ${EVENT_COLUMNS} ${EACH_ID} events ON events.id = wanted_id`,
  knownEvents: `SELECT events.id ${EACH_ID} events ON events.id = wanted_id`,
  ...JOB_LOADS,
  flow: `SELECT value, expires_at AS expiresAt FROM flow_state
    WHERE partition = ? AND kind = ? AND function_id = ? AND key = ? AND expires_at > ?`,
  waiting: `SELECT DISTINCT run_id AS runId FROM waits INDEXED BY waits_by_entry
    WHERE partition = ? AND kind = ? AND name = ? AND path = ? AND value = ? AND run_id > ? ORDER BY run_id LIMIT ?`,
  waitCounts: `SELECT kind, name, path, count(*) AS count FROM waits INDEXED BY waits_by_entry
    WHERE partition = ? AND kind IN ('cancel', 'event') GROUP BY kind, name, path`,
  signalWaits: `SELECT count(*) AS count FROM waits INDEXED BY waits_by_entry WHERE partition = ? AND kind = 'signal'`,
  inbox: "SELECT id, json FROM inbox WHERE partition = ? AND id > ? ORDER BY id LIMIT ?",
  pastEvents: `SELECT id, received_at AS receivedAt FROM events INDEXED BY events_by_received
    WHERE env = ? AND name = ? AND (received_at, id) > (?, ?) AND received_at <= ? ORDER BY received_at, id LIMIT ?`,
  openOperations: `SELECT ${OPERATION_COLUMNS} FROM operations INDEXED BY operations_open WHERE status = 'running'
    ORDER BY id`,
  blobs: SELECT_BLOBS,
  openRuns: `SELECT count(*) AS count FROM (SELECT 1 FROM runs INDEXED BY runs_by_status
    WHERE status <> 'completed' AND status IN ('queued', 'running') LIMIT ?)`,
  places: `SELECT id AS runId, function_id AS functionId, flow, started_at AS startedAt
    FROM runs INDEXED BY runs_with_places WHERE holds_places = 1 AND status = 'running'`,
  queuedCounts: `SELECT function_id AS functionId, count(*) AS count FROM runs INDEXED BY runs_queued
    WHERE status = 'queued' GROUP BY function_id`,
  queued: `SELECT id FROM runs INDEXED BY runs_queued
    WHERE status = 'queued' AND function_id = ? AND id > ? ORDER BY id LIMIT ?`,
  lastStamp: `SELECT coalesce((SELECT received_at FROM events ORDER BY rowid DESC LIMIT 1), 0) AS eventAt,
    coalesce((SELECT created_at FROM runs ORDER BY rowid DESC LIMIT 1), 0) AS runAt`,
  throttles: `SELECT function_id AS functionId, key, value FROM flow_state
    WHERE partition = ? AND kind = 'throttle' AND expires_at > ?`,
  apps: "SELECT config, checksum, synced_at AS syncedAt, paused FROM apps",
  functions: `SELECT config, version, is_archived AS isArchived, changed_at AS changedAt, paused FROM functions`,
  schedules: "SELECT function_id AS functionId, json FROM schedules",
} as const;

export class SqliteLoads {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof LOADS, StatementSync>>;
  readonly jobs: JobLoads;

  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path;
    this.#db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    const prepared = Object.entries(LOADS).map(([name, sql]) => [name, this.#db.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof LOADS, StatementSync>;
    this.jobs = createJobLoads(this.#statements);
  }

  close(): void {
    this.#db.close();
  }

  #putBack(...parts: readonly ReadRows[]): void {
    putBack(() => this.#statements.blobs, this.#path, ...parts);
  }

  registry(): Registry {
    const apps = all<Omit<StoredApp, "app"> & { readonly config: string }>(this.#statements.apps);
    const functions = all<FunctionColumns>(this.#statements.functions);
    const schedules = all<Schedule>(this.#statements.schedules);
    return {
      apps: apps
        .map(({ config, checksum, ...app }): StoredApp => {
          return { ...app, app: JSON.parse(config) as StoredApp["app"], checksum: decodeText(checksum) };
        })
        .sort((left, right) => compareTexts(left.app.id, right.app.id)),
      functions: functions
        .map(({ config, isArchived, ...stored }): StoredFunction => {
          return { ...stored, fn: JSON.parse(config) as StoredFunction["fn"], isArchived: isArchived === 1 };
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
    return inSnapshot(this.#db, () => {
      const rows = all<RunColumns>(this.#statements.runs, wanted);
      const stepRows = all<StepColumns>(this.#statements.steps, wanted);
      const jobRows = all<JobColumns>(this.#statements.jobs, wanted);
      const waits = groupByRun(all<WaitRecord>(this.#statements.waits, wanted).map(waitOfRow));
      const eventRows = this.#eventRowsOf(rows);
      this.#putBack(
        readRows(rows, "error", "output", "events"),
        readRows(stepRows, "memo", "options", "editedInput"),
        readRows(jobRows, "payload"),
        readRows(eventRows, "json"),
      );
      const steps = groupByRun(stepRows.map(stepOfRow));
      const jobs = groupByRun(jobRows.map(jobOfRow));
      const events = new Map(eventRows.map((row) => [decodeText(row.id), runEventOfRow(row)]));
      return rows.map((row) => {
        const run = runOfRow(
          row,
          row.events === null ? this.#ownEvents(row, events) : (JSON.parse(row.events) as RunEvent[]),
        );
        const stepsOfRun = (steps.get(run.id) ?? []).sort(compareSteps);
        const jobsOfRun = (jobs.get(run.id) ?? []).sort((left, right) => compareTexts(left.slot, right.slot));
        const waitsOfRun = (waits.get(run.id) ?? []).sort(compareWaits);
        return assembleRun(run, stepsOfRun, jobsOfRun, waitsOfRun);
      });
    });
  }

  /** L2. */
  #whole<Row extends object>(read: () => Row[], column: keyof Row & string): Row[] {
    return inSnapshot(this.#db, () => {
      const rows = read();
      this.#putBack(readRows(rows, column));
      return rows;
    });
  }

  /** The events that these runs share with the table of events. */
  #eventRowsOf(rows: readonly RunColumns[]): RunEvent[] {
    const ids = rows.filter((row) => row.events === null).flatMap(eventIdsOfRow);
    return all<RunEvent>(this.#statements.runEvents, JSON.stringify([...new Set(ids)].map(encodeText)));
  }

  #ownEvents(row: RunColumns, events: ReadonlyMap<string, RunEvent>): RunEvent[] {
    return eventIdsOfRow(row).map((id) => {
      const event = events.get(id);
      if (event !== undefined) return event;
      throw new StepwellError("store_corrupt", { path: this.#path, reason: `event ${id} of run ${row.id} is missing` });
    });
  }

  async waiting(queries: readonly WaitQuery[]): Promise<string[][]> {
    const answers: string[][] = [];
    let entries = 0;
    for (const query of queries) {
      const count = query.kinds.length * query.keys.length;
      if (entries > 0 && entries + count > WAIT_ENTRIES_PER_PART) {
        await nextTurn(); // L1
        entries = 0;
      }
      entries += count;
      answers.push(this.#waitingFor(query));
    }
    return answers;
  }

  /** Each entry is a walk that ends at the limit; together their heads hold the head of the answer. */
  #waitingFor({ kinds, name, keys, afterRunId, limit }: WaitQuery): string[] {
    const walks = kinds.flatMap((kind) =>
      keys.map(({ path, value }) => {
        const entry = [PARTITION, kind, encodeText(name), encodeText(path), encodeText(value)];
        const rows = all<{ runId: string }>(this.#statements.waiting, ...entry, encodeText(afterRunId ?? ""), limit);
        return rows.map((row) => decodeText(row.runId));
      }),
    );
    if (walks.length === 1) return walks[0]!;
    return [...new Set(walks.flat())].sort(compareTexts).slice(0, limit);
  }

  places(): HeldPlace[] {
    const rows = all<Omit<HeldPlace, "flow"> & { readonly flow: string }>(this.#statements.places);
    return rows.map(({ runId, functionId, flow, startedAt }) => {
      return {
        runId: decodeText(runId),
        functionId: decodeText(functionId),
        flow: JSON.parse(flow) as RunFlow,
        startedAt,
      };
    });
  }

  queuedCounts(): { functionId: string; count: number }[] {
    const rows = all<{ functionId: string; count: number }>(this.#statements.queuedCounts);
    return rows.map(({ functionId, count }) => ({ functionId: decodeText(functionId), count }));
  }

  queued(functionId: string, after: string | null, limit: number): string[] {
    const rows = all<{ id: string }>(this.#statements.queued, encodeText(functionId), encodeText(after ?? ""), limit);
    return rows.map(({ id }) => decodeText(id));
  }

  lastStamp(): Instant {
    const { eventAt, runAt } = all<{ eventAt: number; runAt: number }>(this.#statements.lastStamp)[0]!;
    return Math.max(eventAt, runAt);
  }

  throttles(now: Instant): ThrottleState[] {
    const rows = all<{ functionId: string; key: string; value: string }>(this.#statements.throttles, PARTITION, now);
    return rows.map(({ functionId, key, value }) => {
      return { functionId: decodeText(functionId), key: decodeText(key), fullAt: Number(decodeText(value)) };
    });
  }

  /** Row by row: there may be as many names as waits. */
  *waitCounts(): Generator<WaitCount> {
    for (const row of this.#statements.waitCounts.iterate(PARTITION)) {
      const { kind, name, path, count } = row as unknown as WaitCount;
      yield { kind, name: decodeText(name), path: decodeText(path), count };
    }
    const { count } = all<{ count: number }>(this.#statements.signalWaits, PARTITION)[0]!;
    if (count > 0) yield { kind: "signal", name: "", path: "", count };
  }

  async inbox(after: string | null, limit: number): Promise<InboxMessage[]> {
    const messages: InboxMessage[] = [];
    for (let last = after ?? ""; messages.length < limit; last = messages.at(-1)!.id) {
      if (messages.length > 0) await nextTurn(); // L1
      const count = Math.min(MESSAGES_PER_PART, limit - messages.length);
      const page = [PARTITION, encodeText(last), count];
      const rows = this.#whole(() => all<{ id: string; json: string }>(this.#statements.inbox, ...page), "json");
      for (const { id, json } of rows) {
        messages.push({ id: decodeText(id), content: JSON.parse(json) as InboxContent });
      }
      if (rows.length < count) break;
    }
    return messages;
  }

  async events(ids: readonly string[]): Promise<StoredEvent[]> {
    const wanted = [...new Set(ids)].map(encodeText);
    const events: StoredEvent[] = [];
    for (let start = 0; start < wanted.length; start += EVENTS_PER_PART) {
      if (start > 0) await nextTurn(); // L1
      const part = JSON.stringify(wanted.slice(start, start + EVENTS_PER_PART));
      const rows = this.#whole(() => all<EventColumns>(this.#statements.events, part), "json");
      for (const row of rows) events.push(eventOfRow(row));
    }
    return events;
  }

  pastEvents(query: PastEventsQuery): Promise<StoredEvent[]> {
    return pastEvents(this.#statements.pastEvents, query, (ids) => this.events(ids));
  }

  openOperations(): StoredOperation[] {
    return all<StoredOperation>(this.#statements.openOperations).map(operationOfRow);
  }

  flow(keys: readonly FlowFactKey[], now: Instant): FlowFact[] {
    const facts: FlowFact[] = [];
    for (const { kind, functionId, key } of keys) {
      const values = [PARTITION, kind, encodeText(functionId), encodeText(key), now];
      const read = () => all<{ value: string; expiresAt: number }>(this.#statements.flow, ...values);
      const found = read();
      // Few are large, and many are read: only these are read again.
      const [row] = found.some(({ value }) => isReference(value)) ? this.#whole(read, "value") : found;
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

interface FunctionColumns extends Omit<StoredFunction, "fn" | "isArchived"> {
  readonly config: string;
  readonly isArchived: number;
}

function runEventOfRow({ id, name, json }: RunEvent): RunEvent {
  return { id: decodeText(id), name: decodeText(name), json: decodeText(json) };
}
