/** Counts of runs over time: reading them, and letting go of old ones. */
import type { DatabaseSync } from "node:sqlite";
import {
  isMaximum,
  type RunStatPoint,
  type RunStatsQuery,
  STAT_AGE_MS_MAX,
  STAT_NAMES,
  STAT_STEPS_MS,
} from "../run-stats.ts";
import { decodeText, encodeText } from "./text.ts";

const SUMS = STAT_NAMES.map((name) => `${isMaximum(name) ? "max" : "sum"}(${name}) AS ${name}`).join(", ");

export function listRunStats(db: DatabaseSync, query: RunStatsQuery): RunStatPoint[] {
  const { env, stepMs, from, until, pointMs, functionIds, byFunction } = query;
  const ofFunctions = functionIds === undefined ? "" : "AND function_id IN (SELECT value FROM json_each(?))";
  const sql = `SELECT CAST((at - ?) / ? AS INTEGER) AS point, ${byFunction ? "function_id" : "''"} AS functionId, ${SUMS} FROM run_stats
    WHERE env = ? AND step_ms = ? AND at >= ? AND at < ? ${ofFunctions} GROUP BY 1, 2 ORDER BY 1, 2`;
  const wanted = functionIds === undefined ? [] : [JSON.stringify(functionIds.map(encodeText))];
  const rows = db.prepare(sql).all(from, pointMs, encodeText(env), stepMs, from, until, ...wanted);
  return rows.map((row) => ({
    point: Number(row["point"]),
    functionId: decodeText(String(row["functionId"])),
    values: STAT_NAMES.map((name) => Number(row[name])),
  }));
}

/** One environment after the other, each found by the key: a plain DISTINCT would read all rows. */
const EVERY_ENV = `WITH RECURSIVE every(env) AS (SELECT min(env) FROM run_stats UNION ALL
  SELECT (SELECT min(env) FROM run_stats WHERE env > every.env) FROM every WHERE every.env IS NOT NULL)`;

/** The caller has opened a transaction. */
export function expireRunStats(db: DatabaseSync, now: number, limit: number): number {
  const expired = db.prepare(
    `${EVERY_ENV} DELETE FROM run_stats WHERE (env, step_ms, at, function_id) IN (SELECT env, step_ms, at, function_id
      FROM run_stats WHERE env IN (SELECT env FROM every) AND step_ms = ? AND at < ?
      ORDER BY at, function_id, env LIMIT ?)`,
  );
  return STAT_STEPS_MS.reduce(
    (count, stepMs) => count + Number(expired.run(stepMs, now - STAT_AGE_MS_MAX[stepMs], limit).changes),
    0,
  );
}
