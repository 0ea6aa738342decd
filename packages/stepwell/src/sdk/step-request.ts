/** A step as a handler asks for it: its name, what runs in this process, and what the engine is asked to do. */

import { StepwellError } from "../protocol/coded-error.ts";
import { formatDuration } from "../protocol/duration.ts";
import type { JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { OpCode } from "../protocol/op.ts";
import { type DurationInput, durationMs } from "./duration-input.ts";
import type { Outbox } from "./sender.ts";

/** The name of a step, unique within the function. Repeats, as in loops, are numbered in the order they are reached. */
export type StepIdInput = string | StepOptions;

/** The name of a step, and how it stands to those beside it. */
export interface StepOptions {
  /** Its identity within the function: a stored result is found by it. Renamed, the step runs again. */
  readonly id: string;
  /** Shown instead of the id. */
  readonly name?: string;
  /**
   * `"race"`: the function goes on as soon as this step has its result, without waiting for those beside it. Without it,
   * parallel steps that are planned together are waited for together, also by `Promise.race` and `Promise.any`.
   */
  readonly parallelMode?: "race";
}

/** The name of a step with a body of its own. */
export type BodyIdInput = string | BodyStepOptions;

/** The same for a step whose body runs in this process. */
export interface BodyStepOptions extends StepOptions {
  /**
   * How long each attempt may take, at most two hours. Then it fails with a `StepTimeoutError` and is tried again like
   * any other failure; `currentStep().signal` tells the body, which nothing can stop from outside.
   */
  readonly timeout?: DurationInput;
}

/** What makes the step: the tool of `step`. */
export type StepType =
  | "run"
  | "sendEvent"
  | "sendSignal"
  | "sleep"
  | "waitForEvent"
  | "waitForSignal"
  | "invoke"
  | "fetch"
  | "ai.infer"
  | "ai.wrap";

/** What an attempt of a body is given beside its arguments. */
export interface BodyScope {
  readonly hashedId: string;
  /** Takes what the step sends, to travel with its result; null where the server cannot do that. */
  readonly outbox: Outbox | null;
}

/** A step as a handler asks for it. */
export interface StepRequest {
  readonly type: StepType;
  readonly id: BodyIdInput;
  /** Arguments of the body, shown in the dashboard; none for steps without. */
  readonly input: readonly unknown[];
  /** What runs in this process; null when the engine carries the step out. */
  readonly body: ((input: readonly unknown[], scope: BodyScope) => unknown) | null;
  readonly ask: StepAsk;
}

/** Fields of the operation that tell the engine what to do. */
export interface StepAsk {
  /** What a step without a body asks of the engine. */
  readonly op?: OpCode;
  readonly name?: string;
  readonly opts: JsonObject;
}

export type FindStep = (request: StepRequest) => Promise<unknown>;

/** Finds a step that the engine carries out. Its options are read when it is reached: bad ones reject its promise. */
export type AskStep = (type: StepType, id: StepIdInput, ask: (where: string) => StepAsk) => Promise<unknown>;

export function stepIdOf(id: StepIdInput): string {
  return typeof id === "string" ? id : id?.id;
}

/** What a step asks for, with what its options say. */
export function withOptions(id: BodyIdInput, ask: StepAsk): StepAsk {
  if (typeof id === "string" || (id.parallelMode === undefined && id.timeout === undefined)) return ask;
  const mode = id.parallelMode === undefined ? {} : { parallelMode: id.parallelMode };
  const timeoutMs = timeoutOf(id);
  const timeout = timeoutMs === null ? {} : { timeout: formatDuration(timeoutMs) };
  return { ...ask, opts: { ...ask.opts, ...mode, ...timeout } };
}

/** How long each attempt of a step may take, or null. */
export function timeoutOf(id: BodyIdInput): number | null {
  if (typeof id === "string" || id.timeout === undefined) return null;
  const where = `step ${JSON.stringify(id.id)}: timeout`;
  const timeoutMs = durationMs(id.timeout, where);
  if (timeoutMs > 0 && timeoutMs <= LIMITS.callMsMax) return timeoutMs;
  throw new StepwellError("option_invalid", { where, reason: "it must be more than nothing and at most 2 hours" });
}

/**
 * A promise that may fail before anybody awaits it: a step that is awaited later must not end the process meanwhile.
 * Whoever awaits it still sees the failure.
 */
export function kept<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(nothing);
  return promise;
}

/** Does nothing; one for all, so that nobody makes another. */
export const nothing = () => {};
