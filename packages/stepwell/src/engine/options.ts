/** What an engine is made of, and its limits (law E9). */
import type { Random } from "../core/random.ts";
import { JOB_QUEUE_LIMITS } from "../core/schedule/job-queue.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Fence, Store } from "../store/store.ts";
import type { AppTransport, Clock, EngineLog, Gateway } from "./ports.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: AppTransport;
  /** Makes the requests of steps; without one they fail. */
  readonly gateway?: Gateway;
  readonly log?: EngineLog;
  readonly fence?: Fence;
  /** A constant delay between attempts, in ms, instead of the curve. */
  readonly retryIntervalMs?: number | null;
  readonly limits?: Partial<EngineLimits>;
  /** The store failed for good: the process must end. Everything acknowledged is stored. */
  readonly onFatal?: (error: unknown) => void;
}

export interface EngineLimits {
  /** Commands waiting to be applied. */
  readonly commandsMax: number;
  readonly callsMax: number;
  /** Calls that are out and began a moment ago (core/schedule/calls-out.ts). */
  readonly callsYoungMax: number;
  readonly callsPerAppMax: number;
  readonly residentRunsMax: number;
  readonly jobHintsMax: number;
  readonly jobHorizonMs: number;
  readonly jobLanesMin: number;
  readonly stepsPerRunMax: number;
  readonly runStateBytesMax: number;
  readonly stepOutputBytesMax: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  commandsMax: 100_000,
  callsMax: 5_000,
  callsYoungMax: 768,
  callsPerAppMax: 1_000,
  residentRunsMax: 10_000,
  jobHintsMax: JOB_QUEUE_LIMITS.hintsMax,
  jobHorizonMs: JOB_QUEUE_LIMITS.horizonMs,
  jobLanesMin: JOB_QUEUE_LIMITS.lanesMin,
  stepsPerRunMax: LIMITS.stepsPerRunMax,
  runStateBytesMax: LIMITS.runStateBytesMax,
  stepOutputBytesMax: LIMITS.stepOutputBytesMax,
};

export interface EngineStats {
  readonly calls: number;
  readonly residentRuns: number;
  readonly jobHints: number;
  readonly readyJobs: number;
  readonly waitingCommands: number;
  readonly commits: number;
  readonly reloads: number;
}
