import { expect, test } from "vitest";
import { Gates } from "../flow/gates.ts";
import type { JobHint } from "../schedule/hint.ts";
import { ReadyQueue } from "../schedule/ready-queue.ts";
import { depthOf } from "./depth.ts";
import { EXPLAINED_MAX } from "./explanation.ts";

const hint = (key: string, n: number): JobHint => {
  return {
    runId: `${key}-${n}`,
    slot: "main",
    dueAt: 0,
    functionId: "f",
    orderAt: 0,
    isTimer: false,
    isStart: true,
    isRequest: false,
    flow: null,
    key,
  };
};

test("of many lanes the deepest are kept, the deepest first, and all are counted", () => {
  const queue = new ReadyQueue(new Gates(), () => 1);
  const depths = Array.from({ length: 3 * EXPLAINED_MAX }, (_, index) => 1 + ((index * 7) % (3 * EXPLAINED_MAX)));
  for (const [lane, depth] of depths.entries()) {
    const opened = queue.open({ functionId: "f", isStart: true, key: `k${lane}` });
    for (let n = 0; n < depth; n++) queue.push(opened, hint(`k${lane}`, n));
  }
  const { deepest, ...counts } = depthOf(queue.lanesOf("f"));
  expect(deepest.map((lane) => lane.heap.size)).toEqual(depths.toSorted((a, b) => b - a).slice(0, EXPLAINED_MAX));
  const waitingStarts = depths.reduce((sum, depth) => sum + depth, 0);
  expect(counts).toEqual({ lanes: depths.length, blockedLanes: 0, waitingStarts, waitingCalls: 0 });
});
