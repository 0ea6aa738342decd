/**
 * Cron expressions: five fields, or six with seconds first, or one of the descriptors; an optional time zone in front.
 * `TZ=Europe/Paris 0 9 * * 1-5`, `15 30 9 * * 1`, `@daily`. Without a zone: UTC, never the machine's.
 *
 *   K1. A schedule that could never tick is refused when it is read.
 *   K2. The next tick comes strictly after the given instant, so that a chain of ticks always moves.
 *   K3. The registered text is kept to the byte: it travels in the event of each tick.
 *
 * Clocks that are put forward or back (the rules of Vixie cron):
 *   - Times of day (seconds, minutes and hours without `*` or step, as `30 2 * * *` or `30 2,14 * * *`): one that does
 *     not exist that day ticks at the first moment after the gap; one that exists twice ticks once, the first time.
 *   - Intervals (any `*` or step there, as `0 * * * *`): what lies in the gap does not tick; what exists twice ticks
 *     twice, at two different instants.
 */

import { Cron as Schedule } from "croner";
import { errorText } from "../../protocol/error-value.ts";
import { LIMITS } from "../../protocol/limits.ts";

export interface Cron {
  /** As registered. */
  readonly source: string;
  /** IANA name; `UTC` when none was given. */
  readonly zone: string;
  /** The fields or the descriptor, without the zone. */
  readonly fields: string;
  /** Computes dates; its own timers are never started. */
  readonly schedule: Schedule;
}

export interface CronProblem {
  readonly reason: string;
}

const ZONE_PREFIX = /^(?:CRON_)?TZ=(\S+)\s+/;
const DESCRIPTORS: ReadonlySet<string> = new Set(["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]);

/** Any instant will do to find out whether there is a first tick; a fixed one gives every server the same answer. */
const FIRST_TICK_AFTER_MS = Date.UTC(2024, 0, 1);

export function isCronProblem(value: Cron | CronProblem): value is CronProblem {
  return "reason" in value;
}

export function parseCron(text: string): Cron | CronProblem {
  if (text.length > LIMITS.cronCharsMax) return { reason: `it has more than ${LIMITS.cronCharsMax} characters` };
  const prefix = ZONE_PREFIX.exec(text);
  const zone = prefix?.[1] ?? "UTC";
  if (!isZone(zone)) return { reason: `${zone} is not a time zone` };
  const fields = text.slice(prefix?.[0].length ?? 0).trim();
  const reason = reasonAgainst(fields);
  if (reason !== null) return { reason };
  const schedule = createSchedule(fields, zone);
  if (!(schedule instanceof Schedule)) return schedule;
  const cron: Cron = { source: text, zone, fields, schedule };
  return nextTick(cron, FIRST_TICK_AFTER_MS) === null ? { reason: "there is no such date" } : cron; // K1
}

/** The first tick after the instant, or null when there is none before the end of the calendar. */
export function nextTick(cron: Cron, afterMs: number): number | null {
  // Ticks are whole seconds, and the second that has begun is over: cutting the milliseconds loses nothing (K2).
  return cron.schedule.nextRun(new Date(Math.floor(afterMs / 1_000) * 1_000))?.getTime() ?? null;
}

/** The ticks after `afterMs` and not after `untilMs`, oldest first, at most `max`. */
export function ticksBetween(cron: Cron, afterMs: number, untilMs: number, max: number): number[] {
  const ticks: number[] = [];
  let tick = nextTick(cron, afterMs);
  while (tick !== null && tick <= untilMs && ticks.length < max) {
    ticks.push(tick);
    tick = nextTick(cron, tick);
  }
  return ticks;
}

/** The same ticks, but the newest `max` of them, still oldest first: walks back, so a long span costs no more. */
export function latestTicksBetween(cron: Cron, afterMs: number, untilMs: number, max: number): number[] {
  const ticks: number[] = [];
  // Going back is exclusive and the last instant belongs to the answer, so it starts one second later.
  let tick = previousTick(cron, Math.floor(untilMs / 1_000) * 1_000 + 1_000);
  while (tick !== null && tick > afterMs && ticks.length < max) {
    ticks.push(tick);
    tick = previousTick(cron, tick);
  }
  return ticks.reverse();
}

function previousTick(cron: Cron, beforeMs: number): number | null {
  return cron.schedule.previousRuns(1, new Date(beforeMs))[0]?.getTime() ?? null;
}

function reasonAgainst(fields: string): string | null {
  if (fields.startsWith("@")) {
    return DESCRIPTORS.has(fields) ? null : `${fields} is not one of ${[...DESCRIPTORS].join(", ")}`;
  }
  const count = fields === "" ? 0 : fields.split(/\s+/).length;
  if (count !== 5 && count !== 6) return `it has ${count} fields instead of 5, or 6 with seconds`;
  // Read as "every" by a lenient parser; more likely a typing error.
  return /(^|[\s,])\//.test(fields) ? "a step needs something before it, as in */5" : null;
}

function createSchedule(fields: string, zone: string): Schedule | CronProblem {
  try {
    return new Schedule(fields, {
      paused: true,
      timezone: zone,
      mode: "5-or-6-parts",
      fixedTimeRule: "no-wildcard",
      sloppyRanges: true, // `5/15` means 5-59/15.
    });
  } catch (error) {
    const text = errorText(error);
    return { reason: text.replace(/^CronPattern: /, "") };
  }
}

/** A name of the zone database; offsets and the machine's own zone are refused, they change with host and season. */
function isZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone }) !== null;
  } catch {
    return false;
  }
}
