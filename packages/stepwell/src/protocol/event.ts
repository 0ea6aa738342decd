/** Events: what producers send, and what is stored. */
import type { JsonObject, JsonText } from "./json.ts";

/** An event as it is stored and routed. */
export interface StoredEvent {
  /** Internal id, a ULID; never the producer's. */
  readonly id: string;
  readonly name: string;
  /** When it happened: the producer's `ts`, or the time of receipt. Unix milliseconds. */
  readonly ts: number;
  readonly receivedAt: number;
  /** The producer's idempotency id, or null. */
  readonly idempotencyId: string | null;
  /** Canonical JSON of the event as functions see it: `{data, id, name, ts, user, v?, meta?}`. */
  readonly json: JsonText;
  /** True for events the engine made itself. */
  readonly isInternal: boolean;
  /** The trace in which it was sent, as its producer said in the header of that name. */
  readonly traceparent?: string;
}

/** An event on its way in: what will be stored, and its parsed form for expressions. */
export interface IncomingEvent {
  readonly stored: StoredEvent;
  readonly parsed: JsonObject;
  /** True when its id may exist already: a client repeats a request with the same ids. */
  readonly mayExist: boolean;
}

/** The environment of everything, while there is one. */
export const DEFAULT_ENV = "default";

export const INTERNAL_EVENTS = {
  finished: "inngest/function.finished",
  failed: "inngest/function.failed",
  cancelled: "inngest/function.cancelled",
  /** Ours: a function was not started for an event, and a skipped run says why. */
  skipped: "inngest/function.skipped",
  invoked: "inngest/function.invoked",
  timer: "inngest/scheduled.timer",
  /** A request to an endpoint, which began the run by itself. */
  request: "inngest/http.request",
} as const;

export const INTERNAL_PREFIX = "inngest/";
