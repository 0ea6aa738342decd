/**
 * Calls of an engine in the same process: the same execution as over HTTP, without the wire. Memos come as JSON text
 * and are parsed when their step is reached; results go back as operations.
 */
import type { Call } from "../protocol/call.ts";
import type { Op } from "../protocol/op.ts";
import type { Outcome } from "../protocol/outcome.ts";
import { clampRetryAfter } from "../protocol/reply.ts";
import type { CallRecorder } from "./call-log.ts";
import { Stepwell } from "./client.ts";
import { durationMs } from "./duration-input.ts";
import { errorData } from "./error-data.ts";
import { execute } from "./execute.ts";
import type { ExecutionResult, StartTimer } from "./execution.ts";
import type { AnyFunction } from "./function.ts";
import { memosOfTexts } from "./memo.ts";
import { REQUEST_VERSION } from "./request-version.ts";
import type { SendEvents } from "./sender.ts";

export interface InProcessOptions {
  /** Makes operations durable before the next step begins; `"stale"` when the call was superseded. */
  readonly save: (ops: readonly Op[]) => Promise<"saved" | "stale">;
  /** How `step.sendEvent` sends on its own; left out, what a step sends travels with its result. */
  readonly sendEvents?: SendEvents;
  /** Takes what the handler logs, beside its logger. */
  readonly record?: CallRecorder | undefined;
  /** Fires when nobody wants the outcome any more: the run was cancelled. Made when it is first asked for. */
  readonly signal?: () => AbortSignal;
  /** After this long the next step is left to a new call; the function's own limit, or none, when left out. */
  readonly maxRuntimeMs?: number;
  /** The clock, in Unix milliseconds; the host's when left out. */
  readonly now?: () => number;
  /** Timers of steps; the host's when left out. */
  readonly timer?: StartTimer;
}

/** Makes one call and tells its outcome. Never throws. */
export async function callInProcess(
  client: Stepwell,
  fn: AnyFunction,
  call: Call,
  options: InProcessOptions,
): Promise<Outcome> {
  const events = call.events.map((text) => JSON.parse(text));
  const result = await execute({
    fn,
    event: events[0],
    events,
    memos: memosOfTexts(call.inputs.length === 0 ? call.memos : [...call.memos, ...call.inputs]),
    stack: call.memos.map((memo) => memo.id),
    runId: call.runId,
    attempt: call.attempt,
    maxAttempts: call.attemptsMax,
    target: call.target,
    disableImmediateExecution: call.disableImmediateExecution,
    checkpoint: checkpointer(fn, call, options),
    logger: client.logger,
    sender: Stepwell.sender(client, fn, options.sendEvents),
    isExtended: true,
    sendsCharsMax: options.sendEvents === undefined ? Number.POSITIVE_INFINITY : 0,
    record: options.record,
    now: options.now,
    timer: options.timer,
    signal: options.signal,
  });
  return outcomeOf(result, (options.now ?? Date.now)());
}

function checkpointer(fn: AnyFunction, call: Call, options: InProcessOptions) {
  const { checkpointing } = fn;
  if (checkpointing === false || call.target !== null || call.disableImmediateExecution) return null;
  const { bufferedSteps = 1, maxInterval = 0, maxRuntime } = checkpointing;
  const own = maxRuntime === undefined ? Number.POSITIVE_INFINITY : durationMs(maxRuntime, "checkpointing.maxRuntime");
  return {
    bufferedSteps,
    maxIntervalMs: durationMs(maxInterval, "checkpointing.maxInterval"),
    maxRuntimeMs: options.maxRuntimeMs ?? own,
    save: options.save,
  };
}

function outcomeOf(result: ExecutionResult, nowMs: number): Outcome {
  const base = { requestVersion: REQUEST_VERSION, status: null, unreached: result.unreached ?? [] };
  if (result.kind === "returned") return { ...base, kind: "returned", retryAfterMs: null, output: result.output };
  const retryAfterMs = result.retryAfter === null ? null : retryDelayMs(result.retryAfter, nowMs);
  if (result.kind === "ops") return { ...base, kind: "ops", retryAfterMs, ops: result.ops };
  return { ...base, kind: "failed", retryAfterMs, noRetry: result.noRetry, error: errorData(result.error) };
}

function retryDelayMs(retryAfter: string, nowMs: number): number {
  const delayMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - nowMs;
  return clampRetryAfter(delayMs);
}
