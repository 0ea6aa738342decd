/** The tools a handler makes its steps with. Each is found by the execution, which decides when and whether it runs. */
import { StepwellError } from "../protocol/errors.ts";
import type { JsonObject } from "../protocol/json.ts";
import { type DateInput, type DurationInput, dateText, durationText } from "./duration-input.ts";
import type { Jsonify } from "./jsonify.ts";
import { stepSeed } from "./seed.ts";
import type { EventInput } from "./trigger.ts";

/** The name of a step, unique within the function. Repeats, as in loops, are numbered in the order they are reached. */
export type StepIdInput = string | StepOptions;

export interface StepOptions {
  readonly id: string;
  /** Shown instead of the id. */
  readonly name?: string;
  /**
   * `"race"`: the function goes on as soon as this step has its result, without waiting for those beside it. Without it,
   * parallel steps that are planned together are waited for together, also by `Promise.race` and `Promise.any`.
   */
  readonly parallelMode?: "race";
}

export type StepType = "run" | "sendEvent" | "sleep";

export interface StepTools {
  /**
   * Runs a function once and keeps its result: later calls of the handler get the stored result instead.
   * A body that throws is tried again; when its attempts are used up, the promise rejects with a `StepError`.
   */
  run<Args extends readonly unknown[], Result>(
    id: StepIdInput,
    body: (...args: Args) => Result,
    ...args: Args
  ): Promise<Jsonify<Awaited<Result>>>;
  /** Waits for a duration. Nothing runs and nothing is held meanwhile. */
  sleep(id: StepIdInput, duration: DurationInput): Promise<void>;
  /** Waits until a moment; one in the past has already come. */
  sleepUntil(id: StepIdInput, moment: DateInput): Promise<void>;
  /**
   * Sends events as a step: once it is stored, a replay does not send them again. And when its body runs twice, because
   * a crash came before the result was stored, the events of the second time have the ids of the first: each is stored
   * once.
   */
  sendEvent(id: StepIdInput, events: EventInput | readonly EventInput[]): Promise<{ readonly ids: string[] }>;
}

/** A step as a handler asks for it. */
export interface StepRequest {
  readonly type: StepType;
  readonly id: StepIdInput;
  /** Arguments of the body, shown in the dashboard; none for steps without. */
  readonly input: readonly unknown[];
  /** What runs in this process; null when the engine carries the step out. */
  readonly body: ((input: readonly unknown[], hashedId: string) => unknown) | null;
  /** Fields of the operation that tell the engine what to do. */
  readonly ask: { readonly name?: string; readonly opts: JsonObject };
}

export type FindStep = (request: StepRequest) => Promise<unknown>;

/** Sends events, all or none. The same seed makes the same ids, so what is sent again is not stored again. */
export type SendEvents = (events: readonly EventInput[], seed: string | null) => Promise<{ ids: string[] }>;

export function createStepTools(findStep: FindStep, sendEvents: SendEvents, runId: string): StepTools {
  const find = (request: StepRequest) => kept(checkedFind(findStep, request));
  return {
    run: (id, body, ...args) =>
      find({
        type: "run",
        id,
        input: args,
        body: typeof body === "function" ? (input) => body(...(input as unknown as typeof args)) : NO_BODY,
        ask: { opts: { type: "step.run" } },
      }) as Promise<never>,
    sleep: (id, duration) =>
      kept(asleep(find, id, () => durationText(duration, `step.sleep(${JSON.stringify(stepIdOf(id))})`))),
    sleepUntil: (id, moment) =>
      kept(asleep(find, id, () => dateText(moment, `step.sleepUntil(${JSON.stringify(stepIdOf(id))})`))),
    sendEvent: (id, events) =>
      find({
        type: "sendEvent",
        id,
        input: [],
        body: (_input, hashedId) =>
          sendEvents(Array.isArray(events) ? events : [events as EventInput], stepSeed(runId, hashedId)),
        ask: { name: "sendEvent", opts: { type: "step.sendEvent" } },
      }) as Promise<{ ids: string[] }>,
  };
}

export function stepIdOf(id: StepIdInput): string {
  return typeof id === "string" ? id : id?.id;
}

/** What a step asks for, with the mode that its options name. */
export function withMode({ parallelMode }: StepOptions, ask: StepRequest["ask"]): StepRequest["ask"] {
  return parallelMode === undefined ? ask : { ...ask, opts: { ...ask.opts, parallelMode } };
}

/** Stands for a body that is no function, until the step is looked at. */
const NO_BODY = () => {};

async function checkedFind(find: FindStep, request: StepRequest): Promise<unknown> {
  const id: unknown = stepIdOf(request.id);
  const where = `step.${request.type}(${JSON.stringify(id)})`;
  if (typeof id !== "string" || id === "")
    throw new StepwellError("option_invalid", { where, reason: "a step needs an id" });
  if (request.body === NO_BODY)
    throw new StepwellError("option_invalid", { where, reason: "the body is not a function" });
  return find(request);
}

/**
 * A promise that may fail before anybody awaits it: a step that is awaited later must not end the process meanwhile.
 * Whoever awaits it still sees the failure.
 */
function kept<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}

async function asleep(find: FindStep, id: StepIdInput, until: () => string): Promise<void> {
  // An async function starts at once: the step is found in the same turn as its siblings.
  await find({ type: "sleep", id, input: [], body: null, ask: { name: until(), opts: {} } });
}
