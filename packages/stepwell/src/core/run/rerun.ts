/**
 * A run again: as a new run with the events of the old one, from the beginning or from one of its steps.
 *
 *   RR1. State comes from the steps as they are stored; the old run is not touched.
 *   RR2. From a step: what was complete before it keeps its result and its place; the step and everything later runs again,
 *        by the code and the configuration of now.
 *   RR3. A step with other arguments is called by name before anything is discovered: an SDK that saves results while its
 *        call goes on would take the arguments for a result.
 */

import type { ErrorCode, ErrorDetails } from "../../protocol/errors.ts";
import type { AppConfig } from "../../protocol/function.ts";
import type { JsonText } from "../../protocol/json.ts";
import type { RunContext } from "./context.ts";
import { addJob, removeJob } from "./jobs.ts";
import { MAIN_SLOT, type Run, type Step } from "./run.ts";

export type FoundStep =
  | { readonly step: Step; readonly code?: never; readonly details?: never }
  | { readonly step?: never; readonly code: ErrorCode; readonly details: ErrorDetails };

/** The step that a name or a hashed id means. */
export function findStep(run: Run, stepId: string): FoundStep {
  const byHash = run.steps.get(stepId);
  if (byHash !== undefined) return { step: byHash };
  const named = [...run.steps.values()].filter((step) => nameOf(step) === stepId || step.name === stepId);
  const exact = named.filter((step) => nameOf(step) === stepId);
  const [found] = exact.length > 0 ? exact : named;
  if (found === undefined) return { code: "step_unknown", details: { run: run.id, step: stepId } };
  if (exact.length !== 1 && named.length > 1) {
    return { code: "step_ambiguous", details: { run: run.id, step: stepId, count: named.length } };
  }
  return { step: found };
}

/** The first of a repeated step has the bare name, the others `name:1`, `name:2`. */
const nameOf = (step: Step): string => (step.index === 0 ? step.name : `${step.name}:${step.index}`);

/** Why a step of an app cannot have other arguments, or null. */
export function inputProblem(step: Step, { sdk, url }: Pick<AppConfig, "sdk" | "url">): string | null {
  if (step.kind !== "run") return `${step.name} has no body that arguments could be given to`;
  // SDKs of other languages would take the arguments for the step's result.
  const isUnderstood = url.startsWith("inproc:") || /^(?:js|inngest-js|stepwell):/.test(sdk);
  return isUnderstood ? null : `an app made with ${sdk} takes no other arguments for its steps`;
}

/** Gives a new run the results that the old one had before a step (RR2). */
export function copySteps(context: RunContext, from: Run, to: Run, until: Step, input: JsonText | null): void {
  const end = until.seq ?? from.stack.length;
  for (const id of from.stack.slice(0, end)) {
    const step = from.steps.get(id)!;
    if (step.id === until.id) continue;
    add(context, to, { ...step, runId: to.id, seq: to.stack.length, isStored: false });
    to.stack.push(id);
  }
  if (input === null) return;
  add(context, to, {
    ...until,
    runId: to.id,
    seq: null,
    status: "planned",
    memo: null,
    editedInput: input,
    childRunId: null,
    attempts: 0,
    queuedAt: context.now,
    startedAt: null,
    endedAt: null,
    isStored: false,
  });
  const main = to.jobs.get(MAIN_SLOT);
  if (main !== undefined) removeJob(context, to, main);
  addJob(context, to, until.id, "step", context.now); // RR3
}

function add(context: RunContext, run: Run, step: Step): void {
  run.steps.set(step.id, step);
  run.stateSize += (step.options?.length ?? 0) + (step.memo?.length ?? 0);
  context.batch.steps.add(step);
}
