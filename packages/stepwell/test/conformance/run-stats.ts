/** Counts of runs over time: what a batch tells its watchers is counted in its transaction. */
import { expect, test } from "vitest";
import type { Notice } from "../../src/core/batch.ts";
import type { Run } from "../../src/core/run/run.ts";
import {
  durationsOf,
  type RunStatPoint,
  type RunStatsQuery,
  STAT_STEPS_MS,
  type StatStepMs,
  statCount,
  waitsOf,
} from "../../src/store/run-stats.ts";
import type { Store } from "../../src/store/store.ts";
import { commit, makeRun } from "./batches.ts";

const HOUR = 3_600_000;
const DAY_BEGIN = Math.floor(1_750_000_000_000 / (24 * HOUR)) * 24 * HOUR;

/** Stores the run with the notices of what has happened to it. */
async function tell(store: Store, run: Run, ...kinds: readonly Notice["kind"][]): Promise<void> {
  await commit(store, (batch) => {
    batch.runs.add(run);
    for (const kind of kinds) {
      const at = { run_created: run.createdAt, run_started: run.startedAt, run_ended: run.endedAt }[
        kind as "run_ended"
      ];
      const { id, functionId, status } = run;
      batch.notices.push({ kind, id, runId: id, functionId, name: "", status, at: at ?? run.createdAt });
    }
  });
}

/** A run of the function that began so long after its creation and took so long. */
function ranRun(number: number, createdAt: number, fields: Partial<Run> = {}): Run {
  const [startedAt, endedAt] = [createdAt + 40, createdAt + 40 + 3_000];
  return makeRun(number, { createdAt, startAt: createdAt, startedAt, endedAt, status: "completed", ...fields });
}

const QUERY: RunStatsQuery = {
  env: "default",
  stepMs: 60_000,
  from: DAY_BEGIN,
  until: DAY_BEGIN + 24 * HOUR,
  pointMs: 24 * HOUR,
  byFunction: false,
};

const counted = ({ values }: RunStatPoint) => [
  statCount(values, "created"),
  statCount(values, "started"),
  statCount(values, "completed"),
  statCount(values, "failed"),
];

export function runStatsTests(current: () => Store): void {
  test("a run is counted when it is created, begins and ends", async () => {
    await tell(current(), ranRun(1, DAY_BEGIN), "run_created", "run_started", "run_ended");
    await tell(current(), ranRun(2, DAY_BEGIN, { status: "failed" }), "run_created", "run_started", "run_ended");
    for (const stepMs of STAT_STEPS_MS) {
      const [point] = await current().listRunStats({ ...QUERY, stepMs });
      expect(counted(point!)).toEqual([2, 2, 1, 1]);
      expect(waitsOf(point!.values)).toMatchObject({ count: 2, sumMs: 80, maxMs: 40 });
      expect(durationsOf(point!.values)).toMatchObject({ count: 2, sumMs: 6_000, maxMs: 3_000 });
    }
  });

  test("later batches add to the same minute", async () => {
    await tell(current(), ranRun(1, DAY_BEGIN), "run_created", "run_started");
    await tell(current(), ranRun(2, DAY_BEGIN + 59_999 - 40), "run_created", "run_started");
    const points = await current().listRunStats({ ...QUERY, pointMs: 60_000 });
    expect(points.map(counted)).toEqual([[2, 2, 0, 0]]);
  });

  test("runs that never began have no latency, and leave the backlog", async () => {
    const never = { startedAt: null, endedAt: DAY_BEGIN + 9, status: "cancelled" } as const;
    await tell(current(), ranRun(1, DAY_BEGIN, never), "run_created", "run_ended");
    const [point] = await current().listRunStats(QUERY);
    expect(statCount(point!.values, "unstarted")).toBe(1);
    expect(durationsOf(point!.values).count).toBe(0);
  });

  test("points by time and by function, between from and until, of the functions asked for", async () => {
    await tell(current(), ranRun(1, DAY_BEGIN - 60_000), "run_created");
    await tell(current(), ranRun(2, DAY_BEGIN + HOUR), "run_created");
    await tell(current(), ranRun(3, DAY_BEGIN + HOUR, { functionId: "b" }), "run_created");
    await tell(current(), ranRun(4, DAY_BEGIN + 5 * HOUR, { functionId: "b" }), "run_created");
    await tell(current(), ranRun(5, DAY_BEGIN + 24 * HOUR), "run_created");
    const shape = async (more: Partial<RunStatsQuery>) => {
      const points = await current().listRunStats({ ...QUERY, pointMs: 2 * HOUR, ...more });
      return points.map((found) => [found.point, found.functionId, counted(found)[0]]);
    };
    expect(await shape({})).toEqual([
      [0, "", 2],
      [2, "", 1],
    ]);
    expect(await shape({ byFunction: true })).toEqual([
      [0, "b", 1],
      [0, "function-a", 1],
      [2, "b", 1],
    ]);
    expect(await shape({ functionIds: ["b"], stepMs: HOUR })).toEqual([
      [0, "", 1],
      [2, "", 1],
    ]);
    expect(await shape({ functionIds: [] })).toEqual([]);
    expect(await shape({ env: "other" })).toEqual([]);
  });

  test("old minutes go before old hours, a few at a time", async () => {
    for (const [number, at] of [DAY_BEGIN, DAY_BEGIN + 60_000, DAY_BEGIN + 72 * HOUR].entries()) {
      await tell(current(), ranRun(number, at), "run_created");
    }
    const now = DAY_BEGIN + 72 * HOUR;
    expect(await current().expireRunStats(now, 1)).toBe(2);
    expect(await current().expireRunStats(now, 10)).toBe(1);
    expect(await current().expireRunStats(now, 10)).toBe(0);
    const left = async (stepMs: StatStepMs) =>
      (await current().listRunStats({ ...QUERY, stepMs, until: now + HOUR, pointMs: HOUR })).map(({ point }) => point);
    expect([await left(60_000), await left(900_000), await left(3_600_000)]).toEqual([[72], [72], [0, 72]]);
  });
}
