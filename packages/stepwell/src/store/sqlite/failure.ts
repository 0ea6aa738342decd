/** What went wrong in SQLite, as an error of the catalogue, and in a form that crosses threads. */
import { type ErrorCode, type ErrorDetails, isStepwellError, StepwellError } from "../../protocol/errors.ts";

/** An error as plain data: threads exchange values, and lose the fields of errors. */
export interface Failure {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

/** Primary result codes of SQLite; the extended ones carry them in their low byte. */
const SQLITE_CODES: Readonly<Record<number, ErrorCode>> = {
  5: "store_busy",
  6: "store_busy",
  11: "store_corrupt",
  13: "store_full",
  26: "store_corrupt",
};

export function failureOf(error: unknown, path: string): Failure {
  if (isStepwellError(error)) return { code: error.code, details: error.details };
  const { errcode, code, message } = error as { errcode?: unknown; code?: unknown; message?: unknown };
  const reason = String(message ?? error);
  if (code === "ENOSPC") return { code: "store_full", details: { path, reason } };
  const known = typeof errcode === "number" ? SQLITE_CODES[errcode & 0xff] : undefined;
  return { code: known ?? "store_failed", details: { path, reason } };
}

export function storeError(error: unknown, path: string): StepwellError {
  if (isStepwellError(error)) return error;
  const { code, details } = failureOf(error, path);
  return new StepwellError(code, details, { cause: error });
}
