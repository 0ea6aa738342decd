/** What waits on what, of all functions: the deepest functions and lanes, and how much sleeps or waits for something else. */
import type { PauseMode } from "../batch.ts";
import type { Instant } from "../instant.ts";
import type { JobKind } from "../run/run.ts";
import type { Lane } from "../schedule/ready-queue.ts";
import { type Depth, depthOf, keepDeepest } from "./depth.ts";
import { factsOfLane, type LaneFacts } from "./explain-function.ts";
import { EXPLAINED_MAX } from "./explanation.ts";
import type { ExplainView } from "./view.ts";

/** Stored jobs of a kind. */
export interface JobCount {
  readonly kind: JobKind;
  readonly count: number;
  /** Those whose time has come. */
  readonly due: number;
  /** True: they are still being counted, and this is how many there are so far. */
  readonly isMore: boolean;
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
  const deepest: Lane[] = [];
  for (const functionId of view.ready.functionIds()) {
    const depth = depthOf(view.ready.lanesOf(functionId));
    functions.push(queuedFunction(view, functionId, depth));
    for (const lane of depth.deepest) keepDeepest(deepest, lane);
  }
  const byDepth = (left: QueuedFunction, right: QueuedFunction) =>
    right.waitingStarts + right.waitingCalls - (left.waitingStarts + left.waitingCalls);
  return {
    calls: view.calls,
    callsMax: view.options.callsMax,
    functions: functions.sort(byDepth).slice(0, EXPLAINED_MAX),
    functionCount: functions.length,
    lanes: deepest.flatMap((lane) => queuedLane(view, lane, now)),
    jobs,
    waitedNames: view.waitNames.size,
  };
}

function queuedFunction(view: ExplainView, functionId: string, depth: Depth): QueuedFunction {
  const { deepest: _deepest, ...counts } = depth;
  const slug = view.apps.anyFunction(functionId)?.fn.slug ?? null;
  return { functionId, function: slug, paused: view.apps.pauseOf(functionId), ...counts };
}

function queuedLane(view: ExplainView, lane: Lane, now: Instant): QueuedLane[] {
  const fn = view.apps.functionOf(lane.functionId);
  return fn === undefined ? [] : [{ ...factsOfLane(view, fn, lane, now), functionId: fn.id, function: fn.slug }];
}
