/**
 * The backlog of a function: runs that wait for their first call, collecting ones included, and a limit on how many.
 *
 *   BL1. Only a new run meets the limit: an event that joins a run that waits already adds nothing to the backlog.
 *   BL2. `drop-oldest`: for each run beyond the limit the oldest one that waits ends as skipped, in the transaction that
 *        makes the new one. Which that is, is known before: what the store has, and what was made since (needs.ts).
 */
import type { FunctionConfig } from "../../protocol/function.ts";
import type { Facts } from "../facts.ts";
import { skipRun } from "../run/finish.ts";
import type { Starter } from "../start-order.ts";
import type { Verdict } from "./verdict.ts";

/** The new run is refused, or left behind as skipped; null: it may be made. */
export function backlogVerdict(queued: number, { slug, flow: { backlog } }: FunctionConfig): Verdict | null {
  if (backlog === null || backlog.policy === "drop-oldest" || queued < backlog.limit) return null;
  const code = "function_backlog_full";
  const details = { function: slug, limit: backlog.limit };
  const reason = backlog.limit === 1 ? "1 run waits already" : `${backlog.limit} runs wait already`;
  if (backlog.policy === "reject") return { kind: "refuse", outcome: "rejected", reason, code, details };
  return { kind: "skip", reason, code, details };
}

export function dropsOldest({ backlog }: FunctionConfig["flow"]): boolean {
  return backlog !== null && backlog.policy === "drop-oldest";
}

/** A run is about to be made: the oldest that waits makes room for it (BL2). */
export function makeRoom(
  starter: Starter,
  { id: functionId, flow: { backlog } }: FunctionConfig,
  facts: Pick<Facts, "takeOldest">,
): void {
  if (backlog === null || backlog.policy !== "drop-oldest") return;
  while (starter.queued(functionId) >= backlog.limit) {
    const runId = facts.takeOldest(functionId);
    if (runId === null) return;
    const run = starter.open(runId);
    if (run?.status !== "queued") continue;
    const reason = `a newer run takes its place: ${backlog.limit} may wait, and it waited longest`;
    const [event] = run.events;
    if (event !== undefined) {
      const at = starter.now();
      starter.batch().decisions.push({ eventId: event.id, functionId, outcome: "skipped", reason, runId, at });
    }
    skipRun(starter.context, run, "flow_control", reason);
  }
}
