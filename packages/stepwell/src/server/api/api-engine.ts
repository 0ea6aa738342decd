/** What routes ask of the engine: no more than this, so that a test can stand in for it. */
import type { PauseMode } from "../../core/batch.ts";
import type { CancelAnswer, IncomingEvent } from "../../core/command.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import type { JsonText } from "../../protocol/json.ts";
import type { ServerContext } from "../context.ts";
import type { RunEnds } from "./run-ends.ts";

export type StartAnswer =
  | { readonly kind: "started"; readonly runId: string; readonly eventId: string | null }
  /** There is a run for this idempotency key already. */
  | { readonly kind: "existing"; readonly runId: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails };

export interface SignalAnswer {
  /** The run that was resumed, or null. */
  readonly runId: string | null;
  /** Nobody waits yet; it is kept for the first that will. */
  readonly isBuffered: boolean;
}

export interface PauseTarget {
  readonly kind: "function" | "app";
  /** A function's slug or id, an app's name or id. */
  readonly id: string;
}

/** Actions on runs, functions and apps. Every promise resolves when what it says is durable. */
export interface ApiEngine {
  cancelRun(command: { readonly runId: string; readonly reason: string }): Promise<CancelAnswer>;
  sendSignal(command: {
    readonly signal: string;
    readonly data: JsonText;
    /** How long it is kept when nobody waits; null: not at all. */
    readonly ttlMs: number | null;
  }): Promise<SignalAnswer>;
  invoke(command: {
    /** Slug or id. */
    readonly functionId: string;
    readonly event: IncomingEvent;
    readonly idempotencyKey: string | null;
  }): Promise<StartAnswer>;
  rerun(command: {
    readonly runId: string;
    readonly fromStep: {
      /** As it was written, or hashed. */
      readonly stepId: string;
      readonly input: JsonText | null;
    } | null;
  }): Promise<StartAnswer>;
  /** Takes up a failed run again, at the step that failed. */
  resumeRun(command: { readonly runId: string }): Promise<StartAnswer>;
  /** False: there is no such function or app. */
  pause(command: PauseTarget & { readonly mode: PauseMode }): Promise<boolean>;
  unpause(command: PauseTarget): Promise<boolean>;
}

/** What handlers get: the server's context, whose engine can do all of the above. */
export type ApiContext = Omit<ServerContext, "engine"> & {
  readonly engine: ApiEngine & Pick<Engine, "apps" | "watch" | "isAccepting" | "receive" | "removeApp">;
  readonly runEnds: RunEnds;
};
