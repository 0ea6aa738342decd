/** What a run rule may use: the time, the open batch, chance, limits, and the ways out of a run. */
import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import type { JsonObject, JsonText } from "../../protocol/json.ts";
import type { Sends } from "../../protocol/op.ts";
import type { Batch, FlowFactKey } from "../batch.ts";
import type { Instant } from "../instant.ts";
import type { Random } from "../random.ts";
import type { RetryPolicy } from "../retry.ts";
import type { EndReason, Job, ParentLink, Run, RunEvent, Wait } from "./run.ts";

export interface RunLimits {
  readonly stepsPerRunMax: number;
  readonly runStateBytesMax: number;
  readonly stepOutputBytesMax: number;
}

export interface RunContext {
  readonly now: Instant;
  /** The time in the order in which things are received and made (stamps.ts). */
  readonly stamp: Instant;
  readonly batch: Batch;
  readonly random: Random;
  readonly retry: RetryPolicy;
  readonly limits: RunLimits;
  /** The function's configuration as it is now; undefined when it was removed. */
  functionOf(run: Run): FunctionConfig | undefined;
  /** A job was written or moved: wake it when it is due. */
  schedule(run: Run, job: Job): void;
  /** The run ended, in this transition: tell whoever waits for it. */
  ended(run: Run): void;
  /** A run that had ended waits for a first call again. */
  requeued(run: Run): void;
  /** Index entries that are new, or gone: later events must know. */
  armed(wait: Wait): void;
  disarmed(wait: Wait): void;
  /** Starts the run that a step invokes, in this transition, or says why there is none. */
  invoke(parent: ParentLink, request: InvokeRequest): InvokeStart;
  /** Cancels a run if this is its parent, in this transition or by message. */
  cancelChild(runId: string, parentRunId: string, reason: EndReason, message: string): void;
  /** What a step sends happens in this transition. */
  send(sends: Sends): void;
  /** Who waits for a signal, and whether one came early. Loaded before the command was applied. */
  signal(name: string): SignalState;
  /** The early signal was given to somebody. */
  takeSignal(name: string): void;
  /** Takes the signal away from the step that waits for it; it gets nothing but its timeout. */
  dropWait(runId: string, slot: string): void;
  /** Events of a run that failed get a run of their own, which begins then. Returns its id. */
  retryEvents(run: Run, events: readonly RunEvent[], startAt: Instant, attempt: number): string;
  /** A fact of flow control is over. */
  forgetFlow(key: FlowFactKey): void;
  /** A wait wants to know of events that came before it; its patience ends at `untilAt` when there are none. */
  lookBack(run: Run, slot: string, past: WantedPast, untilAt: Instant): void;
}

export interface WantedPast {
  readonly names: readonly string[];
  readonly since: Instant;
  /** Nobody asked for it: when it gets too far, the step just waits. */
  readonly isOptional: boolean;
}

export interface InvokeRequest {
  /** Slug or id. */
  readonly functionId: string;
  /** What the caller passes: `data`, and what else an event may have. */
  readonly payload: JsonObject;
  /** Until when the caller waits. */
  readonly untilAt: Instant;
  /** The child that the step had when its run failed: it is not started twice. */
  readonly earlier: string | null;
}

export type InvokeStart =
  | { readonly kind: "started"; readonly runId: string }
  /** The run that was started for the same before has ended: this is its result. */
  | { readonly kind: "ended"; readonly runId: string; readonly memo: JsonText; readonly status: "completed" | "failed" }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails };

export interface SignalState {
  readonly holder: { readonly runId: string; readonly slot: string } | null;
  /** Canonical JSON of the early signal's data, or null. */
  readonly early: JsonText | null;
}

/** Attempts a job may make. Of a removed function it makes none: dispatch ends its runs. */
export function attemptsMax(context: RunContext, run: Run): number {
  return (context.functionOf(run)?.retries ?? 0) + 1;
}
