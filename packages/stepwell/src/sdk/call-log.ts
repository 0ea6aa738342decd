/**
 * What one call of a function logs, within its limits.
 *
 *   CL1. A line costs its text and nothing else: nobody waits for where it goes, and nothing about it throws.
 *   CL2. What is over the limits of a call is counted; the count goes where the lines go.
 */
import { LIMITS } from "../protocol/limits.ts";
import type { LogLevel, LogLine } from "../protocol/log-lines.ts";
import { logText } from "./log-text.ts";

/** The step in whose body a line is written. */
export interface LoggingStep {
  readonly hashedId: string;
  readonly name: string;
}

/** Takes what a handler logs: the level, what the logger was given, and the step whose body is running. */
export type CallRecorder = (level: LogLevel, args: readonly unknown[], step: LoggingStep | null) => void;

/** Where lines go. */
export interface LineTarget {
  now(): number;
  line(line: LogLine): void;
  /** A line was left out (CL2). */
  dropped(): void;
}

export function callRecorder(target: LineTarget): CallRecorder {
  let linesLeft: number = LIMITS.logLinesPerCallMax;
  let charsLeft: number = LIMITS.logCharsPerCallMax;
  return (level, args, step) => {
    if (linesLeft <= 0 || charsLeft <= 0) {
      target.dropped();
      return;
    }
    const message = logText(args);
    linesLeft--;
    charsLeft -= message.length;
    target.line({ at: target.now(), level, step: step?.hashedId ?? null, name: step?.name ?? null, message });
  };
}
