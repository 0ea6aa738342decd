/**
 * Every statement a commit is made of, and the form in which a batch travels to the writer thread: for each statement
 * one flat array with the values of all its rows, one row after the other. Flat arrays of texts and numbers are what
 * threads exchange most cheaply.
 *
 *   - The statements run in the order of this list: deletes first (ST4).
 *   - A row that the database has already is updated in what can change and nothing else (ST5).
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../../core/assert.ts";
import { isMaximum, STAT_NAMES } from "../run-stats.ts";

export type SqlValue = string | number | null;

const RUN_CHANGES = "status, started_at, ended_at, request_version, force_plan, reason, notes, error, output";
const STEP_CHANGES = "kind, child_run_id, seq, status, attempts, started_at, ended_at, memo";
const STAT_KEY = "env, step_ms, at, function_id";
const WAIT_ENTRY = "partition, kind, name, path, value, armed_at, until_at, expression";

const WRITES = {
  deleteJob: "DELETE FROM jobs WHERE run_id = ? AND slot = ?",
  deleteWait: "DELETE FROM waits WHERE run_id = ? AND slot = ? AND seq = ?",
  deleteMessage: "DELETE FROM inbox WHERE partition = ? AND id = ?",
  deleteFlow: `DELETE FROM flow_state WHERE partition = ? AND kind = ? AND function_id = ? AND key = ?
    AND value = coalesce(?, value)`,
  insertEvent: insert(
    "events",
    "id, env, name, ts, received_at, idempotency_id, is_internal, traceparent, json",
    "id",
    "",
  ),
  insertDecision: insert("decisions", "event_id, function_id, outcome, reason, run_id, at"),
  insertRun: insert(
    "runs",
    `id, env, partition, function_id, event_id, event_ids, cron, original_run_id, parent, flow, holds_places, function_version, created_at, start_at, ${RUN_CHANGES}, events`,
    "id",
    RUN_CHANGES,
  ),
  updateRun: update("runs", RUN_CHANGES, "id"),
  updateRunEvents: update("runs", "event_id, event_ids, flow, holds_places, start_at, events", "id"),
  insertRunEvent: insert("run_events", "event_id, run_id", "event_id, run_id", ""),
  insertStep: insert(
    "steps",
    `run_id, id, name, idx, is_race, queued_at, edited_input, options, ${STEP_CHANGES}`,
    "run_id, id",
    STEP_CHANGES,
  ),
  updateStep: update("steps", STEP_CHANGES, "run_id, id"),
  insertAttempt: insert("attempts", "run_id, slot, attempt, started_at, ended_at, status, error"),
  putJob: insert(
    "jobs",
    "run_id, slot, partition, kind, attempt, due_at, lane, order_at, is_delayed, payload",
    "run_id, slot",
    "attempt, due_at, lane, is_delayed",
  ),
  putWait: insert("waits", `run_id, slot, seq, ${WAIT_ENTRY}`, "run_id, slot, seq", WAIT_ENTRY),
  putMessage: insert("inbox", "partition, id, json", "partition, id", "json"),
  putOperation: insert("operations", "id, kind, status, created_at, json", "id", "kind, status, created_at, json"),
  putFlow: insert(
    "flow_state",
    "partition, kind, function_id, key, expires_at, value",
    "partition, kind, function_id, key",
    "expires_at, value",
  ),
  addRunStat: `${insert("run_stats", `${STAT_KEY}, ${STAT_NAMES.join(", ")}`)} ON CONFLICT (${STAT_KEY}) DO UPDATE SET
    ${STAT_NAMES.map(added).join(", ")}`,
  putSchedule: insert("schedules", "function_id, json", "function_id", "json"),
  putApp: insert("apps", "id, checksum, synced_at, paused, config", "id", "checksum, synced_at, paused, config"),
  putFunction: insert(
    "functions",
    "id, app_id, version, is_archived, changed_at, paused, config",
    "id",
    "app_id, version, is_archived, changed_at, paused, config",
  ),
  insertFunctionVersion: insert(
    "function_versions",
    "function_id, version, changed_at, config",
    "function_id, version",
    "",
  ),
} as const satisfies Record<string, string>;

export type WriteName = keyof typeof WRITES;

export type WriteRows = { readonly [Name in WriteName]?: readonly SqlValue[] };

const NAMES = Object.keys(WRITES) as readonly WriteName[];

/** These change a row that the core knows to be stored; a row that is missing must not pass in silence. */
const MUST_CHANGE: ReadonlySet<WriteName> = new Set(["updateRun", "updateStep"]);

export type PreparedWrites = Readonly<Record<WriteName, StatementSync>>;

export function prepareWrites(db: DatabaseSync): PreparedWrites {
  return Object.fromEntries(NAMES.map((name) => [name, db.prepare(WRITES[name])])) as Record<WriteName, StatementSync>;
}

/** Runs a batch's statements. The caller has opened the transaction and ends it. */
export function runWrites(statements: PreparedWrites, rows: WriteRows): void {
  for (const name of NAMES) {
    const values = rows[name];
    if (values === undefined || values.length === 0) continue;
    const statement = statements[name];
    const width = WIDTHS[name];
    for (let start = 0; start < values.length; start += width) {
      const { changes } = statement.run(...values.slice(start, start + width));
      if (MUST_CHANGE.has(name)) assert(changes === 1, "a row that should be stored is missing", { name });
    }
  }
}

const WIDTHS = Object.fromEntries(NAMES.map((name) => [name, WRITES[name].split("?").length - 1])) as Readonly<
  Record<WriteName, number>
>;

/** An insert; with a key, a row that exists gets its `changes` instead, or nothing when there are none. */
function insert(table: string, columns: string, key?: string, changes?: string): string {
  const marks = columns.split(", ").fill("?").join(", ");
  const sql = `INSERT INTO ${table} (${columns}) VALUES (${marks})`;
  if (key === undefined || changes === undefined) return sql;
  if (changes === "") return `${sql} ON CONFLICT (${key}) DO NOTHING`;
  const assignments = changes.split(", ").map((column) => `${column} = excluded.${column}`);
  return `${sql} ON CONFLICT (${key}) DO UPDATE SET ${assignments.join(", ")}`;
}

/** A number of a row, with what comes on top of it. */
function added(name: string): string {
  return isMaximum(name) ? `${name} = max(${name}, excluded.${name})` : `${name} = ${name} + excluded.${name}`;
}

function update(table: string, changes: string, key: string): string {
  const assign = (column: string) => `${column} = ?`;
  const assignments = changes.split(", ").map(assign).join(", ");
  return `UPDATE ${table} SET ${assignments} WHERE ${key.split(", ").map(assign).join(" AND ")}`;
}
