/**
 * The body of a call, read. Servers differ in what they leave out; what is there must have the
 * right shape.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { FEATURES, HEADERS, QUERY, UNTARGETED } from "../protocol/headers.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import type { App } from "./app.ts";
import type { CallRecorder } from "./call-log.ts";
import { Stepwell } from "./client.ts";
import type { Checkpointer, ExecutionRequest } from "./execution.ts";
import type { AnyFunction } from "./function.ts";
import type { Incoming } from "./incoming.ts";
import type { Logger } from "./logger.ts";
import { type Memos, memosOf } from "./memo.ts";
import type { Sender } from "./sender.ts";
import type { ReceivedEvent } from "./trigger.ts";

/** What a step sends travels with its result up to this size; more would crowd the reply. */
const SENDS_CHARS_MAX = 1024 * 1024;

/** A call over HTTP, as it is executed. */
export class CallRequest implements ExecutionRequest {
  declare readonly fn: AnyFunction;
  declare readonly runId: string;
  /** Hashed id of the only step to run, or null. */
  declare readonly target: string | null;
  /** 0 where the server keeps the default to the SDK. */
  declare readonly attempt: number;
  declare readonly event: ReceivedEvent;
  declare events: readonly ReceivedEvent[];
  declare memos: Memos;
  declare readonly stack: readonly string[];
  declare readonly disableImmediateExecution: boolean;
  /** The state was too large for the body: fetch it. */
  declare readonly useApi: boolean;
  /** Names the job in checkpoints; null when the server has none. */
  declare readonly jobId: string | null;
  declare readonly functionId: string | null;
  declare readonly requestId: string | null;
  declare readonly generation: number | null;
  /** What the server can do beyond the protocol. */
  declare readonly features: ReadonlySet<string>;
  declare readonly maxAttempts: number;
  declare readonly isExtended: boolean;
  declare readonly sendsCharsMax: number;
  declare readonly logger: Logger;
  declare readonly sender: Sender;
  declare readonly signal: ExecutionRequest["signal"];
  declare checkpoint: Checkpointer | null;
  declare record: CallRecorder | undefined;

  constructor({ client }: App, fn: AnyFunction, incoming: Incoming, query: URLSearchParams, body: unknown) {
    const call = object(body, "the body");
    const ctx = object(call["ctx"], "ctx");
    const runId = ctx["run_id"];
    if (typeof runId !== "string" || runId === "") throw invalid("ctx.run_id is missing");
    this.event = eventOf(call["event"], "event");
    const events = eventsOf(listOf(call["events"], "events"));
    this.events = events.length === 0 ? [this.event] : events;
    this.runId = runId;
    this.target = targetOf(incoming, query);
    this.attempt = wholeNumber(ctx["attempt"], "ctx.attempt") ?? 0;
    this.maxAttempts = wholeNumber(ctx["max_attempts"], "ctx.max_attempts") ?? fn.retries + 1;
    this.memos = memosOf(object(call["steps"] ?? {}, "steps"));
    this.stack = stackOf(ctx["stack"]);
    this.disableImmediateExecution = ctx["disable_immediate_execution"] === true;
    this.useApi = ctx["use_api"] === true || call["use_api"] === true;
    this.jobId = text(ctx["qi_id"]);
    this.functionId = text(ctx["fn_id"]);
    this.requestId = text(ctx["request_id"]) ?? incoming.header(HEADERS.requestId);
    this.generation = wholeNumber(ctx["generation_id"], "ctx.generation_id") ?? generationOf(incoming);
    this.features = featuresOf(incoming);
    this.fn = fn;
    this.isExtended = this.features.size > 0;
    this.sendsCharsMax = this.features.has(FEATURES.sends) ? SENDS_CHARS_MAX : 0;
    this.logger = client.logger;
    this.sender = Stepwell.sender(client, fn);
    this.signal = incoming.signal;
  }
}

function targetOf(incoming: Incoming, query: URLSearchParams): string | null {
  const id = query.get(QUERY.stepId) ?? incoming.header(HEADERS.stepId) ?? UNTARGETED;
  return id === UNTARGETED || id === "" ? null : id;
}

const NO_FEATURES: ReadonlySet<string> = new Set();
/** A server says the same with every call. */
let latest: { readonly value: string; readonly features: ReadonlySet<string> } = { value: "", features: NO_FEATURES };

function featuresOf(incoming: Incoming): ReadonlySet<string> {
  const value = incoming.header(HEADERS.features) ?? "";
  if (value !== latest.value) {
    latest = { value, features: new Set(value === "" ? [] : value.split(",").map((name) => name.trim())) };
  }
  return latest.features;
}

function generationOf(incoming: Incoming): number | null {
  const value = incoming.header(HEADERS.generation);
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

export const eventsOf = (values: readonly unknown[]): ReceivedEvent[] =>
  values.map((value, index) => eventOf(value, `events[${index}]`));

/** An event as handlers see it: `data` is an object or null, `id` and `ts` are there. */
function eventOf(value: unknown, where: string): ReceivedEvent {
  const event = object(value, where);
  const { name, id, ts, data } = event;
  if (typeof name !== "string") throw invalid(`${where}.name is missing`);
  return {
    ...event,
    name,
    data: data ?? {},
    id: typeof id === "string" ? id : "",
    ts: typeof ts === "number" ? ts : 0,
  } as ReceivedEvent;
}

function stackOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const ids = listOf(object(value, "ctx.stack")["stack"], "ctx.stack.stack");
  if (!ids.every((id) => typeof id === "string")) throw invalid("ctx.stack.stack must hold texts");
  return ids;
}

function object(value: unknown, where: string): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${where} must be an object`);
  return value;
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${where} must be a list`);
  return value;
}

function wholeNumber(value: unknown, where: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw invalid(`${where} must be a whole number`);
  }
  return value;
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);

const invalid = (reason: string) => new StepwellError("body_invalid", { reason });
