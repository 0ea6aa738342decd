/** A trace as the rows of a waterfall, and what of it was busy when. Pure. */
import type { Span } from "../../api/records.ts";
import type { Tone } from "../../words/status.ts";
import { isOpen, lookOf } from "../../words/status.ts";
import type { Interval } from "../../words/time-scale.ts";

export interface TraceRow {
  /** The run's id, and the step's. */
  readonly key: string;
  readonly span: Span;
  readonly depth: number;
}

export const keyOf = ({ runId, stepId }: Span) => (stepId === null ? runId : `${runId}.${stepId}`);

export function rowsOf(span: Span, depth = 0): TraceRow[] {
  return [{ key: keyOf(span), span, depth }, ...span.children.flatMap((child) => rowsOf(child, depth + 1))];
}

/** One stretch of a row's bar. */
export interface Stretch extends Interval {
  readonly kind: "queued" | "attempt" | "work" | "rest";
  readonly tone: Tone;
  readonly title: string;
}

/** Kinds that rest: time passes, and nothing executes. */
const RESTING = new Set<Span["kind"]>(["SLEEP", "WAIT_FOR_EVENT", "WAIT_FOR_SIGNAL", "INVOKE"]);

export function stretchesOf(span: Span, now: number): Stretch[] {
  const queuedAt = Date.parse(span.queuedAt);
  const endedAt = span.endedAt === null ? now : Date.parse(span.endedAt);
  const { tone, word } = lookOf(span.status);
  if (RESTING.has(span.kind)) return [{ kind: "rest", tone, from: queuedAt, until: endedAt, title: word }];
  const startedAt = span.startedAt === null ? null : Date.parse(span.startedAt);
  const attempts = span.failedAttempts.map((attempt): Stretch => {
    const title = `Attempt ${attempt.attempt + 1} failed`;
    return {
      kind: "attempt",
      tone: "bad",
      from: Date.parse(attempt.startedAt),
      until: Date.parse(attempt.endedAt),
      title,
    };
  });
  if (span.kind === "RUN") {
    const waited: Stretch = {
      kind: "queued",
      tone: "calm",
      from: queuedAt,
      until: startedAt ?? endedAt,
      title: "Queued",
    };
    if (startedAt === null) return [waited];
    return [waited, { kind: "work", tone, from: startedAt, until: endedAt, title: word }, ...attempts];
  }
  const lastFailedAt = Math.max(...attempts.map(({ until }) => until), Number.NEGATIVE_INFINITY);
  const waited: Stretch = {
    kind: "queued",
    tone: "calm",
    from: queuedAt,
    until: Math.min(startedAt ?? endedAt, endedAt),
    title: "Queued",
  };
  const isResting = startedAt === null || span.status === "ERRORED" || span.status === "QUEUED";
  const isLastAttempt = span.status === "FAILED" && lastFailedAt >= endedAt;
  if (isResting || isLastAttempt) return [{ ...waited, until: isLastAttempt ? waited.until : endedAt }, ...attempts];
  const from = Math.max(startedAt, Math.min(lastFailedAt, endedAt));
  return [{ ...waited, until: from }, ...attempts, { kind: "work", tone, from, until: endedAt, title: word }];
}

/** When something executed, or waited to: the rest may be folded. */
export function busyOf(rows: readonly TraceRow[], now: number): Interval[] {
  return rows.flatMap(({ span }) => {
    // A run with steps works all the time, as far as its own bar tells: only its failed calls say when.
    const isWhole = span.kind === "RUN" && span.children.length > 0;
    return stretchesOf(span, now).filter(({ kind }) => kind === "attempt" || (kind === "work" && !isWhole));
  });
}

/** From when the run was there, until it ended; or now. */
export function boundsOf(root: Span, rows: readonly TraceRow[], now: number): Interval {
  const from = Date.parse(root.queuedAt);
  const isAnyOpen = rows.some(({ span }) => span.endedAt === null && isOpen(span.status));
  const ends = rows.map(({ span }) => Date.parse(span.endedAt ?? span.startedAt ?? span.queuedAt));
  return { from, until: Math.max(from + 1, ...(isAnyOpen && root.endedAt === null ? [now] : ends)) };
}
