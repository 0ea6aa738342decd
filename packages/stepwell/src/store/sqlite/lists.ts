/** What the API reads beside runs and events. */
import type { DatabaseSync } from "node:sqlite";
import type { Attempt, Decision, StoredOperation } from "../../core/batch.ts";
import type { Wait } from "../../core/run/run.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { compareSteps, compareWaits, type StepRecord, type WaitRecord, withDueTimes } from "../records.ts";
import type { FunctionVersion, ListedStep, StepPage, StoreCounts } from "../store.ts";
import {
  ATTEMPT_COLUMNS,
  attemptOfRow,
  DECISION_COLUMNS,
  decisionOfRow,
  OPERATION_COLUMNS,
  operationOfRow,
  STEP_COLUMNS,
  type StepColumns,
  stepOfRow,
  WAIT_COLUMNS,
  waitOfRow,
} from "./rows.ts";
import { type Clause, clause, inSnapshot, isOneOf, newest, select, withValues } from "./select.ts";
import { decodeText, encodeText } from "./text.ts";

export function listSteps(db: DatabaseSync, runId: string, page?: StepPage): ListedStep[] {
  const where = [clause("run_id = ?", encodeText(runId))];
  return inSnapshot(db, () => {
    const wanted = page === undefined ? where : [isOneOf("rowid", stepNumbers(db, where, page))];
    const found = select<StepColumns>(db, STEP_COLUMNS, "steps", wanted);
    const rows = withValues(db, found, "memo", "options", "editedInput");
    const jobs = select<{ slot: string; dueAt: number }>(db, "slot, due_at AS dueAt", "jobs", where);
    return withDueTimes(
      rows.map(stepOfRow).sort(compareSteps),
      jobs.map(({ slot, dueAt }) => ({ slot: decodeText(slot), dueAt })),
    );
  });
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
