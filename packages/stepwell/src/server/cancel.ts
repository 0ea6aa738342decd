/** Cancels a run for a client. */
import { StepwellError } from "../protocol/errors.ts";
import { isUlid } from "../protocol/ids.ts";
import type { ServerContext } from "./context.ts";
import { runStatusName } from "./run-record.ts";

export async function cancelRun(context: ServerContext, runId: string): Promise<void> {
  const missing = new StepwellError("not_found", { what: `Run ${runId.slice(0, 64)}` });
  if (!isUlid(runId)) throw missing;
  const answer = await context.engine.cancelRun({ runId, reason: "cancelled through the API" });
  if (answer.outcome === "not_found") throw missing;
  if (answer.outcome === "ended") {
    throw new StepwellError("run_ended", { run: runId, status: runStatusName(answer.status ?? "completed") });
  }
}
