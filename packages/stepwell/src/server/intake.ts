/**
 * Intake: from the body of an event request to events that can be stored.
 *
 *   IN1. All or nothing: the whole request is checked before anything is handed on; one bad event refuses all, by index.
 *   IN2. Internal ids are ours. A repeated request with the same seed gets the same ids, so a retry stores nothing twice.
 *   IN3. Functions always see `data` and `user` as objects, `ts` as whole milliseconds, and an `id`.
 */
import type { IncomingEvent } from "../core/command.ts";
import { StepwellError } from "../protocol/errors.ts";
import { INTERNAL_PREFIX, type StoredEvent } from "../protocol/event.ts";
import { eventIdFromSeed, type IdSource } from "../protocol/ids.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonText } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";

/** The producer's idempotency id, in UTF-8 bytes: it becomes a key. */
export const EVENT_ID_BYTES_MAX = 1_024;

export interface IntakeRequest {
  /** The parsed body: one event or a list. */
  readonly body: unknown;
  /** The header `x-inngest-event-id-seed`, if it was sent. */
  readonly seed: string | undefined;
  readonly now: number;
  readonly ids: IdSource;
}

export function readEvents({ body, seed, now, ids }: IntakeRequest): IncomingEvent[] {
  const list = Array.isArray(body) ? body : [body];
  if (list.length > LIMITS.eventsPerRequestMax) {
    throw new StepwellError("too_many_events", { limit: LIMITS.eventsPerRequestMax, count: list.length });
  }
  return list.map((value: unknown, index) => {
    const seeded = seed === undefined ? null : eventIdFromSeed(seed, index); // IN2
    return readEvent(value, index, seeded ?? ids.next(now), now, seeded !== null);
  });
}

function readEvent(value: unknown, index: number, id: string, now: number, mayExist: boolean): IncomingEvent {
  if (!isJsonObject(value)) throw invalid(index, "it is not an object");
  const name = readName(value["name"], index);
  const idempotencyId = readId(value["id"], index);
  const ts = readTs(value["ts"], index, now);
  const version = optional(value["v"], "v", isText, "a text", index);
  const meta = value["meta"];
  const parsed: JsonObject = {
    data: withoutReserved(optional(value["data"], "data", isJsonObject, "an object", index) ?? {}),
    id: idempotencyId ?? id,
    ...(isJsonObject(meta) ? { meta } : {}),
    name,
    ts,
    user: optional(value["user"], "user", isJsonObject, "an object", index) ?? {},
    ...(version === null || version === "" ? {} : { v: version }),
  };
  const json = canonicalEvent(parsed, index);
  const stored: StoredEvent = { id, name, ts, receivedAt: now, idempotencyId, json, isInternal: false };
  return { stored, parsed, mayExist };
}

function readName(name: unknown, index: number): string {
  if (name === undefined || name === null || name === "") throw invalid(index, "event name is empty");
  if (!isText(name)) throw invalid(index, "event name must be a text");
  if (Buffer.byteLength(name) > LIMITS.eventNameBytesMax) {
    throw invalid(index, `event name is longer than ${LIMITS.eventNameBytesMax} bytes`);
  }
  if (hasUnstorable(name)) throw invalid(index, "event name has characters that cannot be stored");
  if (name.toLowerCase().startsWith(INTERNAL_PREFIX)) throw new StepwellError("event_name_reserved", { index, name });
  return name;
}

function readId(id: unknown, index: number): string | null {
  if (id === undefined || id === null || id === "") return null;
  if (!isText(id)) throw invalid(index, "id must be a text");
  if (Buffer.byteLength(id) > EVENT_ID_BYTES_MAX) throw invalid(index, `id is longer than ${EVENT_ID_BYTES_MAX} bytes`);
  if (hasUnstorable(id)) throw invalid(index, "id has characters that cannot be stored");
  return id;
}

function readTs(ts: unknown, index: number, now: number): number {
  if (ts === undefined || ts === null || ts === 0) return now;
  if (typeof ts !== "number" || !Number.isInteger(ts)) {
    throw invalid(index, "ts must be a whole number of milliseconds since 1970");
  }
  if (ts < LIMITS.eventTsMin || ts >= LIMITS.eventTsMax) {
    throw invalid(index, "ts must lie between the years 1980 and 2100, in milliseconds");
  }
  return ts;
}

/** A field that may be absent or null. */
function optional<T>(
  value: unknown,
  name: string,
  is: (value: unknown) => value is T,
  kind: string,
  index: number,
): T | null {
  if (value === undefined || value === null) return null;
  if (!is(value)) throw invalid(index, `${name} must be ${kind}`);
  return value;
}

/** `data._inngest` belongs to the engine's own events. */
function withoutReserved(data: JsonObject): JsonObject {
  if (!Object.hasOwn(data, "_inngest")) return data;
  const { _inngest, ...rest } = data;
  return rest;
}

function canonicalEvent(parsed: JsonObject, index: number): JsonText {
  let json: JsonText;
  try {
    json = canonicalJson(parsed);
  } catch (error) {
    // A number beyond the range of doubles, or half of a surrogate pair.
    throw invalid(index, `it cannot be stored: ${error instanceof Error ? error.message : "not plain JSON"}`);
  }
  const size = json.length * 3 > LIMITS.eventBytesMax ? Buffer.byteLength(json) : json.length;
  if (size > LIMITS.eventBytesMax) {
    throw new StepwellError("event_too_large", { index, size, limit: LIMITS.eventBytesMax });
  }
  return json;
}

const isText = (value: unknown): value is string => typeof value === "string";

/** NUL and halves of surrogate pairs: databases refuse or change them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is exactly what is looked for.
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;
const hasUnstorable = (text: string) => UNSTORABLE.test(text);

function invalid(index: number, reason: string): StepwellError {
  return new StepwellError("event_invalid", { index, reason });
}
