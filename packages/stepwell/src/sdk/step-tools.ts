/** The tools a handler makes its steps with. Each is found by the execution, which decides when and whether it runs. */
import { StepwellError } from "../protocol/coded-error.ts";
import { type AiTools, CallAiTools } from "./ai.ts";
import { type DateInput, type DurationInput, dateText, durationText } from "./duration-input.ts";
import { createFetchTool, type StepFetch } from "./fetch-step.ts";
import { type InvokeOptions, type InvokeTarget, invokeAsk, type OutputOf } from "./invoke.ts";
import type { Jsonify, Untyped } from "./jsonify.ts";
import { stepSeed } from "./seed.ts";
import type { Sender } from "./sender.ts";
import type { SignalInput } from "./signal.ts";
import {
  type AskStep,
  type BodyIdInput,
  type BodyStepOptions,
  type FindStep,
  kept,
  type StepAsk,
  type StepIdInput,
  type StepRequest,
  type StepType,
  stepIdOf,
} from "./step-request.ts";
import type { EventInput } from "./trigger.ts";
import {
  type AwaitedEvent,
  type EventName,
  typed,
  type WaitForEventOptions,
  type WaitForSignalOptions,
  waitForEventAsk,
  waitForSignalAsk,
} from "./wait.ts";

/**
 * What `step` offers to a handler. Each call names a step; its result is stored once, and replays of the handler are given it
 * instead of doing it again. A promise rejects with a `StepError` when the attempts are used up.
 */
export interface StepTools {
  /**
   * Runs a function once and keeps its result, up to 4 MiB of JSON: later calls of the handler get the stored result
   * instead. A body that throws is tried again; when its attempts are used up, the promise rejects with a `StepError`.
   * `id` may be `{ id, name, timeout, parallelMode }`.
   *
   * @throws `option_invalid`, `step_nested`, `value_not_storable`; a `StepError` when no attempt had success.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * const charge = async (order: string, cents: number) => ({ receipt: `${order}: ${cents}` });
   * client.createFunction({ id: "pay", triggers: { event: "order/placed" } }, async ({ event, step }) => {
   *   const { receipt } = await step.run("charge", charge, event.data.id, 990); // Its arguments are shown.
   *   await step.run({ id: "mail", timeout: "30s" }, () => console.log(receipt));
   * });
   * ```
   */
  run<Args extends readonly unknown[], Result>(
    id: BodyIdInput,
    body: (...args: Args) => Result,
    ...args: Args
  ): Promise<Jsonify<Awaited<Result>>>;
  /**
   * Waits for a duration: `"30s"`, `"1h30m"`, `"7d"`, milliseconds; 366 days at most. Nothing runs and nothing is held
   * meanwhile, and it never ends early.
   *
   * @throws `duration_invalid`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * client.createFunction({ id: "remind", triggers: { event: "cart/left" } }, async ({ event, step }) => {
   *   await step.sleep("a-day", "1d");
   *   await step.run("remind", () => console.log("still interested?", event.data.email));
   * });
   * ```
   */
  sleep(id: StepIdInput, duration: DurationInput): Promise<void>;
  /**
   * Waits until a moment, at most 366 days away: a `Date`, an ISO 8601 text, a Temporal instant. One in the past has
   * already come.
   *
   * @throws `date_invalid`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * client.createFunction({ id: "open", triggers: { event: "sale/planned" } }, async ({ event, step }) => {
   *   await step.sleepUntil("the-day", event.data.starts_at);
   *   await step.run("open", () => console.log("open"));
   * });
   * ```
   */
  sleepUntil(id: StepIdInput, moment: DateInput): Promise<void>;
  /**
   * Waits for an event and gives it back, or null when the timeout comes first. Events count from the moment the wait is
   * stored, unless `since` looks back.
   *
   * @throws `option_invalid` for options that cannot be; `event_schema_failed` when the event does not fit its schema.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "leads" });
   * client.createFunction({ id: "await-reply", triggers: { event: "lead/contacted" } }, async ({ step }) => {
   *   const reply = await step.waitForEvent("reply", { event: "lead/replied", match: "data.leadId", timeout: "3d" });
   *   return reply === null ? "no reply" : reply.data.text;
   * });
   * ```
   */
  waitForEvent<const Wanted extends EventName>(
    id: StepIdInput,
    options: WaitForEventOptions<Wanted>,
  ): Promise<AwaitedEvent<Wanted> | null>;
  /**
   * Waits for a signal, sent by `step.sendSignal` or `client.sendSignal`, or null when the timeout comes first. One run
   * waits for a signal at a time, and one signal wakes one run.
   *
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * client.createFunction({ id: "refund", triggers: { event: "refund/asked" } }, async ({ event, step }) => {
   *   const approval = await step.waitForSignal<{ by: string }>("approval", {
   *     signal: `refund-${event.data.id}`,
   *     timeout: "7d",
   *   });
   *   return approval?.data.by ?? "nobody";
   * });
   * ```
   */
  waitForSignal<Data = Untyped>(
    id: StepIdInput,
    options: WaitForSignalOptions,
  ): Promise<{ readonly signal: string; readonly data: Data } | null>;
  /**
   * Runs another function and gives back what it returned. Its error is thrown as a `StepError` with a `code` where the
   * server gave one (`invoke_timeout`, `invoke_cancelled`, `function_not_found`, …), and is not retried: that function
   * had its own attempts.
   *
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * const charge = client.createFunction({ id: "charge", triggers: { event: "charge/asked" } }, () => ({ paid: true }));
   * client.createFunction({ id: "order", triggers: { event: "order/placed" } }, async ({ event, step }) => {
   *   const { paid } = await step.invoke("charge", { function: charge, data: { orderId: event.data.id }, timeout: "1h" });
   *   return paid;
   * });
   * ```
   */
  invoke<const Target extends InvokeTarget>(id: StepIdInput, options: InvokeOptions<Target>): Promise<OutputOf<Target>>;
  /**
   * Sends events as a step. A server of ours stores them together with the step's result: each exactly once. Other
   * servers get them in a request of their own; when that has to be made again, because a crash came before the result
   * was stored, the events have the ids of the first time, so each is stored once.
   *
   * @throws `event_invalid`, `event_schema_failed`, `value_not_storable`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * client.createFunction({ id: "accept", triggers: { event: "order/placed" } }, async ({ event, step }) => {
   *   const { ids } = await step.sendEvent("tell", [
   *     { name: "order/accepted", data: { id: event.data.id } },
   *     { name: "stock/reserved", data: { id: event.data.id } },
   *   ]);
   *   return ids;
   * });
   * ```
   */
  sendEvent(id: StepIdInput, events: EventInput | readonly EventInput[]): Promise<{ readonly ids: string[] }>;
  /**
   * Sends a signal as a step. It wakes the run that waits for it; with a `ttl` it is kept for one that waits later.
   *
   * @throws `option_invalid`, `value_not_storable`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "shop" });
   * client.createFunction({ id: "approve", triggers: { event: "refund/approved" } }, async ({ event, step }) => {
   *   await step.sendSignal("tell", { signal: `refund-${event.data.id}`, data: { by: event.data.by }, ttl: "1h" });
   * });
   * ```
   */
  sendSignal(id: StepIdInput, signal: SignalInput): Promise<null>;
  /** Lets the server make an HTTP request: the app does not wait for the answer. See `StepFetch`. */
  readonly fetch: StepFetch;
  /** Requests to AI providers, made by the server, and calls of their libraries as steps. */
  readonly ai: AiTools;
}

/** What tools need of the call they make steps in. */
export interface ToolsHome {
  readonly request: {
    readonly fn: { readonly appId: string };
    readonly runId: string;
    readonly sender: Sender;
    /** True where the server is one of ours. */
    readonly isExtended: boolean;
  };
  readonly find: FindStep;
}

/** The tools of one call. Each works on its own, too: handlers take them apart. */
export class CallTools implements StepTools {
  declare readonly run: StepTools["run"];
  declare readonly sleep: StepTools["sleep"];
  declare readonly sleepUntil: StepTools["sleepUntil"];
  declare readonly waitForEvent: StepTools["waitForEvent"];
  declare readonly waitForSignal: StepTools["waitForSignal"];
  declare readonly invoke: StepTools["invoke"];
  declare readonly sendEvent: StepTools["sendEvent"];
  declare readonly sendSignal: StepTools["sendSignal"];
  declare readonly fetch: StepTools["fetch"];
  declare readonly ai: StepTools["ai"];

  constructor(home: ToolsHome) {
    const find = (request: StepRequest) => kept(checkedFind(home, request));
    const ask: AskStep = (type, id, read) => kept(asked(home, type, id, read));
    const asleep = async (id: StepIdInput, until: (where: string) => string): Promise<void> => {
      // An async function starts at once: the step is found in the same turn as its siblings.
      await ask("sleep", id, (where) => ({ op: "Sleep", name: until(where), opts: {} }));
    };
    this.run = (id, body, ...args) => find(bodyRequest("run", id, body, args)) as Promise<never>;
    this.sleep = (id, duration) => kept(asleep(id, (where) => durationText(duration, where)));
    this.sleepUntil = (id, moment) => kept(asleep(id, (where) => dateText(moment, where)));
    this.waitForEvent = (id, options) =>
      kept(
        ask("waitForEvent", id, (where) => waitForEventAsk(options, where, home.request.isExtended)).then((event) =>
          typed(event, options),
        ),
      ) as Promise<never>;
    this.waitForSignal = (id, options) =>
      ask("waitForSignal", id, (where) => waitForSignalAsk(options, where)) as Promise<never>;
    this.invoke = (id, options) =>
      ask("invoke", id, (where) => invokeAsk(options, home.request.fn.appId, where)) as Promise<never>;
    this.sendEvent = (id, events) =>
      find({
        type: "sendEvent",
        id,
        input: [],
        body: (_input, { hashedId, outbox }) => {
          const list = Array.isArray(events) ? events : [events as EventInput];
          const { sender, runId } = home.request;
          return sender.sendEvents(list, stepSeed(runId, hashedId), outbox?.sendEvents);
        },
        ask: { name: "sendEvent", opts: { type: "step.sendEvent" } },
      }) as Promise<{ ids: string[] }>;
    this.sendSignal = (id, signal) =>
      find({
        type: "sendSignal",
        id,
        input: [],
        body: async (_input, { outbox }) => {
          await (outbox?.sendSignal ?? home.request.sender.sendSignal)(signal);
          return null;
        },
        ask: { name: "sendSignal", opts: { type: "step.sendSignal" } },
      }) as Promise<null>;
    this.fetch = createFetchTool(ask, kept);
    this.ai = new CallAiTools(ask, (id, body, args) => find(bodyRequest("ai.wrap", id, body, args)));
  }
}

const ASKS = { run: { opts: { type: "step.run" } }, "ai.wrap": { opts: { type: "step.ai.wrap" } } } as const;

function bodyRequest<Args extends readonly unknown[]>(
  type: "run" | "ai.wrap",
  id: BodyIdInput,
  body: (...args: Args) => unknown,
  args: Args,
): StepRequest {
  return {
    type,
    id,
    input: args,
    body: typeof body === "function" ? (input) => body(...(input as unknown as Args)) : NO_BODY,
    ask: ASKS[type],
  };
}

/** Stands for a body that is no function, until the step is looked at. */
const NO_BODY = () => {};

/** The place of a step in code, for messages. */
const whereOf = (type: StepType, id: unknown) => `step.${type}(${JSON.stringify(id)})`;

/** Whatever is wrong with a step is the failure of its promise, as if this were an async function; that would cost two promises more. */
function checkedFind(home: ToolsHome, request: StepRequest): Promise<unknown> {
  try {
    const id: unknown = stepIdOf(request.id);
    if (typeof id !== "string" || id === "") return refused(request, "a step needs an id");
    if (request.body === NO_BODY) return refused(request, "the body is not a function");
    return home.find(request);
  } catch (error) {
    return Promise.reject(error);
  }
}

function refused({ type, id }: StepRequest, reason: string): Promise<never> {
  return Promise.reject(new StepwellError("option_invalid", { where: whereOf(type, stepIdOf(id)), reason }));
}

async function asked(
  home: ToolsHome,
  type: StepType,
  id: StepIdInput,
  ask: (where: string) => StepAsk,
): Promise<unknown> {
  const where = whereOf(type, stepIdOf(id));
  if (typeof id === "object" && (id as BodyStepOptions | null)?.timeout !== undefined) {
    const reason = "a `timeout` beside the id is for steps with a body";
    throw new StepwellError("option_invalid", { where, reason });
  }
  return home.find({ type, id, input: [], body: null, ask: ask(where) });
}
