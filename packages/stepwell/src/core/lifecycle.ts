/**
 * The events the engine makes itself when a run ends. They exist only where something listens: an event that no
 * function's trigger accepts, and that no run waits for, is neither made nor stored.
 *
 *   L1. A run that was started by a run's end causes no such event again: failure handlers cannot recurse.
 *   L2. They are part of the transition that ends the run (E4).
 */
import { INTERNAL_EVENTS, type StoredEvent } from "../protocol/event.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from "../protocol/json.ts";
import type { Instant } from "./instant.ts";
import type { Run } from "./run/run.ts";

const STATUS_WORD = { completed: "Completed", failed: "Failed", cancelled: "Cancelled", skipped: "Skipped" } as const;

const END_EVENTS: ReadonlySet<string> = new Set([
  INTERNAL_EVENTS.finished,
  INTERNAL_EVENTS.failed,
  INTERNAL_EVENTS.cancelled,
  INTERNAL_EVENTS.skipped,
]);

/** Names of the events that the end of this run causes, most general first. */
export function endEventNames(run: Run): string[] {
  const trigger = run.events[0]?.name;
  if (trigger !== undefined && END_EVENTS.has(trigger)) return []; // L1
  if (run.status === "skipped") return [INTERNAL_EVENTS.skipped];
  if (run.status === "failed") return [INTERNAL_EVENTS.finished, INTERNAL_EVENTS.failed];
  if (run.status === "cancelled") return [INTERNAL_EVENTS.finished, INTERNAL_EVENTS.cancelled];
  return [INTERNAL_EVENTS.finished];
}

/** The data of such an event. `function_id` is the composite slug: failure handlers filter on it. */
export function endEventData(run: Run, slug: string): JsonObject {
  const events = run.events.map((event) => JSON.parse(event.json) as JsonValue);
  return {
    function_id: slug,
    run_id: run.id,
    event: events[0] ?? null,
    events,
    ...(run.error === null ? {} : { error: errorOf(run.error) }),
    ...(run.output === null ? {} : { result: JSON.parse(run.output) as JsonValue }),
    ...(run.parent === null ? {} : { correlation_id: `${run.parent.runId}.${run.parent.slot}` }),
    _inngest: {
      status: STATUS_WORD[run.status as keyof typeof STATUS_WORD],
      ...(run.reason === null ? {} : { reason: run.reason }),
    },
  };
}

/** What such an event has beside its data: the tags of the event that started the run. */
export function endEventMore(run: Run): JsonObject {
  const [event] = run.events;
  const { meta = null } = event === undefined ? {} : (JSON.parse(event.json) as JsonObject);
  return isJsonObject(meta) ? { meta, user: {} } : { user: {} };
}

function errorOf(text: string): JsonValue {
  const error = JSON.parse(text) as JsonObject;
  return { ...error, error: `${String(error["name"])}: ${String(error["message"])}` };
}

/** An internal event as it is stored. `publicId` is the `id` that functions see. */
export function internalEvent(
  internalId: string,
  name: string,
  data: JsonObject,
  now: Instant,
  publicId: string,
  more: JsonObject = { user: {} },
): { readonly stored: StoredEvent; readonly parsed: JsonObject } {
  const parsed: JsonObject = { data, id: publicId, name, ts: now, ...more };
  return {
    parsed,
    stored: {
      id: internalId,
      name,
      ts: now,
      receivedAt: now,
      idempotencyId: publicId,
      json: canonicalJson(parsed),
      isInternal: true,
    },
  };
}
