/**
 * Retention in SQLite (PR1–PR3 of store/prune.ts). The writer runs it, in one transaction for each call.
 *
 *   RN1. The time is looked at after each row that was deleted, so a call overruns its budget by one row at most: one event, or a
 *        run with a bounded number of steps.
 *   RN2. A large value goes in the transaction of the last row that refers to it; what was orphaned in another way (a job that
 *        was done, a fact that expired) is found by the walk through `blobs`. As only the writer makes references, and does so
 *        between calls, none can appear while it looks.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ParentLink } from "../../core/run/run.ts";
import { firstLineNumber } from "../logs.ts";
import type { PruneResult, PruneTask } from "../prune.ts";
import { MARK } from "./text.ts";

/** Rows of one run that go in one transaction; the others are left over. */
const RUN_ROWS_MAX = 200;
/** Rows that one call looks at, deleted or not. */
const LOOKED_AT_MAX = 500;
/** With more messages than this under way, events wait for a quieter moment. */
const MESSAGES_MAX = 1_000;
/** Those about an event say little more than which; what is longer has a result or a signal's data. */
const EVENT_MESSAGE_CHARS_MAX = 4_096;

const REFERENCE = `${MARK}#`;

/** Every column that can refer to a large value. The term after AND is the partial index's own, word by word. */
const LARGE_COLUMNS = [
  ["events", "json"],
  ["runs", "error"],
  ["runs", "output"],
  ["runs", "events"],
  ["steps", "edited_input"],
  ["steps", "options"],
  ["steps", "memo"],
  ["jobs", "payload"],
  ["inbox", "json"],
  ["flow_state", "value"],
] as const;

const isReferred = LARGE_COLUMNS.map(
  ([table, column]) =>
    `EXISTS (SELECT 1 FROM ${table} INDEXED BY ${table}_${column}_large WHERE ${column} = ?1 AND ${column} > '${REFERENCE}')`,
).join(" OR ");

const STATEMENTS = {
  run: `SELECT status, parent, event_id AS eventId, event_ids AS eventIds, error, output, events FROM runs WHERE id = ?`,
  isOpen: "SELECT 1 FROM runs WHERE id = ? AND status IN ('queued', 'running')",
  hasWork: `SELECT EXISTS (SELECT 1 FROM jobs WHERE run_id = ?1) OR EXISTS (SELECT 1 FROM waits WHERE run_id = ?1) AS found`,
  deleteRun: "DELETE FROM runs WHERE id = ?",
  deleteRunEvent: "DELETE FROM run_events WHERE event_id = ? AND run_id = ?",
  largeOfSteps: `SELECT edited_input AS one, options AS two, memo AS three FROM steps
    WHERE rowid IN (SELECT rowid FROM steps WHERE run_id = ? LIMIT ${RUN_ROWS_MAX})
    AND (edited_input > '${REFERENCE}' OR options > '${REFERENCE}' OR memo > '${REFERENCE}')`,
  deleteSteps: `DELETE FROM steps WHERE rowid IN (SELECT rowid FROM steps WHERE run_id = ? LIMIT ${RUN_ROWS_MAX})`,
  deleteAttempts: `DELETE FROM attempts WHERE rowid IN (SELECT rowid FROM attempts WHERE run_id = ? LIMIT ${RUN_ROWS_MAX})`,
  leaveOver: "INSERT OR IGNORE INTO leftovers (run_id) VALUES (?)",
  leftover: "SELECT run_id AS id, EXISTS (SELECT 1 FROM runs WHERE id = run_id) AS isBack FROM leftovers LIMIT 1",
  deleteLeftover: "DELETE FROM leftovers WHERE run_id = ?",
  // In the order in which they were stored: ids do not tell that, producers may choose them.
  events: `SELECT rowid AS number, id, received_at AS receivedAt FROM events NOT INDEXED WHERE rowid > ? ORDER BY rowid
    LIMIT ${LOOKED_AT_MAX}`,
  isNeeded: `SELECT EXISTS (SELECT 1 FROM runs INDEXED BY runs_by_event WHERE event_id = ?1 AND event_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM run_events CROSS JOIN runs ON runs.id = run_events.run_id WHERE run_events.event_id = ?1)
    AS found`,
  largeOfEvent: `SELECT json AS one FROM events WHERE id = ? AND json > '${REFERENCE}'`,
  deleteEvent: "DELETE FROM events WHERE id = ?",
  deleteDecisions: "DELETE FROM decisions WHERE event_id = ?",
  deleteRunEvents: "DELETE FROM run_events WHERE event_id = ?",
  messages: `SELECT CASE WHEN length(json) <= ${EVENT_MESSAGE_CHARS_MAX} THEN json END AS json FROM inbox
    LIMIT ${MESSAGES_MAX + 1}`,
  blobs: `SELECT rowid AS number, hash FROM blobs WHERE rowid > ? ORDER BY rowid LIMIT ${LOOKED_AT_MAX}`,
  isReferred: `SELECT ${isReferred} AS found`,
  deleteBlob: "DELETE FROM blobs WHERE hash = ?",
  deleteLogs: `DELETE FROM logs WHERE number IN (SELECT number FROM logs WHERE run_id = ? LIMIT ${RUN_ROWS_MAX})`,
  deleteLogTotals: "DELETE FROM run_logs WHERE run_id = ?",
  lines: `SELECT number, run_id AS runId, EXISTS (SELECT 1 FROM runs WHERE id = run_id) AS hasRun FROM logs
    WHERE number > ? AND number < ? ORDER BY number LIMIT ${LOOKED_AT_MAX}`,
  deleteLine: "DELETE FROM logs WHERE number = ?",
  deleteOperations: `DELETE FROM operations WHERE id IN
    (SELECT id FROM operations WHERE status <> 'running' AND created_at < ? ORDER BY id LIMIT ?)`,
} as const;

type Statements = Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

/** True once the budget is used up. */
type IsOver = () => boolean;

const DONE = (deleted: number): PruneResult => ({ deleted, next: null });

/** Runs one task; the caller has opened the transaction and ends it. */
export function createPruner(db: DatabaseSync): (task: PruneTask, budgetMs: number) => PruneResult {
  const names = Object.keys(STATEMENTS) as readonly (keyof typeof STATEMENTS)[];
  // Prepared when first needed: a server that deletes nothing keeps none of them.
  const prepared: Partial<Record<keyof typeof STATEMENTS, StatementSync>> = {};
  const on = {} as Record<keyof typeof STATEMENTS, StatementSync>;
  for (const name of names) {
    Object.defineProperty(on, name, {
      get: () => {
        prepared[name] ??= db.prepare(STATEMENTS[name]);
        return prepared[name];
      },
    });
  }
  return (task, budgetMs) => {
    const endAt = performance.now() + budgetMs;
    return perform(on, task, () => performance.now() >= endAt);
  };
}

function perform(on: Statements, task: PruneTask, isOver: IsOver): PruneResult {
  switch (task.kind) {
    case "runs":
      return pruneRuns(on, task.ids, isOver);
    case "events":
      return pruneEvents(on, task, isOver);
    case "leftovers":
      return pruneLeftovers(on, isOver);
    case "blobs":
      return pruneBlobs(on, Number(task.after ?? 0), isOver);
    case "logs":
      return pruneLines(on, task, isOver);
    case "operations":
      return portion(Number(on.deleteOperations.run(task.before, LOOKED_AT_MAX).changes));
  }
}

/** A full portion means that there may be more. */
const portion = (deleted: number): PruneResult => ({ deleted, next: deleted < LOOKED_AT_MAX ? null : "" });

interface StoredRun {
  readonly status: string;
  readonly parent: string | null;
  readonly eventId: string | null;
  readonly eventIds: string | null;
  readonly error: string | null;
  readonly output: string | null;
  readonly events: string | null;
}

function pruneRuns(on: Statements, ids: readonly string[], isOver: IsOver): PruneResult {
  const gone: string[] = [];
  for (const id of ids) {
    if (gone.length > 0 && isOver()) return { deleted: gone.length, next: id, ids: gone };
    const run = on.run.get(id) as unknown as StoredRun | undefined;
    if (run === undefined || !mayGo(on, id, run)) continue;
    deleteRun(on, id, run);
    gone.push(id);
  }
  return { ...DONE(gone.length), ids: gone };
}

/** PR1. */
function mayGo(on: Statements, id: string, { status, parent }: StoredRun): boolean {
  if (status === "queued" || status === "running" || isFound(on.hasWork, id)) return false;
  return parent === null || on.isOpen.get((JSON.parse(parent) as ParentLink).runId) === undefined;
}

/** PR2. */
function deleteRun(on: Statements, id: string, run: StoredRun): void {
  const { eventId, eventIds, error, output, events } = run;
  const isWhole = deleteRowsOf(on, id);
  if (!isWhole) on.leaveOver.run(id);
  const ofRun = eventIds === null ? [eventId] : (JSON.parse(eventIds) as string[]);
  for (const one of ofRun) if (one !== null) on.deleteRunEvent.run(one, id);
  on.deleteRun.run(id);
  dropBlobs(on, [error, output, events]);
}

/** A bounded number of the run's steps and attempts; true when that was all. */
function deleteRowsOf(on: Statements, runId: string): boolean {
  const large = on.largeOfSteps.all(runId).flatMap((row) => Object.values(row)) as (string | null)[];
  const steps = Number(on.deleteSteps.run(runId).changes);
  const attempts = Number(on.deleteAttempts.run(runId).changes);
  const lines = Number(on.deleteLogs.run(runId).changes);
  on.deleteLogTotals.run(runId);
  dropBlobs(on, large);
  return Math.max(steps, attempts, lines) < RUN_ROWS_MAX;
}

function pruneLeftovers(on: Statements, isOver: IsOver): PruneResult {
  let deleted = 0;
  for (;;) {
    const row = on.leftover.get() as { readonly id: string; readonly isBack: number } | undefined;
    if (row === undefined) return DONE(deleted);
    if (deleted > 0 && isOver()) return { deleted, next: "" };
    // An endpoint may have begun a run of this id again: then the rows are that run's.
    if (row.isBack === 1 || deleteRowsOf(on, row.id)) on.deleteLeftover.run(row.id);
    deleted++;
  }
}

function pruneEvents(
  on: Statements,
  { before, after }: PruneTask & { readonly kind: "events" },
  isOver: IsOver,
): PruneResult {
  const messages = on.messages.all() as unknown as readonly { readonly json: string | null }[];
  if (messages.length > MESSAGES_MAX) return DONE(0); // Too many to look through: another time.
  const awaited = new Set(messages.map(({ json }) => EVENT_ID.exec(json ?? "")?.[1]));
  const rows = on.events.all(Number(after ?? 0)) as unknown as readonly StoredEventPlace[];
  let deleted = 0;
  let last = Number(after ?? 0);
  for (const { number, id, receivedAt } of rows) {
    if (deleted > 0 && isOver()) return { deleted, next: String(last) };
    if (receivedAt >= before) return { deleted, next: null }; // Those behind it came later.
    last = number;
    if (awaited.has(id) || isFound(on.isNeeded, id)) continue;
    const large = on.largeOfEvent.get(id)?.["one"];
    on.deleteEvent.run(id);
    on.deleteDecisions.run(id);
    on.deleteRunEvents.run(id);
    if (typeof large === "string") dropBlobs(on, [large]);
    deleted++;
  }
  return { deleted, next: rows.length < LOOKED_AT_MAX ? null : String(last) };
}

/** Which event a message is about (core/inbox.ts). */
const EVENT_ID = /"eventId":"([^"]+)"/;

interface StoredEventPlace {
  readonly number: number;
  readonly id: string;
  readonly receivedAt: number;
}

/** Lines that came in when their run had gone, or of runs that never were. */
function pruneLines(
  on: Statements,
  { before, after }: PruneTask & { readonly kind: "logs" },
  isOver: IsOver,
): PruneResult {
  const rows = on.lines.all(Number(after ?? 0), firstLineNumber(before)) as unknown as readonly OldLine[];
  let deleted = 0;
  let last = Number(after ?? 0);
  for (const { number, runId, hasRun } of rows) {
    if (deleted > 0 && isOver()) return { deleted, next: String(last) };
    last = number;
    if (hasRun === 1) continue;
    on.deleteLine.run(number);
    on.deleteLogTotals.run(runId);
    deleted++;
  }
  return { deleted, next: rows.length < LOOKED_AT_MAX ? null : String(last) };
}

interface OldLine {
  readonly number: number;
  readonly runId: string;
  readonly hasRun: number;
}

function pruneBlobs(on: Statements, after: number, isOver: IsOver): PruneResult {
  const rows = on.blobs.all(after) as unknown as readonly { readonly number: number; readonly hash: string }[];
  let deleted = 0;
  let last = after;
  for (const { number, hash } of rows) {
    if (last !== after && isOver()) return { deleted, next: String(last) };
    last = number;
    if (isFound(on.isReferred, REFERENCE + hash)) continue;
    on.deleteBlob.run(hash);
    deleted++;
  }
  return { deleted, next: rows.length < LOOKED_AT_MAX ? null : String(last) };
}

/** Of values that were deleted, the large ones that nothing else has (RN2). */
function dropBlobs(on: Statements, values: readonly (string | null)[]): void {
  for (const value of new Set(values)) {
    if (value === null || !value.startsWith(REFERENCE) || isFound(on.isReferred, value)) continue;
    on.deleteBlob.run(value.slice(REFERENCE.length));
  }
}

function isFound(statement: StatementSync, key: string): boolean {
  return statement.get(key)?.["found"] === 1;
}
