/** What is to be started, and what whoever starts it may use: the words between intake.ts and the rules of flow control. */
import type { IncomingEvent } from "../protocol/event.ts";
import type { RunFlow } from "../protocol/flow.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import type { JsonText } from "../protocol/json.ts";
import type { Batch, PauseMode } from "./batch.ts";
import type { Instant } from "./instant.ts";
import type { RunContext } from "./run/context.ts";
import type { NewRun } from "./run/create.ts";
import type { ParentLink, Run, RunEvent } from "./run/run.ts";

/** What causes a start. Only an event is collected; a rerun has been admitted before. */
export type StartCause = "event" | "invoke" | "cron" | "rerun";

export interface Starter {
  now(): Instant;
  env(): string;
  batch(): Batch;
  readonly context: RunContext;
  /** `runId` only where somebody else has chosen it. */
  create(fields: Omit<NewRun, "id" | "env" | "partition">, runId?: string): Run;
  /** What the limits of a run go by that this event starts. */
  limitsOf(functionId: string, eventJson: JsonText | null): RunFlow | null;
  pauseOf(functionId: string): PauseMode | null;
  /** The run, about to be changed; undefined when it is not in memory. */
  open(runId: string): Run | undefined;
  /** Runs of a function that wait for their first call. */
  queued(functionId: string): number;
}

export interface StartOrder {
  readonly fn: FunctionConfig;
  readonly event: IncomingEvent;
  readonly cause: StartCause;
  /** What it is started once for: a producer's event id, or a key of whoever asks. */
  readonly onceFor?: string | null;
  /** The schedule whose tick it is, or was when the run was made first. */
  readonly cron?: string | null;
  /** The step that invokes it. */
  readonly parent?: ParentLink;
  /** The run that is repeated. */
  readonly originalRunId?: string;
  /** The events of the run, if they are others than the one of the order. */
  readonly events?: readonly RunEvent[];
}
