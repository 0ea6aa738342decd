/**
 * Points in time and durations inside expressions, exact to the millisecond.
 *
 * Nothing here asks for the current time, and nothing depends on the machine's time zone: a text without a zone is UTC.
 */
import { parseDuration } from "../../protocol/duration.ts";

export class Timestamp {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}

export class Duration {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  toString(): string {
    return `${this.ms / 1_000}s`;
  }
}

/** The years 1 to 9999. */
const MS_MIN = -62_135_596_800_000;
const MS_MAX = 253_402_300_799_999;

export function timestampOf(ms: number): Timestamp | null {
  return ms >= MS_MIN && ms <= MS_MAX ? new Timestamp(Math.trunc(ms)) : null;
}

export function formatTimestamp(at: Timestamp): string {
  return new Date(at.ms).toISOString().replace(".000Z", "Z");
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d{2}):?(\d{2}))?)?$/;

/** Reads `2024-05-01`, `2024-05-01T10:00:00Z`, `2024-05-01 10:00:00.5+02:00` and the like; null when it is none. */
export function parseTimestamp(text: string): Timestamp | null {
  const match = text.length <= 40 ? ISO.exec(text) : null;
  if (match === null) return null;
  const field = (index: number): number => Number(match[index] ?? "0");
  const [year, month, day, hour, minute, second] = [field(1), field(2), field(3), field(4), field(5), field(6)];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 || field(10) > 23 || field(11) > 59)
    return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return null; // 30 February.
  const fraction = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1_000);
  const offsetMinutes = (field(10) * 60 + field(11)) * (match[9] === "-" ? -1 : 1);
  return timestampOf(date.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1_000 + fraction);
}

/** Only the full form with a zone, as the standard function `timestamp` asks. */
export function parseStrictTimestamp(text: string): Timestamp | null {
  return /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text)
    ? parseTimestamp(text)
    : null;
}

/** An epoch number in seconds, milliseconds, microseconds or nanoseconds: told apart by size, as producers differ. */
export function timestampFromEpoch(value: number): Timestamp | null {
  const size = Math.abs(value);
  if (size < 1e11) return timestampOf(value * 1_000);
  if (size < 1e14) return timestampOf(value);
  return timestampOf(size < 1e17 ? value / 1_000 : value / 1_000_000);
}

/** `"1h30m"`, `"-2.5s"`, `"7d"`; null when it is none. */
export function parseSignedDuration(text: string): Duration | null {
  const sign = text.startsWith("-") ? -1 : 1;
  const ms = parseDuration(text.replace(/^[+-]/, ""));
  return ms === null ? null : new Duration(ms === 0 ? 0 : ms * sign);
}

export type TimeField = "year" | "month" | "date" | "weekday" | "yearday" | "hour" | "minute" | "second" | "ms";

/** One calendar field of a time, in UTC or in a named zone; null when the zone is unknown. Months count from 0. */
export function timeField(at: Timestamp, field: TimeField, zone: string): number | null {
  const local = zone === "UTC" || zone === "Z" ? new Date(at.ms) : localDate(at.ms, zone);
  if (local === null) return null;
  switch (field) {
    case "year":
      return local.getUTCFullYear();
    case "month":
      return local.getUTCMonth();
    case "date":
      return local.getUTCDate();
    case "weekday":
      return local.getUTCDay();
    case "yearday":
      return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000);
    case "hour":
      return local.getUTCHours();
    case "minute":
      return local.getUTCMinutes();
    case "second":
      return local.getUTCSeconds();
    case "ms":
      return local.getUTCMilliseconds();
  }
}

/** A date whose UTC fields are the fields of that instant in the zone. */
function localDate(ms: number, zone: string): Date | null {
  const fixed = /^([+-])?(\d{2}):(\d{2})$/.exec(zone);
  if (fixed !== null) {
    const offsetMinutes = (Number(fixed[2]) * 60 + Number(fixed[3])) * (fixed[1] === "-" ? -1 : 1);
    return new Date(ms + offsetMinutes * 60_000);
  }
  const formatter = formatterOf(zone);
  if (formatter === null) return null;
  const parts: Record<string, number> = {};
  for (const part of formatter.formatToParts(ms)) parts[part.type] = Number(part.value);
  const { year, month, day, hour, minute, second } = parts as Record<string, number>;
  return new Date(Date.UTC(year!, month! - 1, day, hour, minute, second, ((ms % 1_000) + 1_000) % 1_000));
}

const FORMATTERS_MAX = 100;
const formatters = new Map<string, Intl.DateTimeFormat | null>();

function formatterOf(timeZone: string): Intl.DateTimeFormat | null {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  if (formatters.size >= FORMATTERS_MAX) formatters.clear();
  const formatter = createFormatter(timeZone);
  formatters.set(timeZone, formatter);
  return formatter;
}

function createFormatter(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  } catch {
    return null; // Not a zone.
  }
}
