/**
 * What one commit will hold: the rows that changed, and what may happen once they are stored.
 *
 * Rules mark what they changed; rows are made once, when the batch closes, so ten changes of one run are one row.
 *
 *   B1. A job or wait that is made and dropped within one batch is never written.
 *   B2. Effects leave the batch only after its rows are durable (E1). The engine keeps this; nothing here performs.
 */
import type { Call } from "../protocol/call.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { AppConfig, FunctionConfig } from "../protocol/function.ts";
import type { InboxMessage } from "./inbox.ts";
import type { Instant } from "./instant.ts";
import type { Job, Run, Step, Wait } from "./run/run.ts";

export type DecisionOutcome =
  | "deduplicated"
  | "filtered"
  | "skipped"
  | "rejected"
  | "rate_limited"
  | "debounced"
  | "batched";

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

/**
 * A fact with an expiry: which run a producer's event id started (`idempotency`), a signal that came before anybody
 * waited for it (`signal`, of no function), which run a replay started for which (`replay`); and the states of flow
 * control that must outlive the process: of throttles, rate limits, open debounces and batches, and singletons.
 */
export type FlowKind = "idempotency" | "signal" | "replay" | "throttle" | "rate" | "debounce" | "batch" | "singleton";

export interface FlowState {
  readonly kind: FlowKind;
  /** Empty for facts of no function. */
  readonly functionId: string;
  readonly key: string;
  readonly value: string;
  readonly expiresAt: Instant;
}

export interface Schedule {
  readonly functionId: string;
  /** Canonical JSON of the schedule's state (core/cron/schedules.ts). */
  readonly json: string;
}

/** What events do that would start a paused function: wait for it, leave a skipped run, or be refused. */
export type PauseMode = "hold" | "skip" | "reject";

export interface StoredApp {
  readonly app: AppConfig;
  readonly checksum: string;
  readonly syncedAt: Instant;
  readonly paused: PauseMode | null;
}

export interface StoredFunction {
  readonly fn: FunctionConfig;
  /** Grows with every change of the configuration; the store keeps the earlier ones. */
  readonly version: number;
  readonly isArchived: boolean;
  readonly changedAt: Instant;
  readonly paused: PauseMode | null;
}

/** Work on many runs, done in the background: its filter, how far it is, how fast it may go. */
export interface StoredOperation {
  /** A ULID. */
  readonly id: string;
  readonly kind: "cancel" | "replay" | "resume";
  readonly status: "running" | "completed" | "cancelled";
  readonly createdAt: Instant;
  /** Canonical JSON: what to do and how far it is (server/operations). */
  readonly json: string;
}

/** Something watchers may want to know; carries no payload, so it is cheap to drop. */
export interface Notice {
  readonly kind:
    | "event_received"
    | "run_created"
    | "run_started"
    | "step_completed"
    | "step_failed"
    | "attempt_failed"
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

/** A request that the server makes for a step. */
export interface RequestEffect {
  readonly runId: string;
  readonly slot: string;
  readonly functionId: string;
  readonly generation: number;
  readonly kind: "fetch" | "ai";
  readonly step: string;
  readonly attempt: number;
  /** Canonical JSON of the op's options, secrets included. */
  readonly payload: string;
}

/** A call or request that nobody wants any more: whoever makes it may stop. */
export interface AbortEffect {
  readonly runId: string;
  readonly slot: string;
  readonly generation: number;
}

export interface FlowFactKey {
  readonly kind: FlowKind;
  readonly functionId: string;
  readonly key: string;
}

/** A fact that is over. */
export interface FlowDeletion extends FlowFactKey {
  /** Only if it still says this. */
  readonly ifValue?: string;
}

export class Batch {
  readonly events: StoredEvent[] = [];
  readonly decisions: Decision[] = [];
  readonly attempts: Attempt[] = [];
  flow: FlowState[] = [];
  readonly runs = new Set<Run>();
  /** Of `runs`, those whose events have changed, as they collect them, with how many of those were stored before. */
  readonly collecting = new Map<Run, number>();
  readonly steps = new Set<Step>();
  readonly jobs = new Set<Job>();
  readonly deletedJobs = new Set<Job>();
  readonly waits = new Set<Wait>();
  readonly deletedWaits = new Set<Wait>();
  readonly messages = new Set<InboxMessage>();
  /** Ids of messages that have been dealt with. */
  readonly deletedMessages: string[] = [];
  readonly deletedFlow: FlowDeletion[] = [];
  readonly operations = new Map<string, StoredOperation>();
  readonly schedules = new Map<string, Schedule>();
  readonly apps: StoredApp[] = [];
  readonly functions: StoredFunction[] = [];
  readonly calls: CallEffect[] = [];
  readonly requests: RequestEffect[] = [];
  readonly aborts: AbortEffect[] = [];
  readonly notices: Notice[] = [];

  putJob(job: Job): void {
    this.deletedJobs.delete(job);
    this.jobs.add(job);
  }

  /** The run's events are about to change, or when it begins: those that it has are stored, or in this batch. */
  collects(run: Run): void {
    this.runs.add(run);
    if (!this.collecting.has(run)) this.collecting.set(run, run.events.length);
  }

  deleteJob(job: Job): void {
    this.jobs.delete(job); // B1
    if (job.isStored) this.deletedJobs.add(job);
  }

  putWait(wait: Wait): void {
    this.waits.add(wait);
  }

  deleteWait(wait: Wait): void {
    this.waits.delete(wait); // B1
    if (wait.isStored) this.deletedWaits.add(wait);
  }

  /** Also one that was put in this batch: deletes are applied first. `ifValue`: only if it says this by then. */
  deleteFlow({ kind, functionId, key }: FlowFactKey, ifValue?: string): void {
    const isIt = (fact: FlowState) => fact.key === key && fact.kind === kind && fact.functionId === functionId;
    const put = this.flow.findLast(isIt);
    if (put !== undefined && ifValue !== undefined && put.value !== ifValue) return;
    if (put !== undefined) this.flow = this.flow.filter((fact) => !isIt(fact));
    const isCertain = ifValue === undefined || put !== undefined;
    this.deletedFlow.push({ kind, functionId, key, ...(isCertain ? {} : { ifValue }) });
  }

  /** True when a commit has something to store. */
  get hasRows(): boolean {
    return (
      this.waits.size + this.deletedWaits.size + this.messages.size + this.operations.size > 0 ||
      this.deletedMessages.length + this.deletedFlow.length > 0 ||
      this.runs.size + this.steps.size + this.jobs.size + this.deletedJobs.size + this.schedules.size > 0 ||
      this.events.length + this.decisions.length + this.attempts.length + this.flow.length > 0 ||
      this.apps.length + this.functions.length > 0
    );
  }
}
