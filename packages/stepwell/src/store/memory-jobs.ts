/** How the scheduler's hints are read from a memory store. It has no index: each question looks at every job. */
import type { JobCount } from "../core/explain/explain-queue.ts";
import type { Instant } from "../core/instant.ts";
import { isEarly } from "../core/run/run.ts";
import { hintOf, isOlder, type JobHint, type JobPlace } from "../core/schedule/hint.ts";
import type { LaneQuery, LaneWalk } from "../core/schedule/lane-heads.ts";
import type { MemoryTables } from "./memory-tables.ts";
import { compareTexts, type JobRecord } from "./records.ts";
import type { JobPageQuery } from "./store.ts";

export function jobPage(tables: MemoryTables, query: JobPageQuery): JobHint[] {
  const hints: JobHint[] = [];
  for (const job of jobsOf(tables)) {
    if (query.what === "timers" ? job.lane !== null : job.lane === null || !job.isDelayed) continue;
    if (job.dueAt > query.untilAt || comparePlaces(job, query.after) <= 0) continue;
    hints.push(...hintsOf(tables, job));
  }
  return hints.sort(comparePlaces).slice(0, query.limit);
}

export function laneHints(tables: MemoryTables, queries: readonly LaneQuery[]): JobHint[][] {
  const places = new Map(queries.map(({ lane }, index) => [lane, index]));
  const answers = queries.map((): JobHint[] => []);
  for (const job of places.size === 0 ? [] : jobsOf(tables)) {
    const index = job.lane === null ? undefined : places.get(job.lane);
    if (index === undefined) continue;
    const { after, untilAt } = queries[index]!;
    if (!isEarly(job, untilAt) && isOlder(after, job)) answers[index]!.push(...hintsOf(tables, job));
  }
  return answers.map((hints, index) => {
    return hints.sort((left, right) => (isOlder(left, right) ? -1 : 1)).slice(0, queries[index]!.limit);
  });
}

export function laneIds(tables: MemoryTables, { after, before, limit }: Omit<LaneWalk, "functionId">): string[] {
  const found = new Set<string>();
  for (const { lane } of jobsOf(tables)) {
    if (lane !== null && lane > after && (before === null || lane < before)) found.add(lane);
  }
  return [...found].sort(compareTexts).slice(0, limit);
}

export function jobCounts(tables: MemoryTables, now: Instant): JobCount[] {
  const counts = new Map<JobCount["kind"], JobCount>();
  for (const { kind, dueAt } of jobsOf(tables)) {
    const { count, due } = counts.get(kind) ?? { count: 0, due: 0 };
    counts.set(kind, { kind, count: count + 1, due: due + (dueAt <= now ? 1 : 0), isMore: false });
  }
  return [...counts.values()].sort((left, right) => compareTexts(left.kind, right.kind));
}

function* jobsOf(tables: MemoryTables): IterableIterator<JobRecord> {
  for (const jobs of tables.jobs.values()) yield* jobs.values();
}

/** Nothing when the run is not there. */
function hintsOf(tables: MemoryTables, { runId, slot, dueAt, kind }: JobRecord): JobHint[] {
  const run = tables.runs.get(runId);
  if (run === undefined) return [];
  const { functionId, createdAt, status, flow } = run;
  return [hintOf({ runId, slot, dueAt, kind, functionId, createdAt, isQueued: status === "queued", flow })];
}

function comparePlaces(left: JobPlace, right: JobPlace): number {
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt ? -1 : 1; // Not a difference: −∞ minus −∞ is no number.
  return compareTexts(left.runId, right.runId) || compareTexts(left.slot, right.slot);
}
