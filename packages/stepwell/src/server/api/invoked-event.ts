/** The event of an invocation: what a client asks a function to work on, as the engine stores it. */
import { INTERNAL_EVENTS, type IncomingEvent } from "../../protocol/event.ts";
import type { IdSource } from "../../protocol/ids.ts";
import { canonicalJson, type JsonObject } from "../../protocol/json.ts";
import { readEvent } from "../../protocol/read-events.ts";

export interface Invocation {
  readonly slug: string;
  /** An event without a name: `data`, `user`, and what else events have. */
  readonly fields: JsonObject;
  readonly ids: IdSource;
  readonly now: number;
}

/** Throws `event_invalid` or `event_too_large`, as for any event. */
export function invokedEvent({ slug, fields, ids, now }: Invocation): IncomingEvent {
  // Read under a name that anybody may use: the one it gets is the engine's own.
  const place = { index: 0, id: ids.next(now), now, mayExist: false };
  const { stored, parsed, mayExist } = readEvent({ ...fields, name: "invoked" }, place);
  const name = INTERNAL_EVENTS.invoked;
  const data = { ...(parsed["data"] as JsonObject), _inngest: { fn_id: slug } };
  const full: JsonObject = { ...parsed, name, data };
  return { stored: { ...stored, name, json: canonicalJson(full), isInternal: true }, parsed: full, mayExist };
}
