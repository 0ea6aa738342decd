/**
 * Waits are armed and disarmed: the index entries of a slot come and go together, and the engine's picture of what is
 * waited for follows each of them.
 *
 *   AR1. A wait resolves only for events that are applied after it was armed.
 *   AR2. A condition that the run's own trigger makes false for ever leaves no entry: only the timeout is left.
 */
import { parseDuration } from "../../protocol/duration.ts";
import type { CancelRule } from "../../protocol/function.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Instant } from "../instant.ts";
import { ExpressionProblem } from "../match/expression.ts";
import { planWait, type WaitKey } from "../match/wait-keys.ts";
import type { RunContext } from "./context.ts";
import type { Run, Wait, WaitKind } from "./run.ts";

export interface Arming {
  readonly kind: WaitKind;
  readonly names: readonly string[];
  /** CEL over `event` (the run's trigger) and `async` (the arriving event), or null. */
  readonly expression: string | null;
  readonly untilAt: Instant | null;
}

const ANY_EVENT: readonly WaitKey[] = [{ path: "", value: "" }];

/** Writes the index entries of a slot. Returns why that cannot be, or null. */
export function arm(context: RunContext, run: Run, slot: string, arming: Arming): ExpressionProblem | null {
  let keys = ANY_EVENT;
  if (arming.expression !== null) {
    const plan = planWait(arming.expression, triggerOf(run), context.now);
    if (plan instanceof ExpressionProblem) return plan;
    if (plan.kind === "never") return null; // AR2
    keys = plan.keys;
  }
  const waits = arming.names.flatMap((name) => keys.map((key) => ({ name, key })));
  run.waits.set(
    slot,
    waits.map(({ name, key }, seq): Wait => {
      const { kind, expression, untilAt } = arming;
      const wait: Wait = {
        runId: run.id,
        slot,
        seq,
        kind,
        name,
        path: key.path,
        value: key.value,
        expression,
        armedAt: context.now,
        untilAt,
        isStored: false,
      };
      context.batch.putWait(wait);
      context.armed(wait);
      return wait;
    }),
  );
  return null;
}

/** The slot waits for nothing any more. */
export function disarm(context: RunContext, run: Run, slot: string): void {
  const waits = run.waits.get(slot);
  if (waits === undefined) return;
  run.waits.delete(slot);
  for (const wait of waits) {
    context.batch.deleteWait(wait);
    context.disarmed(wait);
  }
}

export function disarmAll(context: RunContext, run: Run): void {
  for (const slot of [...run.waits.keys()]) disarm(context, run, slot);
}

/**
 * The function's cancel rules hold from the run's creation on, through its resumes. A rule that cannot be read was refused
 * at sync.
 */
export function armCancelRules(context: RunContext, run: Run, rules: readonly CancelRule[]): void {
  for (const [index, { event, expression, timeout }] of rules.entries()) {
    const from = run.createdAt;
    const untilAt = timeout === null ? from + LIMITS.cancelRuleMsDefault : untilOf(timeout, from);
    arm(context, run, `@cancel:${index}`, { kind: "cancel", names: [event], expression, untilAt });
  }
}

/** The run's trigger as expressions see it. */
export function triggerOf(run: Run): JsonObject {
  const [event] = run.events;
  return event === undefined ? {} : (JSON.parse(event.json) as JsonObject);
}

const DATE_CHARS_MIN = 10;

/** A point in time, written as a duration from now or as a date; null when it is neither. */
export function untilOf(text: string, now: Instant): Instant | null {
  if (text.length >= DATE_CHARS_MIN && /^\d{4}-\d{2}-\d{2}/.test(text)) {
    const date = Date.parse(text);
    if (!Number.isNaN(date)) return date;
  }
  const duration = parseDuration(text);
  return duration === null ? null : now + duration;
}
