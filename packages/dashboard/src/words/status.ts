/** The words and tones of every status, once. */
import type { Decision, RunRow, Span } from "../api/records.ts";

export type Tone = "ok" | "bad" | "warn" | "busy" | "wait" | "calm";
export type RunStatus = RunRow["status"];
export type SpanStatus = Span["status"];

interface Look {
  readonly word: string;
  readonly tone: Tone;
}

const LOOKS: Readonly<Record<SpanStatus, Look>> = {
  QUEUED: { word: "Queued", tone: "calm" },
  RUNNING: { word: "Running", tone: "busy" },
  COMPLETED: { word: "Completed", tone: "ok" },
  FAILED: { word: "Failed", tone: "bad" },
  CANCELLED: { word: "Cancelled", tone: "calm" },
  SKIPPED: { word: "Skipped", tone: "calm" },
  SLEEPING: { word: "Sleeping", tone: "wait" },
  WAITING: { word: "Waiting", tone: "wait" },
  INVOKING: { word: "Waiting for a run", tone: "wait" },
  ERRORED: { word: "Retrying", tone: "warn" },
  TIMED_OUT: { word: "Timed out", tone: "warn" },
};

export const RUN_STATUSES: readonly RunStatus[] = ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"];

export function lookOf(status: SpanStatus): Look {
  return LOOKS[status];
}

/** The status of a record of /v1, as /v2 has it. */
export function runStatusOf(name: string): RunStatus {
  return name === "Scheduled" ? "QUEUED" : (name.toUpperCase() as RunStatus);
}

export function isOpen(status: SpanStatus): boolean {
  return !["COMPLETED", "FAILED", "CANCELLED", "SKIPPED", "TIMED_OUT"].includes(status);
}

const OUTCOMES: Readonly<Record<Decision["outcome"], Look>> = {
  started: { word: "Started", tone: "ok" },
  deduplicated: { word: "Deduplicated", tone: "calm" },
  filtered: { word: "Filtered out", tone: "calm" },
  debounced: { word: "Debounced", tone: "calm" },
  batched: { word: "Joined a batch", tone: "calm" },
  rate_limited: { word: "Rate-limited", tone: "warn" },
  skipped: { word: "Skipped", tone: "warn" },
  rejected: { word: "Rejected", tone: "bad" },
};

export function outcomeLook(outcome: Decision["outcome"]): Look {
  return OUTCOMES[outcome];
}
