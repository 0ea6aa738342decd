/**
 * Intake: from the body of an event request to events that can be stored.
 *
 *   IN1. All or nothing: the whole request is checked before anything is handed on; one bad event refuses all, by index.
 *   IN2. Internal ids are ours. A repeated request with the same seed gets the same ids, so a retry stores nothing twice.
 *   IN3. What one event must be like: protocol/read-events.ts.
 */
import { StepwellError } from "../protocol/errors.ts";
import type { IncomingEvent } from "../protocol/event.ts";
import { eventIdFromSeed, type IdSource } from "../protocol/ids.ts";
import { LIMITS } from "../protocol/limits.ts";
import { readEvent } from "../protocol/read-events.ts";

/** A `traceparent` has 55 characters; whatever else it may be, it is no more than this. */
const TRACEPARENT_CHARS_MAX = 64;

export interface IntakeRequest {
  /** The parsed body: one event or a list. */
  readonly body: unknown;
  /** The header `x-inngest-event-id-seed`, if it was sent. */
  readonly seed: string | undefined;
  /** The header `traceparent`, if it was sent. */
  readonly traceparent?: string | undefined;
  readonly now: number;
  readonly ids: IdSource;
}

export function readEvents({ body, seed, traceparent, now, ids }: IntakeRequest): IncomingEvent[] {
  const list = Array.isArray(body) ? body : [body];
  if (list.length > LIMITS.eventsPerRequestMax) {
    throw new StepwellError("too_many_events", { limit: LIMITS.eventsPerRequestMax, count: list.length });
  }
  return list.map((value: unknown, index) => {
    const seeded = seed === undefined ? null : eventIdFromSeed(seed, index); // IN2
    const event = readEvent(value, { index, id: seeded ?? ids.next(now), now, mayExist: seeded !== null });
    return inTrace(event, traceparent);
  });
}

/** The event with the header `traceparent` of the request that it came in. */
export function inTrace(event: IncomingEvent, traceparent: string | undefined): IncomingEvent {
  if (traceparent === undefined || traceparent.length > TRACEPARENT_CHARS_MAX) return event;
  return { ...event, stored: { ...event.stored, traceparent } };
}
