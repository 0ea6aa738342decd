/** How a function's steps send: through its client, with the middleware of the function, or along with their result. */
import type { Sends } from "../protocol/op.ts";
import type { SendSignal } from "./signal.ts";
import type { EventInput } from "./trigger.ts";

/** Sends events, all or none. The same seed makes the same ids, so what is sent again is not stored again. */
export type SendEvents = (events: readonly EventInput[], seed: string | null) => Promise<{ ids: string[] }>;

/** Sends events instead of `otherwise`, or by it. */
export type SendEventsAlong = (
  events: readonly EventInput[],
  seed: string | null,
  otherwise: SendEvents,
) => Promise<{ ids: string[] }>;

export interface Sender {
  readonly sendEvents: (
    events: readonly EventInput[],
    seed: string | null,
    along?: SendEventsAlong,
  ) => Promise<{ ids: string[] }>;
  readonly sendSignal: SendSignal;
}

/** What one attempt of a step sends, held back to travel with its result (outbox.ts). */
export interface Outbox {
  readonly sendEvents: SendEventsAlong;
  readonly sendSignal: SendSignal;
  /** What is to travel, or null. */
  take(): Sends | null;
}
