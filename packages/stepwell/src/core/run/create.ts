/** A run begins: its row and its first job, in the transition of whatever caused it. */
import type { Instant } from "../instant.ts";
import type { RunContext } from "./context.ts";
import { addJob } from "./jobs.ts";
import { MAIN_SLOT, type Run, type RunEvent } from "./run.ts";

export interface NewRun {
  readonly id: string;
  readonly env: string;
  readonly partition: number;
  readonly functionId: string;
  readonly events: readonly RunEvent[];
  readonly cron: string | null;
  readonly originalRunId: string | null;
  /** When the first call may be made: now, or the future `ts` of the event. */
  readonly startAt: Instant;
}

export function createRun(context: RunContext, { startAt, ...fields }: NewRun): Run {
  const run: Run = {
    ...fields,
    createdAt: context.now,
    status: "queued",
    startedAt: null,
    endedAt: null,
    output: null,
    error: null,
    requestVersion: -1,
    forcePlan: false,
    steps: new Map(),
    stack: [],
    jobs: new Map(),
    stateSize: fields.events.reduce((size, event) => size + event.json.length, 0),
    isStored: false,
  };
  context.batch.runs.add(run);
  addJob(context, run, MAIN_SLOT, "discover", startAt);
  context.batch.notices.push({
    kind: "run_created",
    id: run.id,
    runId: run.id,
    functionId: run.functionId,
    name: run.events[0]?.name ?? "",
    status: "queued",
    at: context.now,
  });
  return run;
}
