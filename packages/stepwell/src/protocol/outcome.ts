/** The outcome of one call to an app, whatever carried it (HTTP, a worker connection, a function call). */
import type { ErrorValue } from "./error-value.ts";
import type { JsonText } from "./json.ts";
import type { Op } from "./op.ts";

interface OutcomeBase {
  /** The request version the SDK answered with: 1, 2, or 0 when it did not say. */
  readonly requestVersion: number;
  /** How long the caller should wait before the next attempt, in ms; already clamped. Null: the curve decides. */
  readonly retryAfterMs: number | null;
  /** The HTTP status, or null when there was none. */
  readonly status: number | null;
  /** Stored steps that the code no longer reaches, as the author names them; empty when the SDK does not say. */
  readonly unreached: readonly string[];
}

/** The app reported operations. */
export interface OpsOutcome extends OutcomeBase {
  readonly kind: "ops";
  readonly ops: readonly Op[];
}

/** The function returned. */
export interface ReturnedOutcome extends OutcomeBase {
  readonly kind: "returned";
  readonly output: JsonText;
}

/** The function threw, or the call itself failed. */
export interface FailedOutcome extends OutcomeBase {
  readonly kind: "failed";
  readonly error: ErrorValue;
  /** True: do not try again. */
  readonly noRetry: boolean;
  /** True: there was no connection, so nothing was sent and nothing was executed. */
  readonly isUnreached?: boolean;
}

export type Outcome = OpsOutcome | ReturnedOutcome | FailedOutcome;
