/** The limits that what an app reports must keep; breaking one ends the run. */
import { isLargerThan, type JsonText } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import type { RunContext } from "./context.ts";
import { failRunWith } from "./finish.ts";
import { isEnded, type Run } from "./run.ts";
import { optionsText } from "./steps.ts";

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
