/**
 * Limits under load, with real processes, over HTTP, and a `kill -9` in the middle: what the app's bodies observed must
 * keep them. Calls that were out when the server died are nobody's any more, so limits of calls hold in each of its lives;
 * those of whole runs, and throttles, hold across both. The simulator is where a failure can be replayed.
 */
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { CrashRig } from "./crash-rig.ts";
import type { BodyLine } from "./flow-stress-app.ts";
import { type Interval, mostAtOnce, startedTooEarly } from "./intervals.ts";

const APP = new URL("./flow-stress-app.ts", import.meta.url).pathname;
const TEST_MS_MAX = 60_000;
const DRAIN_MS_MAX = 40_000;
const LANES = 4;
const BODIES_BEFORE_KILL = 40;
const BODIES = { calls: 3, runs: 2, starts: 1 };
/** What the dead server had sent arrives in this time. */
const IN_FLIGHT_MS = 500;

interface RunRecord {
  readonly run_id: string;
  readonly status: string;
  readonly run_started_at: string;
}

let rig: CrashRig;

afterEach(async () => {
  await rig?.dispose();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const eventsOf = (kind: keyof typeof BODIES, count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `stress/${kind}`, data: { lane: index % LANES } }));

const some = (share: number) => [
  ...eventsOf("calls", 48 * share),
  ...eventsOf("runs", 24 * share),
  ...eventsOf("starts", 12 * share),
];

function bodies(): BodyLine[] {
  const lines = readFileSync(rig.ledgerPath, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as BodyLine);
}

async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DRAIN_MS_MAX;
  while (!(await isReached())) {
    if (Date.now() > deadline) throw new Error(`no end in sight:\n${rig.complaints.slice(-10).join("")}`);
    await pause(20);
  }
}

const hasOpenRuns = async () => (await rig.get<unknown[]>("/v1/runs?status=queued,running&limit=1")).length > 0;

/** The only run of each event. */
async function runsOf(eventIds: readonly string[]): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const id of eventIds) {
    const decisions = await rig.get<{ run_id: string }[]>(`/v1/events/${id}/decisions`);
    expect(decisions, id).toHaveLength(1);
    runs.push(await rig.get<RunRecord>(`/v1/runs/${decisions[0]!.run_id}`));
  }
  return runs;
}

/** From the first body of each run to the last. */
function wholeRuns(lines: readonly BodyLine[]): (Interval & { readonly lane: number })[] {
  const runs = Map.groupBy(lines, ({ runId }) => runId);
  return [...runs.values()].map((own) => ({
    lane: own[0]!.lane,
    from: Math.min(...own.map(({ from }) => from)),
    to: Math.max(...own.map(({ to }) => to)),
  }));
}

const mostOfALane = (intervals: readonly (Interval & { readonly lane: number })[]): number =>
  Math.max(...[...Map.groupBy(intervals, ({ lane }) => lane).values()].map(mostAtOnce));

async function run(): Promise<{ eventIds: readonly string[]; restartAt: number }> {
  rig = await CrashRig.create(APP);
  rig.start("app");
  rig.start("server");
  await Promise.all([rig.up("app"), rig.up("server")]);
  await rig.registered();
  const first = await rig.send(some(0.5));
  await until(() => bodies().length >= BODIES_BEFORE_KILL);
  await rig.kill("server");
  await pause(IN_FLIGHT_MS);
  const restartAt = Date.now();
  rig.start("server");
  await rig.up("server");
  const eventIds = [...first, ...(await rig.send(some(0.5)))];
  await until(async () => !(await hasOpenRuns()));
  return { eventIds, restartAt };
}

test("no limit is exceeded under load, whatever a kill -9 left behind, and every event has its run", {
  timeout: TEST_MS_MAX,
}, async () => {
  const { eventIds, restartAt } = await run();
  const runs = await runsOf(eventIds);
  expect(runs.filter(({ status }) => status !== "Completed")).toEqual([]);
  expect(new Set(runs.map(({ run_id }) => run_id)).size).toBe(eventIds.length);
  const lines = bodies();
  const kinds = Map.groupBy(lines, ({ kind }) => kind);
  for (const [kind, count] of Object.entries(BODIES)) {
    const events = some(1).filter(({ name }) => name === `stress/${kind}`).length;
    expect(kinds.get(kind)!.length).toBeGreaterThanOrEqual(events * count);
  }
  const calls = Map.groupBy(kinds.get("calls")!, ({ from }) => from >= restartAt);
  for (const isAfter of [false, true]) {
    expect(mostAtOnce(calls.get(isAfter)!), `calls, after the restart: ${isAfter}`).toBe(6);
    expect(mostOfALane(calls.get(isAfter)!), `calls of a lane, after the restart: ${isAfter}`).toBe(2);
  }
  const whole = wholeRuns(kinds.get("runs")!);
  expect([mostAtOnce(whole), mostOfALane(whole)]).toEqual([3, 1]);
  const ofStarts = new Set(kinds.get("starts")!.map(({ runId }) => runId));
  const starts = runs.filter(({ run_id }) => ofStarts.has(run_id));
  const startedAt = starts.map(({ run_started_at }) => Date.parse(run_started_at));
  expect(startedTooEarly(startedAt, { intervalMs: 500, atOnce: 4, slackMs: 100 })).toEqual([]);
  expect(await rig.get("/v1/doctor")).toMatchObject({ is_healthy: true });
});

test("the check counts what overlaps, and what came too early", () => {
  const [first, next, both] = [
    { from: 0, to: 2 },
    { from: 2, to: 4 },
    { from: 1, to: 3 },
  ];
  expect([mostAtOnce([]), mostAtOnce([next, first]), mostAtOnce([first, next, both])]).toEqual([0, 1, 2]);
  const rule = { intervalMs: 500, atOnce: 2, slackMs: 0 };
  expect(startedTooEarly([0, 0, 500, 1_000], rule)).toEqual([]);
  expect(startedTooEarly([0, 0, 499, 5_000, 5_000, 5_000], rule)).toEqual([499, 5_000]);
});
