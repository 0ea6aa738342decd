/**
 * Throttle: starts spread over time by the generic cell rate algorithm. One start costs one interval (period / limit); from
 * rest, limit + burst starts may come at once, after that one per interval.
 *
 *   TH1. The state is one instant: when the bucket would be full again. One that lies before now says the same as none.
 *   TH2. An interval need not be a whole number of ms. Instants of the bucket are whole multiples of 1 / limit ms, and are
 *        kept to that: what the clock's numbers lose in one sum is not carried into the next.
 *   TH3. A rule that changes counts at once: starts that have not been made up for are made up for at the new pace, and no
 *        more of them than the new rule would let come at once.
 */
import type { ThrottleRule } from "../../protocol/flow.ts";
import type { Instant } from "../instant.ts";

/** When the next start is allowed, given when the bucket is full again (null: it is). */
export function allowedAt(rule: ThrottleRule, fullAt: Instant | null, now: Instant): Instant {
  const intervalsBefore = rule.limit + rule.burst - 1;
  return exact(rule, Math.max(fullAt ?? now, now) - (intervalsBefore * rule.periodMs) / rule.limit);
}

/** The bucket's state after a start. */
export function afterStart(rule: ThrottleRule, fullAt: Instant | null, now: Instant): Instant {
  return exact(rule, Math.max(fullAt ?? now, now) + rule.periodMs / rule.limit);
}

/** The bucket's state after a start that did not happen after all. */
export function afterRefund(rule: ThrottleRule, fullAt: Instant): Instant {
  return exact(rule, fullAt - rule.periodMs / rule.limit);
}

/** The bucket's state when the rule changes (TH3). */
export function afterChange(before: ThrottleRule, rule: ThrottleRule, fullAt: Instant, now: Instant): Instant {
  const starts = (Math.max(0, fullAt - now) / before.periodMs) * before.limit;
  return exact(rule, now + (Math.min(starts, rule.limit + rule.burst) * rule.periodMs) / rule.limit);
}

/** TH2. */
function exact({ limit }: ThrottleRule, instant: number): Instant {
  const whole = Math.floor(instant);
  return whole + Math.round((instant - whole) * limit) / limit;
}
