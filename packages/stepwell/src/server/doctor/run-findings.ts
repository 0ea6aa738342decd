/** What is wrong with an open run, and what mends it: a job or wait too many goes, a missing job comes, else the run fails. */
import { runProblems } from "../../core/run/invariants.ts";
import { isStepSlot, MAIN_SLOT, type Run } from "../../core/run/run.ts";
import type { Finding, Repair } from "../../store/integrity.ts";

export function findInRun(run: Run): Finding[] {
  const problems = runProblems(run);
  if (problems.length === 0) return [];
  const spare = spareRows(run);
  const what = `run ${run.id}: ${problems.join("; ")}`;
  // A stack that contradicts its steps is a history that nobody can replay.
  if (problems.some((problem) => problem.startsWith("R3"))) return [unsound(what, failing(run, problems))];
  const findings = spare.map((repair) => unsound(what, repair));
  if (!hasMoverWithout(run, spare)) {
    findings.push({ code: "stuck_run", what, repair: { action: "add_discovery", runId: run.id } });
  }
  return findings.length > 0 ? findings : [unsound(what, failing(run, problems))];
}

const unsound = (what: string, repair: Repair): Finding => ({ code: "unsound_run", what, repair });

const failing = (run: Run, problems: readonly string[]): Repair => {
  return { action: "fail_run", runId: run.id, reason: problems.join("; ") };
};

/** Jobs without an open step, and waits without a job (R5, R6). */
function spareRows(run: Run): Repair[] {
  const repairs: Repair[] = [];
  const isSpare = (slot: string) => isStepSlot(slot) && run.steps.get(slot)?.memo !== null;
  for (const slot of run.jobs.keys()) {
    if (isSpare(slot)) repairs.push({ action: "delete_job", runId: run.id, slot });
  }
  for (const [slot, waits] of run.waits) {
    if (!isStepSlot(slot) || (run.jobs.has(slot) && !isSpare(slot))) continue;
    for (const { seq } of waits) repairs.push({ action: "delete_wait", runId: run.id, slot, seq });
  }
  return repairs;
}

/** R1: something will move the run once these rows are gone. */
function hasMoverWithout(run: Run, gone: readonly Repair[]): boolean {
  const deleted = new Set(gone.flatMap((repair) => (repair.action === "delete_job" ? [repair.slot] : [])));
  return [...run.jobs.keys()].some((slot) => (slot === MAIN_SLOT || isStepSlot(slot)) && !deleted.has(slot));
}
