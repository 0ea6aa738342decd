/**
 * An event arrives at a run that may wait for it: by a step, or by a cancel rule.
 *
 *   AE1. What is armed in the run's own memory counts, whoever found the run: a stale index entry changes nothing.
 *   AE2. An event that cancels the run resolves none of its steps.
 *   AE3. The event that started a run neither cancels it nor resolves its waits.
 *   AE4. What was armed at an instant that has not come was armed before a restart, by a clock that has been set back.
 */
import type { IncomingEvent } from "../../protocol/event.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { Instant } from "../instant.ts";
import { valueAt, waitMatches } from "../match/wait-keys.ts";
import { triggerOf } from "./arm.ts";
import type { RunContext } from "./context.ts";
import { cancelRun } from "./finish.ts";
import { isEnded, type Run, type Wait } from "./run.ts";
import { resolveWait } from "./wait-event.ts";

/** `armedUntil`: waits that were armed later are not concerned. */
export function arrive(context: RunContext, run: Run, event: IncomingEvent, armedUntil: Instant): void {
  if (isEnded(run) || run.events.some((own) => own.id === event.stored.id)) return; // AE3
  let trigger: JsonObject | null = null;
  const resolved: string[] = [];
  for (const [slot, waits] of run.waits) {
    const [first] = waits;
    if (first === undefined || first.kind === "signal") continue;
    if (first.armedAt > armedUntil && first.armedAt <= context.now) continue; // AE4
    if (!waits.some((wait) => isNamed(wait, event, context.now))) continue;
    trigger ??= triggerOf(run);
    if (!waitMatches(first.expression, trigger, event.parsed, context.now)) continue;
    if (first.kind === "cancel") {
      cancelRun(context, run, "cancelled_by_event", `cancelled by event ${event.stored.name} (${event.stored.id})`);
      return; // AE2
    }
    resolved.push(slot);
  }
  for (const slot of resolved) resolveWait(context, run, slot, event.stored.json, "completed");
}

function isNamed(wait: Wait, event: IncomingEvent, now: Instant): boolean {
  if (wait.name !== event.stored.name || (wait.untilAt !== null && wait.untilAt <= now)) return false;
  return valueAt(wait.path, event.parsed) === wait.value;
}

/** A wait looks back: the first of these events that it would have taken, had it been armed then. */
export function lookBack(context: RunContext, run: Run, slot: string, events: readonly IncomingEvent[]): void {
  const wait = run.waits.get(slot)?.[0];
  if (isEnded(run) || wait === undefined) return;
  const trigger = triggerOf(run);
  const found = events.find(
    (event) =>
      !run.events.some((own) => own.id === event.stored.id) &&
      waitMatches(wait.expression, trigger, event.parsed, context.now),
  );
  if (found !== undefined) resolveWait(context, run, slot, found.stored.json, "completed");
}
