/** Times and durations as people read them. The present is handed in. */

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** `840 ms`, `3.2 s`, `4 m 12 s`, `2 h 5 m`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return "0 ms";
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return pair(ms, MINUTE, "m", SECOND, "s");
  return ms < DAY ? pair(ms, HOUR, "h", MINUTE, "m") : pair(ms, DAY, "d", HOUR, "h");
}

function pair(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`;
}

/** `just now`, `12 s ago`, `in 5 m`, `in 2 d 23 h`; beyond two months the date. What is to come is waited for, and told closer. */
export function relativeText(at: number, now: number): string {
  const ms = now - at;
  const distance = Math.abs(ms);
  if (distance > 60 * DAY) return dateText(at);
  if (distance < 2 * SECOND) return ms >= 0 ? "just now" : "now";
  if (ms > 0) return `${coarse(distance)} ago`;
  return `in ${distance < HOUR ? coarse(distance) : durationText(distance)}`;
}

function coarse(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

function dateText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** To the millisecond, in the time zone of the reader. */
export function exactText(at: number): string {
  const date = new Date(at);
  const two = (value: number, digits = 2) => String(value).padStart(digits, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${two(date.getMilliseconds(), 3)}`;
}

/** `2026-11-30 08:00`. */
export const minuteText = (at: number): string => exactText(at).slice(0, 16);

/** `14:05:09.120`: within one run the day is known. */
export const secondText = (at: number): string => exactText(at).slice(11);

/** `14:05`, and the day before it when that is not today. */
export function clockText(at: number, now: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The instant in an id of the server; null when it is none. */
export function timeOfId(id: string): number | null {
  if (!ULID.test(id)) return null;
  return [...id.slice(0, 10)].reduce((at, letter) => at * 32 + LETTERS.indexOf(letter), 0);
}
