/**
 * Whether a stored result can be one of the step that is reached, by its shape. A result of another kind was
 * left by other code: a sleep's is null, that of a wait the bare event, others are wrapped. Kinds that are stored alike are not told apart.
 */
import { isJsonObject } from "../protocol/json.ts";
import type { StepType } from "./step-request.ts";

export function fitsMemo(type: StepType, value: unknown): boolean {
  if (type === "sleep") return value === null;
  if (type === "waitForEvent") return value === null || (isJsonObject(value) && typeof value["name"] === "string");
  return isWrapper(value) || (type === "waitForSignal" && value === null);
}

const WRAPPING: ReadonlySet<string> = new Set(["data", "error", "input", "type"]);

/** An event has a name beside its data. */
function isWrapper(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).every((key) => WRAPPING.has(key));
}
