/** What a run rule may use: the time, the open batch, chance, limits, and the two ways out of a run. */
import type { FunctionConfig } from "../../protocol/function.ts";
import type { Batch } from "../batch.ts";
import type { Instant } from "../instant.ts";
import type { Random } from "../random.ts";
import type { RetryPolicy } from "../retry.ts";
import type { Job, Run } from "./run.ts";

export interface RunLimits {
  readonly stepsPerRunMax: number;
  readonly runStateBytesMax: number;
  readonly stepOutputBytesMax: number;
}

export interface RunContext {
  readonly now: Instant;
  readonly batch: Batch;
  readonly random: Random;
  readonly retry: RetryPolicy;
  readonly limits: RunLimits;
  /** The function's configuration as it is now; undefined when it was removed. */
  functionOf(run: Run): FunctionConfig | undefined;
  /** A job was written or moved: wake it when it is due. */
  schedule(run: Run, job: Job): void;
  /** The run ended, in this transition: tell whoever waits for it. */
  ended(run: Run): void;
}

/** Attempts a job may make. Of a removed function it makes none: dispatch ends its runs. */
export function attemptsMax(context: RunContext, run: Run): number {
  return (context.functionOf(run)?.retries ?? 0) + 1;
}
