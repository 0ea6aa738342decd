/** Operations: how an app tells the engine what happened in a call, or what it wants. */
import type { ErrorValue } from "./error-value.ts";
import type { IncomingEvent } from "./event.ts";
import type { JsonObject, JsonText } from "./json.ts";

export type OpCode =
  | "None"
  | "Step"
  | "StepRun"
  | "StepError"
  | "StepFailed"
  | "StepPlanned"
  | "Sleep"
  | "WaitForEvent"
  | "InvokeFunction"
  | "AIGateway"
  | "Gateway"
  | "WaitForSignal"
  | "RunComplete"
  | "SyncRunComplete"
  | "DiscoveryRequest"
  | "DeferAdd"
  | "DeferAbort";

/** An event that a step sends: complete, with the internal id it will have. */
export type SentEvent = IncomingEvent;

/** A signal that a step sends. */
export interface SentSignal {
  readonly signal: string;
  /** Canonical JSON. */
  readonly data: JsonText;
  /** How long it is kept for a run that begins to wait later; null: not at all. */
  readonly ttlMs: number | null;
}

/** What a step sends: it happens in the transaction that stores the step's result, or not at all. */
export interface Sends {
  readonly events: readonly SentEvent[];
  readonly signals: readonly SentSignal[];
}

/** One operation, read defensively from the wire (parse: reply.ts). */
export interface Op {
  readonly op: OpCode;
  /** Hashed step id. */
  readonly id: string;
  /** Legacy field: a duration for `Sleep`, an event name for `WaitForEvent`, else the step id. */
  readonly name: string;
  /** The id the user wrote. */
  readonly displayName: string;
  /** Which repeat of `displayName` this is, from 0. */
  readonly index: number;
  readonly opts: JsonObject;
  /** Canonical JSON of the result; null when there is none. */
  readonly data: JsonText | null;
  readonly error: ErrorValue | null;
  /** Only of a `StepRun`; null when it sends nothing. */
  readonly sends: Sends | null;
  /** Set by the reply's no-retry header or the error itself: a `StepError` that is final. */
  readonly noRetry: boolean;
  /** When the body ran, in Unix milliseconds, if the SDK said so. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** True when the op asks for a discovery after each step instead of one after the group. */
export function isRace(op: Op): boolean {
  return op.opts["parallelMode"] === "race";
}
