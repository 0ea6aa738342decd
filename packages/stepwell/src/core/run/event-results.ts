/**
 * A function that says what became of each of its events: the events that failed are tried again, alone.
 *
 *   ER1. The events that are tried again get a run of their own, in the transition that ends this one (E4), after the delay
 *        of a retry. Attempts are counted along that chain of runs, as many as the function has.
 *   ER2. What failed for good fails the run; its results are kept with it.
 *   ER3. A run that somebody invoked tries nothing again: whoever invoked it gets the results.
 */
import { codedErrorValue } from "../../protocol/errors.ts";
import { type EventResult, readEventResults } from "../../protocol/event-results.ts";
import { canonicalJson, type JsonText } from "../../protocol/json.ts";
import { retryDelayMs } from "../retry.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import type { Run } from "./run.ts";

/** How a run with such an output ends; null: the output is something else. */
export function settleEvents(
  context: RunContext,
  run: Run,
  output: JsonText,
): { readonly error: JsonText | null; readonly keepsOutput: boolean } | null {
  const results = readEventResults(output, run.events.length);
  if (results === null) return null;
  if (typeof results === "string") {
    const error = codedErrorValue("event_results_invalid", { reason: results });
    return { error: canonicalJson(error), keepsOutput: false };
  }
  const failed = results.flatMap((result, index) => ("error" in result ? [{ ...result, index }] : []));
  const again = failed.filter(({ retry }) => retry && mayTryAgain(context, run));
  if (again.length > 0) tryAgain(context, run, again);
  const lost = failed.filter((one) => !again.includes(one));
  return { error: lost.length === 0 ? null : lostError(run, lost), keepsOutput: true };
}

function mayTryAgain(context: RunContext, run: Run): boolean {
  const attempt = run.notes?.eventAttempt ?? 0;
  return run.parent === null && run.notes?.joined === undefined && attempt + 1 < attemptsMax(context, run); // ER3
}

/** ER1. */
function tryAgain(context: RunContext, run: Run, failed: readonly { readonly index: number }[]): void {
  const attempt = run.notes?.eventAttempt ?? 0;
  const startAt = context.now + retryDelayMs(attempt, null, context.retry, context.random);
  const events = failed.map(({ index }) => run.events[index]!);
  run.notes = { ...run.notes, retriedBy: context.retryEvents(run, events, startAt, attempt + 1) };
}

/** ER2. */
function lostError(
  run: Run,
  lost: readonly (EventResult & { readonly error: { readonly message: string } })[],
): JsonText {
  const details = { failed: lost.length, count: run.events.length, first: lost[0]!.error.message };
  return canonicalJson(codedErrorValue("events_failed", details));
}
