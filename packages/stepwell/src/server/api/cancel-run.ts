/** Cancels a run for a client, and says why not in the words of its family. */
import type { CancelAnswer } from "../../core/command.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { isUlid } from "../../protocol/ids.ts";
import { runStatusName } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";

type Context = { readonly engine: Pick<ApiContext["engine"], "cancelRun"> };

const REASON = "cancelled through the API";

export async function cancelRun(context: Context, runId: string): Promise<void> {
  const { outcome, status } = await ask(context, runId);
  if (outcome === "ended") {
    throw new StepwellError("run_ended", { run: runId, status: runStatusName(status ?? "completed") });
  }
}

/** The same for /v2, whose clients tell a second cancel from one that came too late. */
export async function cancelRunV2(context: Context, runId: string): Promise<void> {
  const { outcome, status } = await ask(context, runId);
  if (outcome !== "ended") return;
  if (status === "cancelled") throw new StepwellError("run_already_cancelled", { run: runId });
  throw new StepwellError("run_already_ended", { run: runId, status: runStatusName(status ?? "completed") });
}

async function ask({ engine }: Context, runId: string): Promise<CancelAnswer> {
  const missing = new StepwellError("not_found", { what: `Run ${runId.slice(0, 64)}` });
  if (!isUlid(runId)) throw missing;
  const answer = await engine.cancelRun({ runId, reason: REASON });
  if (answer.outcome === "not_found") throw missing;
  return answer;
}
