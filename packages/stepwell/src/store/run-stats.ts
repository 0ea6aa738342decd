/**
 * Counts of runs per function and step of time, for charts: kept beside the runs, so that a chart reads a few thousand small
 * rows however many runs there are (docs/decisions/010-run-stats.md).
 *
 *   RS1. They are made from what a batch tells its watchers, and stored in its transaction: exact, and never ahead of the runs.
 *   RS2. A batch adds to one row per function and step of time, however many runs it changes.
 */
import type { Batch, Notice } from "../core/batch.ts";
import type { Instant } from "../core/instant.ts";
import type { Run } from "../core/run/run.ts";
import { DEFAULT_ENV } from "../protocol/event.ts";

/** What one row is about: a minute, a quarter of an hour, an hour, or a day (UTC). A chart reads those that suit its span. */
export type StatStepMs = 60_000 | 900_000 | 3_600_000 | 86_400_000;

export const STAT_STEPS_MS: readonly StatStepMs[] = [60_000, 900_000, 3_600_000, 86_400_000];

/** Upper bounds of the classes of latencies, inclusive; the last class has none. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 120_000, 600_000, 3_600_000,
];

const COUNTS = ["created", "started", "completed", "failed", "cancelled", "skipped", "unstarted"] as const;
type Count = (typeof COUNTS)[number];

const latencyNames = (name: string): string[] => [
  `${name}_sum_ms`,
  `${name}_max_ms`,
  ...Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, index) => `${name}_${index}`),
];

/**
 * The numbers of a row, in order: counts (`unstarted` of the runs that ended before their first call), then how long runs
 * waited for their first call, and how long they took from it to their end (completed and failed ones).
 */
export const STAT_NAMES: readonly string[] = [...COUNTS, ...latencyNames("wait"), ...latencyNames("duration")];
const WAIT_START = COUNTS.length;
const DURATION_START = WAIT_START + 2 + LATENCY_BOUNDS_MS.length + 1;

/** Of these the larger one is kept; everything else adds up. */
export const isMaximum = (name: string): boolean => name.endsWith("_max_ms");
const MAXIMA: ReadonlySet<number> = new Set(STAT_NAMES.flatMap((name, index) => (isMaximum(name) ? [index] : [])));

export interface RunStat {
  readonly env: string;
  readonly stepMs: StatStepMs;
  /** Where the step begins. */
  readonly at: Instant;
  readonly functionId: string;
  /** In the order of `STAT_NAMES`. */
  readonly values: number[];
}

export interface RunStatsQuery {
  readonly env: string;
  /** Of which rows. */
  readonly stepMs: StatStepMs;
  readonly from: Instant;
  readonly until: Instant;
  /** How long one point of the answer is; a multiple of `stepMs`. */
  readonly pointMs: number;
  /** Absent: all. */
  readonly functionIds?: readonly string[];
  /** One row for each function and point, instead of one for each point. */
  readonly byFunction: boolean;
}

export interface RunStatPoint {
  /** How many points lie between `from` and this one. */
  readonly point: number;
  /** Empty unless asked for by function. */
  readonly functionId: string;
  readonly values: readonly number[];
}

export interface Latency {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** By class: `LATENCY_BOUNDS_MS`. */
  readonly classes: readonly number[];
}

/** How long rows are kept: a little longer than four hours, two days, five weeks and three years. */
export const STAT_AGE_MS_MAX: Readonly<Record<StatStepMs, number>> = {
  60000: 5 * 3_600_000,
  900000: 50 * 3_600_000,
  3600000: 36 * 86_400_000,
  86400000: 1_100 * 86_400_000,
};

export const emptyStatValues = (): number[] => STAT_NAMES.map(() => 0);

export function addStatValues(into: number[], values: readonly number[]): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value === 0) continue; // Most are.
    into[index] = MAXIMA.has(index) ? Math.max(into[index]!, value) : into[index]! + value;
  }
}

export const statCount = (values: readonly number[], name: Count): number => values[COUNTS.indexOf(name)]!;

export const waitsOf = (values: readonly number[]): Latency => latencyAt(values, WAIT_START);
export const durationsOf = (values: readonly number[]): Latency => latencyAt(values, DURATION_START);

function latencyAt(values: readonly number[], start: number): Latency {
  const classes = values.slice(start + 2, start + 2 + LATENCY_BOUNDS_MS.length + 1);
  const count = classes.reduce((sum, inClass) => sum + inClass, 0);
  return { count, sumMs: values[start]!, maxMs: values[start + 1]!, classes };
}

/** What a batch adds (RS1). Counted by the shortest step, which the longer ones are then made of. */
export function runStatsOf(batch: Batch): RunStat[] {
  const stats = new Map<string, RunStat>();
  const runs = new Map<string, Run>();
  let last: RunStat | null = null;
  for (const notice of batch.notices) {
    const { kind, id, functionId } = notice;
    if (kind !== "run_created" && kind !== "run_started" && kind !== "run_ended") continue;
    if (runs.size === 0) for (const run of batch.runs) runs.set(run.id, run);
    const run = runs.get(id);
    const env = run?.env ?? DEFAULT_ENV;
    const at = stepStart(notice.at, SHORTEST_STEP_MS);
    // Runs of a batch come mostly from one function.
    if (last === null || last.at !== at || last.functionId !== functionId || last.env !== env) {
      last = statAt(stats, { env, stepMs: SHORTEST_STEP_MS, at, functionId: functionId ?? "" });
    }
    countNotice(last.values, notice, run);
  }
  for (const stat of [...stats.values()]) {
    for (const stepMs of LONGER_STEPS_MS) {
      addStatValues(statAt(stats, { ...stat, stepMs, at: stepStart(stat.at, stepMs) }).values, stat.values);
    }
  }
  return [...stats.values()];
}

const [SHORTEST_STEP_MS, ...LONGER_STEPS_MS] = STAT_STEPS_MS as [StatStepMs, ...StatStepMs[]];

const stepStart = (at: Instant, stepMs: StatStepMs): Instant => Math.floor(at / stepMs) * stepMs;

function statAt(stats: Map<string, RunStat>, { env, stepMs, at, functionId }: Omit<RunStat, "values">): RunStat {
  const key = runStatKey({ env, stepMs, at, functionId });
  let stat = stats.get(key);
  if (stat === undefined) {
    stat = { env, stepMs, at, functionId, values: emptyStatValues() };
    stats.set(key, stat);
  }
  return stat;
}

export function runStatKey({ env, stepMs, at, functionId }: Omit<RunStat, "values">): string {
  return `${stepMs} ${at} ${functionId} ${env}`;
}

function countNotice(values: number[], { kind, status }: Notice, run: Run | undefined): void {
  const { startedAt = null, endedAt = null } = run ?? {};
  if (kind === "run_created") addCount(values, "created");
  else if (kind === "run_started") {
    addCount(values, "started");
    if (run !== undefined && startedAt !== null) {
      addLatency(values, WAIT_START, startedAt - Math.max(run.createdAt, run.startAt));
    }
  } else {
    addCount(values, status as Count);
    if (run !== undefined && startedAt === null) addCount(values, "unstarted");
    const hasRun = status === "completed" || status === "failed";
    if (hasRun && startedAt !== null && endedAt !== null) addLatency(values, DURATION_START, endedAt - startedAt);
  }
}

function addCount(values: number[], name: Count): void {
  values[COUNTS.indexOf(name)]!++;
}

function addLatency(values: number[], start: number, latencyMs: number): void {
  const ms = Math.max(latencyMs, 0);
  const found = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  values[start]! += ms;
  values[start + 1] = Math.max(values[start + 1]!, ms);
  values[start + 2 + (found === -1 ? LATENCY_BOUNDS_MS.length : found)]!++;
}
