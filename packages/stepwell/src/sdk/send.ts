/**
 * Sending events over HTTP.
 *
 *   E1. All tries of one call carry the same seed and the same times: the server makes the same ids, and no event is
 *       stored twice.
 *   E2. Only network failures and answers from 500 on are tried again; a refusal stays a refusal.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { HEADERS } from "../protocol/headers.ts";
import { isJsonObject, type JsonText } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { backoffMs, delay, sdkHeaders } from "./api.ts";
import { freshSeed } from "./seed.ts";
import { eventKeyOf, type Settings } from "./settings.ts";
import { storableText } from "./storable.ts";
import { checkData, type EventInput, schemaOf } from "./trigger.ts";

const TRIES_MAX = 5;

/** Sends events in one request and returns their ids, in order. */
export async function sendOverHttp(
  settings: Settings,
  events: readonly EventInput[],
  seed: string | null,
): Promise<{ ids: string[] }> {
  if (events.length === 0) return { ids: [] };
  const body = `[${events.map((event) => eventText(event)).join(",")}]`;
  const url = `${settings.eventUrl}/e/${encodeURIComponent(eventKeyOf(settings))}`;
  const headers = {
    "content-type": "application/json",
    [HEADERS.eventIdSeed]: seed ?? freshSeed(),
    ...sdkHeaders(settings),
  };
  for (let tries = 1; ; tries++) {
    const result = await post(settings, url, { method: "POST", headers, body });
    if ("ids" in result) return result;
    if (!result.isTransient || tries >= TRIES_MAX) throw refusal(result);
    await delay(backoffMs(tries));
  }
}

/** Checks the data of events that were made by an event type. */
export async function checkSchemas(events: readonly EventInput[]): Promise<void> {
  for (const event of events) {
    const schema = schemaOf(event);
    // What is sent is the input: the receiver checks again, and applies the schema's changes itself.
    if (schema !== null) await checkData(schema, event.name, event.data);
  }
}

/** An event as it is sent: with a time, and nothing the wire does not know. */
export function eventText(event: EventInput, now: number = Date.now()): JsonText {
  if (typeof event?.name !== "string" || event.name === "") {
    throw new StepwellError("option_invalid", { where: "send", reason: "an event needs a `name`" });
  }
  const { name, data = {}, id, ts = now, v, user, meta } = event;
  return storableText({ data, id, meta, name, ts, user, v }, `Event "${name}"`, "event", LIMITS.eventBytesMax);
}

interface Failure {
  readonly isTransient: boolean;
  readonly reason: string;
  readonly cause?: unknown;
}

async function post(settings: Settings, url: string, init: RequestInit): Promise<{ ids: string[] } | Failure> {
  try {
    const response = await settings.fetch(url, init);
    return readAnswer(response.status, await response.text());
  } catch (cause) {
    return { isTransient: true, reason: `no answer from ${new URL(url).origin}`, cause };
  }
}

function readAnswer(status: number, text: string): { ids: string[] } | Failure {
  const body = parse(text);
  const fields = isJsonObject(body) ? body : {};
  // The status in the body counts: proxies and old servers answer 200 for refusals.
  const inner = typeof fields["status"] === "number" ? fields["status"] : status;
  const { ids } = fields;
  if (status < 300 && inner === 200 && Array.isArray(ids)) return { ids: ids.map(String) };
  const worst = Math.max(status, inner);
  const reason = typeof fields["error"] === "string" ? fields["error"] : `HTTP ${worst} ${text.slice(0, 200)}`;
  return { isTransient: worst >= 500, reason };
}

function refusal(failure: Failure): StepwellError {
  const options = failure.cause === undefined ? undefined : { cause: failure.cause };
  return new StepwellError("send_failed", { reason: failure.reason }, options);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
