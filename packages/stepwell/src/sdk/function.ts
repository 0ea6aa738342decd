/** Functions: their options, their handlers, what handles the ends of their runs, and the value `createFunction` returns. */
import { StepwellError } from "../protocol/coded-error.ts";
import { INTERNAL_EVENTS } from "../protocol/event.ts";
import { LIMITS } from "../protocol/limits.ts";
import { flowProblems } from "./check-flow.ts";
import type { FunctionInfo, HandlerContext } from "./context.ts";
import { type DateInput, type DurationInput, durationMs, timeoutText } from "./duration-input.ts";
import type { FlowOptions } from "./flow-options.ts";
import type { Middleware } from "./middleware.ts";
import { type EventOf, isTrigger, type ReceivedEvent, type TriggerInput, type TriggersInput } from "./trigger.ts";
import { conditionOf } from "./wait.ts";

/** Retries of a function that does not say: three after the first attempt. */
const RETRIES_DEFAULT = 3;

/** The event a failure handler gets. */
export type FailureEvent = ReceivedEvent<
  "inngest/function.failed",
  {
    readonly function_id: string;
    readonly run_id: string;
    readonly error: { readonly name: string; readonly message: string; readonly stack?: string };
    /** The event that started the failed run. */
    readonly event: ReceivedEvent;
    readonly events?: readonly ReceivedEvent[];
    /** Why, where it was not an error of the function: `timed_out`, `function_removed`; ours alone. */
    readonly _inngest?: { readonly status: string; readonly reason?: string };
  }
>;

/** What handles a run that has failed for good; `error` is what ended it. */
export type FailureHandler = (
  context: HandlerContext<FailureEvent> & { readonly error: Error },
) => unknown | Promise<unknown>;

/** The event that handlers of cancelled and timed out runs get. */
export type CancelEvent = ReceivedEvent<
  "inngest/function.cancelled",
  {
    readonly function_id: string;
    readonly run_id: string;
    readonly error?: { readonly name: string; readonly message: string };
    /** The event that started the run. */
    readonly event: ReceivedEvent;
    readonly events?: readonly ReceivedEvent[];
    /** Why: `timed_out`, `cancelled_by_event`, `cancelled_by_request`, `cancelled_by_parent`, …; ours alone. */
    readonly _inngest?: { readonly status: string; readonly reason?: string };
  }
>;

/** What handles a run whose time was over. Its event is that of the end it counts as: cancelled, or with `asFailure` failed. */
export type TimeoutHandler = (context: HandlerContext<CancelEvent | FailureEvent>) => unknown | Promise<unknown>;

/** What handles a run that was cancelled; its event says why. */
export type CancelHandler = (context: HandlerContext<CancelEvent>) => unknown | Promise<unknown>;

/** The event that handlers of skipped runs get. */
export type SkipEvent = ReceivedEvent<
  "inngest/function.skipped",
  {
    readonly function_id: string;
    readonly run_id?: string;
    /** The event that would have started a run. */
    readonly event: ReceivedEvent;
    readonly events?: readonly ReceivedEvent[];
    /** Why nothing was started, such as `paused`. */
    readonly _inngest?: { readonly status: string; readonly reason?: string };
  }
>;

/** What handles an event that should have started a run and did not. */
export type SkipHandler = (context: HandlerContext<SkipEvent>) => unknown | Promise<unknown>;

/** How results are saved while a call goes on. */
export interface CheckpointingOptions {
  /** Steps finished before they are saved together; 1 saves each before the next begins. */
  readonly bufferedSteps?: number;
  /** Save at least this often while steps are buffered. */
  readonly maxInterval?: DurationInput;
  /** After this long in one call the next step is left to a new call; 10 s by default. */
  readonly maxRuntime?: DurationInput;
}

/** A rule of `cancelOn`: an event that cancels a run while it is under way. */
export interface CancelOption {
  /** The exact name of the event. */
  readonly event: string;
  /** CEL over `event`, which started the run, and `async`, which arrives. */
  readonly if?: string;
  /** A path such as `"data.orderId"` that must be equal in both events; instead of `if`. */
  readonly match?: string;
  /** How long after the run's creation the rule holds, or until when; a year by default. */
  readonly timeout?: DurationInput | DateInput;
}

/** What `client.createFunction` takes beside the handler. */
export interface FunctionOptions<Triggers extends TriggersInput = TriggersInput> extends FlowOptions {
  /** Unique within the app, and stable: it is the function's identity. */
  readonly id: string;
  /** Shown in the dashboard; the id by default. */
  readonly name?: string;
  /** What starts it: names of events (also patterns such as `shop/*`), event types, schedules; at most ten. With none, only an invoke does. */
  readonly triggers: Triggers;
  /** Attempts after the first, for each step and for the function: 0 to 20, 3 by default. */
  readonly retries?: number;
  /** Events that cancel a run while it is under way; at most five rules. */
  readonly cancelOn?: readonly CancelOption[];
  /**
   * Limits on the time of a run: `start` from its planned start to its first call, `finish` from there to its end. A run
   * whose time is over is cancelled, with the reason `timed_out`; with `asFailure` it has failed (for a server of ours).
   */
  readonly timeouts?: {
    readonly start?: DurationInput;
    readonly finish?: DurationInput;
    readonly asFailure?: boolean;
  };
  /**
   * Runs when a run of this function has failed for good. It is a function of its own and may use steps. With
   * `timeouts.asFailure` also when a run's time was over, unless `onTimeout` is there for that.
   */
  readonly onFailure?: FailureHandler;
  /** Runs when a run of this function was cancelled; also when its time was over, unless `onTimeout` is there for that. */
  readonly onCancel?: CancelHandler;
  /** Runs when the time of a run of this function was over, whatever that counts as. For a server of ours. */
  readonly onTimeout?: TimeoutHandler;
  /** Runs when an event should have started this function and did not, for example while it was paused. For a server of ours. */
  readonly onSkip?: SkipHandler;
  /** Inside the client's own, the first outermost. */
  readonly middleware?: readonly Middleware[];
  /** Go on after a step within the same call, saving each result on the way; on by default. */
  readonly checkpointing?: boolean | CheckpointingOptions;
}

export type HookKind = "failure" | "cancel" | "timeout" | "skip";

/** A function as the SDK keeps it. Made by `client.createFunction`. */
export interface StepwellFunction<Event = unknown, Output = unknown> extends FunctionInfo {
  /** The app it belongs to. */
  readonly appId: string;
  readonly options: FunctionOptions;
  readonly triggers: readonly TriggerInput[];
  readonly retries: number;
  readonly middleware: readonly Middleware[];
  readonly checkpointing: CheckpointingOptions | false;
  /** What one call runs. */
  readonly handler: (context: HandlerContext<never>) => unknown;
  /** The functions that handle the ends of this one's runs: `onFailure`, `onCancel`, `onTimeout`, `onSkip`. */
  readonly hooks: readonly AnyFunction[];
  /** Which of them this function is, or null. */
  readonly hook: HookKind | null;
  /** Types only; never set. */
  readonly "~types"?: { readonly event: Event; readonly output: Output };
}

/** A function whatever its events and its result. */
export type AnyFunction = StepwellFunction<unknown, unknown>;

/** What a function does. Its result must be plain JSON. */
export type Handler<Triggers, Output> = (context: HandlerContext<EventOf<Triggers>>) => Output | Promise<Output>;

/** What a function takes from its client. */
export interface FunctionHome {
  readonly appId: string;
  readonly middleware: readonly Middleware[];
  readonly checkpointing: boolean | CheckpointingOptions | undefined;
}

export function defineFunction<const Triggers extends TriggersInput, Output>(
  home: FunctionHome,
  options: FunctionOptions<Triggers>,
  handler: Handler<Triggers, Output>,
): StepwellFunction<EventOf<Triggers>, Output> {
  checkOptions(options, handler);
  const slug = `${home.appId}-${options.id}`;
  const name = options.name ?? options.id;
  const triggers = (Array.isArray(options.triggers) ? options.triggers : [options.triggers]) as readonly TriggerInput[];
  const shared = {
    appId: home.appId,
    middleware: [...home.middleware, ...(options.middleware ?? [])],
    checkpointing: checkpointingOf(options.checkpointing ?? home.checkpointing ?? true),
  };
  return {
    ...shared,
    options: options as FunctionOptions,
    id: options.id,
    slug,
    name,
    triggers,
    retries: options.retries ?? RETRIES_DEFAULT,
    handler: handler as (context: HandlerContext<never>) => unknown,
    hooks: hooksOf(options as FunctionOptions).map((hook) => hookFunction(slug, name, hook, shared)),
    hook: null,
  };
}

interface Hook {
  readonly kind: HookKind;
  readonly handler: unknown;
  readonly event: string;
  /** What must be true of the event beside being about this function. */
  readonly condition?: string;
}

/** A run whose time was over is handled once: by `onTimeout`, else as what it counts as. */
function hooksOf({ onFailure, onCancel, onTimeout, onSkip, timeouts }: FunctionOptions): readonly Hook[] {
  const isTimeout = "event.data._inngest.reason == 'timed_out'";
  const { failed, cancelled, skipped } = INTERNAL_EVENTS;
  const timedOut = timeouts?.asFailure === true ? failed : cancelled;
  const others = (event: string) =>
    onTimeout === undefined || event !== timedOut ? {} : { condition: "event.data._inngest.reason != 'timed_out'" };
  const all: readonly Hook[] = [
    { kind: "failure", handler: onFailure, event: failed, ...others(failed) },
    { kind: "cancel", handler: onCancel, event: cancelled, ...others(cancelled) },
    { kind: "timeout", handler: onTimeout, event: timedOut, condition: isTimeout },
    { kind: "skip", handler: onSkip, event: skipped },
  ];
  return all.filter((hook) => hook.handler !== undefined);
}

/** A hook is a function of its own, started by the event that the end of a run leaves. */
function hookFunction(
  slug: string,
  name: string,
  { kind, handler, event, condition }: Hook,
  shared: Pick<AnyFunction, "appId" | "middleware" | "checkpointing">,
): AnyFunction {
  const isOurs = `event.data.function_id == '${slug.replace(/['\\]/g, "\\$&")}'`;
  const triggers = [{ event, if: condition === undefined ? isOurs : `${isOurs} && ${condition}` }];
  const id = `${slug}-${kind}`;
  return {
    ...shared,
    options: { id, triggers },
    id,
    slug: id,
    name: `${name} (${kind})`,
    triggers,
    retries: 1,
    handler: handler as (context: HandlerContext<never>) => unknown,
    hooks: [],
    hook: kind,
  };
}

function checkpointingOf(option: boolean | CheckpointingOptions): CheckpointingOptions | false {
  if (option === false) return false;
  return option === true ? {} : option;
}

function checkOptions(options: FunctionOptions, handler: unknown): void {
  const where = `createFunction(${JSON.stringify(options?.id) ?? ""})`;
  const refuse = (reason: string) => {
    throw new StepwellError("option_invalid", { where, reason });
  };
  if (typeof options?.id !== "string" || options.id.trim() === "") refuse("`id` must be a text that is not empty");
  if (options.triggers === undefined) refuse("`triggers` is missing beside `id`");
  if (![options.triggers].flat().every(isTrigger)) refuse("a trigger is an event type, { event } or { cron }");
  if (typeof handler !== "function") refuse("the handler must be a function");
  const { retries } = options;
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0 && retries <= LIMITS.retriesMax)) {
    refuse(`\`retries\` must be a whole number from 0 to ${LIMITS.retriesMax}`);
  }
  checkEnds(options, where, refuse);
  const problems = flowProblems(options, where);
  if (problems.length > 0) refuse(problems.join("; "));
}

function checkEnds(options: FunctionOptions, where: string, refuse: (reason: string) => void): void {
  const { cancelOn, timeouts } = options;
  if (cancelOn !== undefined && !Array.isArray(cancelOn)) refuse("`cancelOn` must be a list of rules");
  if ((cancelOn?.length ?? 0) > LIMITS.cancelRulesMax) {
    refuse(`\`cancelOn\` may hold ${LIMITS.cancelRulesMax} rules at most`);
  }
  for (const rule of cancelOn ?? []) {
    if (typeof rule.event !== "string" || rule.event === "") refuse("a rule of `cancelOn` needs the name of an event");
    conditionOf(rule, `${where}: cancelOn`);
    if (rule.timeout !== undefined) timeoutText(rule.timeout, `${where}: cancelOn.timeout`);
  }
  for (const name of ["start", "finish"] as const) {
    const limit = timeouts?.[name];
    if (limit !== undefined) durationMs(limit, `${where}: timeouts.${name}`);
  }
  if (timeouts?.asFailure !== undefined && typeof timeouts.asFailure !== "boolean") {
    refuse("`timeouts.asFailure` must be true or false");
  }
  for (const name of ["onFailure", "onCancel", "onTimeout", "onSkip"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function") refuse(`\`${name}\` must be a function`);
  }
}
