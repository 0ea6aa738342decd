/**
 * A run as the core holds it: its steps, its jobs, and what the next call needs.
 *
 * This is a cache of rows (E2): everything here but `call` and `again` is stored, and loading the rows again gives
 * the same behaviour. Calls in flight are not stored (E3); a reload makes them again.
 *
 * Invariants (checked by invariants.ts):
 *   R1. A run that has not ended has at least one job: there is always a reason why it will move.
 *   R2. A run that has ended has no job.
 *   R3. `stack` lists exactly the steps that have a memo, in the order in which they got it; a memo never changes.
 *   R4. At most one job exists per slot: one discovery, and one for each step. So no step is called twice at once.
 *   R5. A job on a step's slot exists exactly while the step is open (planned, retrying or sleeping).
 */
import type { JsonText } from "../../protocol/json.ts";
import type { Instant } from "../instant.ts";

export type RunStatus = "queued" | "running" | "completed" | "failed" | "cancelled";

/** What a step does. `run` covers every body that the app executes. */
export type StepKind = "run" | "sleep";

export type StepStatus = "planned" | "retrying" | "sleeping" | "completed" | "failed";

export interface Step {
  readonly runId: string;
  /** Hashed id. */
  readonly id: string;
  readonly kind: StepKind;
  /** The id the user wrote, and which repeat of it this is. */
  readonly name: string;
  readonly index: number;
  /** Position in the stack; null while the step has no memo. */
  seq: number | null;
  status: StepStatus;
  /** Canonical JSON: `{"data":…}`, `{"error":…}` or `null`; null while there is none. */
  memo: JsonText | null;
  /** What the app asked for (`opts`), canonical JSON; null when empty. */
  readonly options: JsonText | null;
  /** True: discover after this step alone, without waiting for its siblings. */
  readonly isRace: boolean;
  /** Failed attempts so far. */
  attempts: number;
  readonly queuedAt: Instant;
  startedAt: Instant | null;
  endedAt: Instant | null;
  isStored: boolean;
}

export type JobKind = "discover" | "step" | "sleep";

/** The slot of the discovery job; every other slot is a hashed step id. */
export const MAIN_SLOT = "main";

export interface Job {
  readonly runId: string;
  readonly slot: string;
  readonly kind: JobKind;
  attempt: number;
  dueAt: Instant;
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
  readonly events: readonly RunEvent[];
  /** The schedule that started it, or null. */
  readonly cron: string | null;
  /** The run this one repeats, or null. */
  readonly originalRunId: string | null;
  readonly createdAt: Instant;
  status: RunStatus;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** Canonical JSON of the return value, or null. */
  output: JsonText | null;
  /** Canonical JSON of the error that ended the run, or null. */
  error: JsonText | null;
  /** −1 until the SDK has answered; then 1 or 2. */
  requestVersion: number;
  /** Request version 1 only: a parallel group was reported, so every later discovery plans instead of executing. */
  forcePlan: boolean;
  readonly steps: Map<string, Step>;
  /** Hashed ids in completion order (R3). */
  readonly stack: string[];
  readonly jobs: Map<string, Job>;
  /** Events, memos and what steps asked for, in characters. */
  stateSize: number;
  isStored: boolean;
}

export function isEnded(run: Run): boolean {
  return run.status === "completed" || run.status === "failed" || run.status === "cancelled";
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
    if (slot === MAIN_SLOT) continue;
    if (!exceptRace || run.steps.get(slot)?.isRace !== true) return true;
  }
  return false;
}
