/** Functions: their options, the context of their handlers, and the value `createFunction` returns. */
import { StepwellError } from "../protocol/errors.ts";
import { INTERNAL_EVENTS } from "../protocol/event.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { FunctionInfo, HandlerContext } from "./context.ts";
import type { DateInput, DurationInput } from "./duration-input.ts";
import type { Middleware } from "./middleware.ts";
import type { EventOf, ReceivedEvent, TriggerInput, TriggersInput } from "./trigger.ts";

/** Retries of a function that does not say: three after the first attempt. */
export const RETRIES_DEFAULT = 3;

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
  }
>;

export type FailureHandler = (
  context: HandlerContext<FailureEvent> & { readonly error: Error },
) => unknown | Promise<unknown>;

export interface ConcurrencyOption {
  readonly limit: number;
  /** CEL over `event`: one limit for each value of it. */
  readonly key?: string;
  readonly scope?: "fn" | "env" | "account";
}

export interface CheckpointingOptions {
  /** Steps finished before they are saved together; 1 saves each before the next begins. */
  readonly bufferedSteps?: number;
  /** Save at least this often while steps are buffered. */
  readonly maxInterval?: DurationInput;
  /** After this long in one call the next step is left to a new call; 10 s by default. */
  readonly maxRuntime?: DurationInput;
}

export interface FunctionOptions<Triggers extends TriggersInput = TriggersInput> {
  /** Unique within the app, and stable: it is the function's identity. */
  readonly id: string;
  /** Shown in the dashboard; the id by default. */
  readonly name?: string;
  readonly triggers: Triggers;
  /** Attempts after the first, for each step and for the function: 0 to 20, 3 by default. */
  readonly retries?: number;
  readonly concurrency?: number | ConcurrencyOption | readonly ConcurrencyOption[];
  readonly throttle?: {
    readonly limit: number;
    readonly period: DurationInput;
    readonly burst?: number;
    readonly key?: string;
  };
  readonly rateLimit?: { readonly limit: number; readonly period: DurationInput; readonly key?: string };
  readonly debounce?: { readonly period: DurationInput; readonly timeout?: DurationInput; readonly key?: string };
  readonly batchEvents?: {
    readonly maxSize: number;
    readonly timeout: DurationInput;
    readonly key?: string;
    readonly if?: string;
  };
  readonly priority?: { readonly run?: string };
  readonly singleton?: { readonly mode: "skip" | "cancel"; readonly key?: string };
  /** CEL over `event`: within 24 h the function starts once for each value of it. */
  readonly idempotency?: string;
  readonly cancelOn?: readonly {
    readonly event: string;
    readonly if?: string;
    /** A path such as `"data.orderId"` that must be equal in both events. */
    readonly match?: string;
    readonly timeout?: DurationInput | DateInput;
  }[];
  readonly timeouts?: { readonly start?: DurationInput; readonly finish?: DurationInput };
  /** Runs when a run of this function has failed for good. It is a function of its own and may use steps. */
  readonly onFailure?: FailureHandler;
  readonly middleware?: readonly Middleware[];
  /** Go on after a step within the same call, saving each result on the way; on by default. */
  readonly checkpointing?: boolean | CheckpointingOptions;
}

/** A function as the SDK keeps it. Made by `client.createFunction`. */
export interface StepwellFunction<Event = unknown, Output = unknown> extends FunctionInfo {
  readonly options: FunctionOptions;
  readonly triggers: readonly TriggerInput[];
  readonly retries: number;
  readonly middleware: readonly Middleware[];
  readonly checkpointing: CheckpointingOptions | false;
  /** What one call runs. */
  readonly handler: (context: HandlerContext<never>) => unknown;
  /** The function that handles this one's failures. */
  readonly failure: AnyFunction | null;
  /** True for a function made by `onFailure`. */
  readonly isFailureHandler: boolean;
  /** Types only; never set. */
  readonly "~types"?: { readonly event: Event; readonly output: Output };
}

export type AnyFunction = StepwellFunction<unknown, unknown>;

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
  checkOptions(options);
  const slug = `${home.appId}-${options.id}`;
  const name = options.name ?? options.id;
  const triggers = (Array.isArray(options.triggers) ? options.triggers : [options.triggers]) as readonly TriggerInput[];
  const shared = {
    middleware: [...home.middleware, ...(options.middleware ?? [])],
    checkpointing: checkpointingOf(options.checkpointing ?? home.checkpointing ?? true),
    options: options as FunctionOptions,
  };
  return {
    ...shared,
    id: options.id,
    slug,
    name,
    triggers,
    retries: options.retries ?? RETRIES_DEFAULT,
    handler: handler as (context: HandlerContext<never>) => unknown,
    failure: options.onFailure === undefined ? null : failureFunction(slug, name, options.onFailure, shared),
    isFailureHandler: false,
  };
}

/** A failure handler is a function of its own, started by the event that every failed run leaves. */
function failureFunction(
  slug: string,
  name: string,
  handler: FailureHandler,
  shared: Pick<AnyFunction, "middleware" | "checkpointing">,
): AnyFunction {
  const expression = `event.data.function_id == '${slug}'`;
  const triggers = [{ event: INTERNAL_EVENTS.failed, if: expression }];
  return {
    ...shared,
    options: { id: `${slug}-failure`, triggers },
    id: `${slug}-failure`,
    slug: `${slug}-failure`,
    name: `${name} (failure)`,
    triggers,
    retries: 1,
    handler: handler as unknown as (context: HandlerContext<never>) => unknown,
    failure: null,
    isFailureHandler: true,
  };
}

function checkpointingOf(option: boolean | CheckpointingOptions): CheckpointingOptions | false {
  if (option === false) return false;
  return option === true ? {} : option;
}

function checkOptions(options: FunctionOptions): void {
  const where = `createFunction(${JSON.stringify(options.id)})`;
  const refuse = (reason: string) => {
    throw new StepwellError("option_invalid", { where, reason });
  };
  if (typeof options.id !== "string" || options.id.trim() === "") refuse("`id` must be a text that is not empty");
  if (options.triggers === undefined) refuse("`triggers` is missing");
  const { retries } = options;
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0 && retries <= LIMITS.retriesMax)) {
    refuse(`\`retries\` must be a whole number from 0 to ${LIMITS.retriesMax}`);
  }
}
