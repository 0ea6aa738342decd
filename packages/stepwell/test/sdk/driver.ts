/**
 * Plays the engine for one run, as slowly as possible: one call at a time, everything by the book.
 * Tests script it: which of several planned steps finishes first, what fails, what is checkpointed.
 */
import { type AnyFunction, Stepwell } from "../../src/index.ts";
import type { Op } from "../../src/protocol/op.ts";
import { stepHash } from "../../src/protocol/step-id.ts";
import { execute } from "../../src/sdk/execute.ts";
import type { Checkpointer, ExecutionRequest, ExecutionResult } from "../../src/sdk/execution.ts";
import type { Logger } from "../../src/sdk/logger.ts";
import type { ReceivedEvent } from "../../src/sdk/trigger.ts";

export const EVENT: ReceivedEvent = { id: "01EVENT", name: "test/given", data: {}, ts: 1 };

export interface Lines extends Logger {
  readonly lines: string[];
}

export function recordingLogger(): Lines {
  const lines: string[] = [];
  const write = (...args: unknown[]) => void lines.push(args.map(String).join(" "));
  return { lines, debug: write, info: write, warn: write, error: write };
}

export const client = new Stepwell({ id: "test", isDev: true, logger: recordingLogger() });

/** The call of a function in a state; fields of `call` override. */
export function call(fn: AnyFunction, call: Partial<ExecutionRequest> = {}): Promise<ExecutionResult> {
  return execute({
    fn,
    event: EVENT,
    events: [EVENT],
    memos: new Map(),
    stack: [],
    runId: "01RUN",
    attempt: 0,
    maxAttempts: fn.retries + 1,
    target: null,
    disableImmediateExecution: false,
    checkpoint: null,
    logger: client.logger,
    sender: { sendEvents: async () => ({ ids: [] }), sendSignal: async () => ({ runId: null }) },
    sendsCharsMax: 0,
    isExtended: true,
    ...call,
  });
}

export interface DriveOptions {
  /** Puts planned steps in the order in which they finish; as reported when left out. */
  readonly order?: (ops: readonly Op[]) => readonly Op[];
  readonly logger?: Logger;
  readonly event?: ReceivedEvent;
  /** The memos of steps that the engine carries out, by name (`id`, `id:1`, …); `{"data":null}` when left out. */
  readonly answers?: Readonly<Record<string, unknown>>;
}

/** Steps that the engine carries out itself, beside sleeping. */
const CARRIED: ReadonlySet<string> = new Set([
  "WaitForEvent",
  "WaitForSignal",
  "InvokeFunction",
  "Gateway",
  "AIGateway",
]);

export interface Drive {
  readonly result: ExecutionResult;
  /** Ids in the order in which the steps finished. */
  readonly stack: readonly string[];
  readonly memos: ReadonlyMap<string, unknown>;
  readonly calls: number;
}

/** Calls a function until it ends, without checkpoints. A failed attempt is tried again at once. */
export async function drive(fn: AnyFunction, options: DriveOptions = {}): Promise<Drive> {
  const memos = new Map<string, unknown>();
  const names = new Map<string, string>();
  let calls = 0;
  let attempt = 0;
  const once = async (target: string | null, attempts: number, isForced: boolean) => {
    calls++;
    if (calls > 5_000) throw new Error("the run does not end");
    return call(fn, {
      target,
      attempt: attempts,
      disableImmediateExecution: isForced,
      memos,
      stack: [...memos.keys()],
      ...(options.logger === undefined ? {} : { logger: options.logger }),
      ...(options.event === undefined ? {} : { event: options.event, events: [options.event] }),
    });
  };
  const settle = async (op: Op): Promise<void> => {
    names.set(op.id, op.index === 0 ? op.displayName : `${op.displayName}:${op.index}`);
    if (op.op === "StepRun") memos.set(op.id, { data: JSON.parse(op.data ?? "null") });
    else if (op.op === "StepFailed") memos.set(op.id, { error: op.error });
    else if (op.op === "Sleep") memos.set(op.id, null);
    else if (op.op === "StepPlanned") await finishPlanned(op.id);
    else if (CARRIED.has(op.op)) {
      const { answers = {} } = options;
      const name = names.get(op.id)!;
      memos.set(op.id, Object.hasOwn(answers, name) ? answers[name] : { data: null });
    }
  };
  const finishPlanned = async (id: string): Promise<void> => {
    for (let tries = 0; !memos.has(id); tries++) {
      const result = await once(id, tries, true);
      if (result.kind !== "ops") throw new Error(`the target ended as ${result.kind}`);
      for (const op of result.ops) if (op.op !== "StepError") await settle(op);
    }
  };
  for (;;) {
    const result = await once(null, attempt, false);
    if (result.kind === "failed" && !result.noRetry && attempt + 1 < fn.retries + 1) {
      attempt++;
      continue;
    }
    const complete = result.kind === "ops" && result.ops.some((op) => op.op === "RunComplete");
    if (result.kind !== "ops" || complete) {
      return { result, memos, calls, stack: [...memos.keys()].map((id) => names.get(id) ?? id) };
    }
    const isFailedAttempt = result.ops.some((op) => op.op === "StepError");
    attempt = isFailedAttempt ? attempt + 1 : 0;
    const ops = result.ops.length > 1 && options.order !== undefined ? options.order(result.ops) : result.ops;
    for (const op of ops) await settle(op);
  }
}

/** The value a run returned. */
export function output(drive: { readonly result: ExecutionResult }): unknown {
  if (drive.result.kind === "returned") return JSON.parse(drive.result.output);
  throw drive.result.kind === "failed" ? drive.result.error : new Error("the run did not return");
}

export const byName = (ops: readonly Op[], ...names: readonly string[]): readonly Op[] =>
  names.map((name) => ops.find((op) => op.displayName === name)!);

/** Memos and stack of steps with these results, as the engine would send them. */
export function state(results: Readonly<Record<string, unknown>>): Pick<ExecutionRequest, "memos" | "stack"> {
  const memos = new Map(Object.entries(results).map(([name, memo]) => [stepHash(name, 0), memo]));
  return { memos, stack: [...memos.keys()] };
}

/** A checkpointer that keeps what it is given. */
export function checkpoints(
  answer: () => "saved" | "stale" | Error = () => "saved",
  options: Partial<Checkpointer> = {},
) {
  const saved: Op[][] = [];
  const checkpoint: Checkpointer = {
    bufferedSteps: 1,
    maxIntervalMs: 0,
    maxRuntimeMs: 10_000,
    async save(ops) {
      const result = answer();
      if (result instanceof Error) throw result;
      saved.push([...ops]);
      return result;
    },
    ...options,
  };
  return { saved, checkpoint };
}
