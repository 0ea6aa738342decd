/** Counts of runs over time, in the store in memory. */
import type { Instant } from "../core/instant.ts";
import { compareTexts } from "./records.ts";
import {
  addStatValues,
  emptyStatValues,
  type RunStat,
  type RunStatPoint,
  type RunStatsQuery,
  STAT_AGE_MS_MAX,
  STAT_STEPS_MS,
} from "./run-stats.ts";

export function listRunStats(stats: ReadonlyMap<string, RunStat>, query: RunStatsQuery): RunStatPoint[] {
  const { env, stepMs, from, until, pointMs, functionIds, byFunction } = query;
  const points = new Map<string, { point: number; functionId: string; values: number[] }>();
  for (const stat of stats.values()) {
    if (stat.env !== env || stat.stepMs !== stepMs || stat.at < from || stat.at >= until) continue;
    if (functionIds !== undefined && !functionIds.includes(stat.functionId)) continue;
    const point = Math.floor((stat.at - from) / pointMs);
    const functionId = byFunction ? stat.functionId : "";
    const key = `${point} ${functionId}`;
    const known = points.get(key) ?? { point, functionId, values: emptyStatValues() };
    addStatValues(known.values, stat.values);
    points.set(key, known);
  }
  const byPlace = (left: RunStatPoint, right: RunStatPoint) =>
    left.point - right.point || compareTexts(left.functionId, right.functionId);
  return [...points.values()].sort(byPlace);
}

export function expireRunStats(stats: Map<string, RunStat>, now: Instant, limit: number): number {
  let count = 0;
  for (const stepMs of STAT_STEPS_MS) {
    const isOld = (stat: RunStat) => stat.stepMs === stepMs && stat.at < now - STAT_AGE_MS_MAX[stepMs];
    const old = [...stats].filter(([, stat]) => isOld(stat)).sort(compareStats);
    for (const [key] of old.slice(0, limit)) stats.delete(key);
    count += Math.min(old.length, limit);
  }
  return count;
}

function compareStats([, left]: [string, RunStat], [, right]: [string, RunStat]): number {
  return left.at - right.at || compareTexts(left.functionId, right.functionId) || compareTexts(left.env, right.env);
}
