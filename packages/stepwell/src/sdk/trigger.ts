/** Triggers and typed events: what starts a function, and what the handler then knows about its event. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { StepwellError } from "../protocol/coded-error.ts";
import type { Misfire, Overlap } from "../protocol/function.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { DurationInput } from "./duration-input.ts";
import type { Untyped } from "./jsonify.ts";

/** An event with a name and, if it has a schema, known data. Made by `eventType`. */
export interface EventType<Name extends string = string, Input = Untyped, Output = Input> {
  /** Its name. */
  readonly event: Name;
  /** What its data must be; null for anything. */
  readonly schema: StandardSchemaV1<Input, Output> | null;
  /** An event of this type, to be sent with `client.send` or `step.sendEvent`; checked when it is sent. */
  create(data: Input, fields?: EventFields): TypedEvent<Name, Input>;
}

/** An event type whatever its data. */
export type AnyEventType = EventType<string, Untyped, Untyped>;

/** What an event may carry beside its name and data. */
export interface EventFields {
  /** The producer's idempotency id: within 24 h a function starts once for it. */
  readonly id?: string;
  /** When it happened, in Unix milliseconds; a future `ts` delays the runs it starts until then. */
  readonly ts?: number;
  /** The version of its schema. */
  readonly v?: string;
  /** Whom it is about; passed through. */
  readonly user?: JsonObject;
  /** Tags, passed through. */
  readonly meta?: JsonObject;
}

/** An event to be sent. Its data is checked to be plain JSON when it is. */
export interface EventInput extends EventFields {
  /** Its name, at most 512 bytes, such as `"order/placed"`; not under `inngest/`. */
  readonly name: string;
  /** A JSON object; empty when left out. The whole event has at most 3 MiB. */
  readonly data?: object | null;
}

/** An event made by an `EventType`. */
export interface TypedEvent<Name extends string, Data> extends EventFields {
  readonly name: Name;
  readonly data: Data;
}

/** Ties a created event to its schema; JSON leaves it out. */
const TYPE = Symbol.for("stepwell.eventType");

/**
 * A typed event, from any Standard Schema (Zod, Valibot, ArkType, …): typed and checked when it is sent, and typed
 * and checked again when it starts a function.
 *
 * @example
 * ```ts
 * import { eventType, Stepwell } from "stepwell";
 * import { z } from "zod";
 * const client = new Stepwell({ id: "shop" });
 * const orderPlaced = eventType("order/placed", { schema: z.object({ orderId: z.string() }) });
 * client.createFunction({ id: "ship", triggers: orderPlaced }, async ({ event }) => event.data.orderId);
 * await client.send(orderPlaced.create({ orderId: "o-1" }));
 * ```
 */
export function eventType<const Name extends string>(name: Name): EventType<Name>;
export function eventType<const Name extends string, Schema extends StandardSchemaV1>(
  name: Name,
  options: { readonly schema: Schema },
): EventType<Name, StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>>;
export function eventType(name: string, options?: { readonly schema: StandardSchemaV1 }): AnyEventType {
  const type: AnyEventType = {
    event: name,
    schema: options?.schema ?? null,
    create: (data, fields) => ({ ...fields, name, data, [TYPE]: type }),
  };
  return type;
}

/** The schema an event was created with, or null. */
export function schemaOf(event: object): StandardSchemaV1 | null {
  return (event as { [TYPE]?: AnyEventType } | undefined)?.[TYPE]?.schema ?? null;
}

/** The checked data of an event. Throws `event_schema_failed`, which no retry can mend. */
export async function checkData(schema: StandardSchemaV1, name: string, data: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(data);
  if (result.issues === undefined) return result.value;
  const reason = result.issues.slice(0, 5).map(describeIssue).join("; ");
  throw new StepwellError("event_schema_failed", { name, reason });
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

/** Starts the function when an event of this name arrives. A name may end in `/*` or `.*`. */
export interface EventTriggerInput {
  /** The name, a pattern of names, or an event type. */
  readonly event: string | AnyEventType;
  /** CEL over `event`: only events for which it is true start the function. */
  readonly if?: string;
}

/** Starts the function on a schedule. */
export interface CronTriggerInput {
  /** Five fields, for example `"0 9 * * *"`. */
  readonly cron: string;
  /** IANA time zone, for example `"Europe/Rome"`; UTC by default. */
  readonly timezone?: string;
  /** A random delay of up to this long, 1 s to 5 min. */
  readonly jitter?: DurationInput;
  /** Ticks missed while nobody ran: none, the last one (the default), or all are made up for. */
  readonly misfire?: Misfire;
  /** When the previous tick's run has not ended: `"allow"` (the default), `"skip"`, `"cancel"` it, or `"queue"`. */
  readonly overlap?: Overlap;
}

/** What starts a function: an event by its name or type, or a schedule. */
export type TriggerInput = EventTriggerInput | CronTriggerInput | AnyEventType;
export type TriggersInput = TriggerInput | readonly TriggerInput[];

/** An event as a handler sees it. */
export interface ReceivedEvent<Name extends string = string, Data = Untyped> {
  readonly name: Name;
  readonly data: Data;
  /** The producer's idempotency id, else the one that the server gave. */
  readonly id: string;
  /** When it happened, in Unix milliseconds. */
  readonly ts: number;
  readonly v?: string;
  readonly user?: JsonObject;
  readonly meta?: JsonObject;
}

/** The tick of a schedule. */
export type CronEvent = ReceivedEvent<"inngest/scheduled.timer", { readonly cron: string }>;

/** The event a handler with these triggers gets: a union, told apart by `event.name`. Without triggers, what invokes it. */
export type EventOf<Triggers> = Triggers extends readonly []
  ? ReceivedEvent
  : Triggers extends readonly (infer One)[]
    ? EventOfOne<One>
    : EventOfOne<Triggers>;

type EventOfOne<Trigger> = Trigger extends { readonly cron: string }
  ? CronEvent
  : Trigger extends EventType<infer Name, Untyped, infer Output>
    ? ReceivedEvent<Name, Output>
    : Trigger extends { readonly event: infer Event }
      ? Event extends EventType<infer Name, Untyped, infer Output>
        ? ReceivedEvent<Name, Output>
        : Event extends string
          ? ReceivedEvent<Matching<Event>, Untyped>
          : ReceivedEvent
      : ReceivedEvent;

/** `"api/*"` matches more names than its own. */
type Matching<Pattern extends string> = Pattern extends `${infer Prefix}*` ? `${Prefix}${string}` : Pattern;

/** Whether it looks like one: somebody may have written it without types. */
export function isTrigger(trigger: unknown): boolean {
  const { event, cron } = Object(trigger) as { readonly event?: string | AnyEventType; readonly cron?: unknown };
  return typeof (Object(event).event ?? event ?? cron) === "string";
}

/** The event type of a trigger, or null when it has none. */
export function typeOfTrigger(trigger: TriggerInput): AnyEventType | null {
  if ("create" in trigger) return trigger as AnyEventType;
  if ("event" in trigger && typeof trigger.event === "object") return trigger.event as AnyEventType;
  return null;
}
