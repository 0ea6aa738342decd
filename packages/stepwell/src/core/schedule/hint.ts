/**
 * What the scheduler knows of a job, and where the store finds it.
 *
 *   HI1. Jobs that share all their limits and are of the same phase form a lane. A lane's id begins with its function's, so
 *        that the lanes of a function are neighbours in the store.
 *   HI2. Within a lane jobs go by the creation of their runs, less priority; then by run and slot.
 */
import type { RunFlow } from "../../protocol/flow.ts";
import { laneKey } from "../flow/rules.ts";
import type { Instant } from "../instant.ts";
import type { JobKind, Run } from "../run/run.ts";

/** The order of jobs that wait for a time. */
export interface JobPlace {
  readonly dueAt: Instant;
  readonly runId: string;
  readonly slot: string;
}

/** The order of jobs within a lane (HI2). */
export interface OrderPlace {
  readonly orderAt: Instant;
  readonly runId: string;
  readonly slot: string;
}

export interface JobHint extends JobPlace, OrderPlace {
  readonly functionId: string;
  /** The run's creation, less its priority: older runs go first. */
  readonly orderAt: Instant;
  /** A timer only moves its run; it needs no place and waits for nobody. */
  readonly isTimer: boolean;
  /** The run's first call; that of a rerun with other arguments is for their step. */
  readonly isStart: boolean;
  /** A request that the server makes for a step: the app is not called. */
  readonly isRequest: boolean;
  /** What the run's limits go by. */
  readonly flow: RunFlow | null;
  /** Runs with the same key share all their limits. */
  readonly key: string;
}

/** What a hint is made of: a job and its run. */
export interface HintSource extends JobPlace {
  readonly kind: JobKind;
  readonly functionId: string;
  readonly createdAt: Instant;
  /** The run has made no call yet. */
  readonly isQueued: boolean;
  readonly flow: RunFlow | null;
}

export function hintOf({ runId, slot, dueAt, kind, functionId, createdAt, isQueued, flow }: HintSource): JobHint {
  return {
    runId,
    slot,
    dueAt,
    functionId,
    orderAt: orderOf(createdAt, flow),
    isTimer: TIMERS.has(kind),
    isStart: isQueued,
    isRequest: kind === "request",
    flow,
    key: laneKey(flow),
  };
}

const TIMERS: ReadonlySet<JobKind> = new Set<JobKind>([
  "collect",
  "sleep",
  "timeout",
  "start_timeout",
  "finish_timeout",
  "lease",
]);

const orderOf = (createdAt: Instant, flow: RunFlow | null): Instant => createdAt - (flow?.priorityMs ?? 0);

export type PlacedRun = Pick<Run, "functionId" | "flow" | "status" | "createdAt">;

/** Where the store finds a job: its lane and its order in it; a timer has no lane. */
export function storePlace(run: PlacedRun, kind: JobKind): { lane: string | null; orderAt: Instant } {
  const lane = TIMERS.has(kind) ? null : laneId(run.functionId, run.status === "queued", laneKey(run.flow));
  return { lane, orderAt: orderOf(run.createdAt, run.flow) };
}

/** True when that is the lane: as `storePlace` says it, without writing it. */
export function standsIn(lane: string | null, run: PlacedRun, kind: JobKind): boolean {
  if (lane === null || TIMERS.has(kind)) return lane === null && TIMERS.has(kind);
  const key = laneKey(run.flow);
  const at = run.functionId.length + 1;
  const isPhase = lane[at] === (run.status === "queued" ? "s" : "b");
  return isPhase && lane.length === at + 1 + key.length && lane.endsWith(key) && lane.startsWith(run.functionId);
}

// HI1. No id of a function has a line break.
const SEPARATOR = "\n";

export function laneId(functionId: string, isStart: boolean, key: string): string {
  return `${functionId}${SEPARATOR}${isStart ? "s" : "b"}${key}`;
}

export function laneOf(hint: JobHint): string {
  return laneId(hint.functionId, hint.isStart, hint.key);
}

export interface LaneParts {
  readonly functionId: string;
  readonly isStart: boolean;
  readonly key: string;
}

export function partsOf(lane: string): LaneParts {
  const at = lane.indexOf(SEPARATOR);
  return { functionId: lane.slice(0, at), isStart: lane[at + 1] === "s", key: lane.slice(at + 2) };
}

/** All lanes of a function lie between these two. */
export function lanesFrom(functionId: string): string {
  return `${functionId}${SEPARATOR}`;
}

export function lanesUntil(functionId: string): string {
  return `${functionId}\u000b`;
}

export function isOlder(left: OrderPlace, right: OrderPlace): boolean {
  if (left.orderAt !== right.orderAt) return left.orderAt < right.orderAt;
  if (left.runId !== right.runId) return left.runId < right.runId;
  return left.slot < right.slot;
}

export function isPlaceBefore(left: JobPlace, right: JobPlace): boolean {
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt;
  if (left.runId !== right.runId) return left.runId < right.runId;
  return left.slot < right.slot;
}
