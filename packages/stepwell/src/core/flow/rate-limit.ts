/**
 * Rate limit: starts beyond the limit are refused, and whoever asks is told when the next is allowed.
 *
 *   RL1. `window`: within any stretch of one period at most `limit` starts are admitted. One exactly a period after another
 *        is in the next stretch.
 *   RL2. `gcra`: starts are spread evenly, with a burst of a tenth of the limit.
 *   RL3. Only an admitted start counts.
 */
import type { RateLimitRule } from "../../protocol/flow.ts";
import type { Instant } from "../instant.ts";

export type RateVerdict =
  | {
      readonly isAdmitted: true /** What to remember, and for how long. */;
      readonly state: string;
      readonly expiresAt: Instant;
    }
  | { readonly isAdmitted: false; readonly nextAt: Instant };

/** `state`: what was remembered of the key, or null. */
export function rateLimit(rule: RateLimitRule, state: string | null, now: Instant): RateVerdict {
  return rule.algorithm === "window" ? inWindow(rule, state, now) : byCells(rule, state, now);
}

/** The state is the times of the admitted starts of the last period, oldest first. */
function inWindow({ limit, periodMs }: RateLimitRule, state: string | null, now: Instant): RateVerdict {
  const all = state === null ? [] : (JSON.parse(state) as Instant[]);
  const recent = all.filter((at) => at > now - periodMs); // RL1
  if (recent.length >= limit) return { isAdmitted: false, nextAt: recent[recent.length - limit]! + periodMs };
  recent.push(now);
  return { isAdmitted: true, state: JSON.stringify(recent), expiresAt: now + periodMs };
}

/** Intervals need not be whole; an instant that is off by less is on time. */
const ROUNDING_MS = 0.01;

/** The state is when the bucket is full again. */
function byCells({ limit, periodMs }: RateLimitRule, state: string | null, now: Instant): RateVerdict {
  const intervalMs = periodMs / limit;
  const toleranceMs = intervalMs * (Math.floor(limit / 10) + 1);
  const fullAt = Math.max(state === null ? now : Number(state), now) + intervalMs;
  const nextAt = Math.ceil(fullAt - toleranceMs - ROUNDING_MS);
  if (nextAt > now) return { isAdmitted: false, nextAt };
  return { isAdmitted: true, state: String(fullAt), expiresAt: Math.ceil(fullAt) };
}
