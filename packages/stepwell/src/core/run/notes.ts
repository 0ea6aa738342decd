/** What is noted on a run beside its steps. */
import type { RunContext } from "./context.ts";
import type { Run, Step, StepKind } from "./run.ts";

/** Names kept in one note. */
const NAMES_MAX = 10;

/** The code asks for something else under the id of a step than it did before: what is stored no longer fits it. */
export function noteCodeChange(context: RunContext, run: Run, step: Step, now: StepKind): void {
  note(context, run, [step.name], `step ${step.name} was of kind ${step.kind} and is asked for as ${now}`);
}

/** The code goes on without having reached these stored steps as they were. */
export function noteUnreached(context: RunContext, run: Run, names: readonly string[]): void {
  if (names.length === 0) return;
  const list = names.slice(0, NAMES_MAX).join(", ");
  note(context, run, names, `the code no longer reaches ${list}, or reaches something else under that id`);
}

/** Only the first is kept: what follows it is usually its consequence. */
function note(context: RunContext, run: Run, names: readonly string[], reason: string): void {
  if (run.notes?.codeChange !== undefined) return;
  run.notes = { ...run.notes, codeChange: { at: context.now, steps: names.slice(0, NAMES_MAX), reason } };
  context.batch.runs.add(run);
}
