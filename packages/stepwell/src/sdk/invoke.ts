/** Invoking another function: which one, with what, and what comes back, as types and as the wire has it. */
import { StepwellError } from "../protocol/coded-error.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type DateInput, type DurationInput, timeoutText } from "./duration-input.ts";
import type { Jsonify, Untyped } from "./jsonify.ts";
import type { StepAsk } from "./step-request.ts";
import { storableText } from "./storable.ts";
import type { CronEvent, ReceivedEvent } from "./trigger.ts";

/** Carries the types of a function's event and result. */
interface Typed<Event, Output> {
  /** Types only; never set. */
  readonly "~types"?: { readonly event: Event; readonly output: Output };
}

/** A function of this process. */
interface FunctionAtHand extends Typed<unknown, unknown> {
  readonly slug: string;
}

/** A function that is not at hand: of another app, or of this one but in a file that would import in circles. */
export interface FunctionReference<Event = ReceivedEvent, Output = Untyped> extends Typed<Event, Output> {
  /** Null: the app of whoever invokes it. */
  readonly appId: string | null;
  readonly functionId: string;
}

/**
 * Refers to a function by its ids. With the function's type, which costs nothing at run time, data and result are typed.
 *
 * @throws `option_invalid` without a `functionId`.
 * @example
 * ```ts
 * import { referenceFunction, Stepwell, type StepwellFunction } from "stepwell";
 * const client = new Stepwell({ id: "shop" });
 * const charge = referenceFunction<StepwellFunction<unknown, { paid: boolean }>>({ appId: "billing", functionId: "charge" });
 * client.createFunction({ id: "order", triggers: { event: "order/placed" } }, async ({ step }) => {
 *   const { paid } = await step.invoke("charge", { function: charge, data: { cents: 990 } });
 *   return paid;
 * });
 * ```
 */
export function referenceFunction<Fn extends Typed<unknown, unknown> = FunctionReference>(ids: {
  /** The app it belongs to; the app of whoever invokes it when left out. */
  readonly appId?: string;
  readonly functionId: string;
}): Fn extends Typed<infer Event, infer Output> ? FunctionReference<Event, Output> : never {
  const { appId = null, functionId } = ids;
  if (typeof functionId !== "string" || functionId === "") {
    throw new StepwellError("option_invalid", { where: "referenceFunction", reason: "`functionId` is missing" });
  }
  return { appId, functionId } as never;
}

/** A function, a reference to one, or its id on the server: `"<app id>-<function id>"`. */
export type InvokeTarget = FunctionAtHand | FunctionReference<unknown, unknown> | string;

/** What an invoked function returns. */
export type OutputOf<Target> = Target extends string
  ? Untyped
  : Target extends Typed<infer _Event, infer Output>
    ? Jsonify<Output>
    : Untyped;

/** What an invoked function may be given: the data of its events, as it is or as JSON. */
type DataOf<Target> = Target extends Typed<infer Event, infer _Output> ? DataOfEvent<Event> : object | null;
type DataOfEvent<Event> = unknown extends Event
  ? object | null
  : [Exclude<Event, CronEvent>] extends [never]
    ? object | null
    : Exclude<Event, CronEvent> extends { readonly data: infer Data }
      ? unknown extends Data
        ? object | null
        : Data | Jsonify<Data>
      : object | null;

/** Which function a step invokes, with what, and how long it waits. */
export interface InvokeOptions<Target extends InvokeTarget = InvokeTarget> {
  /** The function itself, a reference to it, or its id on the server. */
  readonly function: Target;
  /** What the function sees as `event.data`; an empty object when left out. */
  readonly data?: DataOf<Target>;
  /** What the function sees as `event.user`. */
  readonly user?: JsonObject;
  /** What the function sees as `event.v`. */
  readonly v?: string;
  /** How long to wait for it, or until when; a year by default. The function goes on when the time is over. */
  readonly timeout?: DurationInput | DateInput;
  /** When this run is cancelled: the invoked one goes on (`"abandon"`, the default), or is cancelled too. */
  readonly onParentCancel?: "cancel" | "abandon";
}

/** The options whatever the function: JavaScript may give anything. */
interface AnyInvoke {
  readonly function: unknown;
  readonly data?: unknown;
  readonly user?: JsonObject | undefined;
  readonly v?: string | undefined;
  readonly timeout?: DurationInput | DateInput | undefined;
  readonly onParentCancel?: string | undefined;
}

export function invokeAsk(options: AnyInvoke, appId: string, where: string): StepAsk {
  const { data, user, v, timeout, onParentCancel } = options;
  if (onParentCancel !== undefined && onParentCancel !== "cancel" && onParentCancel !== "abandon") {
    throw invalid(where, '`onParentCancel` is "cancel" or "abandon"');
  }
  return {
    op: "InvokeFunction",
    opts: {
      function_id: functionIdOf(options.function, appId, where),
      payload: {
        data: plainObject(data ?? {}, "data", where),
        ...(user === undefined ? {} : { user: plainObject(user, "user", where) }),
        ...(v === undefined ? {} : { v }),
      },
      ...(timeout === undefined ? {} : { timeout: timeoutText(timeout, `${where}: timeout`) }),
      ...(onParentCancel === undefined ? {} : { on_parent_cancel: onParentCancel }),
    },
  };
}

function functionIdOf(target: unknown, appId: string, where: string): string {
  if (typeof target === "string" && target !== "") return target;
  const { slug, functionId, appId: otherApp } = Object(target) as Partial<FunctionAtHand & FunctionReference>;
  if (typeof slug === "string") return slug;
  if (typeof functionId === "string") return `${otherApp ?? appId}-${functionId}`;
  throw invalid(where, "`function` must be a function, a reference to one, or its id on the server");
}

function plainObject(value: unknown, name: string, where: string): JsonObject {
  const plain: unknown = JSON.parse(storableText(value, where, name, LIMITS.stepInputBytesMax));
  if (!isJsonObject(plain)) throw invalid(where, `\`${name}\` must be an object`);
  return plain;
}

const invalid = (where: string, reason: string) => new StepwellError("option_invalid", { where, reason });
