/**
 * What became of an event, function by function: the runs it started, the decisions that were stored, and the functions
 * that listen on its name now although nothing is recorded of them.
 */
import type { StoredEvent } from "../../protocol/event.ts";
import type { RunFlow } from "../../protocol/flow.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { Decision, DecisionOutcome } from "../batch.ts";
import { type Instant, isoTime } from "../instant.ts";
import type { RunStatus } from "../run/run.ts";
import { closestNames } from "./edit-distance.ts";
import type { ExplainView } from "./view.ts";
import { countText, listText, untilText } from "./words.ts";

export interface EventOutcome {
  /** `started`, an outcome of a decision, or `not_recorded`: it listens now, and nothing tells what it did then. */
  readonly code: "started" | DecisionOutcome | "not_recorded";
  readonly sentence: string;
  readonly functionId: string;
  readonly function: string | null;
  readonly at?: Instant;
  readonly runId?: string;
  readonly runStatus?: RunStatus;
}

export interface EventExplanation {
  readonly eventId: string;
  readonly name: string;
  readonly receivedAt: Instant;
  readonly summary: string;
  readonly outcomes: readonly EventOutcome[];
  /** Names that functions listen on and that differ by a letter or two; only when nobody listens. */
  readonly closestNames: readonly string[];
  /** Steps or cancel rules wait for events of this name now. */
  readonly isWaitedFor: boolean;
}

/** What is known of a run that the event started. */
export interface StartedRun {
  readonly id: string;
  readonly functionId: string;
  readonly status: RunStatus;
  readonly createdAt: Instant;
  readonly startAt: Instant;
  readonly flow: RunFlow | null;
  readonly eventIds: readonly string[];
}

const DISTANCE_MAX = 2;
const NAMES_MAX = 5;

export function explainEvent(
  view: ExplainView,
  event: StoredEvent,
  decisions: readonly Decision[],
  runs: readonly StartedRun[],
  now: Instant,
): EventExplanation {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const decided = decisions.map((decision) => {
    const isGathered = decision.outcome === "debounced" || decision.outcome === "batched";
    return isGathered ? gatheredOutcome(view, decision, byId, now) : decidedOutcome(view, decision);
  });
  // A run that was skipped, or that gathers events, has a decision that names it, and tells more.
  const named = new Set(decisions.map(({ runId, outcome }) => (TELLING.has(outcome) ? runId : null)));
  const started = runs.filter((run) => !named.has(run.id)).map((run) => startedOutcome(view, run));
  const known = new Set([...decided, ...started].map(({ functionId }) => functionId));
  const others = view.triggers.listenerIds(event.name).filter((id) => !known.has(id));
  const outcomes = [...started, ...decided, ...others.map((id) => unknownOutcome(view, event, id, now))];
  const names = outcomes.length > 0 ? [] : closestNames(event.name, triggerNames(view), DISTANCE_MAX, NAMES_MAX);
  const isWaitedFor = view.waitNames.has(event.name);
  return {
    eventId: event.id,
    name: event.name,
    receivedAt: event.receivedAt,
    summary: summaryOf(event.name, outcomes, names, isWaitedFor),
    outcomes,
    closestNames: names,
    isWaitedFor,
  };
}

function summaryOf(
  name: string,
  outcomes: readonly EventOutcome[],
  names: readonly string[],
  isWaitedFor: boolean,
): string {
  const started = outcomes.filter(({ code }) => code === "started").length;
  if (started > 0) {
    const others = outcomes.length - started;
    return `It started ${countText(started, "run")}${others === 0 ? "" : `; ${countText(others, "function")} did not start`}.`;
  }
  if (outcomes.length > 0)
    return `Nothing started: ${listText(outcomes.map(({ sentence }) => withoutStop(sentence)))}.`;
  const hint = names.length === 0 ? "" : ` Did you mean ${listText(names, names.length, NAMES_MAX)}?`;
  const waiting = isWaitedFor ? " Runs wait for events of this name, though." : "";
  return `Nothing started, because no function listens on ${name}.${waiting}${hint}`;
}

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");

function startedOutcome(view: ExplainView, { id, functionId, status, createdAt }: StartedRun): EventOutcome {
  const slug = slugOf(view, functionId);
  const sentence = `${slug ?? functionId} started the run ${id}, which is ${status}.`;
  return { code: "started", sentence, functionId, function: slug, at: createdAt, runId: id, runStatus: status };
}

const TELLING: ReadonlySet<DecisionOutcome> = new Set<DecisionOutcome>(["skipped", "debounced", "batched"]);

/** It went to a run that gathers events: which still does, has begun with it, or went on without it. */
function gatheredOutcome(
  view: ExplainView,
  decision: Decision,
  runs: ReadonlyMap<string, StartedRun>,
  now: Instant,
): EventOutcome {
  const { functionId, outcome, reason, runId, at } = decision;
  const run = runId === null ? undefined : runs.get(runId);
  const slug = slugOf(view, functionId);
  const name = slug ?? functionId;
  const base = { functionId, function: slug, at, ...(runId === null ? {} : { runId }) };
  if (run === undefined) {
    const why = runId === null ? reason : `${reason}, and a later event took its place in the run ${runId}`;
    return { ...base, code: outcome, sentence: `${name} ${outcome} it: ${why}.` };
  }
  const others = run.eventIds.length - 1;
  const beside = others === 0 ? "" : ` and ${countText(others, "other event")}`;
  const isWaiting = run.status === "queued" && run.flow?.collect !== undefined; // Until it begins.
  const state = isWaiting
    ? `gathers it${beside} in the run ${run.id}, which begins at ${untilText(run.startAt, now)}`
    : `started the run ${run.id} with it${beside}, which is ${run.status}`;
  return { ...base, code: isWaiting ? outcome : "started", sentence: `${name} ${state}.`, runStatus: run.status };
}

const PHRASES: Readonly<Record<string, string>> = {
  rate_limited: "was over its rate limit",
  filtered: "was filtered out",
  deduplicated: "had it already",
  skipped: "was skipped",
  rejected: "refused it",
};

function decidedOutcome(view: ExplainView, { functionId, outcome, reason, runId, at }: Decision): EventOutcome {
  const slug = slugOf(view, functionId);
  const run = runId === null ? "" : ` (run ${runId})`;
  const sentence = `${slug ?? functionId} ${PHRASES[outcome] ?? `says ${outcome.replaceAll("_", " ")}`}: ${reason}${run}.`;
  return { code: outcome, sentence, functionId, function: slug, at, ...(runId === null ? {} : { runId }) };
}

/** It listens on the name, and neither a run nor a decision tells of it. */
function unknownOutcome(view: ExplainView, event: StoredEvent, functionId: string, now: Instant): EventOutcome {
  const stored = view.apps.anyFunction(functionId);
  const slug = stored?.fn.slug ?? null;
  const name = slug ?? functionId;
  const base = { code: "not_recorded", functionId, function: slug } as const;
  if (stored !== undefined && stored.changedAt > event.receivedAt) {
    const fits = wouldMatch(view, event, functionId, now);
    const today =
      fits === null ? "an event like it would start it now" : `an event like it would still not start it: ${fits}`;
    return {
      ...base,
      sentence: `${name} was registered or changed at ${isoTime(stored.changedAt)}, after the event came; ${today}.`,
    };
  }
  if (event.isInternal) {
    return { ...base, sentence: `${name} did not start; of the engine's own events it is not recorded why.` };
  }
  return {
    ...base,
    sentence: `${name} listens on it, and nothing is recorded: its run was deleted, or the event only resumed what waited.`,
  };
}

/** Null when the function's triggers fit the event now; otherwise why not. */
function wouldMatch(view: ExplainView, event: StoredEvent, functionId: string, now: Instant): string | null {
  const json = JSON.parse(event.json) as JsonObject;
  const match = view.triggers.match({ name: event.name, json }, now).find(({ fn }) => fn.id === functionId);
  return match === undefined || match.outcome === "matched" ? null : (match.reason ?? "its condition is false");
}

/** Every name and pattern that a function listens on. */
function triggerNames(view: ExplainView): Set<string> {
  const names = new Set<string>();
  for (const fn of view.apps.activeFunctions()) {
    for (const trigger of fn.triggers) if (trigger.kind === "event") names.add(trigger.event);
  }
  return names;
}

const slugOf = (view: ExplainView, functionId: string): string | null =>
  view.apps.anyFunction(functionId)?.fn.slug ?? null;
