/**
 * A ready job becomes a call. Nothing is written for it (E3), but for the row of a run that starts (a run whose first step
 * takes an hour must not be shown as queued), and that of its job where starts may have to wait.
 *
 *   D1. A job is called only when it is due and not called already.
 *   D2. Every call of a job has a higher generation than the one before, across restarts too: it is at least the
 *       instant of dispatch. Replies and checkpoints of an older one are stale.
 *   D3. A run that has begun does not stand among those that wait for it: its job leaves their lane with its first call, so
 *       that a restart finds it whatever waits there.
 */
import type { Call, Memo } from "../../protocol/call.ts";
import { assert } from "../assert.ts";
import { holdsPlaces } from "../flow/rules.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import { failRunWith } from "./finish.ts";
import { leaveStarts } from "./jobs.ts";
import { noticeRun } from "./notices.ts";
import { dispatchRequest } from "./request.ts";
import { hasOpenSteps, isEarly, isEnded, type Job, MAIN_SLOT, type Run } from "./run.ts";
import { endForTime, isTimeOver, limitFinish } from "./timeouts.ts";

/** Starts the call of a job. Returns false when there is nothing to call: the job is gone, not due, or out already. */
export function dispatch(context: RunContext, run: Run, slot: string, requestId: string): boolean {
  const job = run.jobs.get(slot);
  if (job === undefined || job.call !== null || isEarly(job, context.now)) return false; // D1
  assert(!isEnded(run), "an ended run has a job", { runId: run.id, slot });
  if (run.steps.size >= context.limits.stepsPerRunMax && slot === MAIN_SLOT) {
    failRunWith(context, run, "too_many_steps", { count: run.steps.size, limit: context.limits.stepsPerRunMax });
    return false;
  }
  const fn = context.functionOf(run);
  if (fn === undefined) {
    failRunWith(context, run, "function_removed", { function: run.functionId }, "function_removed");
    return false;
  }
  if (isTimeOver(context, run, fn.timeouts)) {
    endForTime(context, run, fn.timeouts);
    return false;
  }
  if (job.kind === "request") {
    dispatchRequest(context, run, job, requestId);
    return true;
  }
  job.generation = Math.max(job.generation + 1, context.now); // D2
  const memoCount = run.stack.length;
  job.call = { generation: job.generation, requestId, startedAt: context.now, memoCount, isSuperseded: false };
  if (run.status === "queued") {
    run.status = "running";
    run.startedAt = context.now;
    limitFinish(context, run, fn.timeouts);
    context.batch.runs.add(run);
    if (fn.flow.throttle !== null || holdsPlaces(run.flow)) leaveStarts(context, run, job); // D3
    noticeRun(context, run, "run_started");
  }
  const call: Call = {
    runId: run.id,
    functionId: fn.id,
    functionSlug: fn.slug,
    url: fn.url,
    target: slot === MAIN_SLOT ? null : slot,
    attempt: job.attempt,
    attemptsMax: attemptsMax(context, run),
    requestId,
    generation: job.generation,
    jobId: jobId(job),
    requestVersion: run.requestVersion,
    disableImmediateExecution: run.forcePlan || hasOpenSteps(run, false),
    events: run.events.map((event) => event.json),
    memos: run.stack.map((id) => ({ id, json: run.steps.get(id)!.memo! })),
    inputs: run.originalRunId === null ? [] : editedInputs(run),
  };
  context.batch.calls.push({ runId: run.id, slot, call });
  return true;
}

/** Arguments that were edited for steps that have not run yet. */
export function editedInputs(run: Run): Memo[] {
  const steps = [...run.steps.values()].filter((step) => step.editedInput !== null && step.memo === null);
  return steps.map((step) => ({ id: step.id, json: `{"input":${step.editedInput}}` }));
}

/** The name of a job on the wire; checkpoints bring it back. */
export function jobId(job: Job): string {
  return `${job.runId}.${job.slot}`;
}

/** Run id and slot of a job's wire name, or null. */
export function parseJobId(text: string): { readonly runId: string; readonly slot: string } | null {
  const dot = text.indexOf(".");
  return dot < 0 ? null : { runId: text.slice(0, dot), slot: text.slice(dot + 1) };
}
