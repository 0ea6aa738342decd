/**
 * What the API reads, newest first. Runs in a thread of its own: however long a list takes, neither the loop nor a
 * commit waits for it.
 *
 * A list walks the one index that leads it: by event, by status, by function, or by id. Where a filter names several
 * statuses or functions, each is a walk of its own ("leg") that ends at the limit, so nothing is sorted but the heads.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Attempt, Decision, StoredOperation } from "../../core/batch.ts";
import type { JobCount } from "../../core/explain/explain-queue.ts";
import type { Wait } from "../../core/run/run.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { compareSteps, compareWaits, type StepRecord, type WaitRecord, withDueTimes } from "../records.ts";
import type {
  EventFilter,
  FunctionVersion,
  ListedStep,
  PendingFilter,
  RunFilter,
  RunRow,
  StepPage,
  StoreCounts,
} from "../store.ts";
import { putBack, readRows, SELECT_BLOBS } from "./blobs.ts";
import {
  ATTEMPT_COLUMNS,
  attemptOfRow,
  DECISION_COLUMNS,
  decisionOfRow,
  EVENT_COLUMNS,
  type EventColumns,
  eventOfRow,
  OPERATION_COLUMNS,
  operationOfRow,
  RUN_ROW_COLUMNS,
  type RunRowColumns,
  runRowOfRow,
  STEP_COLUMNS,
  type StepColumns,
  stepOfRow,
  WAIT_COLUMNS,
  waitOfRow,
} from "./rows.ts";
import { decodeText, encodeText } from "./text.ts";

/** More legs than this are filtered on a walk through all runs instead. */
const LEGS_MAX = 50;

/** A condition and the values of its marks. */
interface Clause {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

const clause = (sql: string, ...values: (string | number)[]): Clause => ({ sql, values });

export function getEvent(db: DatabaseSync, env: string, id: string): StoredEvent | null {
  const rows = select<EventColumns>(db, EVENT_COLUMNS, "events", [clause("id = ?", encodeText(id)), inEnv(env)]);
  return withValues(db, rows, "json").map(eventOfRow)[0] ?? null;
}

export function listEvents(db: DatabaseSync, filter: EventFilter): StoredEvent[] {
  const { name, receivedFrom, receivedUntil, before } = filter;
  const where = [inEnv(filter.env)];
  if (name !== undefined) where.push(clause("name = ?", encodeText(name)));
  if (filter.includeInternal !== true) where.push(clause("is_internal = 0"));
  if (receivedFrom !== undefined) where.push(clause("received_at >= ?", receivedFrom));
  if (receivedUntil !== undefined) where.push(clause("received_at < ?", receivedUntil));
  if (before !== undefined) where.push(clause("id < ?", encodeText(before)));
  const table = name === undefined ? "events INDEXED BY events_by_id" : "events INDEXED BY events_by_name";
  const rows = select<EventColumns>(db, EVENT_COLUMNS, table, where, newest(filter.limit));
  return withValues(db, rows, "json").map(eventOfRow);
}

export function getRun(db: DatabaseSync, env: string, id: string): RunRow | null {
  const rows = select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [clause("id = ?", encodeText(id)), inEnv(env)]);
  return withValues(db, rows, "error", "output").map(runRowOfRow)[0] ?? null;
}

export function listRuns(db: DatabaseSync, filter: RunFilter): RunRow[] {
  const legs = runLegs(filter);
  if (legs.length === 0) return [];
  const walks = legs.map(({ table, where }) => {
    return clause(
      `SELECT * FROM (SELECT id FROM ${table} ${whereOf(where)} ORDER BY id DESC LIMIT ?)`,
      ...valuesOf(where),
      filter.limit,
    );
  });
  const found = clause(`id IN (${walks.map((walk) => walk.sql).join(" UNION ALL ")})`, ...valuesOf(walks));
  const rows = select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [found], newest(filter.limit));
  return withValues(db, rows, "error", "output").map(runRowOfRow);
}

export function listPending(db: DatabaseSync, { env, functionIds, before, limit }: PendingFilter): RunRow[] {
  // The index is partial; its own condition must stand in the query, word by word.
  const where = [clause("kind = 'collect'"), clause("runs.env = ?", env)];
  if (functionIds !== undefined) where.push(isOneOf("function_id", functionIds.map(encodeText)));
  if (before !== undefined) where.push(clause("run_id < ?", encodeText(before)));
  const walk = `SELECT run_id FROM jobs INDEXED BY jobs_collecting CROSS JOIN runs ON runs.id = jobs.run_id
    ${whereOf(where)} ORDER BY run_id DESC LIMIT ?`;
  const found = clause(`id IN (SELECT run_id FROM (${walk}))`, ...valuesOf(where), limit);
  const rows = select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [found], newest(limit));
  return withValues(db, rows, "error", "output").map(runRowOfRow);
}

interface Leg {
  /** The table with the index that leads the walk. */
  readonly table: string;
  readonly where: readonly Clause[];
}

/** The walks whose heads together hold the head of the list. */
function runLegs(filter: RunFilter): Leg[] {
  const { statuses, functionIds, eventId } = filter;
  const shared = sharedClauses(filter);
  const byStatus = statuses === undefined ? [] : [isOneOf("status", statuses)];
  const byFunction = functionIds === undefined ? [] : [isOneOf("function_id", functionIds.map(encodeText))];
  if (statuses?.length === 0 || functionIds?.length === 0) return [];
  if (eventId !== undefined) {
    return eventLegs(encodeText(eventId), [...shared, ...byStatus, ...byFunction]);
  }
  if (statuses !== undefined && !statuses.includes("completed")) {
    // The index is partial; its own condition must stand in the query, word by word.
    const open = clause("status <> 'completed'");
    return statuses.map((status) => {
      return {
        table: "runs INDEXED BY runs_by_status",
        where: [...shared, open, clause("status = ?", status), ...byFunction],
      };
    });
  }
  if (functionIds !== undefined && functionIds.length <= LEGS_MAX) {
    return functionIds.map((id) => {
      const isFunction = clause("function_id = ?", encodeText(id));
      return { table: "runs INDEXED BY runs_by_function", where: [...shared, isFunction, ...byStatus] };
    });
  }
  return [{ table: "runs INDEXED BY runs_by_id", where: [...shared, ...byStatus, ...byFunction] }];
}

function eventLegs(eventId: string, where: readonly Clause[]): Leg[] {
  const asOther = clause("id IN (SELECT run_id FROM run_events WHERE event_id = ?)", eventId);
  return [
    { table: "runs INDEXED BY runs_by_event", where: [clause("event_id = ?", eventId), ...where] },
    { table: "runs", where: [asOther, ...where] },
  ];
}

function sharedClauses({ env, createdFrom, createdUntil, before }: RunFilter): Clause[] {
  const where = [inEnv(env)];
  if (createdFrom !== undefined) where.push(clause("created_at >= ?", createdFrom));
  if (createdUntil !== undefined) where.push(clause("created_at < ?", createdUntil));
  if (before !== undefined) where.push(clause("id < ?", encodeText(before)));
  return where;
}

export function listSteps(db: DatabaseSync, runId: string, page?: StepPage): ListedStep[] {
  const where = [clause("run_id = ?", encodeText(runId))];
  const wanted = page === undefined ? where : [isOneOfNumbers("rowid", stepNumbers(db, where, page))];
  const rows = withValues(db, select<StepColumns>(db, STEP_COLUMNS, "steps", wanted), "memo", "options", "editedInput");
  const jobs = select<{ slot: string; dueAt: number }>(db, "slot, due_at AS dueAt", "jobs", where);
  return withDueTimes(
    rows.map(stepOfRow).sort(compareSteps),
    jobs.map(({ slot, dueAt }) => ({ slot: decodeText(slot), dueAt })),
  );
}

/** Which rows a page of steps holds. Of the others only the order is read. */
function stepNumbers(db: DatabaseSync, where: readonly Clause[], { offset, limit }: StepPage): number[] {
  const columns = "rowid AS number, id, seq, queued_at AS queuedAt";
  const places = select<Pick<StepRecord, "id" | "seq" | "queuedAt"> & { number: number }>(db, columns, "steps", where);
  const sorted = places.map((place) => ({ ...place, id: decodeText(place.id) })).sort(compareSteps);
  return sorted.slice(offset, offset + limit).map((place) => place.number);
}

export function listWaits(db: DatabaseSync, runId: string): Wait[] {
  const rows = select<WaitRecord>(db, WAIT_COLUMNS, "waits", [clause("run_id = ?", encodeText(runId))]);
  const waits = rows.map(waitOfRow).sort(compareWaits);
  return waits.map((wait) => ({ ...wait, isStored: true }));
}

export function listFunctionVersions(db: DatabaseSync, functionId: string, limit: number): FunctionVersion[] {
  const where = [clause("function_id = ?", encodeText(functionId))];
  const newestFirst = clause("ORDER BY version DESC LIMIT ?", limit);
  const columns = "version, changed_at AS changedAt, config";
  const rows = select<{ version: number; changedAt: number; config: string }>(
    db,
    columns,
    "function_versions",
    where,
    newestFirst,
  );
  return rows.map((row) => ({ ...row, config: JSON.parse(row.config) as FunctionConfig }));
}

export function getOperation(db: DatabaseSync, id: string): StoredOperation | null {
  const rows = select<StoredOperation>(db, OPERATION_COLUMNS, "operations", [clause("id = ?", encodeText(id))]);
  return rows.map(operationOfRow)[0] ?? null;
}

export function listOperations(db: DatabaseSync, limit: number, before?: string): StoredOperation[] {
  const where = before === undefined ? [] : [clause("id < ?", encodeText(before))];
  return select<StoredOperation>(db, OPERATION_COLUMNS, "operations", where, newest(limit)).map(operationOfRow);
}

export function listAttempts(db: DatabaseSync, runId: string, slots?: readonly string[]): Attempt[] {
  const where = [clause("run_id = ?", encodeText(runId))];
  if (slots !== undefined)
    where.push(clause("slot IN (SELECT value FROM json_each(?))", JSON.stringify(slots.map(encodeText))));
  return select<Attempt>(db, ATTEMPT_COLUMNS, "attempts", where, clause("ORDER BY number DESC")).map(attemptOfRow);
}

export function listDecisions(db: DatabaseSync, eventId: string): Decision[] {
  const where = [clause("event_id = ?", encodeText(eventId))];
  return select<Decision>(db, DECISION_COLUMNS, "decisions", where, clause("ORDER BY number DESC")).map(decisionOfRow);
}

export function counts(db: DatabaseSync): StoreCounts {
  const count = (table: string) => select<{ count: number }>(db, "count(*) AS count", table, [])[0]!.count;
  return {
    events: count("events"),
    runs: count("runs"),
    openRuns: count("runs INDEXED BY runs_by_status WHERE status <> 'completed' AND status IN ('queued', 'running')"),
    jobs: count("jobs"),
  };
}

export function countJobs(db: DatabaseSync, now: number): JobCount[] {
  const sql = "SELECT kind, count(*) AS count, sum(due_at <= ?) AS due FROM jobs GROUP BY kind ORDER BY kind";
  return db.prepare(sql).all(now) as unknown as JobCount[];
}

const inEnv = (env: string): Clause => clause("env = ?", encodeText(env));

const isOneOf = (column: string, values: readonly string[]): Clause =>
  clause(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));

const isOneOfNumbers = (column: string, values: readonly number[]): Clause =>
  clause(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));

const newest = (limit: number): Clause => clause("ORDER BY id DESC LIMIT ?", limit);

const whereOf = (where: readonly Clause[]): string =>
  where.length === 0 ? "" : `WHERE ${where.map((one) => one.sql).join(" AND ")}`;

const valuesOf = (clauses: readonly Clause[]) => clauses.flatMap((one) => one.values);

/** The rows with their large values, in one query more when there are any. */
function withValues<Row extends object>(
  db: DatabaseSync,
  rows: readonly Row[],
  ...columns: readonly (keyof Row & string)[]
): readonly Row[] {
  putBack(() => db.prepare(SELECT_BLOBS), db.location() ?? "", readRows(rows, ...columns));
  return rows;
}

function select<Row>(
  db: DatabaseSync,
  columns: string,
  table: string,
  where: readonly Clause[],
  tail = clause(""),
): Row[] {
  const statement = db.prepare(`SELECT ${columns} FROM ${table} ${whereOf(where)} ${tail.sql}`);
  return statement.all(...valuesOf([...where, tail])) as unknown as Row[];
}
