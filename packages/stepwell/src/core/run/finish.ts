/**
 * The end of a run.
 *
 *   F1. A run ends once; ending an ended run changes nothing.
 *   F2. An ended run has no job (R2), and what its end causes is in the same transition (E4).
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { type ErrorCode, type ErrorDetails, errorMessage } from "../../protocol/errors.ts";
import { canonicalJson, type JsonText } from "../../protocol/json.ts";
import type { RunContext } from "./context.ts";
import { removeJob } from "./jobs.ts";
import { isEnded, type Run } from "./run.ts";

export function completeRun(context: RunContext, run: Run, output: JsonText): void {
  if (run.stateSize + output.length > context.limits.runStateBytesMax) {
    failRunWith(context, run, "run_state_too_large", {
      size: run.stateSize + output.length,
      limit: context.limits.runStateBytesMax,
    });
    return;
  }
  end(context, run, "completed", output, null);
}

export function failRun(context: RunContext, run: Run, error: ErrorValue): void {
  end(context, run, "failed", null, canonicalJson(error));
}

/** Fails the run for a reason of the engine's. */
export function failRunWith(context: RunContext, run: Run, code: ErrorCode, details: ErrorDetails): void {
  failRun(context, run, { name: code, code, message: errorMessage(code, details) });
}

export function cancelRun(context: RunContext, run: Run, reason: string): void {
  end(context, run, "cancelled", null, canonicalJson({ name: "cancelled", message: reason }));
}

function end(
  context: RunContext,
  run: Run,
  status: "completed" | "failed" | "cancelled",
  output: JsonText | null,
  error: JsonText | null,
): void {
  if (isEnded(run)) return; // F1
  run.status = status;
  run.output = output;
  run.error = error;
  run.endedAt = context.now;
  for (const job of [...run.jobs.values()]) removeJob(context, run, job); // F2
  context.batch.runs.add(run);
  context.batch.notices.push({
    kind: "run_ended",
    id: run.id,
    runId: run.id,
    functionId: run.functionId,
    name: run.events[0]?.name ?? "",
    status,
    at: context.now,
  });
  context.ended(run);
}
