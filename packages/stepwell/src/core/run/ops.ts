/**
 * The operations of one reply: results first, then waits, then whatever else the app asks for, the end last; each group
 * in the order of the reply. One function per opcode.
 *
 *   O1. An op for a step that already has its memo, or that is open already, changes nothing.
 *   O2. More than one request in a reply is a parallel group; from then on discoveries plan instead of executing.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import type { JsonText } from "../../protocol/json.ts";
import type { Op } from "../../protocol/op.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import { completeRun, failRunWith } from "./finish.ts";
import { applyInvoke } from "./invoke.ts";
import { addJob } from "./jobs.ts";
import { fits } from "./limits.ts";
import { noteCodeChange } from "./notes.ts";
import { afterStep } from "./progress.ts";
import { applyRequest } from "./request.ts";
import { isEnded, type Job, MAIN_SLOT, type Run, type Step, type StepKind } from "./run.ts";
import { sleepUntil } from "./sleep.ts";
import { errorMemo, memoOf, ranAt, recordResult, stepFor } from "./steps.ts";
import { applyWaitForEvent } from "./wait-event.ts";
import { applyWaitForSignal } from "./wait-signal.ts";

/** What a reply amounted to. */
export interface Reported {
  /** Something was recorded or opened. */
  progressed: boolean;
  /** The app asked for a fresh discovery. */
  discover: boolean;
  /** A step's attempt failed and is to be made again. */
  failure: ErrorValue | null;
  failedSlot: string | null;
  /** Steps that got their result. */
  readonly recorded: Step[];
}

export function applyOps(context: RunContext, run: Run, job: Job, ops: readonly Op[]): Reported {
  const reported: Reported = { progressed: false, discover: false, failure: null, failedSlot: null, recorded: [] };
  if (run.requestVersion === 1 && !run.forcePlan && ops.filter(isRequest).length > 1) {
    run.forcePlan = true; // O2; with version 2 the open steps say it.
    context.batch.runs.add(run);
  }
  for (const op of inOrder(ops)) {
    applyOp(context, run, job, op, reported);
    if (isEnded(run)) return reported;
  }
  // Only now, when all requests of the reply are open, is it known whether a group is still waiting (P1).
  for (const step of reported.recorded) {
    if (job.slot !== MAIN_SLOT) afterStep(context, run, step);
    else if (step.isRace || run.requestVersion === 1) reported.discover = true; // P2
  }
  return reported;
}

/** A result beside the end of the run is recorded, wherever it stands. Nearly always the order is right already. */
function inOrder(ops: readonly Op[]): readonly Op[] {
  const end = ops.findIndex((op) => op.op === "RunComplete" || op.op === "SyncRunComplete");
  const request = ops.findIndex(isRequest);
  const first = end < 0 ? request : request < 0 ? end : Math.min(end, request);
  if (first < 0 || first === ops.length - 1) return ops;
  return [...ops].sort((left, right) => rank(left) - rank(right));
}

/** Waits are armed before what may cause their events. */
function rank(op: Op): number {
  if (op.op === "RunComplete" || op.op === "SyncRunComplete") return 3;
  if (op.op === "WaitForEvent" || op.op === "WaitForSignal") return 1;
  return isRequest(op) ? 2 : 0;
}

/** The kind of the step that an op asks for; undefined for ops that report or end something. */
const REQUESTED: { readonly [Code in Op["op"]]?: StepKind } = {
  StepPlanned: "run",
  Sleep: "sleep",
  WaitForEvent: "wait",
  WaitForSignal: "signal",
  InvokeFunction: "invoke",
  Gateway: "fetch",
  AIGateway: "ai",
};

function isRequest(op: Op): boolean {
  return REQUESTED[op.op] !== undefined;
}

function applyOp(context: RunContext, run: Run, job: Job, op: Op, reported: Reported): void {
  const requested = REQUESTED[op.op];
  if (requested !== undefined) {
    const known = run.steps.get(op.id);
    if (known !== undefined && known.kind !== requested) noteCodeChange(context, run, known, requested);
    if (known?.memo != null || run.jobs.has(op.id)) return; // O1
  }
  switch (op.op) {
    case "StepRun":
    case "Step":
      applyResult(context, run, op, memoOf(op), "completed", reported);
      break;
    case "StepFailed":
      applyResult(context, run, op, memoOf(op), "failed", reported);
      break;
    case "StepError":
      applyStepError(context, run, job, op, reported);
      break;
    case "StepPlanned":
      applyPlanned(context, run, op, reported);
      break;
    case "Sleep":
      applySleep(context, run, op, reported);
      break;
    case "WaitForEvent":
      reported.progressed = applyWaitForEvent(context, run, op) || reported.progressed;
      break;
    case "WaitForSignal":
      requestedStep(applyWaitForSignal(context, run, op), reported);
      break;
    case "InvokeFunction":
      requestedStep(applyInvoke(context, run, op), reported);
      break;
    case "Gateway":
    case "AIGateway":
      applyRequest(context, run, op, op.op === "Gateway" ? "fetch" : "ai");
      reported.progressed = true;
      break;
    case "RunComplete":
    case "SyncRunComplete":
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

/** A step was opened; one that is done already is followed up like any result. */
function requestedStep(done: Step | null, reported: Reported): void {
  reported.progressed = true;
  if (done !== null) reported.recorded.push(done);
}

function applyResult(
  context: RunContext,
  run: Run,
  op: Op,
  memo: JsonText,
  status: "completed" | "failed",
  reported: Reported,
): void {
  if (run.steps.get(op.id)?.memo != null) return; // O1
  if (!fits(context, run, op, memo)) return;
  reported.recorded.push(recordResult(context, run, op, memo, status));
  reported.progressed = true;
}

function applyStepError(context: RunContext, run: Run, job: Job, op: Op, reported: Reported): void {
  if (run.steps.get(op.id)?.memo != null) return; // O1
  const error = op.error!;
  if (op.noRetry || job.attempt + 1 >= attemptsMax(context, run)) {
    applyResult(context, run, op, errorMemo(error), "failed", reported);
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
  if (!fits(context, run, op, "")) return;
  stepFor(context, run, op, "run", "planned");
  addJob(context, run, op.id, "step", context.now);
  reported.progressed = true;
}

function applySleep(context: RunContext, run: Run, op: Op, reported: Reported): void {
  if (!fits(context, run, op, "")) return;
  const known = run.steps.get(op.id);
  const begunAt = known?.kind === "sleep" ? known.startedAt : null; // In a run that failed and was resumed.
  const until = sleepUntil(op, context.now, begunAt ?? context.now);
  if (until.problem !== null) {
    failRunWith(context, run, until.problem, until.details);
    return;
  }
  stepFor(context, run, op, "sleep", "sleeping").startedAt = begunAt ?? context.now;
  addJob(context, run, op.id, "sleep", until.at);
  reported.progressed = true;
}
