/**
 * What sleeps and waits, along the index of the timers: what goes on next comes first.
 *
 *   WL1. A page costs what it shows, however much waits. Where a filter leaves much out, no statement looks at more than a
 *        stretch of the index, and the page ends when its time is over; it says where, and the next one goes on there.
 */
import type { DatabaseSync } from "node:sqlite";
import type { StepKind } from "../../core/run/run.ts";
import type { JobPlace } from "../../core/schedule/hint.ts";
import { WAITING_JOBS, type WaitingFilter, type WaitingPage, type WaitingStep } from "../waiting.ts";
import { PARTITION } from "./batch-rows.ts";
import { type Clause, clause, inSnapshot, isOneOf, valuesOf, whereOf } from "./select.ts";
import { decodeText, decodeTextOrNull, encodeText } from "./text.ts";
import type { Budget } from "./walk.ts";

/** Entries of the index that one statement looks at. */
const STRETCH_MIN = 250;
const STRETCH_MAX = 2_000;

const COLUMNS = `jobs.run_id AS runId, jobs.slot AS stepId, jobs.due_at AS dueAt, function_id AS functionId,
  steps.kind AS kind, steps.name AS name, idx AS "index", queued_at AS queuedAt, child_run_id AS childRunId`;

const TIMERS = "jobs INDEXED BY jobs_timers";
const IN_ORDER = "ORDER BY jobs.due_at, jobs.run_id, jobs.slot";
// The index is partial; its own condition must stand in the query, word by word.
const IN_INDEX = [clause("jobs.partition = ?", PARTITION), clause("lane IS NULL")];

type Row = Omit<WaitingStep, "names" | "expression">;

export function listWaiting(db: DatabaseSync, filter: WaitingFilter, budget: Budget): WaitingPage {
  return inSnapshot(db, () => {
    const rows: Row[] = [];
    let place = filter.after ?? null;
    for (let stretch = STRETCH_MIN; ; stretch = Math.min(stretch * 2, STRETCH_MAX)) {
      const end = endOf(db, place, stretch);
      rows.push(...rowsWithin(db, filter, place, end, filter.limit - rows.length));
      const isWhole = rows.length >= filter.limit || end === null;
      if (isWhole || budget.isOver()) return { rows: withWaits(db, rows), next: isWhole ? null : end };
      place = end;
    }
  });
}

/** Where a stretch of the index ends; null when that is where the index ends. */
function endOf(db: DatabaseSync, place: JobPlace | null, stretch: number): JobPlace | null {
  const where = [...IN_INDEX, ...behind(place)];
  const sql = `SELECT due_at AS dueAt, run_id AS runId, slot FROM ${TIMERS} ${whereOf(where)} ${IN_ORDER} LIMIT 1 OFFSET ?`;
  const row = db.prepare(sql).get(...valuesOf(where), stretch - 1) as unknown as JobPlace | undefined;
  return row === undefined ? null : { dueAt: row.dueAt, runId: decodeText(row.runId), slot: decodeText(row.slot) };
}

function rowsWithin(
  db: DatabaseSync,
  { env, kinds, functionIds }: WaitingFilter,
  place: JobPlace | null,
  end: JobPlace | null,
  limit: number,
): Row[] {
  const where: Clause[] = [
    ...IN_INDEX,
    ...behind(place),
    ...(end === null ? [] : [at("<=", end)]),
    isOneOf("jobs.kind", WAITING_JOBS),
    clause("runs.env = ?", encodeText(env)),
    ...(functionIds === undefined ? [] : [isOneOf("function_id", functionIds.map(encodeText))]),
    ...(kinds === undefined ? [] : [isOneOf("steps.kind", kinds)]),
  ];
  const found = db
    .prepare(
      `SELECT ${COLUMNS} FROM ${TIMERS} CROSS JOIN runs ON runs.id = jobs.run_id
       CROSS JOIN steps ON steps.run_id = jobs.run_id AND steps.id = jobs.slot ${whereOf(where)} ${IN_ORDER} LIMIT ?`,
    )
    .all(...valuesOf(where), limit) as unknown as readonly (Row & { readonly kind: StepKind })[];
  return found.map((row) => ({
    ...row,
    runId: decodeText(row.runId),
    stepId: decodeText(row.stepId),
    functionId: decodeText(row.functionId),
    name: decodeText(row.name),
    childRunId: decodeTextOrNull(row.childRunId),
  }));
}

const behind = (place: JobPlace | null): Clause[] => (place === null ? [] : [at(">", place)]);

function at(comparison: ">" | "<=", { dueAt, runId, slot }: JobPlace): Clause {
  const sql = `(jobs.due_at, jobs.run_id, jobs.slot) ${comparison} (?, ?, ?)`;
  return clause(sql, dueAt, encodeText(runId), encodeText(slot));
}

interface WaitColumns {
  readonly name: string;
  readonly expression: string | null;
}

function withWaits(db: DatabaseSync, rows: readonly Row[]): WaitingStep[] {
  const waitsOf = db.prepare("SELECT name, expression FROM waits WHERE run_id = ? AND slot = ? ORDER BY seq");
  return rows.map((row) => {
    const isResolved = row.kind === "wait" || row.kind === "signal";
    const found = isResolved ? waitsOf.all(encodeText(row.runId), encodeText(row.stepId)) : [];
    const waits = found as unknown as readonly WaitColumns[];
    const names = [...new Set(waits.map(({ name }) => decodeText(name)))];
    return { ...row, names, expression: decodeTextOrNull(waits[0]?.expression ?? null) };
  });
}
