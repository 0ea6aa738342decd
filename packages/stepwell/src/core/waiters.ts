/**
 * Who waits for the end of a run: its parent, the steps that joined it, and whoever waits for those. A run must not wait for
 * one of them: they would wait for each other until their patience is over.
 *
 *   WF1. A link counts while somebody really waits along it: an open run, by a step without a result. So does one to a run that is
 *        not in memory: it has to be loaded before it is known.
 *   WF2. The walk ends after so many runs. Runs that wait beyond it in a circle have their timeouts.
 */
import { isEnded, type Run } from "./run/run.ts";

const RUNS_MAX = 1_000;

/** The run itself, and all that wait for it. */
export function waitersOf(runId: string, runOf: (id: string) => Run | undefined): ReadonlySet<string> {
  const found = new Set([runId]);
  for (const id of found) {
    for (const link of linksOf(runOf(id))) {
      const waiter = runOf(link.runId);
      if (waiter === undefined || waits(waiter, link.slot, id)) found.add(link.runId); // WF1
      if (found.size >= RUNS_MAX) return found; // WF2
    }
  }
  return found;
}

function linksOf(run: Run | undefined) {
  if (run === undefined) return [];
  const joined = run.notes?.joined ?? [];
  return run.parent === null ? joined : [run.parent, ...joined];
}

function waits(run: Run, slot: string, childId: string): boolean {
  const step = run.steps.get(slot);
  return !isEnded(run) && step?.memo === null && step.childRunId === childId;
}
