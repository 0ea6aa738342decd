/**
 * Lines that handlers logged.
 *
 *   LG1. They are no run state: no command of the loop reads them, and no transition depends on them. They are written by
 *        transactions of their own, small ones, which wait their turn among the batches; so E1 to E5 hold for what the loop
 *        commits, as before.
 *   LG2. A line's id says when it came in and in which place: ids grow, and a walk by time is a walk by id.
 *   LG3. Of one run no more is kept than `LIMITS.logLinesPerRunMax` and `logCharsPerRunMax` say; the rest is counted, in the
 *        transaction that would have stored it.
 */
import type { Instant } from "../core/instant.ts";
import { encodeUlidTime, ulidTime } from "../protocol/ids.ts";
import { LIMITS } from "../protocol/limits.ts";
import { LOG_LEVELS, type LogLevel } from "../protocol/log-lines.ts";

export interface NewLogLine {
  readonly env: string;
  readonly runId: string;
  readonly functionId: string | null;
  /** Hashed id of the step; null between steps. */
  readonly step: string | null;
  readonly stepName: string | null;
  readonly attempt: number;
  readonly level: LogLevel;
  /** By the clock of the app. */
  readonly at: Instant;
  readonly message: string;
}

export interface LogLineRow extends NewLogLine {
  /** LG2: a ULID. */
  readonly id: string;
}

/** Lines of a run that were left out before they got to the store. */
export interface DroppedLines {
  readonly runId: string;
  readonly count: number;
}

export interface LogAppend {
  readonly lines: readonly NewLogLine[];
  readonly dropped: readonly DroppedLines[];
  /** When they came in. */
  readonly at: Instant;
}

/** What became of the lines of a run. */
export interface AppendedLines {
  readonly runId: string;
  /** The last one that was stored; null when there is none. */
  readonly lastId: string | null;
  readonly stored: number;
  /** LG3. */
  readonly dropped: number;
}

export interface RunLogsQuery {
  readonly runId: string;
  /** Only lines after, or before, this id. */
  readonly after?: string;
  readonly before?: string;
  /** Oldest first, or newest first. */
  readonly order: "asc" | "desc";
  /** This severe, or more. */
  readonly level?: LogLevel;
  readonly step?: string;
  readonly attempt?: number;
  readonly limit: number;
}

export interface LogSearch {
  readonly env: string;
  /** A part of the message, whatever its case. */
  readonly text?: string;
  readonly level?: LogLevel;
  readonly functionIds?: readonly string[];
  /** Came in at or after, and before. */
  readonly from?: Instant;
  readonly until?: Instant;
  /** Only lines with smaller ids. */
  readonly before?: string;
  readonly limit: number;
  /** How many lines are looked at, found or not. */
  readonly linesMax: number;
}

export interface LogPage {
  /** Newest first. */
  readonly lines: readonly LogLineRow[];
  /** The last line that was looked at, when there are more behind it; null when there are none. */
  readonly next: string | null;
}

export interface LogTotals {
  readonly lines: number;
  readonly chars: number;
  readonly dropped: number;
}

export const NO_LOGS: LogTotals = { lines: 0, chars: 0, dropped: 0 };

export interface LogStore {
  append(append: LogAppend): Promise<AppendedLines[]>;
  list(query: RunLogsQuery): Promise<LogLineRow[]>;
  search(search: LogSearch): Promise<LogPage>;
  /** What there is of a run, and how many lines were left out. */
  totals(runId: string): Promise<LogTotals>;
}

export const levelNumber = (level: LogLevel): number => LOG_LEVELS.indexOf(level);

/** From here on a line tells of something that went wrong. */
export const PROBLEM_LEVEL = levelNumber("warn");

// LG2: a number for the database, an id for everybody else: the instant in ms, and the place among up to a thousand lines.

const PLACES = 1_000;

export const firstLineNumber = (at: Instant): number => at * PLACES;

/** The next number, for a line that came in at an instant, after another one. */
export const nextLineNumber = (last: number, at: Instant): number => Math.max(last + 1, firstLineNumber(at));

export function lineIdOf(number: number): string {
  return encodeUlidTime(Math.floor(number / PLACES)) + String(number % PLACES).padStart(16, "0");
}

/** Any ULID has a place among the lines. */
export function lineNumberOf(id: string): number {
  const place = /^\d+$/.test(id.slice(10)) ? Number(id.slice(10)) : PLACES - 1;
  return firstLineNumber(ulidTime(id)) + Math.min(place, PLACES - 1);
}

/** LG3: counts a line of `chars` characters in; false when there is no room for it. */
export function countIn(totals: { lines: number; chars: number; dropped: number }, chars: number): boolean {
  if (totals.lines >= LIMITS.logLinesPerRunMax || totals.chars + chars > LIMITS.logCharsPerRunMax) {
    totals.dropped++;
    return false;
  }
  totals.lines++;
  totals.chars += chars;
  return true;
}

/** Whether a message holds a text, whatever its case; `wanted` is in lower case already. */
export const holdsText = (message: string, wanted: string | undefined): boolean =>
  wanted === undefined || message.toLowerCase().includes(wanted);
