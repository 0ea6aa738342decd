/** What goes out (calls, notices) says only what is durable at that moment (E1; LG8 of ledger.ts). */
import type { Notice } from "../../src/core/batch.ts";
import { MAIN_SLOT } from "../../src/core/run/run.ts";
import type { Call } from "../../src/protocol/call.ts";
import type { World } from "./world.ts";

type Watched = Pick<World, "ledger" | "fail" | "timeline">;

export function checkCall({ ledger, fail, timeline }: Watched, call: Call): void {
  const run = ledger.runs.get(call.runId);
  const slot = call.target ?? MAIN_SLOT;
  const job = ledger.jobs.get(call.runId)?.get(slot);
  if (run === undefined || run.status !== "running" || job === undefined) {
    fail("E1", `a call of ${slot} in ${call.runId}, which is stored as ${run?.status}, its job as ${job?.kind}`);
    return;
  }
  if (job.attempt !== call.attempt)
    fail("E1", `a call of ${slot} in ${call.runId} as attempt ${call.attempt}, stored is ${job.attempt}`);
  if (job.dueAt > timeline.wallMax) fail("E1", `a call of ${slot} in ${call.runId} before it is due`);
  if (call.attempt >= call.attemptsMax) fail("LG5", `attempt ${call.attempt} of at most ${call.attemptsMax}`);
  // Results of siblings may have come in the same batch after the call was made: it carries a beginning of the stack.
  const stack = ledger.stacks.get(call.runId) ?? [];
  for (const [index, memo] of call.memos.entries()) {
    const stored = stack[index] === memo.id ? ledger.memoOf(call.runId, memo.id) : undefined;
    if (stored === memo.json) continue;
    const place = `${memo.id} ${memo.json} at ${index}, stored is ${stack[index]} ${stored}`;
    fail("E1", `a call of ${slot} in ${call.runId} carries ${place}`);
  }
}

export function checkNotices(world: Watched, notices: readonly Notice[]): void {
  for (const notice of notices)
    if (!isTrue(world, notice))
      world.fail("E1", `notice ${notice.kind} ${notice.status} of ${notice.id} before it is stored`);
}

function isTrue({ ledger }: Watched, notice: Notice): boolean {
  const run = notice.runId === null ? undefined : ledger.runs.get(notice.runId);
  switch (notice.kind) {
    case "event_received":
      return ledger.events.has(notice.id);
    case "run_created":
    case "attempt_failed":
      return run !== undefined;
    case "run_started":
      return run !== undefined && run.status !== "queued";
    case "run_ended":
      return run?.status === notice.status;
    case "app_synced":
      return true;
    default:
      return run !== undefined && ledger.memoOf(run.id, notice.id) !== undefined;
  }
}
