/**
 * A run that collected events begins: because its time has come, because it is full, or because somebody wants it now.
 *
 *   CL1. It begins once: its job leaves with what it was remembered by, in one transition.
 */

import type { RunContext } from "./context.ts";
import { addJob, removeJob } from "./jobs.ts";
import { MAIN_SLOT, type Run } from "./run.ts";
import { limitStart } from "./timeouts.ts";

/** False when the run does not collect. */
export function beginCollected(context: RunContext, run: Run): boolean {
  const job = run.jobs.get(MAIN_SLOT);
  if (job?.kind !== "collect") return false;
  removeJob(context, run, job);
  run.startAt = context.now;
  context.batch.collects(run);
  if (run.flow?.collect !== undefined) {
    const { collect, ...flow } = run.flow;
    context.forgetFlow({ ...collect, functionId: run.functionId });
    run.flow = flow;
  }
  addJob(context, run, MAIN_SLOT, "discover", context.now);
  const fn = context.functionOf(run);
  if (fn !== undefined) limitStart(context, run, fn.timeouts);
  return true;
}

/** Its time has come. */
export function collectDue(context: RunContext, run: Run): void {
  const job = run.jobs.get(MAIN_SLOT);
  if (job?.kind === "collect" && job.dueAt <= context.now) beginCollected(context, run);
}
