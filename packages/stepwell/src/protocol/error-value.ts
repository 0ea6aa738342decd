/** An error as data: what a step, a function or the engine reports, stores, shows and sends. */
import { isJsonObject, type JsonText, type JsonValue } from "./json.ts";

export interface ErrorValue {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: JsonValue;
  readonly data?: JsonValue;
}

/** Text of an error kept at most this long; stacks and messages beyond it are cut. */
const TEXT_CHARS_MAX = 64 * 1024;

const cut = (text: string) => (text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text);

/**
 * Reads an error defensively: SDKs send `{name, message, stack}`, `{message}` alone, `{error}` alone, or plain text.
 */
export function readErrorValue(value: unknown, fallbackMessage = "Unknown error"): ErrorValue {
  if (typeof value === "string") return { name: "Error", message: cut(value === "" ? fallbackMessage : value) };
  if (!isJsonObject(value)) return { name: "Error", message: fallbackMessage };
  const text = (key: string) => (typeof value[key] === "string" && value[key] !== "" ? cut(value[key]) : undefined);
  const stack = text("stack");
  const code = text("code");
  return {
    name: text("name") ?? "Error",
    message: text("message") ?? text("error") ?? fallbackMessage,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
    ...(value["cause"] === undefined || value["cause"] === null ? {} : { cause: value["cause"] }),
    ...(value["data"] === undefined ? {} : { data: value["data"] }),
  };
}

/** Parsed form of stored error text. */
export function parseErrorText(text: JsonText): ErrorValue {
  return readErrorValue(JSON.parse(text));
}
