/**
 * wake: a sleep of this run came due.
 *
 *   W1. A sleep wakes at most once: its job leaves in the transition that records the memo.
 *   W2. A job that is gone (the run was cancelled) or that is not due yet changes nothing. Late and doubled hints are normal.
 */
import { assert } from "../assert.ts";
import type { RunContext } from "./context.ts";
import { afterStep } from "./progress.ts";
import type { Run } from "./run.ts";
import { recordMemo } from "./steps.ts";

export function wake(context: RunContext, run: Run, slot: string): void {
  const job = run.jobs.get(slot);
  if (job === undefined || job.kind !== "sleep" || job.dueAt > context.now) return; // W2
  const step = run.steps.get(slot);
  assert(step !== undefined && step.memo === null, "a sleep has no open step", { runId: run.id, slot });
  recordMemo(context, run, step, "null", "completed", context.now); // W1
  afterStep(context, run, step);
}
