/** The closed union of commands: everything that can change state, as data. The instant travels beside it (E7). */
import type { ErrorCode, ErrorDetails } from "../protocol/errors.ts";
import type { IncomingEvent } from "../protocol/event.ts";
import type { AppConfig, FunctionConfig } from "../protocol/function.ts";
import type { JsonText } from "../protocol/json.ts";
import type { Op } from "../protocol/op.ts";
import type { Outcome } from "../protocol/outcome.ts";
import type { PauseMode, StoredOperation } from "./batch.ts";
import type { ExplainView } from "./explain/view.ts";
import type { InboxMessage } from "./inbox.ts";
import type { Instant } from "./instant.ts";
import type { RequestOutcome } from "./run/request.ts";
import type { EndReason, RunStatus } from "./run/run.ts";

export interface ReceiveEvents {
  readonly kind: "receive_events";
  readonly events: readonly IncomingEvent[];
}

export interface Reply {
  readonly kind: "reply";
  readonly runId: string;
  readonly slot: string;
  readonly functionId: string;
  readonly generation: number;
  readonly outcome: Outcome;
}

export interface SaveCheckpoint {
  readonly kind: "save_checkpoint";
  readonly runId: string;
  readonly slot: string;
  /** Null when the app did not say. */
  readonly generation: number | null;
  readonly ops: readonly Op[];
}

export interface CancelRun {
  readonly kind: "cancel_run";
  readonly runId: string;
  /** For people. */
  readonly reason: string;
  readonly code?: EndReason;
}

export interface SyncApp {
  readonly kind: "sync_app";
  readonly app: AppConfig;
  readonly checksum: string;
}

export interface RemoveApp {
  readonly kind: "remove_app";
  readonly appId: string;
}

/** A request that the server made for a step has an outcome. */
export interface RequestReply {
  readonly kind: "request_reply";
  readonly runId: string;
  readonly slot: string;
  readonly functionId: string;
  readonly generation: number;
  readonly outcome: RequestOutcome;
}

export interface SendSignal {
  readonly kind: "send_signal";
  readonly signal: string;
  /** Canonical JSON. */
  readonly data: JsonText;
  /** How long it is kept when nobody waits; null: not at all. */
  readonly ttlMs: number | null;
}

/** Starts a function whatever its triggers say. */
export interface InvokeFunction {
  readonly kind: "invoke_function";
  /** Slug or id. */
  readonly functionId: string;
  /** Its name is ignored: the run sees `inngest/function.invoked`. */
  readonly event: IncomingEvent;
  /** Within 24 h the same key gives the same run. */
  readonly idempotencyKey: string | null;
}

export interface RerunRun {
  readonly kind: "rerun";
  readonly runId: string;
  /** Keeps the results of the steps before this one, and begins there. */
  readonly fromStep: {
    /** The step's name or its hashed id. */
    readonly stepId: string;
    /** A JSON list of arguments to use instead of those of the code; null for none. */
    readonly input: JsonText | null;
  } | null;
  /** A replay in the background starts each run once: its operation's id. */
  readonly operationId: string | null;
}

/** A failed run goes on where it failed. */
export interface ResumeRun {
  readonly kind: "resume_run";
  readonly runId: string;
}

/** A run that collects events begins now, or is given up. */
export interface BeginRun {
  readonly kind: "begin_run";
  readonly runId: string;
  readonly discards: boolean;
}

export interface PauseCommand {
  readonly kind: "pause";
  readonly target: "function" | "app";
  /** A function's slug or id, or an app's id. */
  readonly id: string;
  /** Null resumes. */
  readonly mode: PauseMode | null;
}

export interface PutOperation {
  readonly kind: "put_operation";
  readonly operation: StoredOperation;
}

/** An endpoint began a run by itself and executes it in its own request (run/endpoint.ts). */
export interface CreateEndpointRun {
  readonly kind: "create_endpoint_run";
  /** Chosen by the endpoint. */
  readonly runId: string;
  readonly app: AppConfig;
  /** What the run belongs to: the endpoint, or when its app has too many, one function for them all. */
  readonly fn: FunctionConfig;
  readonly shared: FunctionConfig;
  /** `inngest/http.request`: the request, so that it can be made again. */
  readonly event: IncomingEvent;
  readonly ops: readonly Op[];
  readonly requestVersion: number;
  /** Within 24 h the same key begins one run. */
  readonly idempotencyKey: string | null;
}

/** An endpoint saves what happened in the request that it executes. */
export interface SaveEndpointSteps {
  readonly kind: "save_endpoint_steps";
  readonly runId: string;
  readonly ops: readonly Op[];
}

/** A stored message is acted on. */
export interface Deliver {
  readonly kind: "deliver";
  readonly message: InboxMessage;
}

export type Command =
  | ReceiveEvents
  | Reply
  | RequestReply
  | SaveCheckpoint
  | CancelRun
  | SyncApp
  | RemoveApp
  | SendSignal
  | InvokeFunction
  | RerunRun
  | ResumeRun
  | BeginRun
  | PauseCommand
  | PutOperation
  | CreateEndpointRun
  | SaveEndpointSteps
  | Deliver
  | Look;

/** Looks at memory and changes nothing; what it saw is told once it is stored (E1). */
export interface Look {
  readonly kind: "look";
  readonly read: (view: ExplainView, now: Instant) => unknown;
}

export type EndpointAnswer =
  | { readonly kind: "created"; readonly functionId: string; readonly appId: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails };

/** Why reported operations were not taken, as sentences for the log; none when all is well. */
export interface EndpointStepsAnswer {
  readonly problems: readonly string[];
}

export interface SignalAnswer {
  /** The run that got it, or null. */
  readonly runId: string | null;
  readonly isBuffered: boolean;
}

export type StartAnswer =
  | { readonly kind: "started"; readonly runId: string; readonly eventId: string | null }
  /** The same was asked before. */
  | { readonly kind: "existing"; readonly runId: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails };

/** What one received event caused. */
export interface EventReceipt {
  readonly eventId: string;
  /** False: it was stored before, and nothing happened now. */
  readonly isNew: boolean;
  readonly runIds: readonly string[];
}

export interface CancelAnswer {
  /** `not_found`, `ended` (with the status it has), or `cancelled` now. */
  readonly outcome: "not_found" | "ended" | "cancelled";
  readonly status: RunStatus | null;
}

export interface SyncAnswer {
  readonly isModified: boolean;
}
