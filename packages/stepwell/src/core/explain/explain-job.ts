/** Why one job of a run does not go on, or what it does: it sleeps, waits, is tried again later, or is being executed. */
import type { ErrorValue } from "../../protocol/error-value.ts";
import type { Attempt } from "../batch.ts";
import { isStepSlot, type Job, MAIN_SLOT, type Run, type Step, type Wait } from "../run/run.ts";
import { explainTurn } from "./explain-turn.ts";
import type { Reason, StepFacts, WaitFacts } from "./explanation.ts";
import { ruleText } from "./gathering.ts";
import type { Explaining } from "./view.ts";
import { listText, shortError, sinceText, untilText } from "./words.ts";

export function explainJob(explaining: Explaining, run: Run, job: Job): Reason {
  const step = run.steps.get(job.slot);
  const reason = reasonOf(explaining, run, job, step);
  return step === undefined ? reason : { ...reason, step: stepFacts(step) };
}

function reasonOf(explaining: Explaining, run: Run, job: Job, step: Step | undefined): Reason {
  const { now } = explaining;
  if (job.call !== null) return callReason(explaining, job, step);
  if (job.kind === "sleep") return sleepReason(explaining, job, step);
  if (job.kind === "timeout") return waitReason(explaining, run, job, step);
  if (job.kind === "lease") {
    const sentence = `The app executes it in a request of its own; if nothing is heard, the server goes on at ${untilText(job.dueAt, now)}.`;
    return { code: "leased", sentence, until: job.dueAt };
  }
  if (job.kind === "collect") return gatherReason(explaining, run, job);
  if (job.dueAt <= now) return explainTurn(explaining, run, job, nameOf(step));
  if (job.attempt > 0) return retryReason(explaining, run, job, step);
  return startReason(explaining, run, job);
}

function startReason({ now }: Explaining, run: Run, job: Job): Reason {
  const until = job.dueAt;
  const what = run.status === "queued" ? "start" : "next call";
  return { code: "scheduled", sentence: `Its ${what} is planned for ${untilText(until, now)}.`, until };
}

/** A run that gathers events begins when its time is over or it has enough. */
function gatherReason({ view, now }: Explaining, run: Run, job: Job): Reason {
  const { collect } = run.flow ?? {};
  const fn = view.apps.functionOf(run.functionId);
  const rule = fn === undefined || collect === undefined ? "" : ` (${ruleText(fn, collect)})`;
  const until = job.dueAt;
  const sentence = `It gathers events${rule}, ${run.events.length} so far, until ${untilText(until, now)}.`;
  return { code: "gathering", sentence, since: run.createdAt, until };
}

function callReason({ now }: Explaining, job: Job, step: Step | undefined): Reason {
  const { startedAt } = job.call!;
  const attempt = job.attempt + 1;
  const code = job.kind === "request" ? "requesting" : "executing";
  const what =
    code === "requesting"
      ? `The server makes the request of ${nameOf(step)}`
      : `The app executes ${step === undefined ? "the function" : nameOf(step)}`;
  return {
    code,
    sentence: `${what} since ${sinceText(startedAt, now)}, attempt ${attempt}.`,
    since: startedAt,
    attempt,
  };
}

function sleepReason({ now }: Explaining, job: Job, step: Step | undefined): Reason {
  if (job.dueAt <= now)
    return { code: "due", sentence: `${nameOf(step)} is over, and the run goes on now.`, until: job.dueAt };
  return {
    code: "sleeping",
    sentence: `It sleeps (${nameOf(step)}) until ${untilText(job.dueAt, now)}.`,
    until: job.dueAt,
  };
}

function retryReason({ facts, needs, now }: Explaining, run: Run, job: Job, step: Step | undefined): Reason {
  const attempts = facts.attempts.get(run.id);
  if (attempts === undefined) needs.attempts.add(run.id);
  const error = lastError(run, job, attempts ?? []);
  const what = job.kind === "request" ? "the request of " : "";
  const after = error === undefined ? "" : ` after ${shortError(error)}`;
  const sentence = `It tries ${what}${step === undefined ? "the function" : nameOf(step)} again ${job.dueAt <= now ? "now" : `at ${untilText(job.dueAt, now)}`}, attempt ${job.attempt + 1},${after === "" ? " after an error" : after}.`;
  return {
    code: "retrying",
    sentence,
    until: job.dueAt,
    attempt: job.attempt + 1,
    ...(error === undefined ? {} : { error }),
  };
}

/** The error of a step that ran inside a discovery stands under the step, though the discovery is what is tried again. */
function lastError(run: Run, job: Job, attempts: readonly Attempt[]): ErrorValue | undefined {
  const isOwn = ({ slot }: Attempt) =>
    slot === job.slot || (job.slot === MAIN_SLOT && isStepSlot(slot) && !run.jobs.has(slot));
  const last = attempts.filter(isOwn).reduce<Attempt | undefined>((latest, one) => {
    return latest === undefined || one.endedAt > latest.endedAt ? one : latest;
  }, undefined);
  return last === undefined ? undefined : (JSON.parse(last.error) as ErrorValue);
}

function waitReason(explaining: Explaining, run: Run, job: Job, step: Step | undefined): Reason {
  const { now } = explaining;
  const until = job.dueAt;
  const base = { until, ...(step === undefined ? {} : { since: step.queuedAt }) };
  const end = until <= now ? "; its time is over, and the run goes on now" : `, until ${untilText(until, now)}`;
  if (step?.kind === "invoke") return { ...childReason(explaining, step, end), ...base };
  const waits = run.waits.get(job.slot) ?? [];
  if (step?.kind === "signal") return { ...signalReason(step, waits, end), ...base };
  return { ...eventReason(step, waits, end), ...base };
}

function childReason(explaining: Explaining, step: Step, end: string): Reason {
  const runId = step.childRunId ?? "";
  const child = explaining.child(runId);
  const state = child === null ? "" : ` (${child.function ?? child.functionId}, ${child.status})`;
  const sentence = `It waits in ${nameOf(step)} for the run ${runId}${state}${end}.`;
  return { code: "waiting_for_run", sentence, wait: { names: [], runId }, ...(child === null ? {} : { child }) };
}

function signalReason(step: Step, waits: readonly Wait[], end: string): Reason {
  const names = namesOf(waits);
  const what = names.length === 0 ? "a signal that another run has taken over" : `the signal ${names[0]}`;
  return { code: "waiting_for_signal", sentence: `It waits in ${nameOf(step)} for ${what}${end}.`, wait: { names } };
}

function eventReason(step: Step | undefined, waits: readonly Wait[], end: string): Reason {
  const names = namesOf(waits);
  const expression = waits[0]?.expression ?? undefined;
  const keys = [
    ...new Set(waits.map(({ path, value }) => (path === "" ? "" : `${path} = ${shownValue(value)}`))),
  ].filter((key) => key !== "");
  const wait: WaitFacts = {
    names,
    ...(expression === undefined ? {} : { expression }),
    ...(keys.length === 0 ? {} : { key: keys.join(" or ") }),
  };
  const sentence =
    names.length === 0
      ? `It waits in ${nameOf(step)} for an event that cannot come, as its condition is false whatever arrives${end}.`
      : `It waits in ${nameOf(step)} for the event ${listText(names)}${expression === undefined ? "" : ` with ${expression}`}${end}; ${lookUpText(keys, expression)}.`;
  return { code: "waiting_for_event", sentence, wait };
}

function lookUpText(keys: readonly string[], expression: string | undefined): string {
  if (keys.length > 0) return `it is found by ${listText(keys)}`;
  return expression === undefined
    ? "the name is enough"
    : "every event of the name is looked at (no key could be taken from the condition)";
}

/** A value of the index of waits (match/wait-keys.ts) as people write it. */
function shownValue(value: string): string {
  if (value.startsWith("s:")) return JSON.stringify(value.slice(2));
  if (value.startsWith("h:")) return "a long text";
  return value.replace(/^n:/, "");
}

const namesOf = (waits: readonly Wait[]): string[] => [...new Set(waits.map(({ name }) => name))];

function stepFacts({ id, name, kind }: Step): StepFacts {
  return { id, name, kind };
}

/** How a sentence calls a step. */
function nameOf(step: Step | undefined): string {
  if (step === undefined) return "the function";
  return step.index === 0 ? `the step "${step.name}"` : `the step "${step.name}" (${step.index + 1})`;
}
