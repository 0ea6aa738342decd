/**
 * WaitForEvent: a step that an event resolves, or its timeout.
 *
 *   WE1. The step is armed in the transition of the reply, before any other request of it is applied (rank in ops.ts).
 *   WE2. Event or timeout, whichever is applied first; the memo is the bare event, or `null`.
 *   WE3. An expression that does not compile, a name or a timeout that cannot be ends the run at once.
 *   WE4. A look back comes before the timeout, however short: the time counts once the look back has found nothing.
 *   WE5. A step that was open when its run failed sees what came until it is asked for again, as if it had looked back.
 */
import { canonicalJson, type JsonText, wholePairs } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import type { Instant } from "../instant.ts";
import { arm, untilOf } from "./arm.ts";
import type { RunContext } from "./context.ts";
import { failRunWith } from "./finish.ts";
import { addJob } from "./jobs.ts";
import { fits } from "./limits.ts";
import { afterStep } from "./progress.ts";
import { isEnded, type Run, stampOf } from "./run.ts";
import { recordMemo, stepFor } from "./steps.ts";

/** Opens the step. False when the run ended instead. */
export function applyWaitForEvent(context: RunContext, run: Run, op: Op): boolean {
  if (!fits(context, run, op, "")) return false;
  const names = namesOf(op);
  if (names === null) {
    const reason = `a wait needs the name of an event, or up to ${LIMITS.waitNamesMax} of them`;
    return refuse(context, run, op, reason);
  }
  const untilAt = patienceOf(context, run, op, null);
  if (untilAt === null) return false;
  const wanted = sinceOf(op, run);
  if (wanted === undefined) return refuse(context, run, op, '`since` must be "run" or a date');
  const expression = typeof op.opts["if"] === "string" && op.opts["if"] !== "" ? op.opts["if"] : null;
  const problem = arm(context, run, op.id, { kind: "event", names, expression, untilAt: null });
  if (problem !== null) {
    failRunWith(context, run, "expression_invalid", { expression: expression!, reason: problem.reason });
    return false;
  }
  const since = wanted ?? openedAt(run, op); // WE5
  const step = stepFor(context, run, op, "wait", "waiting");
  step.startedAt = context.now;
  if (since === null) addJob(context, run, op.id, "timeout", untilAt);
  else {
    addJob(context, run, op.id, "timeout", context.now + LIMITS.sleepMsMax); // WE4
    context.lookBack(run, op.id, { names, since, isOptional: wanted === null }, untilAt);
  }
  return true;
}

function refuse(context: RunContext, run: Run, op: Op, reason: string): false {
  failRunWith(context, run, "wait_invalid", { step: op.displayName, reason });
  return false;
}

function namesOf({ opts, name }: Op): readonly string[] | null {
  const { events, event } = opts;
  const names = Array.isArray(events) && events.length > 0 ? events : [event ?? name];
  const areGood = names.every((one) => typeof one === "string" && one !== "" && one.length <= LIMITS.eventNameBytesMax);
  return areGood && names.length <= LIMITS.waitNamesMax ? ([...new Set(names)] as string[]) : null;
}

function sinceOf({ opts }: Op, run: Run): Instant | null | undefined {
  const { since } = opts;
  if (since === undefined || since === null) return null;
  if (since === "run") return stampOf(run);
  const at = typeof since === "string" ? Date.parse(since) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** Since when the step waits already, in a run that failed and was resumed; null when it does not. */
function openedAt(run: Run, op: Op): Instant | null {
  const step = run.steps.get(op.id);
  return step?.kind === "wait" && step.memo === null ? step.startedAt : null;
}

/** Of a value that is no duration this much is shown. */
const SHOWN_CHARS_MAX = 100;

/**
 * Until when a step waits: its `timeout`, a duration or a date; without one, now, or after `defaultMs`. Null when it is
 * too far or cannot be read: then the run has failed.
 */
export function patienceOf(context: RunContext, run: Run, op: Op, defaultMs: number | null): Instant | null {
  const { timeout } = op.opts;
  if (timeout === undefined || timeout === null || timeout === "") return context.now + (defaultMs ?? 0);
  const at = typeof timeout === "string" ? untilOf(timeout, context.now) : null;
  if (at === null) {
    // Not as a text of the host: an object may have a `toString` of its own.
    const text = typeof timeout === "string" ? timeout : canonicalJson(timeout);
    const value = wholePairs(text.slice(0, SHOWN_CHARS_MAX));
    failRunWith(context, run, "duration_invalid", { where: `step ${op.displayName}: timeout`, value });
    return null;
  }
  if (at - context.now > LIMITS.sleepMsMax) {
    failRunWith(context, run, "timeout_too_long", { step: op.displayName, limit: LIMITS.sleepMsMax / 86_400_000 });
    return null;
  }
  return Math.max(at, context.now);
}

/** Something that a step waited for is there: it gets its memo, and the run goes on. */
export function resolveWait(
  context: RunContext,
  run: Run,
  slot: string,
  memo: JsonText,
  status: "completed" | "failed" | "timed_out",
): void {
  const step = run.steps.get(slot);
  if (isEnded(run) || step === undefined || step.memo !== null) return; // WE2
  if (run.stateSize + memo.length > context.limits.runStateBytesMax) {
    const size = run.stateSize + memo.length;
    failRunWith(context, run, "run_state_too_large", { size, limit: context.limits.runStateBytesMax });
    return;
  }
  recordMemo(context, run, step, memo, status, context.now);
  afterStep(context, run, step);
}
