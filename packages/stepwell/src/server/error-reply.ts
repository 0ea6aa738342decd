/** What a client is told when a request fails: the coded error's status, text and code, never a stack. */
import { isStepwellError, StepwellError } from "../protocol/errors.ts";
import type { ServerLog } from "./log.ts";

export interface ErrorReply {
  readonly status: number;
  readonly body: {
    readonly error: string;
    readonly status: number;
    readonly code: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
}

/** What every error looks like. What is no coded error is a bug: it is logged, and the client learns nothing of it. */
export function errorReply(error: unknown, log: ServerLog): ErrorReply {
  const coded = codedError(error, log);
  const { status, code, message, fix, details } = coded;
  return { status, body: { error: message, status, code, data: { ...details, fix } } };
}

export function codedError(error: unknown, log: ServerLog): StepwellError {
  if (isStepwellError(error)) return error;
  log.error("a request failed", { error: String(error), stack: error instanceof Error ? error.stack : undefined });
  return new StepwellError("internal_error");
}
