/**
 * What happened within one window of the feed, before it is told.
 *
 *   FW1. While a window holds no more than `ENTRIES_MAX` entries, each of them is told, in order.
 *   FW2. Beyond that, of one run only its latest entry counts, and then only the latest entries; of both, what was left out
 *        is counted. So the cost of a window is bounded, however much happens.
 */
import type { Notice } from "../core/batch.ts";
import type { LogLevel } from "../protocol/log-lines.ts";

/** Lines of a run that were stored, told in the form of a notice. */
export interface LinesNotice extends Omit<Notice, "kind" | "status"> {
  readonly kind: "logs_stored";
  /** The most severe of the lines. */
  readonly status: LogLevel;
  readonly lines: number;
  readonly dropped: number;
}

export type FeedNotice = Notice | LinesNotice;

export const ENTRIES_MAX = 250;

export interface Window {
  readonly entries: readonly FeedNotice[];
  /** FW2. */
  readonly leftOut: number;
}

/** FW1, FW2. */
export function condense(notices: readonly FeedNotice[]): Window {
  if (notices.length <= ENTRIES_MAX) return { entries: notices, leftOut: 0 };
  const latest = new Map<string, FeedNotice>();
  for (const notice of notices) {
    const key = notice.runId ?? `${notice.kind} ${notice.id}`;
    latest.delete(key); // Its place is that of the latest.
    latest.set(key, notice);
  }
  const entries = [...latest.values()].slice(-ENTRIES_MAX);
  return { entries, leftOut: notices.length - entries.length };
}
