/** Counts of runs as clients see them: points in time, with the latencies estimated from their classes. */
import { isoTime } from "../core/instant.ts";
import type { JsonObject } from "../protocol/json.ts";
import {
  addStatValues,
  durationsOf,
  emptyStatValues,
  LATENCY_BOUNDS_MS,
  type Latency,
  type RunStatPoint,
  statCount,
  waitsOf,
} from "../store/run-stats.ts";

export interface StatSpan {
  readonly from: number;
  readonly until: number;
  readonly pointMs: number;
}

/** Counts and latencies of these runs together. */
export function totalsRecord(points: readonly Pick<RunStatPoint, "values">[]): JsonObject {
  const values = emptyStatValues();
  for (const point of points) addStatValues(values, point.values);
  return countsRecord(values);
}

/**
 * Every point of the span, those without runs too. `queued` is how many runs waited for their first call at the point's
 * end: `queuedAtEnd`, less what has happened since.
 */
export function pointRecords(found: readonly RunStatPoint[], span: StatSpan, queuedAtEnd: number): JsonObject[] {
  return recordsOf(found, span, queuedAtEnd, countsRecord);
}

/** The same, in few words. */
export function smallPointRecords(found: readonly RunStatPoint[], span: StatSpan, queuedAtEnd: number): JsonObject[] {
  return recordsOf(found, span, queuedAtEnd, (values) => ({
    created: statCount(values, "created"),
    completed: statCount(values, "completed"),
    failed: statCount(values, "failed"),
  }));
}

function recordsOf(
  found: readonly RunStatPoint[],
  { from, until, pointMs }: StatSpan,
  queuedAtEnd: number,
  recordOf: (values: readonly number[]) => JsonObject,
): JsonObject[] {
  const values = new Map(found.map((point) => [point.point, point.values]));
  const records: JsonObject[] = [];
  let queued = queuedAtEnd;
  for (let point = Math.ceil((until - from) / pointMs) - 1; point >= 0; point--) {
    const ofPoint = values.get(point) ?? emptyStatValues();
    records.push({ at: isoTime(from + point * pointMs), ...recordOf(ofPoint), queued: Math.max(queued, 0) });
    queued -= backlogOf([{ values: ofPoint }]);
  }
  return records.reverse();
}

/** By how much the number of runs that wait for their first call has grown. */
export function backlogOf(points: readonly Pick<RunStatPoint, "values">[]): number {
  return points.reduce((sum, { values }) => {
    return sum + statCount(values, "created") - statCount(values, "started") - statCount(values, "unstarted");
  }, 0);
}

function countsRecord(values: readonly number[]): JsonObject {
  return {
    created: statCount(values, "created"),
    started: statCount(values, "started"),
    completed: statCount(values, "completed"),
    failed: statCount(values, "failed"),
    cancelled: statCount(values, "cancelled"),
    skipped: statCount(values, "skipped"),
    wait: latencyRecord(waitsOf(values)),
    duration: latencyRecord(durationsOf(values)),
  };
}

/** Null when there is nothing to tell. */
export function latencyRecord(latency: Latency): JsonObject | null {
  if (latency.count === 0) return null;
  return {
    count: latency.count,
    mean_ms: Math.round(latency.sumMs / latency.count),
    p50_ms: quantileMs(latency, 0.5),
    p95_ms: quantileMs(latency, 0.95),
    p99_ms: quantileMs(latency, 0.99),
    max_ms: latency.maxMs,
  };
}

/** Where in its class a share of the latencies ends, as if they were spread evenly within it; never beyond the largest. */
function quantileMs({ count, classes, maxMs }: Latency, share: number): number {
  let rest = count * share;
  for (const [index, inClass] of classes.entries()) {
    if (inClass === 0 || rest > inClass) {
      rest -= inClass;
      continue;
    }
    const lower = index === 0 ? 0 : LATENCY_BOUNDS_MS[index - 1]!;
    const upper = Math.min(LATENCY_BOUNDS_MS[index] ?? maxMs, maxMs);
    return Math.round(Math.min(lower, upper) + (Math.max(upper - lower, 0) * rest) / inClass);
  }
  return maxMs;
}
