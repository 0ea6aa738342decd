/** Operations as this SDK makes them, and their JSON on the wire. */
import type { ErrorValue } from "../protocol/error-value.ts";
import type { JsonObject, JsonText } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Op, OpCode, Sends } from "../protocol/op.ts";
import { stepHash } from "../protocol/step-id.ts";
import type { StepInfo } from "./middleware.ts";
import { type StepRequest, type StepType, timeoutOf, withOptions } from "./step-request.ts";
import { storableText } from "./storable.ts";

/** A step that the handler reached in this call. */
export class FoundStep {
  declare readonly hashedId: string;
  declare readonly id: string;
  declare readonly name: string;
  /** Which repeat of the id this is, from 0. */
  declare readonly index: number;
  declare readonly type: StepType;
  declare readonly input: readonly unknown[];
  declare readonly body: StepRequest["body"];
  declare readonly ask: StepRequest["ask"];
  /** How long each attempt of the body may take; null: as long as it likes. */
  declare readonly timeoutMs: number | null;
  /** What the handler waits for. */
  declare readonly result: Promise<unknown>;
  declare resolve: (value: unknown) => void;
  declare reject: (error: unknown) => void;

  constructor({ id: given, type, input, body, ask }: StepRequest, id: string, index: number, hashedId: string) {
    this.hashedId = hashedId;
    this.id = id;
    this.name = (typeof given === "string" ? undefined : given.name) ?? id;
    this.index = index;
    this.type = type;
    this.input = input;
    this.body = body;
    this.ask = withOptions(given, ask);
    this.timeoutMs = timeoutOf(given);
    this.result = new Promise<unknown>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** A step as middleware sees it. */
export function stepInfo(step: FoundStep, memoized: boolean): StepInfo {
  const { hashedId, id, name, type, input } = step;
  return { hashedId, id, name, stepType: type, memoized, input };
}

/** An operation with the name to show, which only the wire carries. */
export interface StepOp extends Op {
  readonly shownName: string;
}

/** An operation of a step, without an error. */
export const opOf = (
  step: FoundStep,
  op: OpCode,
  opts: JsonObject = step.ask.opts,
  data: JsonText | null = null,
  sends: Sends | null = null,
  startedAt: number | null = null,
  endedAt: number | null = null,
): StepOp => ({
  op,
  id: step.hashedId,
  name: step.ask.name ?? step.id,
  displayName: step.id,
  shownName: step.name,
  index: step.index,
  opts,
  data,
  error: null,
  sends,
  noRetry: false,
  startedAt,
  endedAt,
});

/** Asks the engine to carry the step out: itself, or by calling back for exactly this step. */
export function plannedOp(step: FoundStep): StepOp {
  if (step.body !== null) return opOf(step, "StepPlanned", optsOf(step));
  return opOf(step, step.ask.op ?? "StepPlanned");
}

export function errorOp(
  step: FoundStep,
  error: ErrorValue,
  isFinal: boolean,
  noRetry: boolean,
  startedAt: number,
  endedAt: number,
): StepOp {
  return { ...opOf(step, isFinal ? "StepFailed" : "StepError"), error, noRetry, startedAt, endedAt };
}

export function completeOp(data: JsonText): StepOp {
  const id = stepHash("complete", 0);
  const empty = { index: 0, opts: {}, error: null, sends: null, noRetry: false, startedAt: null, endedAt: null };
  return { ...empty, op: "RunComplete", id, name: "complete", displayName: "complete", shownName: "complete", data };
}

/** Options of the operation, with the arguments of the body if there are any. */
export function optsOf(step: FoundStep): JsonObject {
  if (step.input.length === 0) return step.ask.opts;
  const text = storableText(step.input, `Step "${step.id}"`, "arguments", LIMITS.stepInputBytesMax);
  return { ...step.ask.opts, input: JSON.parse(text) };
}

/** Operations as the body of a reply or a checkpoint. Results are spliced in as text. */
export function writeOps(ops: readonly StepOp[]): JsonText {
  return `[${ops.map(writeOp).join(",")}]`;
}

function writeOp(op: StepOp): JsonText {
  const fields = JSON.stringify({
    op: op.op,
    id: op.id,
    name: op.name,
    displayName: op.shownName,
    opts: op.opts,
    userland: op.index === 0 ? { id: op.displayName } : { id: op.displayName, index: op.index },
    ...(op.error === null ? {} : { error: op.error }),
    ...(op.startedAt === null || op.endedAt === null ? {} : { timing: timing(op.startedAt, op.endedAt) }),
  });
  const sends = op.sends === null ? "" : `,"sends":${sendsText(op.sends)}`;
  return `${fields.slice(0, -1)},"data":${op.data ?? "null"}${sends}}`;
}

/** What a step sends, as the wire has it: events with the ids they will have. */
function sendsText({ events, signals }: Sends): JsonText {
  const eventTexts = events.map(({ stored, parsed }) => {
    const { id: _shown, ...fields } = parsed;
    const own = stored.idempotencyId === null ? {} : { id: stored.idempotencyId };
    return JSON.stringify({ internal_id: stored.id, ...own, ...fields });
  });
  const signalTexts = signals.map(
    ({ signal, data, ttlMs }) => `{"signal":${JSON.stringify(signal)},"data":${data},"ttl_ms":${ttlMs}}`,
  );
  return `{"events":[${eventTexts.join(",")}],"signals":[${signalTexts.join(",")}]}`;
}

/** How much room the result of an operation takes, and what it sends. */
export function charCountOf({ data, sends }: Op): number {
  let count = data?.length ?? 0;
  for (const event of sends?.events ?? []) count += event.stored.json.length;
  for (const signal of sends?.signals ?? []) count += signal.data.length;
  return count;
}

// Nanoseconds since the epoch exceed the safe integers; the last digits are zeros anyway.
const timing = (startedAt: number, endedAt: number) => ({ a: startedAt * 1e6, b: (endedAt - startedAt) * 1e6 });
