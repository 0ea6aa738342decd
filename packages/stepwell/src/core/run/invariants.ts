/** What must hold for any run at rest; the simulator asks after every turn, `doctor` asks of stored runs. */
import { isEnded, isStepSlot, MAIN_SLOT, type Run } from "./run.ts";

/** The invariants this run breaks, as sentences; none when it is sound. */
export function runProblems(run: Run): string[] {
  const problems: string[] = [];
  if (isEnded(run)) {
    if (run.jobs.size > 0) problems.push(`R2: ${run.status} with ${run.jobs.size} jobs`);
    if (run.waits.size > 0) problems.push(`R2: ${run.status} with ${run.waits.size} waits`);
    if (run.endedAt === null) problems.push("ended without an end time");
  } else if (![...run.jobs.keys()].some((slot) => slot === MAIN_SLOT || isStepSlot(slot))) {
    problems.push("R1: not ended, and nothing will move it");
  }
  for (const [index, id] of run.stack.entries()) {
    const step = run.steps.get(id);
    if (step === undefined || step.memo === null || step.seq !== index)
      problems.push(`R3: stack entry ${index} has no memo`);
  }
  for (const step of run.steps.values()) {
    if (step.memo !== null && step.seq === null) problems.push(`R3: ${step.name} has a memo but no place in the stack`);
    if (step.memo !== null && run.jobs.has(step.id)) problems.push(`R5: ${step.name} is done and has a job`);
  }
  for (const slot of run.jobs.keys()) {
    if (isStepSlot(slot) && !run.steps.has(slot)) problems.push(`R5: job ${slot} has no step`);
  }
  for (const slot of run.waits.keys()) {
    if (isStepSlot(slot) && !run.jobs.has(slot)) problems.push(`R6: the waits of ${slot} have no job`);
  }
  return problems;
}
