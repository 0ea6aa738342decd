/** What a call is for the SDK, whatever carried it, and how it can end. */
import type { JsonText } from "../protocol/json.ts";
import type { AnyFunction } from "./function.ts";
import type { Logger } from "./logger.ts";
import type { Memos } from "./memo.ts";
import type { StepOp } from "./step-op.ts";
import type { SendEvents } from "./step-tools.ts";
import type { ReceivedEvent } from "./trigger.ts";

/** Saves finished steps while the call goes on. A throw means: not saved, end the call with what is buffered. */
export interface Checkpointer {
  readonly bufferedSteps: number;
  /** 0: no limit in time. */
  readonly maxIntervalMs: number;
  readonly maxRuntimeMs: number;
  /** `"stale"`: another call took this one's place. */
  save(ops: readonly StepOp[]): Promise<"saved" | "stale">;
}

export interface ExecutionRequest {
  readonly fn: AnyFunction;
  readonly event: ReceivedEvent;
  readonly events: readonly ReceivedEvent[];
  readonly memos: Memos;
  /** Hashed ids in the order in which the steps finished. */
  readonly stack: readonly string[];
  readonly runId: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Hashed id of the only step to run, or null. */
  readonly target: string | null;
  readonly disableImmediateExecution: boolean;
  readonly checkpoint: Checkpointer | null;
  readonly logger: Logger;
  readonly sendEvents: SendEvents;
  readonly targetWaitMs?: number;
  /** The clock, in Unix milliseconds; the host's when left out. */
  readonly now?: () => number;
}

export type ExecutionResult =
  | {
      readonly kind: "ops";
      readonly ops: readonly StepOp[];
      /** Of the step that failed, as a `Retry-After` value. */
      readonly retryAfter: string | null;
      readonly noRetry: boolean;
    }
  | { readonly kind: "returned"; readonly output: JsonText }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      readonly noRetry: boolean;
      readonly retryAfter: string | null;
    };
