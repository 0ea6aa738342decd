/**
 * The end of a run.
 *
 *   F1. A run ends once; ending an ended run changes nothing.
 *   F2. An ended run has no job and no wait (R2), and what its end causes is in the same transition (E4).
 *   F3. The children of a cancelled run are cancelled if the step that invoked them says so. A run that a step only joined is
 *        nobody's child but its parent's (links.ts).
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { codedErrorValue, type ErrorCode, type ErrorDetails } from "../../protocol/errors.ts";
import { canonicalJson, type JsonObject, type JsonText } from "../../protocol/json.ts";
import { disarmAll } from "./arm.ts";
import type { RunContext } from "./context.ts";
import { settleEvents } from "./event-results.ts";
import { removeJob } from "./jobs.ts";
import { noticeRun } from "./notices.ts";
import { type EndReason, isEnded, type Run } from "./run.ts";

export function completeRun(context: RunContext, run: Run, output: JsonText): void {
  if (run.stateSize + output.length > context.limits.runStateBytesMax) {
    failRunWith(context, run, "run_state_too_large", {
      size: run.stateSize + output.length,
      limit: context.limits.runStateBytesMax,
    });
    return;
  }
  const settled = settleEvents(context, run, output);
  if (settled?.error == null) end(context, run, "completed", output, null);
  else end(context, run, "failed", settled.keepsOutput ? output : null, settled.error);
}

export function failRun(context: RunContext, run: Run, error: ErrorValue): void {
  end(context, run, "failed", null, canonicalJson(error));
}

/** Fails the run for a reason of the engine's. */
export function failRunWith(
  context: RunContext,
  run: Run,
  code: ErrorCode,
  details: ErrorDetails,
  reason: EndReason | null = null,
): void {
  end(context, run, "failed", null, canonicalJson(codedErrorValue(code, details)), reason);
}

export function cancelRun(context: RunContext, run: Run, reason: EndReason, message: string): void {
  end(context, run, "cancelled", null, canonicalJson({ name: "cancelled", message }), reason);
}

/** Its time is over; whether that counts as a failure is the function's choice. */
export function timeOutRun(context: RunContext, run: Run, message: string, asFailure: boolean): void {
  const error = canonicalJson({ name: "run_timed_out", code: "run_timed_out", message });
  end(context, run, asFailure ? "failed" : "cancelled", null, error, "timed_out");
}

/** The run is not to start: its row says why. One that waits because it was resumed has begun before, and is cancelled. */
export function skipRun(context: RunContext, run: Run, reason: EndReason, message: string): void {
  const status = run.notes?.resumes === undefined ? "skipped" : "cancelled";
  end(context, run, status, null, canonicalJson({ name: status, message }), reason);
}

function end(
  context: RunContext,
  run: Run,
  status: "completed" | "failed" | "cancelled" | "skipped",
  output: JsonText | null,
  error: JsonText | null,
  reason: EndReason | null = null,
): void {
  if (isEnded(run)) return; // F1
  run.status = status;
  run.output = output;
  run.error = error;
  run.reason = reason;
  run.endedAt = context.now;
  if (status === "cancelled" || reason === "timed_out") cancelChildren(context, run);
  for (const job of [...run.jobs.values()]) {
    if (job.call !== null)
      context.batch.aborts.push({ runId: run.id, slot: job.slot, generation: job.call.generation });
    removeJob(context, run, job); // F2
  }
  disarmAll(context, run);
  context.batch.runs.add(run);
  noticeRun(context, run, "run_ended");
  context.ended(run);
}

/** What the options of a step that invokes a run say about the end of its own (F3). */
export const endsWithParent = (options: JsonObject): boolean => options["on_parent_cancel"] === "cancel";

/** F3. */
function cancelChildren(context: RunContext, run: Run): void {
  for (const step of run.steps.values()) {
    if (step.kind !== "invoke" || step.memo !== null || step.childRunId === null) continue;
    if (step.options === null || !endsWithParent(JSON.parse(step.options) as JsonObject)) continue;
    const message = `the run that invoked it, ${run.id}, was cancelled`;
    context.cancelChild(step.childRunId, run.id, "cancelled_by_parent", message);
  }
}
