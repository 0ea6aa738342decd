/** The lines of `store/logs.ts` in SQLite: written by the writer, read in the thread of the lists. */
import type { DatabaseSync } from "node:sqlite";
import { LOG_LEVELS } from "../../protocol/log-lines.ts";
import {
  type AppendedLines,
  countIn,
  firstLineNumber,
  holdsText,
  type LogAppend,
  type LogLineRow,
  type LogPage,
  type LogSearch,
  type LogTotals,
  levelNumber,
  lineIdOf,
  lineNumberOf,
  NO_LOGS,
  nextLineNumber,
  PROBLEM_LEVEL,
  type RunLogsQuery,
} from "../logs.ts";
import { decodeText, decodeTextOrNull, encodeText, encodeTextOrNull } from "./text.ts";

const INSERT = `INSERT INTO logs (number, env, run_id, function_id, step, step_name, attempt, level, at, message)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const PUT_TOTALS = `INSERT INTO run_logs (run_id, lines, chars, dropped) VALUES (?, ?, ?, ?)
  ON CONFLICT (run_id) DO UPDATE SET lines = excluded.lines, chars = excluded.chars, dropped = excluded.dropped`;
const TOTALS = "SELECT lines, chars, dropped FROM run_logs WHERE run_id = ?";
const COLUMNS = `number, env, run_id AS runId, function_id AS functionId, step, step_name AS stepName, attempt, level, at,
  message`;

/** Appends lines; the caller has opened the transaction. Made once: it remembers the last number. */
export function createLogWriter(db: DatabaseSync): (append: LogAppend) => AppendedLines[] {
  const [insert, put, totals] = [db.prepare(INSERT), db.prepare(PUT_TOTALS), db.prepare(TOTALS)];
  const lastNumber = db.prepare("SELECT max(number) AS number FROM logs");
  return ({ lines, dropped, at }) => {
    let last = Number(lastNumber.get()?.["number"] ?? 0);
    const runs = new Map<string, WrittenRun>();
    const runOf = (runId: string): WrittenRun => {
      const known = runs.get(runId);
      if (known !== undefined) return known;
      const stored = totals.get(encodeText(runId)) as unknown as LogTotals | undefined;
      const run: WrittenRun = {
        totals: { ...(stored ?? NO_LOGS) },
        appended: { runId, lastId: null, stored: 0, dropped: 0 },
      };
      runs.set(runId, run);
      return run;
    };
    for (const line of lines) {
      const { totals: kept, appended } = runOf(line.runId);
      if (!countIn(kept, line.message.length)) {
        appended.dropped++;
        continue;
      }
      last = nextLineNumber(last, at);
      insert.run(
        last,
        encodeText(line.env),
        encodeText(line.runId),
        encodeTextOrNull(line.functionId),
        encodeTextOrNull(line.step),
        encodeTextOrNull(line.stepName),
        line.attempt,
        levelNumber(line.level),
        line.at,
        encodeText(line.message),
      );
      appended.lastId = lineIdOf(last);
      appended.stored++;
    }
    for (const { runId, count } of dropped) runOf(runId).totals.dropped += count;
    for (const [runId, { totals: kept }] of runs) put.run(encodeText(runId), kept.lines, kept.chars, kept.dropped);
    return [...runs.values()].map((run) => run.appended);
  };
}

interface WrittenRun {
  readonly totals: { lines: number; chars: number; dropped: number };
  readonly appended: { runId: string; lastId: string | null; stored: number; dropped: number };
}

interface LogColumns extends Omit<LogLineRow, "id" | "level"> {
  readonly number: number;
  readonly level: number;
}

/** Of one run there is a bounded number of lines (LG3), which its index finds. */
export function listLogs(db: DatabaseSync, query: RunLogsQuery): LogLineRow[] {
  const { runId, after, before, order, level, step, attempt, limit } = query;
  const where: [string, string | number][] = [["run_id = ?", encodeText(runId)]];
  if (after !== undefined) where.push(["number > ?", lineNumberOf(after)]);
  if (before !== undefined) where.push(["number < ?", lineNumberOf(before)]);
  if (level !== undefined) where.push(["level >= ?", levelNumber(level)]);
  if (step !== undefined) where.push(["step = ?", encodeText(step)]);
  if (attempt !== undefined) where.push(["attempt = ?", attempt]);
  const statement = db.prepare(
    `SELECT ${COLUMNS} FROM logs INDEXED BY logs_by_run WHERE ${where.map(([sql]) => sql).join(" AND ")}
     ORDER BY number ${order === "asc" ? "ASC" : "DESC"} LIMIT ?`,
  );
  const rows = statement.all(...where.map(([, value]) => value), limit) as unknown as LogColumns[];
  return rows.map(rowOf);
}

/** A walk from the newest line back, which ends after so many lines, whatever it has found. */
export function searchLogs(db: DatabaseSync, search: LogSearch): LogPage {
  const { env, functionIds, from, until, before, limit, linesMax } = search;
  const least = search.level === undefined ? 0 : levelNumber(search.level);
  const text = search.text?.toLowerCase();
  const only = functionIds?.length === 1 ? functionIds[0]! : null;
  const where: [string, string | number][] = [];
  if (from !== undefined) where.push(["number >= ?", firstLineNumber(from)]);
  if (until !== undefined) where.push(["number < ?", firstLineNumber(until)]);
  if (before !== undefined) where.push(["number < ?", lineNumberOf(before)]);
  if (only !== null) where.push(["function_id = ?", encodeText(only)]);
  else if (functionIds !== undefined) {
    where.push([
      "function_id IN (SELECT value FROM json_each(?))",
      JSON.stringify(functionIds.map((id) => encodeText(id))),
    ]);
  }
  const index =
    only !== null ? "INDEXED BY logs_by_function" : least >= PROBLEM_LEVEL ? "INDEXED BY logs_of_problems" : "";
  // The partial index's own condition, word by word.
  if (index.endsWith("problems")) where.push([`level >= ${PROBLEM_LEVEL} AND ? = 0`, 0]);
  const conditions = where.length === 0 ? "" : `WHERE ${where.map(([sql]) => sql).join(" AND ")}`;
  const statement = db.prepare(`SELECT ${COLUMNS} FROM logs ${index} ${conditions} ORDER BY number DESC LIMIT ?`);
  const found: LogLineRow[] = [];
  let looked = 0;
  let last = 0;
  for (const columns of statement.iterate(...where.map(([, value]) => value), linesMax + 1)) {
    if (looked === linesMax || found.length === limit) return { lines: found, next: lineIdOf(last) };
    looked++;
    const row = columns as unknown as LogColumns;
    last = row.number;
    if (row.level < least || row.env !== encodeText(env)) continue;
    const line = rowOf(row);
    if (holdsText(line.message, text)) found.push(line);
  }
  return { lines: found, next: null };
}

export function logTotals(db: DatabaseSync, runId: string): LogTotals {
  const row = db.prepare(TOTALS).get(encodeText(runId)) as unknown as LogTotals | undefined;
  return row === undefined ? NO_LOGS : { ...row };
}

function rowOf({
  number,
  env,
  runId,
  functionId,
  step,
  stepName,
  attempt,
  level,
  at,
  message,
}: LogColumns): LogLineRow {
  return {
    id: lineIdOf(number),
    env: decodeText(env),
    runId: decodeText(runId),
    functionId: decodeTextOrNull(functionId),
    step: decodeTextOrNull(step),
    stepName: decodeTextOrNull(stepName),
    attempt,
    level: LOG_LEVELS[level] ?? "info",
    at,
    message: decodeText(message),
  };
}
