/**
 * WaitForSignal: a step that one signal resolves, or its timeout.
 *
 *   WS1. A signal has one waiter at a time. A second one ends its own run, or takes over (`conflict: "replace"`); the step
 *        that loses the signal gets nothing but its timeout.
 *   WS2. A signal that came early and was kept is taken at once.
 */

import type { JsonText } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import { signalProblem } from "../../protocol/read-events.ts";
import { arm } from "./arm.ts";
import type { RunContext } from "./context.ts";
import { failRunWith } from "./finish.ts";
import { addJob } from "./jobs.ts";
import { fits } from "./limits.ts";
import type { Run, Step } from "./run.ts";
import { recordMemo, stepFor } from "./steps.ts";
import { patienceOf } from "./wait-event.ts";

/** The name of the signal that an op waits for. */
export function signalOf(op: Op): string {
  const { signal } = op.opts;
  return typeof signal === "string" && signal !== "" ? signal : op.name;
}

/** Opens the step; gives it back when it is done already, and null when the run ended or the step is open now. */
export function applyWaitForSignal(context: RunContext, run: Run, op: Op): Step | null {
  if (!fits(context, run, op, "")) return null;
  const signal = signalOf(op);
  const problem = signalProblem(signal);
  if (problem !== null) {
    failRunWith(context, run, "wait_invalid", { step: op.displayName, reason: problem });
    return null;
  }
  const untilAt = patienceOf(context, run, op, LIMITS.waitMsDefault);
  if (untilAt === null) return null;
  const { holder, early } = context.signal(signal);
  if (holder !== null) {
    if (op.opts["conflict"] !== "replace") {
      failRunWith(context, run, "signal_conflict", { signal, run: holder.runId });
      return null;
    }
    context.dropWait(holder.runId, holder.slot); // WS1
  }
  const memo = early === null ? null : signalMemo(signal, early);
  if (memo !== null && !fits(context, run, op, memo)) return null;
  const step = stepFor(context, run, op, "signal", "waiting");
  step.startedAt = context.now;
  if (memo !== null) {
    context.takeSignal(signal);
    recordMemo(context, run, step, memo, "completed", context.now); // WS2
    return step;
  }
  arm(context, run, op.id, { kind: "signal", names: [signal], expression: null, untilAt: null });
  addJob(context, run, op.id, "timeout", untilAt);
  return null;
}

export const signalMemo = (signal: string, data: JsonText): JsonText =>
  `{"data":{"data":${data},"signal":${JSON.stringify(signal)}}}`;
