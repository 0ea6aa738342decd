/**
 * A run that collected events begins: because its time has come, because it is full, or because somebody wants it now.
 *
 *   CL1. It begins once: its job leaves with what it was remembered by, in one transition.
 *   CL2. What it has collected is counted in bytes of UTF-8, each event once; from its beginning on in characters, as every
 *        other run's state.
 */
import { utf8Length } from "../../protocol/json.ts";
import type { RunContext } from "./context.ts";
import { addJob, removeJob } from "./jobs.ts";
import { MAIN_SLOT, type Run, type RunEvent } from "./run.ts";
import { limitStart } from "./timeouts.ts";

/** The size of a run's state before it has any but its events (CL2). */
export function eventsSize(events: readonly RunEvent[], collects: boolean): number {
  let size = 0;
  for (const { json } of events) size += collects ? utf8Length(json) : json.length;
  return size;
}

/** False when the run does not collect. */
export function beginCollected(context: RunContext, run: Run): boolean {
  const job = run.jobs.get(MAIN_SLOT);
  if (job?.kind !== "collect") return false;
  removeJob(context, run, job);
  run.startAt = context.now;
  run.stateSize = eventsSize(run.events, false);
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
