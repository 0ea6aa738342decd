/**
 * Durations and moments as users write them, wherever one is asked for.
 *
 *   D1. What cannot be read is a coded error that names the place, never NaN and never a guess.
 */

import { StepwellError } from "../protocol/coded-error.ts";
import { formatDuration, parseDuration } from "../protocol/duration.ts";

/** Anything shaped like a `Temporal.Duration` without years and months. */
export interface DurationLike {
  readonly years?: number;
  readonly months?: number;
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
  readonly microseconds?: number;
  readonly nanoseconds?: number;
}

/** A duration: `"30s"`, `"1h30m"`, `"7d"`, a number of milliseconds, or a `Temporal.Duration`. */
export type DurationInput = string | number | DurationLike;

/** A moment: a `Date`, an ISO 8601 text, a `Temporal.Instant` or a `Temporal.ZonedDateTime`. */
export type DateInput = Date | string | { readonly epochMilliseconds: number };

const FIELD_MS = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
  microseconds: 1e-3,
  nanoseconds: 1e-6,
} as const;

export function durationMs(input: DurationInput, where: string): number {
  const ms = typeof input === "string" ? parseDuration(input) : typeof input === "number" ? input : fieldsMs(input);
  if (ms === null || !Number.isFinite(ms) || ms < 0) {
    throw new StepwellError("duration_invalid", { where, value: describe(input) });
  }
  return Math.round(ms);
}

/** A duration in the form every server of this protocol reads. */
export function durationText(input: DurationInput, where: string): string {
  return formatDuration(durationMs(input, where));
}

function fieldsMs(input: DurationLike): number | null {
  if (typeof input !== "object" || input === null || input.years || input.months) return null;
  let total = 0;
  let isDuration = false;
  for (const [field, size] of Object.entries(FIELD_MS)) {
    const count = input[field as keyof typeof FIELD_MS];
    if (typeof count !== "number") continue;
    isDuration = true;
    total += count * size;
  }
  return isDuration ? total : null;
}

/** A moment as ISO 8601 text in UTC. */
export function dateText(input: DateInput, where: string): string {
  const ms = dateMs(input);
  // Beyond ±8.64e15 ms there is no Date.
  if (!(Math.abs(ms) <= 8.64e15)) throw new StepwellError("date_invalid", { where, value: describe(input) });
  return new Date(ms).toISOString();
}

function dateMs(input: DateInput): number {
  if (input instanceof Date) return input.getTime();
  if (typeof input === "string") return /^\d{4}-\d\d/.test(input) ? Date.parse(input) : Number.NaN;
  return typeof input === "object" && input !== null ? Math.floor(input.epochMilliseconds) : Number.NaN;
}

function describe(input: unknown): string {
  return typeof input === "string" ? JSON.stringify(input) : String(input);
}

/** A timeout as the wire has it: how long, or until when. */
export function timeoutText(value: DurationInput | DateInput, where: string): string {
  const isDate =
    value instanceof Date ||
    (typeof value === "object" && value !== null && "epochMilliseconds" in value) ||
    (typeof value === "string" && /^\d{4}-/.test(value));
  return isDate ? dateText(value as DateInput, where) : durationText(value as DurationInput, where);
}
