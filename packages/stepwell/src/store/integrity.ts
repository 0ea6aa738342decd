/**
 * What can be wrong with a store, and what mends it: findings and repairs as data. The passes of each kind of store look for
 * what only its tables show; what can be told from runs as the engine loads them is looked for in server/doctor.
 *
 *   IG1. A pass is a walk in pages, each bounded, so memory is bounded however much there is.
 *   IG2. A finding is damage: no crash and no restart leaves it behind. What is merely worth knowing is a note.
 *   IG3. A repair names its rows and can be done twice.
 */
import type { Instant } from "../core/instant.ts";
import type { JsonText } from "../protocol/json.ts";

export type FindingCode =
  | "orphan_job"
  | "orphan_wait"
  | "orphan_step"
  | "orphan_message"
  | "orphan_fact"
  | "orphan_event_link"
  | "stuck_run"
  | "unsound_run"
  | "unreadable_run"
  | "quarantined_run"
  | "untold_parent"
  | "missing_child"
  | "missing_event"
  | "missing_value"
  | "missing_event_link"
  | "wrong_times"
  | "wrong_count"
  | "leaked_place"
  | "overdue_timer"
  // Notes.
  | "missing_parent"
  | "spare_value"
  | "fact_of_gone_run"
  | "app_down"
  | "due_timer";

export interface FindingKind {
  readonly title: string;
  /** IG2. */
  readonly isNote: boolean;
}

const damage = (title: string): FindingKind => ({ title, isNote: false });
const note = (title: string): FindingKind => ({ title, isNote: true });

export const FINDINGS: Readonly<Record<FindingCode, FindingKind>> = {
  orphan_job: damage("jobs of runs that have ended or do not exist"),
  orphan_wait: damage("waits of runs that have ended or do not exist"),
  orphan_step: damage("steps of runs that do not exist"),
  orphan_message: damage("messages to runs that do not exist"),
  orphan_fact: damage("facts of flow control about runs that do not exist"),
  orphan_event_link: damage("links from events to runs that do not exist"),
  stuck_run: damage("open runs that nothing will move"),
  unsound_run: damage("runs that break an invariant"),
  unreadable_run: damage("runs that cannot be read"),
  quarantined_run: damage("runs that the server leaves alone"),
  untold_parent: damage("steps that wait for a run that has ended"),
  missing_child: damage("steps that wait for a run that does not exist"),
  missing_event: damage("runs whose event is missing"),
  missing_value: damage("large values that are missing"),
  missing_event_link: damage("runs that cannot be found by all of their events"),
  wrong_times: damage("runs whose status contradicts their times"),
  wrong_count: damage("counts that differ from what they count"),
  leaked_place: damage("places at a limit that nobody uses"),
  overdue_timer: damage("timers that are long over and have not moved their run"),
  missing_parent: note("open runs whose parent is gone (it ended and was deleted)"),
  spare_value: note("large values that nothing refers to any more"),
  fact_of_gone_run: note("event ids that are remembered although their run is gone; they expire"),
  app_down: note("apps that cannot be reached; nothing of them is called but one probe at a time"),
  due_timer: note("timers that came due while no server ran; the next one moves them"),
};

export interface Finding {
  readonly code: FindingCode;
  /** Which one, in words. */
  readonly what: string;
  /** Null: there is nothing to do, or nothing that can be done. */
  readonly repair: Repair | null;
}

/** A row of a table whose columns of users' values can be damaged. */
export interface ValuePlace {
  readonly table: "events" | "runs" | "steps" | "jobs" | "inbox" | "flow_state";
  readonly column: string;
  /** The row: its key's columns, as they are stored. */
  readonly key: Readonly<Record<string, string | number>>;
}

export type Repair =
  | { readonly action: "delete_job"; readonly runId: string; readonly slot: string }
  | { readonly action: "delete_wait"; readonly runId: string; readonly slot: string; readonly seq: number }
  | { readonly action: "delete_steps"; readonly runId: string }
  | { readonly action: "delete_message"; readonly id: string }
  | { readonly action: "delete_fact"; readonly kind: string; readonly functionId: string; readonly key: string }
  | { readonly action: "delete_event_link"; readonly eventId: string; readonly runId: string }
  | { readonly action: "add_event_link"; readonly eventId: string; readonly runId: string }
  /** An open run gets the job that every open run has. */
  | { readonly action: "add_discovery"; readonly runId: string }
  | {
      readonly action: "tell_parent";
      readonly runId: string;
      readonly slot: string;
      readonly childId: string;
      readonly memo: JsonText;
      readonly status: "completed" | "failed";
    }
  /** The run ends as failed; its parent is told. */
  | { readonly action: "fail_run"; readonly runId: string; readonly reason: string }
  | { readonly action: "forget_events"; readonly runId: string }
  | { readonly action: "replace_value"; readonly place: ValuePlace }
  | { readonly action: "set_end"; readonly runId: string; readonly endedAt: Instant | null }
  | { readonly action: "set_start"; readonly runId: string; readonly startedAt: Instant }
  | { readonly action: "set_holds_places"; readonly runId: string; readonly holdsPlaces: boolean }
  | { readonly action: "delete_value"; readonly hash: string };

/** A walk through one table. */
export type IntegrityPass =
  | "jobs"
  | "waits"
  | "steps"
  | "runs"
  | "event_links"
  | "messages"
  | "facts"
  | "missing_values"
  | "spare_values";

/** In this order: what is missing is mended before what refers to it is looked at. */
export const INTEGRITY_PASSES: readonly IntegrityPass[] = [
  "missing_values",
  "runs",
  "event_links",
  "jobs",
  "waits",
  "steps",
  "messages",
  "facts",
  "spare_values",
];

export interface IntegrityQuery {
  readonly pass: IntegrityPass;
  /** Where the page before ended; null for the first. */
  readonly after: string | null;
  readonly now: Instant;
  /** A server works on it: what is due should have moved. */
  readonly isLive: boolean;
}

export interface IntegrityPage {
  readonly findings: readonly Finding[];
  /** Rows that were looked at. */
  readonly looked: number;
  readonly next: string | null;
}

/** A timer may be late by so much before a live server is suspected. */
export const TIMER_LATE_MS_MAX = 60_000;
