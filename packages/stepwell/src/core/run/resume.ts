/**
 * A failed run goes on where it failed, without a new run.
 *
 *   RS1. The step whose error ended the run is asked for again, with all its attempts; every other result stays. This is the
 *        one way in which a memo goes away, and only the error of a failed run does.
 *   RS2. A run that failed outside its steps is discovered again.
 *   RS3. What its end took away is back: its limit of time, counted from now, and the cancel rules of the function.
 *   RS4. The places of its own that it had under limits on whole runs are gone: it waits for them as a run that starts does. So
 *        it does for the turn of its throttle, that a thousand runs which are resumed do not begin at once.
 *   RS5. A step that was open goes on when the code asks for it again: it has the child that it had, whether that has ended
 *        meanwhile or not (invoke.ts, IV4), it sleeps until when it would have (ops.ts), it sees the events that came meanwhile
 *        (wait-event.ts, WE5). Its patience counts anew; a signal's name is taken anew; a request is made again.
 *   RS6. An error from before does not end the run again: when the code throws it, the step that had it is asked for once
 *        more, too. So of steps that failed side by side each gets its new attempts, and one that was caught keeps its error.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { holdsPlaces } from "../flow/rules.ts";
import { armCancelRules } from "./arm.ts";
import type { RunContext } from "./context.ts";
import { addJob } from "./jobs.ts";
import { MAIN_SLOT, type Run, type Step } from "./run.ts";
import { limitFinish } from "./timeouts.ts";

export function resumeFailed(context: RunContext, run: Run): void {
  const failed = run.error === null ? null : failedWith(run, messageOf(run.error));
  const fn = context.functionOf(run);
  const waits = holdsPlaces(run.flow) || (fn !== undefined && fn.flow.throttle !== null); // RS4
  if (failed !== null) forget(context, run, failed);
  run.status = waits ? "queued" : "running";
  run.error = null;
  run.output = null;
  run.reason = null;
  run.endedAt = null;
  run.startedAt = waits ? null : context.now;
  const { oldResults: _older, ...notes } = run.notes ?? {};
  run.notes = {
    ...notes,
    resumes: (notes.resumes ?? 0) + 1,
    ...(hasFailures(run) ? { oldResults: run.stack.length } : {}),
  };
  context.batch.runs.add(run);
  if (waits) context.requeued(run);
  // A call that was told to stop when the run failed may still answer: it is not to be taken for the next one.
  addJob(context, run, MAIN_SLOT, "discover", context.now).generation = context.now;
  if (fn === undefined) return;
  if (!waits) limitFinish(context, run, fn.timeouts); // RS3; of a run that waits it is limited from its next call on.
  armCancelRules(context, run, fn.cancelOn);
}

/** RS6. True: it is the error of a step from before the resume, and that step is asked for again. */
export function asksAgain(context: RunContext, run: Run, { message }: ErrorValue): boolean {
  const { oldResults = 0 } = run.notes ?? {};
  const failed = oldResults === 0 ? null : failedWith(run, message);
  if (failed === null || failed.seq! >= oldResults) return false; // A step has failed anew.
  forget(context, run, failed);
  run.notes = { ...run.notes, oldResults: oldResults - 1 };
  context.batch.runs.add(run);
  return true;
}

/** The last result that is an error with this message. */
function failedWith(run: Run, message: string): Step | null {
  for (let seq = run.stack.length - 1; seq >= 0; seq--) {
    const step = run.steps.get(run.stack[seq]!)!;
    if (isFailure(step) && messageOf(step.memo!) === message) return step;
  }
  return null;
}

/** What waited in vain has a result that is no error, unless it waited for a run. */
const isFailure = ({ status, kind }: Step): boolean =>
  status === "failed" || (status === "timed_out" && kind === "invoke");

function hasFailures(run: Run): boolean {
  return run.stack.some((id) => isFailure(run.steps.get(id)!));
}

/** Of an error, or of a memo that holds one. */
function messageOf(json: string): string {
  const value = JSON.parse(json) as ErrorValue & { readonly error?: ErrorValue };
  return (value.error ?? value).message;
}

function forget(context: RunContext, run: Run, step: Step): void {
  run.stateSize -= step.memo?.length ?? 0;
  run.stack.splice(step.seq!, 1);
  for (const [seq, id] of run.stack.entries()) {
    const later = run.steps.get(id)!;
    if (later.seq === seq) continue;
    later.seq = seq;
    context.batch.steps.add(later);
  }
  run.steps.delete(step.id);
  // The row stays, without its result and its child, until the code asks for the step again.
  const fresh = { seq: null, memo: null, status: "planned", attempts: 0, startedAt: null, endedAt: null };
  Object.assign(step, { ...fresh, childRunId: null });
  run.steps.set(step.id, step);
  context.batch.steps.add(step);
}
