/** What must hold for any run at rest; the simulator asks after every turn, `doctor` asks of stored runs. */
import { isEnded, MAIN_SLOT, type Run } from "./run.ts";

/** The invariants this run breaks, as sentences; none when it is sound. */
export function runProblems(run: Run): string[] {
  const problems: string[] = [];
  if (isEnded(run)) {
    if (run.jobs.size > 0) problems.push(`R2: ${run.status} with ${run.jobs.size} jobs`);
    if (run.endedAt === null) problems.push("ended without an end time");
  } else if (run.jobs.size === 0) problems.push("R1: not ended, and nothing will move it");
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
    if (slot !== MAIN_SLOT && !run.steps.has(slot)) problems.push(`R5: job ${slot} has no step`);
  }
  return problems;
}
