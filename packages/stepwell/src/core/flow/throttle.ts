/**
 * Throttle: starts spread over time by the generic cell rate algorithm. One start costs one interval (period / limit); from
 * rest, limit + burst starts may come at once, after that one per interval.
 *
 *   TH1. The state is one instant: when the bucket would be full again. It never lies before now.
 */
import type { ThrottleRule } from "../../protocol/flow.ts";
import type { Instant } from "../instant.ts";

/** When the next start is allowed, given when the bucket is full again (null: it is). */
export function allowedAt(rule: ThrottleRule, fullAt: Instant | null, now: Instant): Instant {
  const intervalMs = rule.periodMs / rule.limit;
  const toleranceMs = intervalMs * (rule.limit + rule.burst);
  return Math.max(fullAt ?? now, now) + intervalMs - toleranceMs;
}

/** The bucket's state after a start. */
export function afterStart(rule: ThrottleRule, fullAt: Instant | null, now: Instant): Instant {
  return Math.max(fullAt ?? now, now) + rule.periodMs / rule.limit;
}

/** The bucket's state after a start that did not happen after all. */
export function afterRefund(rule: ThrottleRule, fullAt: Instant): Instant {
  return fullAt - rule.periodMs / rule.limit;
}
