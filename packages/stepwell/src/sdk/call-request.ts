/**
 * The body of a call, read. Servers differ in what they leave out; what is there must have the
 * right shape.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { HEADERS, QUERY, UNTARGETED } from "../protocol/headers.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import type { Incoming } from "./incoming.ts";
import type { ReceivedEvent } from "./trigger.ts";

export interface CallRequest {
  readonly runId: string;
  /** Hashed id of the only step to run, or null. */
  readonly target: string | null;
  /** Absent when the server keeps the default to the SDK. */
  readonly attempt: number;
  readonly maxAttempts: number | null;
  readonly event: ReceivedEvent;
  readonly events: readonly ReceivedEvent[];
  readonly steps: JsonObject;
  readonly stack: readonly string[];
  readonly disableImmediateExecution: boolean;
  /** The state was too large for the body: fetch it. */
  readonly useApi: boolean;
  /** Names the job in checkpoints; null when the server has none. */
  readonly jobId: string | null;
  readonly functionId: string | null;
  readonly requestId: string | null;
  readonly generation: number | null;
  /** What the server can do beyond the protocol. */
  readonly features: ReadonlySet<string>;
}

export function readCall(incoming: Incoming, query: URLSearchParams, body: unknown): CallRequest {
  const call = object(body, "the body");
  const ctx = object(call["ctx"], "ctx");
  const useApi = ctx["use_api"] === true || call["use_api"] === true;
  const runId = ctx["run_id"];
  if (typeof runId !== "string" || runId === "") throw invalid("ctx.run_id is missing");
  const event = eventOf(call["event"], "event");
  const events = listOf(call["events"], "events").map((item, index) => eventOf(item, `events[${index}]`));
  return {
    runId,
    target: targetOf(incoming, query),
    attempt: wholeNumber(ctx["attempt"], "ctx.attempt") ?? 0,
    maxAttempts: wholeNumber(ctx["max_attempts"], "ctx.max_attempts"),
    event,
    events: events.length === 0 ? [event] : events,
    steps: call["steps"] === undefined || call["steps"] === null ? {} : object(call["steps"], "steps"),
    stack: stackOf(ctx["stack"]),
    disableImmediateExecution: ctx["disable_immediate_execution"] === true,
    useApi,
    jobId: text(ctx["qi_id"]),
    functionId: text(ctx["fn_id"]),
    requestId: text(ctx["request_id"]) ?? incoming.header(HEADERS.requestId),
    generation: wholeNumber(ctx["generation_id"], "ctx.generation_id") ?? generationOf(incoming),
    features: featuresOf(incoming),
  };
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

/** An event as handlers see it: `data` is an object or null, `id` and `ts` are there. */
export function eventOf(value: unknown, where: string): ReceivedEvent {
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
