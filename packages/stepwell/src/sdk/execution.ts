/** What a call is for the SDK, whatever carried it, and how it can end. */
import type { JsonText } from "../protocol/json.ts";
import type { CallRecorder } from "./call-log.ts";
import type { AnyFunction } from "./function.ts";
import type { Logger } from "./logger.ts";
import type { Memos } from "./memo.ts";
import type { Sender } from "./sender.ts";
import type { StepOp } from "./step-op.ts";
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
  /** Takes what the handler logs, beside the logger; left out where nobody wants it. */
  readonly record?: CallRecorder | undefined;
  readonly sender: Sender;
  /** What a step sends may travel with its result up to this size, in characters; 0 where the server cannot take it. */
  readonly sendsCharsMax: number;
  /** True where the server is one of ours: it can do more than the protocol asks for. */
  readonly isExtended: boolean;
  /** Fires when nobody wants the outcome any more; made when it is first asked for. Never, when left out. */
  readonly signal?: (() => AbortSignal) | undefined;
  readonly targetWaitMs?: number;
  /** The clock, in Unix milliseconds; the host's when left out. */
  readonly now?: (() => number) | undefined;
  /** Starts a timer and returns how to stop it; the host's when left out. */
  readonly timer?: StartTimer | undefined;
}

export type StartTimer = (delayMs: number, fire: () => void) => () => void;

export const startHostTimer: StartTimer = (delayMs, fire) => {
  const timer = setTimeout(fire, delayMs);
  return () => clearTimeout(timer);
};

interface ResultBase {
  /** Stored steps that the handler no longer reaches, as their author names them; absent when there are none. */
  readonly unreached?: readonly string[];
}

export type ExecutionResult = ResultBase &
  (
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
      }
  );
