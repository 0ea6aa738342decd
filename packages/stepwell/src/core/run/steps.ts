/**
 * The moves of a run's steps.
 *
 *   T1. The first result recorded for a step wins; later ones change nothing (E3).
 *   T2. A memo and its place in the stack are written together.
 */

import type { ErrorValue } from "../../protocol/error-value.ts";
import { codedErrorValue } from "../../protocol/errors.ts";
import { canonicalJson, isLargerThan, type JsonText, utf8Length } from "../../protocol/json.ts";
import { isRace, type Op } from "../../protocol/op.ts";
import type { Instant } from "../instant.ts";
import { disarm } from "./arm.ts";
import type { RunContext } from "./context.ts";
import { removeJob } from "./jobs.ts";
import type { Run, Step, StepKind, StepStatus } from "./run.ts";

/**
 * The step of an op: a new one, or the one the run has. One without a result may have lost its job with a run that failed
 * and was resumed, or come with edited input: it is what it is asked for as now.
 */
export function stepFor(
  context: RunContext,
  run: Run,
  op: Op,
  kind: StepKind,
  status: StepStatus,
  options: JsonText | null = optionsText(op),
): Step {
  const known = run.steps.get(op.id);
  if (known !== undefined) {
    if (known.memo === null && !run.jobs.has(op.id)) {
      known.kind = kind;
      known.status = status;
      context.batch.steps.add(known);
    }
    return known;
  }
  const step: Step = {
    runId: run.id,
    id: op.id,
    kind,
    name: op.displayName,
    index: op.index,
    seq: null,
    status,
    memo: null,
    options,
    childRunId: null,
    editedInput: null,
    isRace: isRace(op),
    attempts: 0,
    queuedAt: context.now,
    startedAt: op.startedAt,
    endedAt: null,
    isStored: false,
  };
  run.steps.set(op.id, step);
  run.stateSize += step.options?.length ?? 0;
  context.batch.steps.add(step);
  return step;
}

/** What the app asked for, as it is stored: its options, with the arguments of the body. */
export function optionsText(op: Op): JsonText | null {
  for (const _name in op.opts) return canonicalJson(op.opts);
  return null;
}

/** Records a step's result. Returns false when it had one already (T1). */
export function recordMemo(
  context: RunContext,
  run: Run,
  step: Step,
  memo: JsonText,
  status: "completed" | "failed" | "timed_out",
  endedAt: Instant,
): boolean {
  if (step.memo !== null) return false;
  step.memo = memo;
  step.status = status;
  step.seq = run.stack.length;
  step.endedAt = endedAt;
  run.stack.push(step.id); // T2
  run.stateSize += memo.length;
  context.batch.steps.add(step);
  const job = run.jobs.get(step.id);
  if (job !== undefined) removeJob(context, run, job);
  disarm(context, run, step.id);
  context.batch.notices.push({
    kind: status === "failed" ? "step_failed" : "step_completed",
    id: step.id,
    runId: run.id,
    functionId: run.functionId,
    name: step.name,
    status,
    at: context.now,
  });
  return true;
}

/** The memo of a result that the app reports. The old opcode carries it whole. */
export function memoOf({ op, data, error }: Op): JsonText {
  if (op === "StepFailed") return errorMemo(error!);
  return op === "Step" ? (data ?? "null") : dataMemo(data);
}

/** Records a result that the app reports, and lets happen what the step sends. Whether it fits was asked before. */
export function recordResult(
  context: RunContext,
  run: Run,
  op: Op,
  memo: JsonText,
  status: "completed" | "failed",
): Step {
  const step = stepFor(context, run, op, "run", "planned");
  step.startedAt = ranAt(op.startedAt, context.now) ?? step.startedAt ?? context.now;
  recordMemo(context, run, step, memo, status, ranAt(op.endedAt, context.now) ?? context.now);
  if (op.sends !== null) context.send(op.sends);
  return step;
}

/** The memo, or an error in its place when it is larger than a step's result may be. */
export function fittingMemo(
  context: RunContext,
  step: Step,
  memo: JsonText,
): { readonly memo: JsonText; readonly status: "completed" | "failed" } {
  const limit = context.limits.stepOutputBytesMax;
  if (!isLargerThan(memo, limit)) return { memo, status: "completed" };
  const error = codedErrorValue("step_output_too_large", { step: step.name, size: utf8Length(memo), limit });
  return { memo: errorMemo(error), status: "failed" };
}

export const dataMemo = (data: JsonText | null): JsonText => `{"data":${data ?? "null"}}`;

/** `data` is always there: one of the official SDKs cannot read an error without it. */
export function errorMemo(error: ErrorValue): JsonText {
  return canonicalJson({ error: { data: null, ...error } });
}

/** A time of the app's clock, never in our future. */
export function ranAt(at: number | null, now: number): number | null {
  return at === null ? null : Math.min(at, now);
}
