/**
 * Ticks that passed while nobody was there to fire them: after a restart, a stall, or a sleep of the laptop.
 *
 *   M1. Ticks are nominal times. Which of them fire depends on the schedule, the last tick and the instant alone.
 *   M2. However long the downtime, the work is bounded.
 *
 * The policies:
 *   - `skip`: only what is fresh. A tick fires if it is at most a minute old, so that a short stall loses nothing of
 *     a schedule of minutes; older ones are left out.
 *   - `once` (the default): the most recent tick, however old, stands for all that passed.
 *   - `all`: every tick, oldest first; of very many, the newest thousand.
 */
import type { Misfire } from "../../protocol/function.ts";
import { type Cron, latestTicksBetween, nextTick, ticksBetween } from "./cron.ts";

/** How old a tick may be for `skip` to fire it. */
export const MISFIRE_GRACE_MS = 60_000;
/** Ticks that `all` fires at once. */
export const MISFIRE_TICKS_MAX = 1_000;
/** Ticks beyond those that are counted; more than that are reported as this many. */
export const MISFIRE_DROPPED_COUNTED_MAX = 1_000;

export interface DueTicks {
  /** Nominal times to fire now, oldest first; empty when nothing is due. */
  readonly fire: readonly number[];
  /** Ticks that `all` should have fired and does not (M2); 0 for the other policies, which leave out by design. */
  readonly dropped: number;
  /** The nominal time to wait for; null when there is no further one. */
  readonly next: number | null;
}

/**
 * What to fire at `nowMs`, when `lastTickMs` was the last tick fired: or, if none was, the time of registration.
 * In ordinary operation exactly one tick has come due, and every policy fires it.
 */
export function dueTicks(cron: Cron, policy: Misfire, lastTickMs: number, nowMs: number): DueTicks {
  const next = nextTick(cron, Math.max(lastTickMs, nowMs));
  if (nowMs <= lastTickMs) return { fire: [], dropped: 0, next };
  switch (policy) {
    case "skip": {
      const freshSinceMs = Math.max(lastTickMs, nowMs - MISFIRE_GRACE_MS - 1);
      return { fire: latestTicksBetween(cron, freshSinceMs, nowMs, MISFIRE_TICKS_MAX), dropped: 0, next };
    }
    case "once":
      return { fire: latestTicksBetween(cron, lastTickMs, nowMs, 1), dropped: 0, next };
    case "all": {
      const fire = latestTicksBetween(cron, lastTickMs, nowMs, MISFIRE_TICKS_MAX);
      return { fire, dropped: countBefore(cron, lastTickMs, fire), next };
    }
  }
}

function countBefore(cron: Cron, lastTickMs: number, fire: readonly number[]): number {
  const [oldest] = fire;
  if (oldest === undefined || fire.length < MISFIRE_TICKS_MAX) return 0;
  return ticksBetween(cron, lastTickMs, oldest - 1, MISFIRE_DROPPED_COUNTED_MAX).length;
}
