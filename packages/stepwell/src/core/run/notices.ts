/** What watchers are told of a run once it is stored: that it is there, that it has begun, how it ended. */
import type { RunContext } from "./context.ts";
import type { Run } from "./run.ts";

export function noticeRun(context: RunContext, run: Run, kind: "run_created" | "run_started" | "run_ended"): void {
  const { id, functionId, events, status } = run;
  context.batch.notices.push({
    kind,
    id,
    runId: id,
    functionId,
    name: events[0]?.name ?? "",
    status,
    at: context.now,
  });
}
