/** Steps that wait for an event or a signal: their options, as the wire has them, and what they give back. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { StepwellError } from "../protocol/coded-error.ts";
import { isJsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { signalProblem } from "../protocol/read-events.ts";
import { type DateInput, type DurationInput, dateText, timeoutText } from "./duration-input.ts";
import type { Untyped } from "./jsonify.ts";
import type { StepAsk } from "./step-request.ts";
import { type AnyEventType, checkData, type EventType, type ReceivedEvent } from "./trigger.ts";

/** The name of an event, or its type, which knows its data. */
export type EventName = string | AnyEventType;

/** The event that a wait for it gives back. */
export type AwaitedEvent<Wanted> =
  Wanted extends EventType<infer Name, Untyped, infer Output>
    ? ReceivedEvent<Name, Output>
    : Wanted extends string
      ? ReceivedEvent<Wanted, Untyped>
      : never;

type OneOrSeveral<Wanted extends EventName> =
  | {
      /** The event to wait for: its exact name, or its type. */
      readonly event: Wanted;
      readonly events?: undefined;
    }
  | {
      readonly event?: undefined;
      /** Two to ten events, of which the first to come is taken. For a server of ours. */
      readonly events: readonly Wanted[];
    };

type Condition =
  | {
      /** A path such as `"data.orderId"` that must be equal in the event that started the run and in the awaited one. */
      readonly match?: string;
      readonly if?: undefined;
    }
  | {
      readonly match?: undefined;
      /** CEL over `event`, which started the run, and `async`, which is awaited. */
      readonly if?: string;
    };

/** What `step.waitForEvent` waits for, and how long. */
export type WaitForEventOptions<Wanted extends EventName = EventName> = OneOrSeveral<Wanted> &
  Condition & {
    /** How long to wait, or until when; at most 366 days. */
    readonly timeout: DurationInput | DateInput;
    /**
     * Looks back first: an event since the run began (`"run"`) or since a moment counts too, the earliest of them. For a
     * server of ours. Without it only events count that come after the wait was stored.
     */
    readonly since?: "run" | DateInput;
  };

/** What `step.waitForSignal` waits for, and how long. */
export interface WaitForSignalOptions {
  /** Its name, unique among all that is waited for: at most 1,024 characters. */
  readonly signal: string;
  /** How long to wait, or until when; at most 366 days. */
  readonly timeout: DurationInput | DateInput;
  /** When another run waits for it already: `"fail"` this run (the default), or `"replace"` the other, whose wait goes on to its timeout. */
  readonly onConflict?: "fail" | "replace";
}

/** `isExtended` says that the server is one of ours. */
export function waitForEventAsk(options: WaitForEventOptions, where: string, isExtended: boolean): StepAsk {
  const names = namesOf(options, where);
  const { timeout, since } = options;
  // Others would wait for the first event alone, from now on, and nobody would know why nothing comes.
  if (!isExtended && (names.length > 1 || since !== undefined)) {
    throw invalid(where, "`events` and `since` need a Stepwell server, and this is another");
  }
  const condition = conditionOf(options, where);
  return {
    op: "WaitForEvent",
    name: names[0]!,
    opts: {
      event: names[0]!,
      ...(names.length === 1 ? {} : { events: names }),
      timeout: requiredTimeout(timeout, where),
      ...(condition === undefined ? {} : { if: condition }),
      ...(since === undefined ? {} : { since: since === "run" ? since : dateText(since, `${where}: since`) }),
    },
  };
}

function namesOf({ event, events }: WaitForEventOptions, where: string): readonly string[] {
  if (event !== undefined && events !== undefined) throw invalid(where, "give `event` or `events`, not both");
  if (events !== undefined && !Array.isArray(events)) throw invalid(where, "`events` must be a list");
  const names = (events ?? [event]).map((one: unknown) => (isJsonObject(one) ? one["event"] : one));
  if (events !== undefined && (names.length < 2 || names.length > LIMITS.waitNamesMax)) {
    throw invalid(where, `\`events\` must hold 2 to ${LIMITS.waitNamesMax} events`);
  }
  for (const name of names) {
    if (typeof name !== "string" || name === "") throw invalid(where, "it needs the name of an event");
    if (name.endsWith("*")) throw invalid(where, `${name} is a pattern, and only exact names can be waited for`);
  }
  if (new Set(names).size < names.length) throw invalid(where, "`events` names an event twice");
  return names as string[];
}

/** The condition of a wait or a cancel rule: `if`, or what `match` stands for. */
export function conditionOf(
  { match, if: condition }: { readonly match?: string | undefined; readonly if?: string | undefined },
  where: string,
): string | undefined {
  if (match === undefined) return condition;
  if (condition !== undefined) throw invalid(where, "give `match` or `if`, not both");
  if (typeof match !== "string" || !PATH.test(match)) {
    throw invalid(where, `\`match\` must be a path such as "data.orderId", not ${JSON.stringify(match)}`);
  }
  return `event.${match} == async.${match}`;
}

const PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[(?:\d+|"[^"\\]*"|'[^'\\]*')\])*$/;

export function waitForSignalAsk(options: WaitForSignalOptions, where: string): StepAsk {
  const { signal, timeout, onConflict = "fail" } = options;
  const problem = signalProblem(signal);
  if (problem !== null) throw invalid(where, problem);
  if (onConflict !== "fail" && onConflict !== "replace") throw invalid(where, '`onConflict` is "fail" or "replace"');
  const opts = { signal, timeout: requiredTimeout(timeout, where), conflict: onConflict };
  return { op: "WaitForSignal", name: signal, opts };
}

function requiredTimeout(timeout: DurationInput | DateInput | undefined, where: string): string {
  if (timeout === undefined || timeout === null) throw invalid(where, "it needs a `timeout`");
  return timeoutText(timeout, `${where}: timeout`);
}

/** The awaited event, checked against the schema of its type. */
export async function typed(event: unknown, { event: one, events }: WaitForEventOptions): Promise<unknown> {
  if (!isJsonObject(event)) return event;
  const schema = schemaFor(events ?? [one], event["name"]);
  if (schema === null) return event;
  return { ...event, data: await checkData(schema, String(event["name"]), event["data"]) };
}

function schemaFor(wanted: readonly (EventName | undefined)[], name: unknown): StandardSchemaV1 | null {
  for (const type of wanted) if (typeof type === "object" && type.event === name) return type.schema;
  return null;
}

const invalid = (where: string, reason: string) => new StepwellError("option_invalid", { where, reason });
