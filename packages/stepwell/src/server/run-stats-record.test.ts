import { expect, test } from "vitest";
import { LATENCY_BOUNDS_MS, type Latency, STAT_NAMES } from "../store/run-stats.ts";
import { latencyRecord, pointRecords } from "./run-stats-record.ts";

/** Latencies as they are stored. */
function latencyOf(...latenciesMs: readonly number[]): Latency {
  const classes = [...LATENCY_BOUNDS_MS, 0].map(() => 0);
  for (const ms of latenciesMs) {
    const found = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
    classes[found === -1 ? LATENCY_BOUNDS_MS.length : found]!++;
  }
  const sumMs = latenciesMs.reduce((sum, ms) => sum + ms, 0);
  return { count: latenciesMs.length, sumMs, maxMs: Math.max(0, ...latenciesMs), classes };
}

const values = (counts: Readonly<Record<string, number>>) => STAT_NAMES.map((name) => counts[name] ?? 0);

test("quantiles lie within the class of the value they stand for", () => {
  const latencies = Array.from({ length: 1_000 }, (_unused, index) => index + 1);
  const record = latencyRecord(latencyOf(...latencies))!;
  expect(record).toMatchObject({ count: 1_000, mean_ms: 501, p50_ms: 500, max_ms: 1_000 });
  expect(Math.abs(Number(record["p95_ms"]) - 950)).toBeLessThan(20);
});

test("no quantile is larger than the largest latency", () => {
  expect(latencyRecord(latencyOf(7))).toMatchObject({ p50_ms: 6, p99_ms: 7, max_ms: 7 });
  expect(latencyRecord(latencyOf(9_000_000, 9_000_000))).toMatchObject({ max_ms: 9_000_000 });
  expect(Number(latencyRecord(latencyOf(9_000_000))!["p99_ms"])).toBeLessThanOrEqual(9_000_000);
});

test("without runs there is no latency", () => {
  expect(latencyRecord(latencyOf())).toBeNull();
});

test("every point of the span is there, and the backlog is told back from its end", () => {
  const found = [
    { point: 1, functionId: "", values: values({ created: 5, started: 2 }) },
    { point: 2, functionId: "", values: values({ started: 1, unstarted: 1 }) },
  ];
  const points = pointRecords(found, { from: 0, until: 4_000, pointMs: 1_000 }, 3);
  expect(points.map((point) => [point["created"], point["queued"]])).toEqual([
    [0, 2],
    [5, 5],
    [0, 3],
    [0, 3],
  ]);
});
