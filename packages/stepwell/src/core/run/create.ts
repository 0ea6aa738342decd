/** A run begins: its row and its first job, in the transition of whatever caused it. */
import type { RunFlow } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import type { Instant } from "../instant.ts";
import { armCancelRules } from "./arm.ts";
import { eventsSize } from "./collect.ts";
import type { RunContext } from "./context.ts";
import { addJob } from "./jobs.ts";
import { noticeRun } from "./notices.ts";
import { MAIN_SLOT, type ParentLink, type Run, type RunEvent } from "./run.ts";
import { limitStart } from "./timeouts.ts";

export interface NewRun {
  readonly id: string;
  readonly env: string;
  readonly partition: number;
  readonly functionId: string;
  readonly events: readonly RunEvent[];
  readonly cron: string | null;
  readonly originalRunId: string | null;
  readonly parent: ParentLink | null;
  /** When the first call may be made: now, or the future `ts` of the event. */
  readonly startAt: Instant;
  /** The run collects events until then; null or absent: it begins. */
  readonly collectUntil?: Instant | null;
  /** What its limits go by, beside the values of keys. */
  readonly moreFlow?: Partial<RunFlow>;
}

/** The configuration a run starts with. */
export interface NewRunFunction {
  readonly version: number;
  /** What the run's limits go by. */
  readonly flow: RunFlow | null;
  readonly config: FunctionConfig;
}

export function createRun(context: RunContext, newRun: NewRun, fn: NewRunFunction): Run {
  const { collectUntil = null, events } = newRun;
  const run: Run = {
    id: newRun.id,
    env: newRun.env,
    partition: newRun.partition,
    functionId: newRun.functionId,
    events,
    cron: newRun.cron,
    originalRunId: newRun.originalRunId,
    parent: newRun.parent,
    flow: fn.flow,
    functionVersion: fn.version,
    createdAt: context.now,
    startAt: newRun.startAt,
    status: "queued",
    startedAt: null,
    endedAt: null,
    output: null,
    error: null,
    reason: null,
    notes: context.stamp === context.now ? null : { stamp: context.stamp },
    requestVersion: -1,
    forcePlan: false,
    steps: new Map(),
    stack: [],
    jobs: new Map(),
    waits: new Map(),
    stateSize: eventsSize(events, collectUntil !== null),
    isStored: false,
  };
  context.batch.runs.add(run);
  if (collectUntil !== null) addJob(context, run, MAIN_SLOT, "collect", collectUntil);
  else {
    addJob(context, run, MAIN_SLOT, "discover", run.startAt);
    limitStart(context, run, fn.config.timeouts);
  }
  armCancelRules(context, run, fn.config.cancelOn);
  noticeRun(context, run, "run_created");
  return run;
}

/** What a run's limits go by: the values of keys, and what its start adds. */
export function flowOf(keys: RunFlow | null, { moreFlow }: Pick<NewRun, "moreFlow">): RunFlow | null {
  for (const _name in moreFlow) return { keys: {}, ...keys, ...moreFlow };
  return keys;
}
