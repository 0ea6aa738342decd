/**
 * What follows when a step has its result.
 *
 *   P1. Request version 2: the next discovery waits until the whole group is done, so n parallel steps cost one.
 *   P2. Request version 1, and steps marked as a race: a discovery follows each step.
 *   P3. Whatever a reply said, a run that has not ended keeps a job (R1). A reply that brought nothing and left
 *       nothing to wait for counts as a failed attempt: it must neither hang the run nor spin.
 */

import type { RunContext } from "./context.ts";
import { ensureDiscovery } from "./jobs.ts";
import { hasOpenSteps, isEnded, type Run, type Step } from "./run.ts";

export function afterStep(context: RunContext, run: Run, step: Step): void {
  if (isEnded(run)) return;
  if (run.requestVersion === 1 || step.isRace || !hasOpenSteps(run, true)) ensureDiscovery(context, run);
}
