/** Errors as data and back: what a step reports when it fails, and the error a replay throws for it. */
import { type ErrorValue, readErrorValue } from "../protocol/error-value.ts";
import { isJsonObject, type JsonValue } from "../protocol/json.ts";
import { StepError } from "./errors.ts";

/** A chain of causes is kept this long. */
const CAUSES_MAX = 8;

/** Anything thrown, as data: name, message, stack, code and the chain of causes. Never throws. */
export function errorData(thrown: unknown, depth = 0): ErrorValue {
  if (!isErrorLike(thrown)) return readErrorValue({ name: "Error", message: describe(thrown) });
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  return readErrorValue({
    name: String(thrown.name),
    message: String(thrown.message),
    ...(typeof thrown.stack === "string" ? { stack: thrown.stack } : {}),
    ...(typeof code === "string" ? { code } : {}),
    ...(cause === undefined || depth >= CAUSES_MAX ? {} : { cause: causeData(cause, depth) }),
  });
}

function causeData(cause: unknown, depth: number): JsonValue {
  if (isErrorLike(cause)) return errorData(cause, depth + 1) as unknown as JsonValue;
  return typeof cause === "number" && Number.isFinite(cause) ? cause : describe(cause);
}

function isErrorLike(value: unknown): value is Error {
  return value instanceof Error || (isJsonObject(value) && typeof value["message"] === "string");
}

function describe(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value); // A cycle or a bigint: its default text has to do.
  }
}

/** The error that a failed step's memo throws, its causes rebuilt as errors. */
export function stepErrorFrom(stepId: string, memo: unknown): StepError {
  const { cause, ...value } = readErrorValue(memo);
  return new StepError(stepId, { ...value, ...(cause === undefined ? {} : { cause: rebuildCause(cause, 0) }) });
}

/** An error from its data: what a failure handler gets to see. */
export function errorFromData(data: unknown): Error {
  return rebuild(readErrorValue(data), 0);
}

function rebuildCause(cause: JsonValue, depth: number): unknown {
  return isJsonObject(cause) && typeof cause["message"] === "string" ? rebuild(readErrorValue(cause), depth) : cause;
}

function rebuild(value: ErrorValue, depth: number): Error {
  const cause = value.cause === undefined || depth >= CAUSES_MAX ? undefined : rebuildCause(value.cause, depth + 1);
  const error = new Error(value.message, cause === undefined ? undefined : { cause });
  error.name = value.name;
  if (value.stack !== undefined) error.stack = value.stack;
  return value.code === undefined ? error : Object.assign(error, { code: value.code });
}
