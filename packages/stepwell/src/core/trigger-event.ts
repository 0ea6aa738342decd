/** The events that runs are started by, as the rules of a start see them. */
import { INTERNAL_EVENTS, type IncomingEvent } from "../protocol/event.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import type { Instant } from "./instant.ts";
import { internalEvent } from "./lifecycle.ts";
import type { Run } from "./run/run.ts";

/** What a run of an invoked function sees. */
export function invokedEvent(
  internalId: string,
  fn: FunctionConfig,
  payload: JsonObject,
  extra: JsonObject,
  now: Instant,
): IncomingEvent {
  const data = isJsonObject(payload["data"]) ? payload["data"] : {};
  const id = typeof payload["id"] === "string" && payload["id"] !== "" ? payload["id"] : internalId;
  const { stored, parsed } = internalEvent(
    internalId,
    INTERNAL_EVENTS.invoked,
    { ...data, _inngest: { fn_id: fn.slug, ...extra } },
    now,
    id,
    {
      ...(isJsonObject(payload["meta"]) ? { meta: payload["meta"] } : {}),
      user: isJsonObject(payload["user"]) ? payload["user"] : {},
      ...textOf(payload, "v"),
    },
  );
  return { stored, parsed, mayExist: false };
}

function textOf(payload: JsonObject, name: string): JsonObject {
  const value = payload[name];
  return typeof value === "string" && value !== "" ? { [name]: value } : {};
}

/** The event that a run was started by, as the rules of a start see it. */
export function eventOfRun(run: Run): IncomingEvent {
  const [event] = run.events;
  const parsed = event === undefined ? {} : (JSON.parse(event.json) as JsonObject);
  const ts = typeof parsed["ts"] === "number" ? parsed["ts"] : run.createdAt;
  const { id = run.id, name = "", json = "{}" } = event ?? {};
  const stored = { id, name, json, ts, receivedAt: run.createdAt, idempotencyId: null, isInternal: false };
  return { stored, parsed, mayExist: false };
}
