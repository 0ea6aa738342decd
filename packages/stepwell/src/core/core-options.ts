/** What a core is made of: its limits, what it may use, and what the store knew when it began. */
import type { RunFlow } from "../protocol/flow.ts";
import type { Schedule, StoredApp, StoredFunction } from "./batch.ts";
import type { Recent } from "./facts.ts";
import type { ThrottleState } from "./flow/admission.ts";
import type { Instant } from "./instant.ts";
import type { WaitPlace } from "./match/wait-names.ts";
import type { Random } from "./random.ts";
import type { RetryPolicy } from "./retry.ts";
import type { RunLimits } from "./run/context.ts";
import type { JobQueueLimits } from "./schedule/job-queue.ts";

export interface CoreOptions {
  readonly env: string;
  readonly partition: number;
  readonly random: Random;
  readonly retry: RetryPolicy;
  readonly runLimits: RunLimits;
  readonly queueLimits: JobQueueLimits;
  readonly callsMax: number;
  /** Calls that are out and began a moment ago (schedule/calls-out.ts). */
  readonly callsYoungMax: number;
  readonly callsPerAppMax: number;
  /** Runs that wait for their turn are kept in memory up to this number; beyond it they are loaded again later. */
  readonly residentRunsMax: number;
  /** What was decided lately and that a load may not show yet. */
  readonly recent: Recent;
  /** Runs that broke an invariant: they are left alone until somebody has looked. */
  readonly quarantined: ReadonlySet<string>;
}

/** A run that has begun under limits on whole runs. */
export interface HeldPlace {
  readonly runId: string;
  readonly functionId: string;
  readonly flow: RunFlow;
  readonly startedAt: Instant;
}

export interface StoredRegistry {
  readonly apps: readonly StoredApp[];
  readonly functions: readonly StoredFunction[];
  readonly schedules: readonly Schedule[];
  /** Runs that have begun and hold places of their own. */
  readonly places: readonly HeldPlace[];
  readonly throttles: readonly ThrottleState[];
  /** Runs that wait for their first call, by function. */
  readonly queued: readonly { readonly functionId: string; readonly count: number }[];
  /** When the last event was received, or the last run was made (stamps.ts). */
  readonly lastStamp: Instant;
  /** How many stored waits there are of each name and path. */
  readonly waits: Iterable<WaitPlace & { readonly count: number }>;
}
