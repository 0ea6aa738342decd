/** How the scheduler's hints are read: what waits for a time, and the heads of lanes. On the main thread, in parts (L1 of loads.ts). */
import type { StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type HintSource, hintOf, type JobHint } from "../../core/schedule/hint.ts";
import type { LaneQuery, LaneWalk } from "../../core/schedule/lane-heads.ts";
import type { RunFlow } from "../../protocol/flow.ts";
import type { JobPageQuery } from "../store.ts";
import { PARTITION } from "./batch-rows.ts";
import { decodeText, encodeText } from "./text.ts";
import { all } from "./typed.ts";

const JOBS_PER_PART = 500;
/** What a query costs beside its rows, in rows. */
const QUERY_COST = 2;

const HINT_COLUMNS = `jobs.run_id AS runId, jobs.slot AS slot, due_at AS dueAt, kind, function_id AS functionId,
    created_at AS createdAt, status = 'queued' AS isQueued, flow`;
const jobPage = (index: string, which: string) => `SELECT ${HINT_COLUMNS}
    FROM jobs INDEXED BY ${index} CROSS JOIN runs ON runs.id = jobs.run_id
    WHERE jobs.partition = ? AND ${which} AND (due_at, run_id, slot) > (?, ?, ?) AND due_at <= ?
    ORDER BY due_at, run_id, slot LIMIT ?`;
export const JOB_LOADS = {
  timers: jobPage("jobs_timers", "lane IS NULL"),
  calls: jobPage("jobs_delayed", "lane IS NOT NULL AND is_delayed = 1"),
  lane: `SELECT ${HINT_COLUMNS} FROM jobs INDEXED BY jobs_by_lane CROSS JOIN runs ON runs.id = jobs.run_id
    WHERE jobs.partition = ? AND lane = ? AND (order_at, run_id, slot) > (?, ?, ?) AND (due_at <= ? OR is_delayed = 0)
    ORDER BY order_at, run_id, slot LIMIT ?`,
  nextLane: `SELECT lane FROM jobs INDEXED BY jobs_by_lane WHERE partition = ? AND lane > ? ORDER BY lane LIMIT 1`,
} as const;

export type JobLoads = ReturnType<typeof createJobLoads>;

export function createJobLoads(on: Readonly<Record<keyof typeof JOB_LOADS, StatementSync>>) {
  return {
    async page({ what, after, untilAt, limit }: JobPageQuery): Promise<JobHint[]> {
      const hints: JobHint[] = [];
      for (let place = after; hints.length < limit; place = hints.at(-1)!) {
        if (hints.length > 0) await nextTurn(); // L1
        const count = Math.min(JOBS_PER_PART, limit - hints.length);
        const from = [PARTITION, place.dueAt, encodeText(place.runId), encodeText(place.slot)];
        for (const row of all<HintColumns>(on[what], ...from, untilAt, count)) hints.push(hintOfRow(row));
        if (hints.length % JOBS_PER_PART !== 0 || hints.length === 0 || hints.at(-1) === place) break;
      }
      return hints;
    },

    async lanes(queries: readonly LaneQuery[]): Promise<JobHint[][]> {
      const answers: JobHint[][] = [];
      let read = 0;
      for (const { lane, after, untilAt, limit } of queries) {
        if (read >= JOBS_PER_PART) {
          await nextTurn(); // L1
          read = 0;
        }
        const from = [PARTITION, encodeText(lane), after.orderAt, encodeText(after.runId), encodeText(after.slot)];
        const hints = all<HintColumns>(on.lane, ...from, untilAt, limit).map(hintOfRow);
        read += hints.length + QUERY_COST;
        answers.push(hints);
      }
      return answers;
    },

    /** One look into the index for each lane, however many jobs it has. */
    findLanes({ after, before, limit }: Omit<LaneWalk, "functionId">): string[] {
      const found: string[] = [];
      for (let last = encodeText(after); found.length < limit; ) {
        const [row] = all<{ readonly lane: string }>(on.nextLane, PARTITION, last);
        if (row === undefined || (before !== null && decodeText(row.lane) >= before)) break;
        last = row.lane;
        found.push(decodeText(last));
      }
      return found;
    },
  };
}

interface HintColumns extends Omit<HintSource, "isQueued" | "flow"> {
  readonly isQueued: number;
  readonly flow: string | null;
}

function hintOfRow({ runId, slot, dueAt, kind, functionId, createdAt, isQueued, flow }: HintColumns): JobHint {
  return hintOf({
    runId: decodeText(runId),
    slot: decodeText(slot),
    dueAt,
    kind,
    functionId: decodeText(functionId),
    createdAt,
    isQueued: isQueued === 1,
    flow: flow === null ? null : (JSON.parse(flow) as RunFlow),
  });
}
