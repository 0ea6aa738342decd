/**
 * What the author of a function throws to say what should happen, and what a failed step throws at its caller.
 * They are recognised by a mark rather than by class, because two copies of this package may meet.
 */
import { formatDuration } from "../protocol/duration.ts";
import { type DurationInput, durationMs } from "./duration-input.ts";

const NON_RETRIABLE = Symbol.for("stepwell.nonRetriable");
const RETRY_AFTER = Symbol.for("stepwell.retryAfter");

/**
 * Stops the retries: the step (or the function) fails at once. For errors that another attempt cannot mend.
 *
 * @example
 * ```ts
 * import { NonRetriableError } from "stepwell";
 * function charge(card: { valid: boolean }) {
 *   if (!card.valid) throw new NonRetriableError("Invalid card");
 * }
 * ```
 */
export class NonRetriableError extends Error {
  override name = "NonRetriableError";
  readonly [NON_RETRIABLE] = true;
}

/**
 * Sets the delay before the next attempt: a number of seconds, a duration text, or a moment.
 * The engine keeps it between one second and 24 hours.
 *
 * @example
 * ```ts
 * import { RetryAfterError } from "stepwell";
 * function call(status: number) {
 *   if (status === 429) throw new RetryAfterError("Rate limited by the payment gateway", "1h");
 * }
 * ```
 */
export class RetryAfterError extends Error {
  override name = "RetryAfterError";
  /** As the `Retry-After` header carries it: whole seconds, or an ISO date. */
  readonly [RETRY_AFTER]: string;

  constructor(message: string, retryAfter: DurationInput | Date, options?: { cause?: unknown }) {
    super(message, options);
    this[RETRY_AFTER] = retryAfterText(retryAfter);
  }

  /** Whole seconds, or an ISO date. */
  get retryAfter(): string {
    return this[RETRY_AFTER];
  }
}

function retryAfterText(value: DurationInput | Date): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  const isIsoDate = typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value));
  if (isIsoDate) return new Date(value).toISOString();
  const seconds = typeof value === "number" ? value : durationMs(value as DurationInput, "RetryAfterError") / 1_000;
  return String(Math.ceil(durationMs(seconds * 1_000, "RetryAfterError") / 1_000));
}

/**
 * A step failed for good. `name`, `message`, `stack` and `cause` are those of the original error.
 *
 * Caught, the function goes on; uncaught, the function fails without further attempts.
 *
 * @example
 * ```ts
 * import { StepError, Stepwell } from "stepwell";
 * const client = new Stepwell({ id: "shop" });
 * client.createFunction({ id: "order", triggers: { event: "order/placed" } }, async ({ step }) => {
 *   try {
 *     await step.run("charge", () => ({ ok: true }));
 *   } catch (error) {
 *     if (error instanceof StepError) return { failed: error.stepId, why: error.message };
 *     throw error;
 *   }
 *   return { failed: null, why: null };
 * });
 * ```
 */
export class StepError extends Error {
  /** The id the failed step was given. */
  readonly stepId: string;
  /**
   * The code of the original error, if it had one: the body's own (`"ECONNRESET"`), `step_timeout`, or the server's, such
   * as `invoke_timeout`, `invoke_cancelled`, `function_not_found`, `function_paused` and `invoke_too_deep` of an invoke.
   */
  readonly code?: string;

  constructor(
    stepId: string,
    error: { name: string; message: string; stack?: string; code?: string; cause?: unknown },
  ) {
    super(error.message, error.cause === undefined ? undefined : { cause: error.cause });
    this.name = error.name;
    this.stepId = stepId;
    if (error.stack !== undefined) this.stack = error.stack;
    if (error.code !== undefined) this.code = error.code;
  }
}

/**
 * An attempt of a step took longer than the `timeout` of the step. It is tried again like any other failure; when the
 * attempts are used up, the function sees a `StepError` with this name and the code `step_timeout`.
 *
 * @example
 * ```ts
 * import { StepError, Stepwell } from "stepwell";
 * const client = new Stepwell({ id: "shop" });
 * client.createFunction({ id: "order", triggers: { event: "order/placed" } }, async ({ step }) => {
 *   try {
 *     return await step.run({ id: "charge", timeout: "30s" }, () => "charged");
 *   } catch (error) {
 *     if (error instanceof StepError && error.code === "step_timeout") return "too slow";
 *     throw error;
 *   }
 * });
 * ```
 */
export class StepTimeoutError extends Error {
  override name = "StepTimeoutError";
  readonly code = "step_timeout";
  readonly stepId: string;
  readonly timeoutMs: number;

  constructor(stepId: string, timeoutMs: number) {
    super(`Step "${stepId}" took longer than ${formatDuration(timeoutMs)}.`);
    this.stepId = stepId;
    this.timeoutMs = timeoutMs;
  }
}

/** Codes of our own errors that a further attempt cannot mend. */
const FINAL_CODES: ReadonlySet<unknown> = new Set([
  "step_nested",
  "value_not_storable",
  "event_schema_failed",
  "duration_invalid",
  "date_invalid",
  "option_invalid",
  "event_invalid",
  "event_name_reserved",
  "event_too_large",
  "too_many_events",
]);

export function isNonRetriable(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if (NON_RETRIABLE in error || (error as Error).name === "NonRetriableError") return true;
  return (error as Error).name === "StepwellError" && FINAL_CODES.has((error as { code?: unknown }).code);
}

/** The wish for the next attempt as a `Retry-After` value, or null. */
export function retryAfterOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !(RETRY_AFTER in error)) return null;
  const value = (error as { [RETRY_AFTER]: unknown })[RETRY_AFTER];
  return typeof value === "string" ? value : null;
}
