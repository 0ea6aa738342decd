/**
 * Rate limit: starts beyond the limit are refused, and whoever asks is told when the next is allowed.
 *
 *   RL1. `window`: within any stretch of one period at most `limit` starts are admitted. One exactly a period after another
 *        is in the next stretch.
 *   RL2. `gcra`: starts are spread evenly, with a burst of a tenth of the limit.
 *   RL3. Only an admitted start counts.
 *   RL4. The numbers are those of now, also for what was admitted under others: starts that `gcra` has not made up for are
 *        made up for at the new pace, at most a full burst of them. A change of the algorithm to `gcra` goes on with the
 *        starts that the window remembers; the other way round nothing is known of single starts, and it begins anew.
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
  const known = state === null ? [] : (JSON.parse(state) as readonly Instant[] | Cells);
  const all = isTimes(known) ? known : []; // RL4
  const recent = all.filter((at) => at > now - periodMs); // RL1
  if (recent.length >= limit) return { isAdmitted: false, nextAt: recent[recent.length - limit]! + periodMs };
  recent.push(now);
  return { isAdmitted: true, state: JSON.stringify(recent), expiresAt: now + periodMs };
}

/** Intervals need not be whole; an instant that is off by less is on time. */
const ROUNDING_MS = 0.01;

/** What `gcra` remembers: when the bucket is full again, and what a start cost then. */
interface Cells {
  readonly fullAt: number;
  readonly intervalMs: number;
}

const isTimes = (state: readonly Instant[] | Cells): state is readonly Instant[] => Array.isArray(state);

function byCells({ limit, periodMs }: RateLimitRule, state: string | null, now: Instant): RateVerdict {
  const intervalMs = periodMs / limit;
  const toleranceMs = intervalMs * (Math.floor(limit / 10) + 1);
  const fullAt = now + Math.min(Math.max(owedMs(state, intervalMs, now), 0), toleranceMs) + intervalMs;
  const nextAt = Math.ceil(fullAt - toleranceMs - ROUNDING_MS);
  if (nextAt > now) return { isAdmitted: false, nextAt };
  const cells: Cells = { fullAt, intervalMs };
  return { isAdmitted: true, state: JSON.stringify(cells), expiresAt: Math.ceil(fullAt) };
}

/** How long it takes to make up for the starts until now, at so much for each (RL4). */
function owedMs(state: string | null, intervalMs: number, now: Instant): number {
  if (state === null) return 0;
  const known = JSON.parse(state) as readonly Instant[] | Cells;
  if (isTimes(known)) return known.reduce((fullAt, at) => Math.max(fullAt, at) + intervalMs, 0) - now;
  const owed = known.fullAt - now;
  return known.intervalMs === intervalMs ? owed : (owed / known.intervalMs) * intervalMs;
}
