/**
 * Events and signals as others send them, read into what can be stored.
 *
 *   RE1. What is refused is refused with a code and the place; what is accepted can be stored as it is.
 *   RE2. Functions always see `data` and `user` as objects, `ts` as whole milliseconds, and an `id`.
 *   RE3. Events that come with a step follow the same rules as those of an event request.
 */

import { StepwellError } from "./coded-error.ts";
import { errorText } from "./error-value.ts";
import { INTERNAL_PREFIX, type IncomingEvent, type StoredEvent } from "./event.ts";
import { isUlid } from "./ids.ts";
import { canonicalJson, isJsonObject, isLargerThan, type JsonObject, type JsonText, utf8Length } from "./json.ts";
import { LIMITS } from "./limits.ts";
import type { Sends, SentSignal } from "./op.ts";

/** The producer's idempotency id, in UTF-8 bytes: it becomes a key. */
export const EVENT_ID_BYTES_MAX = 1_024;

export interface EventPlace {
  /** Its place in the list, for messages. */
  readonly index: number;
  /** The internal id it gets. */
  readonly id: string;
  /** When it is received; its time when it names none. */
  readonly now: number;
  readonly mayExist: boolean;
}

/** The event in `value`. Throws `event_invalid`, `event_name_reserved` or `event_too_large`. */
export function readEvent(value: unknown, { index, id, now, mayExist }: EventPlace): IncomingEvent {
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
  if (isLargerThan(name, LIMITS.eventNameBytesMax)) {
    throw invalid(index, `event name is longer than ${LIMITS.eventNameBytesMax} bytes`);
  }
  if (hasUnstorable(name)) throw invalid(index, "event name has characters that cannot be stored");
  if (name.toLowerCase().startsWith(INTERNAL_PREFIX)) throw new StepwellError("event_name_reserved", { index, name });
  return name;
}

function readId(id: unknown, index: number): string | null {
  if (id === undefined || id === null || id === "") return null;
  if (!isText(id)) throw invalid(index, "id must be a text");
  if (isLargerThan(id, EVENT_ID_BYTES_MAX)) throw invalid(index, `id is longer than ${EVENT_ID_BYTES_MAX} bytes`);
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
  if (isLargerThan(json, LIMITS.eventBytesMax)) {
    throw new StepwellError("event_too_large", { index, size: utf8Length(json), limit: LIMITS.eventBytesMax });
  }
  return json;
}

const isText = (value: unknown): value is string => typeof value === "string";

/** NUL and halves of surrogate pairs: databases refuse or change them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is exactly what is looked for.
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;
export const hasUnstorable = (text: string) => UNSTORABLE.test(text);

function invalid(index: number, reason: string): StepwellError {
  return new StepwellError("event_invalid", { index, reason });
}

/** What the wire key `sends` of an operation holds, null when it is absent, or why it cannot be read. */
export function readSends(value: unknown, now: number): Sends | null | string {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) return "sends is not an object";
  const { events = [], signals = [] } = value;
  if (!Array.isArray(events) || !Array.isArray(signals)) return "sends does not hold lists";
  if (events.length > LIMITS.eventsPerRequestMax) return `it sends more than ${LIMITS.eventsPerRequestMax} events`;
  if (signals.length > LIMITS.signalsPerStepMax) return `it sends more than ${LIMITS.signalsPerStepMax} signals`;
  try {
    const ids = new Set<unknown>(events.map((event: unknown) => (isJsonObject(event) ? event["internal_id"] : null)));
    if (ids.size !== events.length) return "two of its events have one internal_id";
    return {
      events: events.map((event: unknown, index) => readSentEvent(event, index, now)),
      signals: signals.map((signal: unknown, index) => readSentSignal(signal, index)),
    };
  } catch (error) {
    return errorText(error);
  }
}

function readSentEvent(value: unknown, index: number, now: number): IncomingEvent {
  const id = isJsonObject(value) ? value["internal_id"] : undefined;
  if (typeof id !== "string" || !isUlid(id)) throw invalid(index, "internal_id is not a ULID");
  // An earlier attempt may have sent the same event in a request of its own.
  return readEvent(value, { index, id, now, mayExist: true });
}

function readSentSignal(value: unknown, index: number): SentSignal {
  const refuse = (reason: string) => new Error(`signal ${index}: ${reason}`);
  if (!isJsonObject(value)) throw refuse("it is not an object");
  const { signal, data = null, ttl_ms: ttlMs = null } = value;
  const problem = signalProblem(signal);
  if (problem !== null) throw refuse(problem);
  if (ttlMs !== null && !isTtl(ttlMs)) throw refuse(`ttl_ms must be a whole number up to ${LIMITS.signalTtlMsMax}`);
  const json = canonicalJson(data);
  refuseLargeSignal(signal as string, json);
  return { signal: signal as string, data: json, ttlMs };
}

function isTtl(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LIMITS.signalTtlMsMax;
}

/** Throws `signal_too_large`: what a run waits for has to fit into its state. */
export function refuseLargeSignal(signal: string, data: JsonText): void {
  const limit = LIMITS.signalBytesMax;
  if (isLargerThan(data, limit)) throw new StepwellError("signal_too_large", { signal, size: utf8Length(data), limit });
}

/** Why a value cannot be the name of a signal, or null. */
export function signalProblem(signal: unknown): string | null {
  if (!isText(signal) || signal === "") return "a signal needs a name";
  if (signal.length > LIMITS.signalCharsMax) return `the name is longer than ${LIMITS.signalCharsMax} characters`;
  return hasUnstorable(signal) ? "the name has characters that cannot be stored" : null;
}
