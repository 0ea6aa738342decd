/**
 * Limits on the time of a whole run.
 *
 *   TO1. They are jobs of the run, so they hold through restarts and end it in any state, mid-call too.
 *   TO2. The function's configuration of now counts: a limit that was raised moves the job, one that was taken away drops
 *        it, one that was lowered counts from the next call on.
 *   TO3. The start is limited from the planned start on, the finish from the first call on. A resumed run that waits for
 *        its places has started once: its wait is not limited.
 */
import { formatDuration } from "../../protocol/duration.ts";
import type { RunTimeouts } from "../../protocol/function.ts";
import type { Instant } from "../instant.ts";
import type { RunContext } from "./context.ts";
import { timeOutRun } from "./finish.ts";
import { addJob, moveJob, removeJob } from "./jobs.ts";
import { FINISH_TIMEOUT_SLOT, type Job, type Run, START_TIMEOUT_SLOT } from "./run.ts";

export function limitStart(context: RunContext, run: Run, { startMs }: RunTimeouts): void {
  if (startMs !== null) addJob(context, run, START_TIMEOUT_SLOT, "start_timeout", run.startAt + startMs);
}

/** The first call is made: one limit ends, the other begins. */
export function limitFinish(context: RunContext, run: Run, { finishMs }: RunTimeouts): void {
  const start = run.jobs.get(START_TIMEOUT_SLOT);
  if (start !== undefined) removeJob(context, run, start);
  if (finishMs !== null) addJob(context, run, FINISH_TIMEOUT_SLOT, "finish_timeout", context.now + finishMs);
}

/** The limit that is over by the configuration of now, or null; asked before each call (TO2). */
export function isTimeOver(context: RunContext, run: Run, limits: RunTimeouts): boolean {
  const deadline = deadlineOf(run, limits);
  return deadline !== null && deadline <= context.now;
}

/** A timeout's job came due. */
export function runTimeout(context: RunContext, run: Run, job: Job): void {
  if (job.dueAt > context.now) return;
  const limits = context.functionOf(run)?.timeouts;
  const deadline = limits === undefined ? null : deadlineOf(run, limits);
  if (limits === undefined || deadline === null)
    removeJob(context, run, job); // TO2
  else if (deadline > context.now) moveJob(context, run, job, deadline);
  else endForTime(context, run, limits);
}

export function endForTime(context: RunContext, run: Run, limits: RunTimeouts): void {
  const [what, limitMs] = run.startedAt === null ? ["start", limits.startMs!] : ["finish", limits.finishMs!];
  timeOutRun(context, run, `The run did not ${what} within ${formatDuration(limitMs)}.`, limits.asFailure);
}

function deadlineOf(run: Run, { startMs, finishMs }: RunTimeouts): Instant | null {
  if (run.startedAt === null) {
    return startMs === null || run.notes?.resumes !== undefined ? null : run.startAt + startMs; // TO3
  }
  return finishMs === null ? null : run.startedAt + finishMs;
}
