/**
 * InvokeFunction: a step that starts a run of another function and gets its result.
 *
 *   IV1. The child begins in the transition that opens the step. A child that cannot begin is an error of the step at once:
 *        nobody waits for what will never come.
 *   IV2. A child's error is the step's error and is not retried: the child had its own attempts.
 *   IV3. A child outlives the step's timeout; whether it outlives the cancellation of its parent is the step's choice.
 *   IV4. A step that was open when its run failed has the same child when the run is resumed: its end counts also when it
 *        came in between. One whose error ended the run gets another child; the earlier one tells it nothing.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { codedErrorValue } from "../../protocol/errors.ts";
import { isJsonObject, type JsonText } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import type { InvokeStart, RunContext } from "./context.ts";
import { endsWithParent } from "./finish.ts";
import { addJob } from "./jobs.ts";
import { fits } from "./limits.ts";
import { isEnded, type Run, type Step } from "./run.ts";
import { dataMemo, errorMemo, fittingMemo, recordMemo, stepFor } from "./steps.ts";
import { patienceOf, resolveWait } from "./wait-event.ts";

/** Opens the step; gives it back when it failed to start anything, and null when it is open now or the run ended. */
export function applyInvoke(context: RunContext, run: Run, op: Op): Step | null {
  if (!fits(context, run, op, "")) return null;
  const untilAt = patienceOf(context, run, op, LIMITS.waitMsDefault);
  if (untilAt === null) return null;
  const started = startChild(context, run, op, untilAt);
  if (isEnded(run)) return null; // The child took its place (flow/singleton.ts).
  if (started.kind === "refused") {
    const step = stepFor(context, run, op, "invoke", "waiting");
    step.startedAt = context.now;
    const memo = errorMemo(codedErrorValue(started.code, started.details));
    recordMemo(context, run, step, memo, "failed", context.now);
    return step; // IV1
  }
  const step = stepFor(context, run, op, "invoke", "waiting");
  step.childRunId = started.runId;
  step.startedAt = context.now;
  if (started.kind === "ended") {
    const { memo, status } = started.status === "failed" ? started : fittingMemo(context, step, started.memo);
    if (!fits(context, run, op, memo)) return null;
    recordMemo(context, run, step, memo, status, context.now);
    return step;
  }
  addJob(context, run, op.id, "timeout", untilAt);
  return null;
}

function startChild(context: RunContext, run: Run, op: Op, untilAt: number): InvokeStart {
  const { function_id: functionId, payload } = op.opts;
  const depth = (run.parent?.depth ?? 0) + 1;
  if (depth > LIMITS.invokeDepthMax) {
    return { kind: "refused", code: "invoke_too_deep", details: { limit: LIMITS.invokeDepthMax } };
  }
  if (typeof functionId !== "string" || functionId === "") {
    return { kind: "refused", code: "function_not_found", details: { function: "(no id)" } };
  }
  const onCancel = endsWithParent(op.opts) ? "cancel" : "abandon"; // IV3
  const parent = { runId: run.id, slot: op.id, onCancel, depth } as const;
  const earlier = earlierChild(run, op.id); // IV4
  return context.invoke(parent, { functionId, payload: isJsonObject(payload) ? payload : {}, untilAt, earlier });
}

/** The child that a step had when its run failed, or null. */
export function earlierChild(run: Run, stepId: string): string | null {
  const step = run.steps.get(stepId);
  return step?.kind === "invoke" && step.memo === null && !run.jobs.has(stepId) ? step.childRunId : null;
}

/** What the step that invoked a run gets when that run ends. */
export function memoOfChild(child: Run): { readonly memo: JsonText; readonly status: "completed" | "failed" } {
  if (child.status === "completed") return { memo: dataMemo(child.output), status: "completed" };
  const error = child.error === null ? {} : (JSON.parse(child.error) as Partial<ErrorValue>);
  if (child.status === "failed") {
    return { memo: errorMemo({ name: "Error", message: "", ...error }), status: "failed" }; // IV2
  }
  const code = child.status === "skipped" ? "invoke_skipped" : "invoke_cancelled";
  const details = { run: child.id, reason: error.message ?? child.status };
  return { memo: errorMemo(codedErrorValue(code, details)), status: "failed" };
}

/** A child has ended: the step that waits for it gets its memo (IV4). */
export function childEnded(
  context: RunContext,
  run: Run,
  slot: string,
  childId: string,
  memo: JsonText,
  status: "completed" | "failed",
): void {
  const step = run.steps.get(slot);
  if (step === undefined || step.childRunId !== childId) return;
  const fitting = status === "failed" ? { memo, status } : fittingMemo(context, step, memo);
  resolveWait(context, run, slot, fitting.memo, fitting.status);
}

/** What the step gets when its patience is over. The name is the wire's. */
export const INVOKE_TIMEOUT_MEMO: JsonText = (() => {
  const name = "InngestInvokeTimeoutError";
  const message = "Timed out waiting for invoked function to complete";
  return errorMemo({ name, message, code: "invoke_timeout", error: `${name}: ${message}` } as ErrorValue);
})();
