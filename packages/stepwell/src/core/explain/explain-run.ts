/**
 * Why a run does not go on, or what it does right now: one reason for the run as a whole, or one for each thing that it has
 * open. Several steps that are open have a reason each.
 */
import type { ErrorValue } from "../../protocol/error-value.ts";
import { type Instant, isoTime } from "../instant.ts";
import { runProblems } from "../run/invariants.ts";
import { FINISH_TIMEOUT_SLOT, isEnded, isStepSlot, MAIN_SLOT, type Run, START_TIMEOUT_SLOT } from "../run/run.ts";
import { explainJob } from "./explain-job.ts";
import { EXPLAINED_DEPTH_MAX, EXPLAINED_MAX, type Reason, type RunExplanation } from "./explanation.ts";
import { type ExplainFacts, type Explaining, type ExplainNeeds, type ExplainView, findRun } from "./view.ts";
import { listText, shortError } from "./words.ts";

/** Null when there is no such run, or when `needs` names it: it has to be loaded first. */
export function explainRun(
  view: ExplainView,
  facts: ExplainFacts,
  needs: ExplainNeeds,
  runId: string,
  now: Instant,
  depth = 0,
): RunExplanation | null {
  const run = findRun(view, facts, needs, runId) ?? null;
  if (run === null) return null;
  const child = (id: string) =>
    depth + 1 > EXPLAINED_DEPTH_MAX ? null : explainRun(view, facts, needs, id, now, depth + 1);
  const reasons = reasonsOf({ view, facts, needs, now, child }, run);
  const mustStartBy = run.jobs.get(START_TIMEOUT_SLOT)?.dueAt;
  const mustEndBy = run.jobs.get(FINISH_TIMEOUT_SLOT)?.dueAt;
  return {
    runId: run.id,
    functionId: run.functionId,
    function: view.apps.anyFunction(run.functionId)?.fn.slug ?? null,
    status: run.status,
    summary: summaryOf(reasons),
    reasons,
    ...(mustStartBy === undefined ? {} : { mustStartBy }),
    ...(mustEndBy === undefined ? {} : { mustEndBy }),
  };
}

function summaryOf(reasons: readonly Reason[]): string {
  const [first] = reasons;
  if (first === undefined) return "Nothing is known of it.";
  return reasons.length === 1 ? first.sentence : `${first.sentence} And ${reasons.length - 1} more.`;
}

function reasonsOf(explaining: Explaining, run: Run): Reason[] {
  const { view, now } = explaining;
  if (isEnded(run)) return [endedReason(run)];
  const problems = runProblems(run);
  if (view.options.quarantined.has(run.id)) return [quarantinedReason(problems)];
  if (problems.length > 0) return [stuckReason(problems)];
  const wholeRun = [...pauseReasons(explaining, run), ...removedReasons(explaining, run)];
  const jobs = [...run.jobs.values()].filter(({ slot }) => slot === MAIN_SLOT || isStepSlot(slot));
  // What is under way or due first: it is what most ask for.
  jobs.sort((left, right) => Number(right.call !== null) - Number(left.call !== null) || left.dueAt - right.dueAt);
  const open = jobs.slice(0, EXPLAINED_MAX).map((job) => explainJob(explaining, run, job));
  const rest = jobs.length - open.length;
  const more: Reason[] =
    rest > 0 ? [{ code: "due", sentence: `${rest.toLocaleString("en-US")} more steps are open.`, until: now }] : [];
  return [...wholeRun, ...open, ...more];
}

function endedReason(run: Run): Reason {
  const error = run.error === null ? undefined : (JSON.parse(run.error) as ErrorValue);
  const at = run.endedAt === null ? "" : ` at ${isoTime(run.endedAt)}`;
  const why = error === undefined ? "" : `: ${shortError(error)}`;
  return {
    code: "ended",
    sentence: `It has ended${at}: ${run.status}${why}.`.replace(/\.\.$/, "."),
    ...(run.endedAt === null ? {} : { since: run.endedAt }),
    ...(error === undefined ? {} : { error }),
    ...(run.reason === null ? {} : { endReason: run.reason }),
  };
}

function quarantinedReason(problems: readonly string[]): Reason {
  const why = problems.length === 0 ? "a rule failed on it, and the log says how" : listText(problems);
  return {
    code: "quarantined",
    sentence: `It is left alone since an invariant of it was found broken (${why}). Cancel it, or stop the server and run \`stepwell doctor --fix\`.`,
    problems,
  };
}

function stuckReason(problems: readonly string[]): Reason {
  const sentence = `It cannot go on by itself: ${listText(problems)}. Stop the server and run \`stepwell doctor --fix\`.`;
  return { code: "stuck", sentence, problems };
}

function pauseReasons({ view }: Explaining, run: Run): Reason[] {
  const stored = view.apps.anyFunction(run.functionId);
  if (stored === undefined || !view.apps.isPaused(run.functionId)) return [];
  const { fn, paused } = stored;
  const ofApp = view.apps.pauseOfApp(fn.appId);
  const mode = paused ?? ofApp ?? "hold";
  const pause =
    paused !== null
      ? ({ target: "function", name: fn.slug, mode } as const)
      : ({ target: "app", name: fn.appId, mode } as const);
  const sentence = `The ${pause.target} ${pause.name} is paused (${mode}): nothing of it is called until it is resumed.`;
  return [{ code: "paused", sentence, pause }];
}

function removedReasons({ view }: Explaining, run: Run): Reason[] {
  if (view.apps.functionOf(run.functionId) !== undefined) return [];
  const name = view.apps.anyFunction(run.functionId)?.fn.slug ?? run.functionId;
  return [
    {
      code: "function_removed",
      sentence: `The function ${name} is not served any more: the run fails at its next call.`,
    },
  ];
}
