/**
 * Singleton: one run for each value of a key, from its creation to its end. A run that gathers events has the place from its
 * first event on.
 *
 *   SN1. The run that is replaced ends in the transition that makes the new one: nobody sees two, or none.
 */
import type { FunctionConfig } from "../../protocol/function.ts";
import { cancelRun, skipRun } from "../run/finish.ts";
import type { Starter } from "../start-order.ts";

/** The run that had the place: cancelled, or skipped when it only waited in it. */
export function replaceRun(starter: Starter, fn: FunctionConfig, runId: string): void {
  const old = starter.open(runId);
  if (old === undefined) return;
  const mode = fn.flow.singleton?.mode;
  if (mode === "cancel") cancelRun(starter.context, old, "replaced", "replaced by a newer run of its key");
  else if (old.status === "queued")
    skipRun(starter.context, old, "replaced", "a newer run of its key waits in its place");
}
