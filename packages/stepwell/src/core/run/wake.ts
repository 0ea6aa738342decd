/**
 * wake: a sleep of this run came due, or the patience of a step that waits.
 *
 *   W1. A step wakes at most once: its job leaves in the transition that records the memo.
 *   W2. A job that is gone (the run was cancelled) or that is not due yet changes nothing. Late and doubled hints are normal.
 */
import { assert } from "../assert.ts";
import type { RunContext } from "./context.ts";
import { INVOKE_TIMEOUT_MEMO } from "./invoke.ts";
import { afterStep } from "./progress.ts";
import type { Run } from "./run.ts";
import { recordMemo } from "./steps.ts";

export function wake(context: RunContext, run: Run, slot: string): void {
  const job = run.jobs.get(slot);
  if (job === undefined || (job.kind !== "sleep" && job.kind !== "timeout") || job.dueAt > context.now) return; // W2
  const step = run.steps.get(slot);
  assert(step !== undefined && step.memo === null, "what is due has no open step", { runId: run.id, slot });
  const memo = step.kind === "invoke" ? INVOKE_TIMEOUT_MEMO : "null";
  recordMemo(context, run, step, memo, job.kind === "sleep" ? "completed" : "timed_out", context.now); // W1
  afterStep(context, run, step);
}
