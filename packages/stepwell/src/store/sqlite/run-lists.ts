/**
 * Lists of runs. Each walks the index that leads it: by event, by parent, by status, by function, or by id; times are
 * bounds of ids. Where two indexes could lead, the one with little to look at does.
 */
import type { DatabaseSync } from "node:sqlite";
import { runIdBounds } from "../records.ts";
import { type RunMatcher, runMatcher } from "../search.ts";
import type { ListOrder, PendingFilter, RunCount, RunFilter, RunRow, RunSearch, SearchPage } from "../store.ts";
import { RUN_ROW_COLUMNS, type RunRowColumns, runRowOfRow } from "./rows.ts";
import {
  type Clause,
  clause,
  inEnv,
  inSnapshot,
  isOneOf,
  newest,
  oldest,
  select,
  valuesOf,
  whereOf,
  withValues,
} from "./select.ts";
import { decodeText, encodeText } from "./text.ts";
import { all } from "./typed.ts";
import { type Budget, type Leg, Walk } from "./walk.ts";

/** More legs than this are filtered on one walk instead. */
const LEGS_MAX = 50;
/** A function with fewer runs than this is looked through whole. */
const FEW = 5_000;
/** Candidates that are loaded at once to be looked at. */
const LOADED_ROWS = 50;

const BRIEF_COLUMNS = RUN_ROW_COLUMNS.replace("error, output", "NULL AS error, NULL AS output");

export const ENDLESS: Budget = { isOver: () => false };

export function getRun(db: DatabaseSync, env: string, id: string): RunRow | null {
  return inSnapshot(db, () => {
    const rows = select<RunRowColumns>(db, RUN_ROW_COLUMNS, "runs", [clause("id = ?", encodeText(id)), inEnv(env)]);
    return withValues(db, rows, "error", "output").map(runRowOfRow)[0] ?? null;
  });
}

export function listRuns(db: DatabaseSync, filter: RunFilter): RunRow[] {
  return [...searchRuns(db, filter, ENDLESS).rows];
}

/** Runs that collect events and have not begun. */
export function listPending(db: DatabaseSync, { env, functionIds, before, limit }: PendingFilter): RunRow[] {
  // The index is partial; its own condition must stand in the query, word by word.
  const where = [clause("kind = 'collect'"), clause("runs.env = ?", encodeText(env))];
  if (functionIds !== undefined) where.push(isOneOf("function_id", functionIds.map(encodeText)));
  if (before !== undefined) where.push(clause("run_id < ?", encodeText(before)));
  const walk = db.prepare(`SELECT run_id AS id FROM jobs INDEXED BY jobs_collecting
    CROSS JOIN runs ON runs.id = jobs.run_id ${whereOf(where)} ORDER BY run_id DESC LIMIT ?`);
  const found = all<{ readonly id: string }>(walk, ...valuesOf(where), limit);
  return rowsOf(
    db,
    found.map(({ id }) => decodeText(id)),
    {},
  );
}

export function searchRuns(db: DatabaseSync, search: RunSearch, budget: Budget): SearchPage<RunRow> {
  const matches = runMatcher(search);
  return inSnapshot(db, () => {
    const walk = walkOf(db, search, budget);
    if (matches !== null) return matching(db, walk, search, matches, budget);
    const { ids, reached } = walk.take(search.limit);
    return { rows: rowsOf(db, ids, search), next: ids.length < search.limit ? reached : null };
  });
}

export function countRuns(db: DatabaseSync, search: RunSearch, budget: Budget): RunCount {
  const matches = runMatcher(search);
  return inSnapshot(db, () => {
    const walk = walkOf(db, search, budget);
    if (matches === null) {
      const { ids, reached } = walk.take(search.limit);
      return { count: ids.length, next: reached };
    }
    const { rows, next } = matching(db, walk, search, matches, budget);
    return { count: rows.length, next: next ?? (rows.length < search.limit ? null : (rows.at(-1)?.id ?? null)) };
  });
}

function matching(
  db: DatabaseSync,
  walk: Walk,
  search: RunSearch,
  matches: RunMatcher,
  budget: Budget,
): SearchPage<RunRow> {
  const { limit, order, isBrief = false } = search;
  const found: RunRow[] = [];
  for (;;) {
    const { ids, reached } = walk.take(LOADED_ROWS);
    const rows = rowsOf(db, ids, { order });
    const events = eventsOf(db, rows);
    for (const row of rows) {
      if (!matches(row, events.get(row.eventIds[0] ?? "") ?? null)) continue;
      found.push(isBrief ? { ...row, output: null, error: null } : row);
      if (found.length === limit) return { rows: found, next: null };
    }
    if (reached === null || budget.isOver()) return { rows: found, next: reached };
  }
}

interface RowsWanted {
  readonly order?: ListOrder | undefined;
  readonly isBrief?: boolean | undefined;
}

function rowsOf(db: DatabaseSync, ids: readonly string[], { order, isBrief }: RowsWanted): RunRow[] {
  const found = [isOneOf("id", ids.map(encodeText))];
  const columns = isBrief === true ? BRIEF_COLUMNS : RUN_ROW_COLUMNS;
  const inOrder = order === "oldest" ? oldest(ids.length) : newest(ids.length);
  const rows = select<RunRowColumns>(db, columns, "runs", found, inOrder);
  return withValues(db, rows, "error", "output").map(runRowOfRow);
}

/** The stored events with which these runs began, as JSON. */
function eventsOf(db: DatabaseSync, rows: readonly RunRow[]): ReadonlyMap<string, string> {
  const ids = rows.flatMap((row) => row.eventIds.slice(0, 1)).map(encodeText);
  const events = select<{ id: string; json: string }>(db, "id, json", "events", [isOneOf("id", [...new Set(ids)])]);
  return new Map(withValues(db, events, "json").map(({ id, json }) => [decodeText(id), decodeText(json)]));
}

function walkOf(db: DatabaseSync, search: RunSearch, budget: Budget): Walk {
  return new Walk(db, search.limit <= 0 ? [] : runLegs(db, search), search.before ?? null, budget, search.order);
}

/** The legs whose rows together are those of the list. */
function runLegs(db: DatabaseSync, search: RunSearch): Leg[] {
  const { statuses, functionIds, eventId, parentId, env } = search;
  if (statuses?.length === 0 || functionIds?.length === 0) return [];
  const within = boundsOf(search);
  const byStatus = statuses === undefined ? [] : [isOneOf("status", statuses)];
  const byFunction = functionIds === undefined ? [] : [isOneOf("function_id", functionIds.map(encodeText))];
  if (parentId !== undefined) {
    const lead = clause(`id IN (${CHILDREN})`, encodeText(parentId));
    const ofEvent = eventId === undefined ? [] : [ofEventClause(encodeText(eventId))];
    return [
      {
        table: "runs INDEXED BY runs_by_id",
        lead: [lead, ...within],
        rest: [inEnv(env), ...ofEvent, ...byStatus, ...byFunction],
      },
    ];
  }
  if (eventId !== undefined) return eventLegs(encodeText(eventId), within, [inEnv(env), ...byStatus, ...byFunction]);
  const byFunctions = functionLegs(search, within, byStatus);
  if (statuses === undefined || statuses.includes("completed")) {
    if (byFunctions !== null) return byFunctions;
    return [{ table: "runs INDEXED BY runs_by_id", lead: within, rest: [inEnv(env), ...byStatus, ...byFunction] }];
  }
  if (byFunctions?.every((leg) => isShort(db, leg)) === true) return byFunctions;
  // The index is partial; its own condition must stand in the query, word by word. It has the function beside the id.
  return statuses.map((status) => ({
    table: "runs INDEXED BY runs_by_status",
    lead: [inEnv(env), clause("status <> 'completed'"), clause("status = ?", status), ...within],
    rest: byFunction,
  }));
}

const CHILDREN = "SELECT child_run_id FROM steps WHERE run_id = ? AND child_run_id IS NOT NULL";

function ofEventClause(eventId: string): Clause {
  return clause("(event_id = ? OR id IN (SELECT run_id FROM run_events WHERE event_id = ?))", eventId, eventId);
}

/** Null: they would be none, or too many. */
function functionLegs(
  { env, functionIds }: RunSearch,
  within: readonly Clause[],
  rest: readonly Clause[],
): Leg[] | null {
  if (functionIds === undefined || functionIds.length > LEGS_MAX) return null;
  return functionIds.map((id) => ({
    table: "runs INDEXED BY runs_by_function",
    lead: [inEnv(env), clause("function_id = ?", encodeText(id)), ...within],
    rest,
  }));
}

/** Whether a leg has so few entries that looking at each is quick. */
function isShort(db: DatabaseSync, { table, lead }: Leg): boolean {
  const sql = `SELECT 1 FROM ${table} ${whereOf(lead)} LIMIT 1 OFFSET ?`;
  return db.prepare(sql).get(...valuesOf(lead), FEW) === undefined;
}

function eventLegs(eventId: string, within: readonly Clause[], rest: readonly Clause[]): Leg[] {
  const asOther = clause("id IN (SELECT run_id FROM run_events WHERE event_id = ?)", eventId);
  return [
    { table: "runs INDEXED BY runs_by_event", lead: [clause("event_id = ?", eventId), ...within], rest },
    { table: "runs INDEXED BY runs_by_id", lead: [asOther, ...within], rest },
  ];
}

function boundsOf(search: RunFilter): Clause[] {
  const { from, until } = runIdBounds(search);
  return [...(from === null ? [] : [clause("id >= ?", from)]), ...(until === null ? [] : [clause("id < ?", until)])];
}
