/**
 * Explanations as clients see them: names in small letters with underscores, times as RFC 3339, statuses in the words of the
 * other records. What comes from users (errors) stays as it is.
 */
import { type Instant, isoTime } from "../core/instant.ts";
import type { RunStatus } from "../core/run/run.ts";
import type { JsonObject, JsonValue } from "../protocol/json.ts";
import { runStatusName } from "./run-record.ts";

const IS_TIME = /(?:At|By|^since|Since|^until)$/;
const STATUSES: ReadonlySet<string> = new Set(["status", "runStatus"]);
/** Fields that other records call otherwise. */
const NAMES: Readonly<Record<string, string>> = { function: "function_slug" };

/** The explanation's record. Absent fields stay absent. */
export function explainRecord(value: object): JsonObject {
  const entries = Object.entries(value).map(([name, inner]) => [nameOf(name), shown(name, inner)]);
  return Object.fromEntries(entries) as JsonObject;
}

const nameOf = (name: string): string => NAMES[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function shown(name: string, value: unknown): JsonValue {
  if (name === "error") return value as JsonValue;
  if (typeof value === "number" && IS_TIME.test(name)) return isoTime(value satisfies Instant);
  if (typeof value === "string" && STATUSES.has(name)) return runStatusName(value as RunStatus);
  if (Array.isArray(value))
    return value.map((one: unknown) => (isObject(one) ? explainRecord(one) : (one as JsonValue)));
  return isObject(value) ? explainRecord(value) : (value as JsonValue);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
