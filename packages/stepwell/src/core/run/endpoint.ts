/**
 * Runs of endpoints: the app begins the run by itself and executes it in the request of its own client, and saves here
 * what happens. From the first thing that takes time on, the server goes on with it like with any run.
 *
 *   EP1. While the app executes the run, its main job is a lease: nobody calls the app. What it saves renews the lease; when
 *        the lease is over the app is taken for dead, and the server makes the request again.
 *   EP2. Anything but results hands the run over: a failed attempt, steps that wait, parallel steps, a request to go on.
 *   EP3. What comes after that comes late. Its results and its end are welcome, the first one wins; all else is asked for
 *        again by the calls of the server.
 *   EP4. Saving the same twice changes nothing.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { INTERNAL_EVENTS } from "../../protocol/event.ts";
import { canonicalJson } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import { stepHash } from "../../protocol/step-id.ts";
import type { Instant } from "../instant.ts";
import { retryDelayMs } from "../retry.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import { completeRun, failRun } from "./finish.ts";
import { addJob, moveJob, removeJob } from "./jobs.ts";
import { fits } from "./limits.ts";
import { noticeRun } from "./notices.ts";
import { applyOps, type Reported } from "./ops.ts";
import { afterStep } from "./progress.ts";
import { hasOpenSteps, isEnded, type Job, MAIN_SLOT, type Run } from "./run.ts";
import { memoOf, recordResult } from "./steps.ts";

/** A lease that was renewed this lately is left as it is: a short request of many steps writes one row for it, not many. */
const RENEWED_MS_MIN = 60_000;

/** Errors of the function itself are reported under the id that ends it. */
const FUNCTION_OP = stepHash("complete", 0);

export function isEndpointRun(run: Run): boolean {
  return run.events[0]?.name === INTERNAL_EVENTS.request;
}

/** A run that has just been created is being executed already (EP1). */
export function holdRun(context: RunContext, run: Run, requestVersion: number): void {
  run.status = "running";
  run.startedAt = context.now;
  run.requestVersion = requestVersion;
  const job = run.jobs.get(MAIN_SLOT);
  if (job !== undefined) removeJob(context, run, job);
  addJob(context, run, MAIN_SLOT, "lease", context.now + LIMITS.endpointLeaseMs);
  noticeRun(context, run, "run_started");
}

/** The lease came due: the server goes on. */
export function endLease(context: RunContext, run: Run, job: Job): void {
  if (job.dueAt <= context.now) handOver(context, run, job, 0, context.now);
}

/** Takes what an endpoint reports; returns why something was not taken, as sentences for the log. */
export function saveEndpointSteps(context: RunContext, run: Run, ops: readonly Op[]): string[] {
  if (!isEndpointRun(run)) return ["the run was not begun by an endpoint"];
  if (isEnded(run)) return ops.every(isEnd) ? [] : [`the run has ended: it is ${run.status}`];
  const job = run.jobs.get(MAIN_SLOT);
  if (job?.kind !== "lease") return takeLate(context, run, ops);
  takeHeld(context, run, job, ops);
  return [];
}

function takeHeld(context: RunContext, run: Run, job: Job, ops: readonly Op[]): void {
  const failure = ops.find(isFunctionFailure);
  const reported = applyOps(
    context,
    run,
    job,
    ops.filter((op) => !isFunctionFailure(op)),
  );
  if (isEnded(run)) return;
  if (failure !== undefined) failFunction(context, run, job, failure);
  else if (reported.failure !== null) retry(context, run, job, reported.failedSlot ?? MAIN_SLOT, reported.failure);
  else if (ops.every(isResult)) renew(context, run, job);
  else settle(context, run, job, reported); // EP2
}

function renew(context: RunContext, run: Run, job: Job): void {
  const dueAt = context.now + LIMITS.endpointLeaseMs;
  if (dueAt - job.dueAt >= RENEWED_MS_MIN) moveJob(context, run, job, dueAt);
}

function failFunction(context: RunContext, run: Run, job: Job, op: Op): void {
  const error = op.error!;
  if (op.op === "StepFailed" || op.noRetry || attemptsMax(context, run) <= 1) {
    noteAttempt(context, run, MAIN_SLOT, error);
    failRun(context, run, error);
  } else retry(context, run, job, MAIN_SLOT, error);
}

/** The app's own request was the first attempt; the next one is the server's. */
function retry(context: RunContext, run: Run, job: Job, slot: string, error: ErrorValue): void {
  noteAttempt(context, run, slot, error);
  handOver(context, run, job, 1, context.now + retryDelayMs(0, null, context.retry, context.random));
}

function noteAttempt(context: RunContext, run: Run, slot: string, error: ErrorValue): void {
  context.batch.attempts.push({
    runId: run.id,
    slot,
    attempt: 0,
    startedAt: run.startedAt ?? context.now,
    endedAt: context.now,
    status: null,
    error: canonicalJson(error),
  });
}

/** Steps that wait move the run; without any the server asks what comes next. */
function settle(context: RunContext, run: Run, job: Job, reported: Reported): void {
  if (hasOpenSteps(run, false) && !reported.discover) removeJob(context, run, job);
  else handOver(context, run, job, 0, context.now);
}

function handOver(context: RunContext, run: Run, lease: Job, attempt: number, dueAt: Instant): void {
  removeJob(context, run, lease);
  const job = addJob(context, run, MAIN_SLOT, "discover", dueAt);
  job.attempt = attempt;
}

/** EP3. */
function takeLate(context: RunContext, run: Run, ops: readonly Op[]): string[] {
  const problems: string[] = [];
  for (const op of [...ops].sort((left, right) => Number(isEnd(left)) - Number(isEnd(right)))) {
    if (isEnded(run)) break;
    if (isEnd(op)) completeRun(context, run, op.data ?? "null");
    else if (isResult(op) || (op.op === "StepFailed" && !isFunctionFailure(op))) takeLateResult(context, run, op);
    else problems.push(`${op.op} came after the server had gone on with the run`);
  }
  return problems;
}

function takeLateResult(context: RunContext, run: Run, op: Op): void {
  if (op.op === "None" || run.steps.get(op.id)?.memo != null) return;
  const memo = memoOf(op);
  if (!fits(context, run, op, memo)) return;
  afterStep(context, run, recordResult(context, run, op, memo, op.op === "StepFailed" ? "failed" : "completed"));
}

const isResult = ({ op }: Op): boolean => op === "StepRun" || op === "Step" || op === "None";
const isEnd = ({ op }: Op): boolean => op === "RunComplete" || op === "SyncRunComplete";
const isFunctionFailure = ({ op, id }: Op): boolean =>
  id === FUNCTION_OP && (op === "StepError" || op === "StepFailed");
