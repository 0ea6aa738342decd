/**
 * What became of each event of a run, as a function returns it: one result for each of its events, in their order. Any SDK
 * can return the form: it is a plain object with this one key. A server that does not know it sees a return value.
 */
import { type ErrorValue, readErrorValue } from "./error-value.ts";
import { isJsonObject, type JsonText, type JsonValue } from "./json.ts";

export const EVENT_RESULTS_KEY = "stepwell/event_results";

export type EventResult =
  | { readonly data: JsonValue }
  /** `retry` false: another attempt would not help. */
  | { readonly error: ErrorValue; readonly retry: boolean };

/** The results; null when the output is something else; a text when it has the form and is wrong. */
export function readEventResults(output: JsonText, eventCount: number): readonly EventResult[] | string | null {
  if (!output.startsWith(`{"${EVENT_RESULTS_KEY}":`)) return null; // Outputs are canonical, and looked into nowhere else.
  const value = JSON.parse(output) as JsonValue;
  const list = isJsonObject(value) && Object.keys(value).length === 1 ? value[EVENT_RESULTS_KEY] : undefined;
  if (list === undefined) return null;
  if (!Array.isArray(list)) return "it is not a list";
  if (list.length !== eventCount) return `it has ${list.length} results for ${eventCount} events`;
  const results = list.map(readResult);
  const wrong = results.indexOf(null);
  return wrong < 0 ? (results as EventResult[]) : `result ${wrong} has neither data nor an error`;
}

function readResult(value: JsonValue): EventResult | null {
  if (!isJsonObject(value)) return null;
  if (value["error"] !== undefined && value["error"] !== null)
    return { error: readErrorValue(value["error"]), retry: value["retry"] !== false };
  return "data" in value ? { data: value["data"] ?? null } : null;
}
