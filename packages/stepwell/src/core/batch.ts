/**
 * What one commit will hold: the rows that changed, and what may happen once they are stored.
 *
 * Rules mark what they changed; rows are made once, when the batch closes, so ten changes of one run are one row.
 *
 *   B1. A job that is made and dropped within one batch is never written.
 *   B2. Effects leave the batch only after its rows are durable (E1). The engine keeps this; nothing here performs.
 */
import type { Call } from "../protocol/call.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { AppConfig, FunctionConfig } from "../protocol/function.ts";
import type { Instant } from "./instant.ts";
import type { Job, Run, Step } from "./run/run.ts";

export type DecisionOutcome = "deduplicated" | "filtered" | "skipped";

/** Why a function did not start for an event. That it started is the run's own row. */
export interface Decision {
  readonly eventId: string;
  readonly functionId: string;
  readonly outcome: DecisionOutcome;
  readonly reason: string;
  readonly runId: string | null;
  readonly at: Instant;
}

/** A failed attempt of a call or of a step. */
export interface Attempt {
  readonly runId: string;
  /** Hashed step id, or `main` for the function itself. */
  readonly slot: string;
  readonly attempt: number;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  /** HTTP status, or null. */
  readonly status: number | null;
  /** Canonical JSON of the error. */
  readonly error: string;
}

/** A fact of flow control with an expiry; here: which run a producer's event id started. */
export interface FlowState {
  readonly kind: "idempotency";
  readonly functionId: string;
  readonly key: string;
  readonly value: string;
  readonly expiresAt: Instant;
}

export interface Schedule {
  readonly functionId: string;
  /** Canonical JSON of the schedule's state (core/cron/schedule.ts). */
  readonly json: string;
}

export interface StoredApp {
  readonly app: AppConfig;
  readonly checksum: string;
  readonly syncedAt: Instant;
}

export interface StoredFunction {
  readonly fn: FunctionConfig;
  readonly version: number;
  readonly isArchived: boolean;
}

/** Something watchers may want to know; carries no payload, so it is cheap to drop. */
export interface Notice {
  readonly kind:
    | "event_received"
    | "run_created"
    | "run_started"
    | "step_completed"
    | "step_failed"
    | "run_ended"
    | "app_synced";
  readonly id: string;
  readonly runId: string | null;
  readonly functionId: string | null;
  readonly name: string;
  readonly status: string;
  readonly at: Instant;
}

export interface CallEffect {
  readonly runId: string;
  readonly slot: string;
  readonly call: Call;
}

export class Batch {
  readonly events: StoredEvent[] = [];
  readonly decisions: Decision[] = [];
  readonly attempts: Attempt[] = [];
  readonly flow: FlowState[] = [];
  readonly runs = new Set<Run>();
  readonly steps = new Set<Step>();
  readonly jobs = new Set<Job>();
  readonly deletedJobs = new Set<Job>();
  readonly schedules = new Map<string, Schedule>();
  readonly apps: StoredApp[] = [];
  readonly functions: StoredFunction[] = [];
  readonly calls: CallEffect[] = [];
  readonly notices: Notice[] = [];

  putJob(job: Job): void {
    this.deletedJobs.delete(job);
    this.jobs.add(job);
  }

  deleteJob(job: Job): void {
    this.jobs.delete(job); // B1
    if (job.isStored) this.deletedJobs.add(job);
  }

  /** True when a commit has something to store. */
  get hasRows(): boolean {
    return (
      this.runs.size + this.steps.size + this.jobs.size + this.deletedJobs.size + this.schedules.size > 0 ||
      this.events.length + this.decisions.length + this.attempts.length + this.flow.length > 0 ||
      this.apps.length + this.functions.length > 0
    );
  }
}
