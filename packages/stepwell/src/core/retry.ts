/**
 * When a failed attempt is made again.
 *
 * Delay after failed attempt n (0-based): 15 s, 30 s, 1 m, 2 m, 5 m, 10 m, 20 m, 40 m, 1 h, then 2 h each, plus a
 * uniform 0–30 s, so that runs that failed together do not come back together.
 */
import { clampRetryAfter } from "../protocol/reply.ts";
import { type Random, uniform } from "./random.ts";

const CURVE_MS: readonly number[] = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200].map(
  (seconds) => seconds * 1_000,
);
export const RETRY_JITTER_MS = 30_000;

export interface RetryPolicy {
  /** A constant delay instead of the curve; null for the curve. */
  readonly intervalMs: number | null;
}

/** The delay before the next attempt. `retryAfterMs` is what the app asked for, if it did. */
export function retryDelayMs(
  attempt: number,
  retryAfterMs: number | null,
  policy: RetryPolicy,
  random: Random,
): number {
  if (retryAfterMs !== null) return clampRetryAfter(retryAfterMs);
  if (policy.intervalMs !== null) return policy.intervalMs;
  return CURVE_MS[Math.min(attempt, CURVE_MS.length - 1)]! + uniform(random, RETRY_JITTER_MS);
}
