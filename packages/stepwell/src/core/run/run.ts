/**
 * A run as the core holds it: its steps, its jobs, and what the next call needs.
 *
 * This is a cache of rows (E2): everything here but `call` and `again` is stored, and loading the rows again gives
 * the same behaviour. Calls in flight are not stored (E3); a reload makes them again.
 *
 * Invariants (checked by invariants.ts):
 *   R1. A run that has not ended has a job of its main slot or of a step: there is always a reason why it will move.
 *   R2. A run that has ended has no job and no wait.
 *   R3. `stack` lists exactly the steps that have a memo, in the order in which they got it; a memo never changes.
 *   R4. At most one job exists per slot: one discovery, and one for each step. So no step is called twice at once.
 *   R5. A job on a step's slot exists exactly while the step is open: planned, retrying, sleeping or waiting.
 *   R6. The waits of a step exist only while it is open. Slots that begin with `@` belong to the run as a whole: its
 *       timeouts have jobs there, its cancel rules have waits there, and neither counts for R1.
 */
import type { RunFlow } from "../../protocol/flow.ts";
import type { JsonText } from "../../protocol/json.ts";
import type { Instant } from "../instant.ts";

export type RunStatus = "queued" | "running" | "completed" | "failed" | "cancelled" | "skipped";

/** What a step does. `run` covers every body that the app executes; `fetch` and `ai` are requests of the server. */
export type StepKind = "run" | "sleep" | "wait" | "signal" | "invoke" | "fetch" | "ai";

/** `timed_out`: its time was over first; the memo says what the app gets then. */
export type StepStatus = "planned" | "retrying" | "sleeping" | "waiting" | "completed" | "failed" | "timed_out";

export interface Step {
  readonly runId: string;
  /** Hashed id. */
  readonly id: string;
  /** As the code asked for it last. */
  kind: StepKind;
  /** The id the user wrote, and which repeat of it this is. */
  readonly name: string;
  readonly index: number;
  /** Position in the stack; null while the step has no memo. */
  seq: number | null;
  status: StepStatus;
  /** Canonical JSON: `{"data":…}`, `{"error":…}` or `null`; null while there is none. */
  memo: JsonText | null;
  /** What the app asked for (`opts`), canonical JSON without secrets; null when empty. */
  readonly options: JsonText | null;
  /** The run that this step invoked, or null. */
  childRunId: string | null;
  /** Arguments to use instead of those of the code, a JSON list; from a rerun with edited input. */
  readonly editedInput: JsonText | null;
  /** True: discover after this step alone, without waiting for its siblings. */
  readonly isRace: boolean;
  /** Failed attempts so far. */
  attempts: number;
  readonly queuedAt: Instant;
  startedAt: Instant | null;
  endedAt: Instant | null;
  isStored: boolean;
}

/**
 * `collect` begins a run that collects events, `timeout` ends the patience of a waiting step, `request` is a request of the
 * server, `lease` ends the time in which the app executes the run on its own (endpoint.ts), the last two end the run.
 */
export type JobKind =
  | "discover"
  | "collect"
  | "step"
  | "sleep"
  | "timeout"
  | "request"
  | "lease"
  | "start_timeout"
  | "finish_timeout";

/** True while a call waits for its time. */
export function isEarly(job: Pick<Job, "isDelayed" | "dueAt">, now: Instant): boolean {
  return job.isDelayed && job.dueAt > now;
}

/** The slot of the discovery job. Others are hashed step ids, or begin with `@` (R6). */
export const MAIN_SLOT = "main";
export const START_TIMEOUT_SLOT = "@start";
export const FINISH_TIMEOUT_SLOT = "@finish";

/** True for the slots of steps. */
export function isStepSlot(slot: string): boolean {
  return slot !== MAIN_SLOT && slot[0] !== "@";
}

export interface Job {
  readonly runId: string;
  readonly slot: string;
  readonly kind: JobKind;
  attempt: number;
  dueAt: Instant;
  /** What only the job may know: a request with its secrets, canonical JSON. It goes with the job. */
  readonly payload: JsonText | null;
  /** The lane in which it takes its turn, and its order there (schedule/hint.ts); null for a timer. */
  lane: string | null;
  readonly orderAt: Instant;
  /**
   * It was to be done later when it was written: it waits for its time before it waits for its turn. One that was due stays
   * due, also if a process begins later by a clock that stands before.
   */
  isDelayed: boolean;
  isStored: boolean;
  /** The call in flight; never stored (E3). */
  call: CallInFlight | null;
  /** Something completed while the call was out: discover once more when it returns. */
  again: boolean;
  /** The highest generation dispatched; older calls are stale. 0 when this process dispatched none. */
  generation: number;
}

export interface CallInFlight {
  readonly generation: number;
  readonly requestId: string;
  readonly startedAt: Instant;
  /** Results the run had when the call was made: more of them later means that something has moved. */
  readonly memoCount: number;
  /** A checkpoint of the call was refused because other results were there first. */
  isSuperseded: boolean;
}

/** One index entry of a wait: events of this name with this value at this path may resolve it (match/wait-keys.ts). */
export interface Wait {
  readonly runId: string;
  /** The waiting step, or `@cancel:<n>` for a cancel rule. */
  readonly slot: string;
  /** Position among the entries of the slot. */
  readonly seq: number;
  readonly kind: WaitKind;
  /** The event's name, or the signal. */
  readonly name: string;
  /** Empty: every event of the name has to be looked at. */
  readonly path: string;
  readonly value: string;
  /** The whole condition, or null when the name is enough. */
  readonly expression: string | null;
  readonly armedAt: Instant;
  /** Null: as long as the slot's job or the run. */
  readonly untilAt: Instant | null;
  isStored: boolean;
}

export type WaitKind = "event" | "signal" | "cancel";

/** The step that invoked a run. */
export interface ParentLink {
  readonly runId: string;
  readonly slot: string;
  /** What the end of the parent before this run's means for it. */
  readonly onCancel: "cancel" | "abandon";
  /** How many invokes lie between this run and the first one. */
  readonly depth: number;
}

/** Why a run ended as it did, beside its status. */
export type EndReason =
  | "timed_out"
  | "cancelled_by_event"
  | "cancelled_by_request"
  | "cancelled_by_parent"
  | "replaced"
  | "flow_control"
  | "paused"
  | "function_removed";

/** What happened to a run that its steps do not tell; each is absent until it happens. */
export interface RunNotes {
  /** When it was made in the order in which events are received, where the clock stood before that (stamps.ts). */
  readonly stamp?: Instant;
  /** The code no longer fits the stored steps. */
  readonly codeChange?: { readonly at: Instant; readonly steps: readonly string[]; readonly reason: string };
  /** How often the run was resumed after it had failed. */
  readonly resumes?: number;
  /** How many of its results are older than its last resume; kept where errors are among them (resume.ts, RS6). */
  readonly oldResults?: number;
  /** Which attempt of its events it is, from 1; absent: the first. Only they had failed in the run before. */
  readonly eventAttempt?: number;
  /** The run that tries those of its events again that failed. */
  readonly retriedBy?: string;
  /** Steps of other runs that asked for the same and get its result too. */
  readonly joined?: readonly { readonly runId: string; readonly slot: string }[];
}

/** A triggering event, as the calls carry it. */
export interface RunEvent {
  readonly id: string;
  readonly name: string;
  readonly json: JsonText;
}

export interface Run {
  readonly id: string;
  readonly env: string;
  readonly partition: number;
  readonly functionId: string;
  /** Changes only while the run collects events, before its first call. */
  events: readonly RunEvent[];
  /** The schedule that started it, or null. */
  readonly cron: string | null;
  /** The run this one repeats, or null. */
  readonly originalRunId: string | null;
  readonly parent: ParentLink | null;
  /**
   * What its limits go by; null when it is under none that needs it. Changes while the run collects events
   * (flow/collecting.ts), and never after.
   */
  flow: RunFlow | null;
  /** The version of the function's configuration that it started with. */
  readonly functionVersion: number;
  readonly createdAt: Instant;
  /** When its first call is planned. */
  startAt: Instant;
  status: RunStatus;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** Canonical JSON of the return value, or null. */
  output: JsonText | null;
  /** Canonical JSON of the error that ended the run, or null. */
  error: JsonText | null;
  reason: EndReason | null;
  notes: RunNotes | null;
  /** −1 until the SDK has answered; then 1 or 2. */
  requestVersion: number;
  /** Request version 1 only: a parallel group was reported, so every later discovery plans instead of executing. */
  forcePlan: boolean;
  readonly steps: Map<string, Step>;
  /** Hashed ids in completion order (R3). */
  readonly stack: string[];
  readonly jobs: Map<string, Job>;
  /** By slot. */
  readonly waits: Map<string, readonly Wait[]>;
  /** Events, memos and what steps asked for, in characters; while it collects events, those alone, in bytes of UTF-8. */
  stateSize: number;
  isStored: boolean;
}

/** When it was made, among the events. */
export function stampOf({ notes, createdAt }: Pick<Run, "notes" | "createdAt">): Instant {
  return notes?.stamp ?? createdAt;
}

export function isEnded(run: Run): boolean {
  return run.status !== "queued" && run.status !== "running";
}

/** True while a job of the run is being executed by the app. */
export function hasCallInFlight(run: Run): boolean {
  if (run.jobs.size === 0) return false;
  const main = run.jobs.get(MAIN_SLOT);
  if (main !== undefined && (main.call !== null || run.jobs.size === 1)) return main.call !== null;
  for (const job of run.jobs.values()) if (job.call !== null) return true;
  return false;
}

/** Steps that were asked for and have no result yet; with `exceptRace`, only those that the next discovery waits for. */
export function hasOpenSteps(run: Run, exceptRace: boolean): boolean {
  for (const slot of run.jobs.keys()) {
    if (!isStepSlot(slot)) continue;
    if (!exceptRace || run.steps.get(slot)?.isRace !== true) return true;
  }
  return false;
}
