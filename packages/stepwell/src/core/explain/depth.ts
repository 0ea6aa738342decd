/** The deepest lanes and how much waits in all of them, in one pass: keys can be many, and all but a few are only counted. */
import type { Lane } from "../schedule/ready-queue.ts";
import { EXPLAINED_MAX } from "./explanation.ts";

export interface Depth {
  readonly lanes: number;
  /** Lanes that wait at a limit. */
  readonly blockedLanes: number;
  readonly waitingStarts: number;
  readonly waitingCalls: number;
  /** The deepest first. */
  readonly deepest: readonly Lane[];
}

export function depthOf(lanes: Iterable<Lane>): Depth {
  const deepest: Lane[] = [];
  let [count, blockedLanes, waitingStarts, waitingCalls] = [0, 0, 0, 0];
  for (const lane of lanes) {
    count++;
    if (lane.blocked !== null) blockedLanes++;
    if (lane.isStart) waitingStarts += lane.heap.size;
    else waitingCalls += lane.heap.size;
    keepDeepest(deepest, lane);
  }
  return { lanes: count, blockedLanes, waitingStarts, waitingCalls, deepest };
}

/** Puts the lane where it belongs, if it is among the deepest so far. */
export function keepDeepest(deepest: Lane[], lane: Lane): void {
  const isFull = deepest.length === EXPLAINED_MAX;
  if (isFull && deepest.at(-1)!.heap.size >= lane.heap.size) return;
  if (isFull) deepest.pop();
  let index = deepest.length;
  while (index > 0 && deepest[index - 1]!.heap.size < lane.heap.size) index--;
  deepest.splice(index, 0, lane);
}
