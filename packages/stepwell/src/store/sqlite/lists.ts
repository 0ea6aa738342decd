/**
 * What the API reads, newest first. Runs in a thread of its own: however long a list takes, neither the loop nor a
 * commit waits for it.
 *
 * A list walks the one index that leads it: by event, by status, by function, or by id. Where a filter names several
 * statuses or functions, each is a walk of its own ("leg") that ends at the limit, so nothing is sorted but the heads.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Attempt, Decision } from "../../core/batch.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import { compareSteps, withDueTimes } from "../records.ts";
import type { EventFilter, ListedStep, RunFilter, RunRow, StoreCounts } from "../store.ts";
import {
  ATTEMPT_COLUMNS,
  attemptOfRow,
  DECISION_COLUMNS,
  decisionOfRow,
  EVENT_COLUMNS,
  type EventColumns,
  eventOfRow,
  JOB_COLUMNS,
  type JobColumns,
  jobOfRow,
  RUN_ROW_COLUMNS,
  type RunRowColumns,
  runRowOfRow,
  STEP_COLUMNS,
  type StepColumns,
  stepOfRow,
} from "./rows.ts";
import { encodeText } from "./text.ts";

/** More legs than this are filtered on a walk through all runs instead. */
const LEGS_MAX = 50;

/** A condition and the values of its marks. */
interface Clause {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

const clause = (sql: string, ...values: (string | number)[]): Clause => ({ sql, values });

export function getEvent(db: DatabaseSync, env: string, id: string): StoredEvent | null {
  const row = select<EventColumns>(db, EVENT_COLUMNS, "events", [clause("id = ?", encodeText(id)), inEnv(env)])[0];
  return row === undefined ? null : eventOfRow(row);
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
  return select<EventColumns>(db, EVENT_COLUMNS, table, where, newest(filter.limit)).map(eventOfRow);
}

export function getRun(db: DatabaseSync, env: string, id: string): RunRow | null {
  const row = select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [clause("id = ?", encodeText(id)), inEnv(env)])[0];
  return row === undefined ? null : runRowOfRow(row);
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
  return select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [found], newest(filter.limit)).map(runRowOfRow);
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

export function listSteps(db: DatabaseSync, runId: string): ListedStep[] {
  const where = [clause("run_id = ?", encodeText(runId))];
  const steps = select<StepColumns>(db, STEP_COLUMNS, "steps", where).map(stepOfRow).sort(compareSteps);
  return withDueTimes(steps, select<JobColumns>(db, JOB_COLUMNS, "jobs", where).map(jobOfRow));
}

export function listAttempts(db: DatabaseSync, runId: string): Attempt[] {
  const where = [clause("run_id = ?", encodeText(runId))];
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

const inEnv = (env: string): Clause => clause("env = ?", encodeText(env));

const isOneOf = (column: string, values: readonly string[]): Clause =>
  clause(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));

const newest = (limit: number): Clause => clause("ORDER BY id DESC LIMIT ?", limit);

const whereOf = (where: readonly Clause[]): string =>
  where.length === 0 ? "" : `WHERE ${where.map((one) => one.sql).join(" AND ")}`;

const valuesOf = (clauses: readonly Clause[]) => clauses.flatMap((one) => one.values);

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
