/**
 * reply: a call returned. The one place where an outcome becomes state.
 *
 *   Y1. A reply of a call that is no longer the job's current one changes nothing (E3).
 *   Y2. Results are recorded before anything that depends on them: steps first, then requests, then the end.
 *   Y3. A failure is retried with the same target; when no attempt is left, the run fails.
 *   Y4. A call that was told to stop fails because of that, not because of the function: the discovery goes on.
 *   Y5. A discovery that reports another result for a step than the stored one was delivered twice and overtaken. What it
 *       asks for follows from a value that no replay will see: it is dropped, and the discovery goes on.
 *   Y6. A call that could not connect has executed nothing. If its function would rather wait, it uses no attempt; when it
 *       is made again is up to its app (flow/app-contact.ts).
 */
import { codedErrorValue } from "../../protocol/errors.ts";
import { canonicalJson } from "../../protocol/json.ts";
import type { Op } from "../../protocol/op.ts";
import type { FailedOutcome, OpsOutcome, Outcome } from "../../protocol/outcome.ts";
import { retryDelayMs } from "../retry.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import { completeRun, failRun } from "./finish.ts";
import { continueDiscovery, ensureDiscovery, moveJob, removeJob, restartJob, retryJob } from "./jobs.ts";
import { noteUnreached } from "./notes.ts";
import { applyOps, type Reported } from "./ops.ts";
import { asksAgain } from "./resume.ts";
import { type CallInFlight, hasOpenSteps, isEnded, isStepSlot, type Job, MAIN_SLOT, type Run } from "./run.ts";
import { memoOf } from "./steps.ts";

export function reply(context: RunContext, run: Run, slot: string, generation: number, outcome: Outcome): void {
  const job = run.jobs.get(slot);
  if (isEnded(run) || job === undefined || job.call === null || job.call.generation !== generation) return; // Y1
  const call = job.call;
  job.call = null;
  noteVersion(context, run, outcome.requestVersion);
  if (outcome.kind !== "failed") noteUnreached(context, run, outcome.unreached); // What threw may have thrown before them.
  if (outcome.kind === "returned") completeRun(context, run, outcome.output);
  else if (outcome.kind === "failed" && call.isSuperseded && hasMoved(run, call))
    continueDiscovery(context, run, job); // Y4
  else if (outcome.kind === "failed" && outcome.isUnreached === true && waitsForApp(context, run))
    moveJob(context, run, job, context.now); // Y6
  else if (outcome.kind === "failed") fail(context, run, job, call, outcome);
  else if (slot === MAIN_SLOT && outcome.ops.some((op) => contradicts(run, op))) continueDiscovery(context, run, job);
  else applyReported(context, run, job, call, outcome);
}

/** Y5. */
function contradicts(run: Run, op: Op): boolean {
  if (op.op !== "StepRun" && op.op !== "Step") return false;
  const known = run.steps.get(op.id)?.memo ?? null;
  return known !== null && known !== memoOf(op);
}

function applyReported(context: RunContext, run: Run, job: Job, call: CallInFlight, outcome: OpsOutcome): void {
  const reported = applyOps(context, run, job, outcome.ops); // Y2
  if (isEnded(run)) return;
  if (reported.failure !== null) {
    const failed: FailedOutcome = { ...outcome, kind: "failed", error: reported.failure, noRetry: false };
    const failedSlot = reported.failedSlot ?? job.slot;
    recordAttempt(context, run, job, failedSlot, call, failed);
    const delayMs = retryDelayMs(job.attempt, outcome.retryAfterMs, context.retry, context.random);
    if (run.jobs.get(job.slot) === job) retryJob(context, run, job, context.now + delayMs, failedSlot);
    else ensureDiscovery(context, run); // Its own step is done: whoever looks again finds the one that failed.
    return;
  }
  settle(context, run, job, call, reported, outcome);
}

/** The job has done its work: it leaves, goes on, or, if the reply brought nothing at all, is tried again (P3). */
function settle(
  context: RunContext,
  run: Run,
  job: Job,
  call: CallInFlight,
  reported: Reported,
  outcome: OpsOutcome,
): void {
  const isStillThere = run.jobs.get(job.slot) === job;
  const waits = hasOpenStepsBeside(run, job);
  if (isStillThere && job.slot !== MAIN_SLOT) {
    // A targeted call that reported other steps than its own: what it found was taken; its own step is still open.
    if (reported.progressed) moveJob(context, run, job, context.now);
    else failNothing(context, run, job, call, outcome);
    return;
  }
  if (!isStillThere) return; // A recorded step took its job along and asked for what follows.
  if (job.again || reported.discover) continueDiscovery(context, run, job);
  else if (waits) removeJob(context, run, job);
  // What it reported may have been saved by its own checkpoint already, whose answer was lost.
  else if (reported.progressed || hasMoved(run, call)) continueDiscovery(context, run, job);
  else failNothing(context, run, job, call, outcome);
}

function hasMoved(run: Run, call: CallInFlight): boolean {
  return run.stack.length > call.memoCount;
}

function waitsForApp(context: RunContext, run: Run): boolean {
  return context.functionOf(run)?.flow.whenUnreachable === "wait";
}

function failNothing(context: RunContext, run: Run, job: Job, call: CallInFlight, outcome: OpsOutcome): void {
  const error = codedErrorValue("reply_invalid", {
    reason: "it reported nothing new and there is nothing to wait for",
  });
  fail(context, run, job, call, { ...outcome, kind: "failed", noRetry: false, error });
}

function fail(context: RunContext, run: Run, job: Job, call: CallInFlight, outcome: FailedOutcome): void {
  recordAttempt(context, run, job, job.slot, call, outcome);
  if (outcome.noRetry || job.attempt + 1 >= attemptsMax(context, run)) {
    if (!asksAgain(context, run, outcome.error))
      failRun(context, run, outcome.error); // Y3
    else if (job.slot === MAIN_SLOT) continueDiscovery(context, run, job);
    else restartJob(context, run, job);
    return;
  }
  const step = run.steps.get(job.slot);
  if (step !== undefined && step.memo === null) {
    step.status = "retrying";
    step.attempts = job.attempt + 1;
    context.batch.steps.add(step);
  }
  retryJob(
    context,
    run,
    job,
    context.now + retryDelayMs(job.attempt, outcome.retryAfterMs, context.retry, context.random),
  );
}

function recordAttempt(
  context: RunContext,
  run: Run,
  job: Job,
  slot: string,
  call: CallInFlight,
  outcome: FailedOutcome,
): void {
  context.batch.attempts.push({
    runId: run.id,
    slot,
    attempt: job.attempt,
    startedAt: call.startedAt,
    endedAt: context.now,
    status: outcome.status,
    error: canonicalJson(outcome.error),
  });
}

function noteVersion(context: RunContext, run: Run, version: number): void {
  if (run.requestVersion !== -1 || version === 0) return;
  run.requestVersion = version;
  context.batch.runs.add(run);
}

function hasOpenStepsBeside(run: Run, job: Job): boolean {
  if (job.slot === MAIN_SLOT) return hasOpenSteps(run, false);
  for (const slot of run.jobs.keys()) if (slot !== job.slot && (slot === MAIN_SLOT || isStepSlot(slot))) return true;
  return false;
}
