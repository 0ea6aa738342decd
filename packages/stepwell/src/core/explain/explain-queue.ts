/** What waits on what, of all functions: the deepest functions and lanes, and how much sleeps or waits for something else. */
import type { PauseMode } from "../batch.ts";
import type { Instant } from "../instant.ts";
import type { JobKind } from "../run/run.ts";
import type { Lane } from "../schedule/ready-queue.ts";
import { factsOfLane, type LaneFacts } from "./explain-function.ts";
import { EXPLAINED_MAX } from "./explanation.ts";
import type { ExplainView } from "./view.ts";

/** Stored jobs of a kind. */
export interface JobCount {
  readonly kind: JobKind;
  readonly count: number;
  /** Those whose time has come. */
  readonly due: number;
}

export interface QueuedFunction {
  readonly functionId: string;
  readonly function: string | null;
  readonly paused: PauseMode | null;
  readonly waitingStarts: number;
  readonly waitingCalls: number;
  readonly lanes: number;
  /** Lanes that wait at a limit. */
  readonly blockedLanes: number;
}

export type QueuedLane = LaneFacts & { readonly functionId: string; readonly function: string };

export interface QueueOverview {
  /** Calls that are out, and how many may be. */
  readonly calls: number;
  readonly callsMax: number;
  /** By jobs that wait, the most first. */
  readonly functions: readonly QueuedFunction[];
  readonly functionCount: number;
  readonly lanes: readonly QueuedLane[];
  readonly jobs: readonly JobCount[];
  /** Names of events and signals that are waited for. */
  readonly waitedNames: number;
}

export function explainQueue(view: ExplainView, jobs: readonly JobCount[], now: Instant): QueueOverview {
  const functions: QueuedFunction[] = [];
  let deepest: Lane[] = [];
  for (const functionId of view.ready.functionIds()) {
    const lanes = [...view.ready.lanesOf(functionId)];
    functions.push(queuedFunction(view, functionId, lanes));
    deepest.push(...lanes);
    // Keys can be many; only the head is kept.
    if (deepest.length > 50 * EXPLAINED_MAX) deepest = deepestOf(deepest);
  }
  const byDepth = (left: QueuedFunction, right: QueuedFunction) =>
    right.waitingStarts + right.waitingCalls - (left.waitingStarts + left.waitingCalls);
  return {
    calls: view.calls,
    callsMax: view.options.callsMax,
    functions: functions.sort(byDepth).slice(0, EXPLAINED_MAX),
    functionCount: functions.length,
    lanes: deepestOf(deepest).flatMap((lane) => queuedLane(view, lane, now)),
    jobs,
    waitedNames: view.waitNames.size,
  };
}

const deepestOf = (lanes: readonly Lane[]): Lane[] =>
  lanes.toSorted((left, right) => right.heap.size - left.heap.size).slice(0, EXPLAINED_MAX);

function queuedFunction(view: ExplainView, functionId: string, lanes: readonly Lane[]): QueuedFunction {
  const count = (isStart: boolean) =>
    lanes.reduce((sum, lane) => sum + (lane.isStart === isStart ? lane.heap.size : 0), 0);
  return {
    functionId,
    function: view.apps.anyFunction(functionId)?.fn.slug ?? null,
    paused: view.apps.pauseOf(functionId),
    waitingStarts: count(true),
    waitingCalls: count(false),
    lanes: lanes.length,
    blockedLanes: lanes.filter(({ blocked }) => blocked !== null).length,
  };
}

function queuedLane(view: ExplainView, lane: Lane, now: Instant): QueuedLane[] {
  const fn = view.apps.functionOf(lane.functionId);
  return fn === undefined ? [] : [{ ...factsOfLane(view, fn, lane, now), functionId: fn.id, function: fn.slug }];
}
