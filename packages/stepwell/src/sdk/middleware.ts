/**
 * Middleware: plain objects whose hooks see, change or wrap what the SDK does.
 *
 * A `wrap…` hook gets `next` and returns its result or another one; the first middleware of the list is the outermost.
 * A `transform…` hook returns the changed value, or nothing to leave it. Hooks that nobody defines cost nothing.
 */
import type { FunctionInfo, HandlerContext } from "./context.ts";
import type { Logger } from "./logger.ts";
import type { StepIdInput, StepType } from "./step-request.ts";
import type { EventInput } from "./trigger.ts";

type Context = HandlerContext;
type MaybePromise<T> = T | Promise<T>;

/** A step as hooks see it. */
export interface StepInfo {
  /** Its id on the wire. */
  readonly hashedId: string;
  readonly id: string;
  readonly name: string;
  readonly stepType: StepType;
  /** Its result is stored already: the body does not run. */
  readonly memoized: boolean;
  /** The arguments of its body. */
  readonly input: readonly unknown[];
}

export interface RequestInfo {
  readonly method: string;
  readonly url: string;
  readonly header: (name: string) => string | null;
}

export interface SdkResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What hooks around a step are told. */
export interface InStep {
  readonly fn: FunctionInfo;
  readonly ctx: Context;
  readonly stepInfo: StepInfo;
}
/** What hooks around a run are told. */
export interface InRun {
  readonly fn: FunctionInfo;
  readonly ctx: Context;
}

/**
 * Hooks around functions, steps, events and requests.
 *
 * @example
 * ```ts
 * import { type Middleware, Stepwell } from "stepwell";
 * const timing: Middleware = {
 *   id: "timing",
 *   async wrapStepHandler({ next, stepInfo }) {
 *     const start = Date.now();
 *     try {
 *       return await next();
 *     } finally {
 *       console.log(stepInfo.id, Date.now() - start, "ms");
 *     }
 *   },
 * };
 * const client = new Stepwell({ id: "shop", middleware: [timing] });
 * ```
 */
export interface Middleware {
  /** For people; two may have the same. */
  readonly id: string;
  /** Once per call, before the handler: may change the context and the memos. */
  transformFunctionInput?(
    input: InRun & { readonly steps: Readonly<Record<string, unknown>> },
  ): MaybePromise<{ readonly ctx?: Context; readonly steps?: Readonly<Record<string, unknown>> } | undefined>;
  /** For each step of each call, when it is reached: may change its id, name and input. */
  transformStepInput?(input: {
    readonly fn: FunctionInfo;
    readonly stepType: StepType;
    readonly stepOptions: { readonly id: string; readonly name?: string };
    readonly input: readonly unknown[];
  }): { readonly stepOptions?: StepIdInput; readonly input?: readonly unknown[] } | undefined;
  /** Before events are sent: may change them. `fn` is null outside functions. */
  transformSendEvent?(input: {
    readonly events: readonly EventInput[];
    readonly fn: FunctionInfo | null;
  }): MaybePromise<readonly EventInput[] | undefined>;
  /** Around a whole call of a function. */
  wrapRequest?(input: {
    readonly next: () => Promise<SdkResponse>;
    readonly fn: FunctionInfo;
    readonly requestInfo: RequestInfo;
    readonly runId: string;
  }): Promise<SdkResponse>;
  /** Around the handler, once per call; `next` never settles when the call ends at a step. */
  wrapFunctionHandler?(input: InRun & { readonly next: () => Promise<unknown> }): Promise<unknown>;
  /** Around what a step gives to the handler, memoized or not, in each call. */
  wrapStep?(input: InStep & { readonly next: () => Promise<unknown> }): Promise<unknown>;
  /** Around the body of a step, in each attempt: may change what is stored. */
  wrapStepHandler?(input: InStep & { readonly next: () => Promise<unknown> }): Promise<unknown>;
  /** Around the sending of events, in functions and outside of them. */
  wrapSendEvent?(input: {
    readonly next: () => Promise<{ ids: string[] }>;
    readonly events: readonly EventInput[];
    readonly fn: FunctionInfo | null;
  }): Promise<{ ids: string[] }>;
  /** Once per call, when all stored results were given back or the first new step was found. */
  onMemoizationEnd?(input: InRun): MaybePromise<void>;
  /** In the first call of a run. */
  onRunStart?(input: InRun): MaybePromise<void>;
  /** In the call in which the handler returns. */
  onRunComplete?(input: InRun & { readonly output: unknown }): MaybePromise<void>;
  /** In a call in which the handler throws. */
  onRunError?(input: InRun & { readonly error: unknown; readonly isFinalAttempt: boolean }): MaybePromise<void>;
  /** Around attempts of a step's body; never for stored results. */
  onStepStart?(input: InStep): MaybePromise<void>;
  onStepComplete?(input: InStep & { readonly output: unknown }): MaybePromise<void>;
  onStepError?(input: InStep & { readonly error: unknown; readonly isFinalAttempt: boolean }): MaybePromise<void>;
}

export type Hook = Exclude<keyof Middleware, "id">;

/** The hooks of a kind, in the order of the list, each bound to its middleware. */
export function hooksOf<Name extends Hook>(list: readonly Middleware[], name: Name): NonNullable<Middleware[Name]>[] {
  const hooks: NonNullable<Middleware[Name]>[] = [];
  for (const middleware of list) {
    const hook = middleware[name];
    if (hook !== undefined) hooks.push(hook.bind(middleware) as NonNullable<Middleware[Name]>);
  }
  return hooks;
}

/** Calls observers one after the other. They change nothing, not even by throwing. */
export async function notify<Input>(
  hooks: readonly ((input: Input) => unknown)[],
  input: Input,
  logger: Logger,
): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook(input);
    } catch (error) {
      logger.warn("stepwell: a middleware hook failed", error);
    }
  }
}

/** Puts the wrappers around `inner`, the first outermost. */
export function wrapWith<Input, Result>(
  wrappers: readonly ((input: Input & { readonly next: () => Promise<Result> }) => Promise<Result>)[],
  input: Input,
  inner: () => Promise<Result>,
): () => Promise<Result> {
  return wrappers.reduceRight<() => Promise<Result>>((next, wrap) => async () => wrap({ ...input, next }), inner);
}
