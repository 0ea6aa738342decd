/** An error as data: what a step, a function or the engine reports, stores, shows and sends. */
import { canonicalJson, isJsonObject, type JsonValue, wholePairs } from "./json.ts";

export interface ErrorValue {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: JsonValue;
  readonly data?: JsonValue;
}

/** What somebody has thrown, in words. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Text of an error kept at most this long; stacks and messages beyond it are cut. */
const TEXT_CHARS_MAX = 64 * 1024;

const cut = (text: string) => wholePairs(text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text);

/** The value, or nothing when it cannot be stored (a number beyond every limit parses to infinity). */
function storable(value: JsonValue | undefined): JsonValue | undefined {
  if (value === undefined || value === null) return value;
  try {
    return JSON.parse(canonicalJson(value)) as JsonValue;
  } catch {
    return undefined; // An error must be storable whatever was attached to it.
  }
}

/**
 * Reads an error defensively, into one that can be stored: SDKs send `{name, message, stack}`, `{message}` alone, `{error}` alone, or plain text.
 */
export function readErrorValue(value: unknown, fallbackMessage = "Unknown error"): ErrorValue {
  if (typeof value === "string") return { name: "Error", message: cut(value === "" ? fallbackMessage : value) };
  if (!isJsonObject(value)) return { name: "Error", message: fallbackMessage };
  const text = (key: string) => (typeof value[key] === "string" && value[key] !== "" ? cut(value[key]) : undefined);
  const stack = text("stack");
  const code = text("code");
  const cause = storable(value["cause"]);
  const data = storable(value["data"]);
  return {
    name: text("name") ?? "Error",
    message: text("message") ?? text("error") ?? fallbackMessage,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined || cause === null ? {} : { cause }),
    ...(data === undefined ? {} : { data }),
  };
}
