/**
 * checkpoint: the app saves results while its call goes on.
 *
 *   K1. Only the job's current call may save. After a restart nobody is current until the job is dispatched again;
 *       until then a checkpoint is welcome: whatever it saves, the next call will find.
 *   K2. Only results are taken. Saving a result twice is fine. Another result for a step that has one is refused: the
 *       call was delivered twice, and this execution must not go on with a value that no replay will see.
 *   K3. A success gives the job its attempts back.
 */
import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import type { Op } from "../../protocol/op.ts";
import type { RunContext } from "./context.ts";
import { fits } from "./limits.ts";
import { isEnded, MAIN_SLOT, type Run } from "./run.ts";
import { memoOf, recordResult } from "./steps.ts";

export type CheckpointAnswer =
  | { readonly kind: "saved" }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails };

const refused = (code: ErrorCode, details: ErrorDetails = {}): CheckpointAnswer => ({ kind: "refused", code, details });

export function checkpoint(
  context: RunContext,
  run: Run,
  slot: string,
  generation: number | null,
  ops: readonly Op[],
): CheckpointAnswer {
  if (isEnded(run)) return refused("stale_dispatch");
  const job = run.jobs.get(slot);
  if (job === undefined || slot !== MAIN_SLOT) return refused("stale_dispatch");
  if (generation !== null && (job.call === null ? generation < job.generation : generation !== job.call.generation)) {
    return refused("stale_dispatch"); // K1
  }
  const foreign = ops.find((op) => op.op !== "StepRun" && op.op !== "Step" && op.op !== "StepPlanned");
  if (foreign !== undefined) return refused("op_unsupported", { op: `${foreign.op} in a checkpoint` }); // K2
  for (const op of ops) {
    if (op.op === "StepPlanned") continue;
    const memo = memoOf(op);
    const known = run.steps.get(op.id)?.memo ?? null;
    if (known !== null && known !== memo) {
      if (job.call !== null) job.call.isSuperseded = true;
      return refused("stale_dispatch"); // K2
    }
    if (known !== null) continue;
    if (!fits(context, run, op, memo))
      return refused("step_output_too_large", {
        step: op.displayName,
        size: memo.length,
        limit: context.limits.stepOutputBytesMax,
      });
    recordResult(context, run, op, memo, "completed");
  }
  if (job.attempt > 0 && run.jobs.get(slot) === job) {
    job.attempt = 0; // K3
    context.batch.putJob(job);
  }
  return { kind: "saved" };
}
