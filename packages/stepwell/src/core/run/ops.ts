/**
 * The operations of one reply: results first, then what the app asks for, the end last; each group in the order of the
 * reply. One function per opcode.
 *
 *   O1. An op for a step that already has its memo, or that is open already, changes nothing.
 *   O2. More than one request in a reply is a parallel group; from then on discoveries plan instead of executing.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { isLargerThan, type JsonText } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import { completeRun, failRunWith } from "./finish.ts";
import { addJob } from "./jobs.ts";
import { afterStep } from "./progress.ts";
import { isEnded, type Job, MAIN_SLOT, type Run, type Step } from "./run.ts";
import { sleepUntil } from "./sleep.ts";
import { dataMemo, errorMemo, optionsText, recordMemo, stepFor } from "./steps.ts";

/** What a reply amounted to. */
export interface Reported {
  /** Something was recorded or opened. */
  progressed: boolean;
  /** The app asked for a fresh discovery. */
  discover: boolean;
  /** A step's attempt failed and is to be made again. */
  failure: ErrorValue | null;
  failedSlot: string | null;
}

export function applyOps(context: RunContext, run: Run, job: Job, ops: readonly Op[]): Reported {
  const reported: Reported = { progressed: false, discover: false, failure: null, failedSlot: null };
  if (run.requestVersion === 1 && !run.forcePlan && ops.filter(isRequest).length > 1) {
    run.forcePlan = true; // O2; with version 2 the open steps say it.
    context.batch.runs.add(run);
  }
  const recorded: Step[] = [];
  for (const op of inOrder(ops)) {
    applyOp(context, run, job, op, reported, recorded);
    if (isEnded(run)) return reported;
  }
  // Only now, when all requests of the reply are open, is it known whether a group is still waiting (P1).
  for (const step of recorded) {
    if (job.slot !== MAIN_SLOT) afterStep(context, run, step);
    else if (step.isRace || run.requestVersion === 1) reported.discover = true; // P2
  }
  return reported;
}

/** A result beside the end of the run is recorded, wherever it stands. Nearly always the order is right already. */
function inOrder(ops: readonly Op[]): readonly Op[] {
  const end = ops.findIndex((op) => op.op === "RunComplete");
  const request = ops.findIndex(isRequest);
  const first = end < 0 ? request : request < 0 ? end : Math.min(end, request);
  if (first < 0 || first === ops.length - 1) return ops;
  return [...ops].sort((left, right) => rank(left) - rank(right));
}

const rank = (op: Op): number => (op.op === "RunComplete" ? 2 : isRequest(op) ? 1 : 0);

function isRequest(op: Op): boolean {
  return op.op === "StepPlanned" || op.op === "Sleep";
}

function applyOp(context: RunContext, run: Run, job: Job, op: Op, reported: Reported, recorded: Step[]): void {
  switch (op.op) {
    case "StepRun":
      applyResult(context, run, op, dataMemo(op.data), "completed", reported, recorded);
      break;
    case "Step":
      applyResult(context, run, op, op.data ?? "null", "completed", reported, recorded);
      break;
    case "StepFailed":
      applyResult(context, run, op, errorMemo(op.error!), "failed", reported, recorded);
      break;
    case "StepError":
      applyStepError(context, run, job, op, reported, recorded);
      break;
    case "StepPlanned":
      applyPlanned(context, run, op, reported);
      break;
    case "Sleep":
      applySleep(context, run, op, reported);
      break;
    case "RunComplete":
      completeRun(context, run, op.data ?? "null");
      break;
    case "DiscoveryRequest":
      reported.discover = true;
      break;
    case "None":
      break;
    default:
      failRunWith(context, run, "op_unsupported", { op: op.op });
  }
}

function applyResult(
  context: RunContext,
  run: Run,
  op: Op,
  memo: JsonText,
  status: "completed" | "failed",
  reported: Reported,
  recorded: Step[],
): void {
  if (run.steps.get(op.id)?.memo != null) return; // O1
  if (!fits(context, run, op, memo)) return;
  const step = stepFor(context, run, op, "run", "planned");
  step.startedAt = ranAt(op.startedAt, context.now) ?? step.startedAt ?? context.now;
  recordMemo(context, run, step, memo, status, ranAt(op.endedAt, context.now) ?? context.now);
  reported.progressed = true;
  recorded.push(step);
}

/** A time of the app's clock, never in our future. */
export function ranAt(at: number | null, now: number): number | null {
  return at === null ? null : Math.min(at, now);
}

/** False when the result broke a limit and the run failed for it. */
export function fits(context: RunContext, run: Run, op: Op, memo: JsonText): boolean {
  const { stepOutputBytesMax, runStateBytesMax, stepsPerRunMax } = context.limits;
  const options = optionsText(op)?.length ?? 0;
  if (options > LIMITS.stepInputBytesMax) {
    failRunWith(context, run, "step_input_too_large", {
      step: op.displayName,
      size: options,
      limit: LIMITS.stepInputBytesMax,
    });
  } else if (isLargerThan(memo, stepOutputBytesMax)) {
    failRunWith(context, run, "step_output_too_large", {
      step: op.displayName,
      size: memo.length,
      limit: stepOutputBytesMax,
    });
  } else if (run.stateSize + memo.length + options > runStateBytesMax) {
    const size = run.stateSize + memo.length + options;
    failRunWith(context, run, "run_state_too_large", { size, limit: runStateBytesMax });
  } else if (run.steps.size >= stepsPerRunMax && !run.steps.has(op.id)) {
    failRunWith(context, run, "too_many_steps", { count: run.steps.size + 1, limit: stepsPerRunMax });
  }
  return !isEnded(run);
}

function applyStepError(context: RunContext, run: Run, job: Job, op: Op, reported: Reported, recorded: Step[]): void {
  if (run.steps.get(op.id)?.memo != null) return; // O1
  const error = op.error!;
  if (op.noRetry || job.attempt + 1 >= attemptsMax(context, run)) {
    applyResult(context, run, op, errorMemo(error), "failed", reported, recorded);
    return;
  }
  const step = stepFor(context, run, op, "run", "retrying");
  step.status = "retrying";
  step.attempts = job.attempt + 1;
  step.startedAt ??= ranAt(op.startedAt, context.now) ?? context.now;
  context.batch.steps.add(step);
  reported.failure = error;
  reported.failedSlot = op.id;
}

function applyPlanned(context: RunContext, run: Run, op: Op, reported: Reported): void {
  if (run.steps.get(op.id)?.memo != null || run.jobs.has(op.id)) return; // O1
  if (!fits(context, run, op, "")) return;
  stepFor(context, run, op, "run", "planned");
  addJob(context, run, op.id, "step", context.now);
  reported.progressed = true;
}

function applySleep(context: RunContext, run: Run, op: Op, reported: Reported): void {
  if (run.steps.get(op.id)?.memo != null || run.jobs.has(op.id)) return; // O1
  if (!fits(context, run, op, "")) return;
  const until = sleepUntil(op, context.now);
  if (until.problem !== null) {
    failRunWith(context, run, until.problem, until.details);
    return;
  }
  const step = stepFor(context, run, op, "sleep", "sleeping");
  step.startedAt = context.now;
  addJob(context, run, op.id, "sleep", until.at);
  reported.progressed = true;
}
