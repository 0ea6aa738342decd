/**
 * Explanations of what is in memory, with what has to be loaded for them. Reading only.
 *
 *   XP1. Each look sees one instant; between two looks the engine goes on. The last one makes the explanation.
 *   XP2. The rounds are bounded: a run, its last errors, and as many children below it as are told.
 */

import { type EventExplanation, explainEvent as explainStoredEvent } from "../core/explain/explain-event.ts";
import { explainFunction as explainServed, type FunctionExplanation } from "../core/explain/explain-function.ts";
import { explainQueue, type QueueOverview } from "../core/explain/explain-queue.ts";
import { explainRun as explainKnownRun } from "../core/explain/explain-run.ts";
import { EXPLAINED_DEPTH_MAX, EXPLAINED_MAX, type RunExplanation } from "../core/explain/explanation.ts";
import { ruleText } from "../core/explain/gathering.ts";
import type { ExplainFacts, ExplainNeeds, ExplainView } from "../core/explain/view.ts";
import type { Instant } from "../core/instant.ts";
import { DEFAULT_ENV } from "../protocol/event.ts";
import type { Store } from "../store/store.ts";

/** What explaining needs of the engine. */
export interface ExplainPort {
  readonly store: Pick<
    Store,
    "loadRuns" | "listAttempts" | "getEvent" | "listDecisions" | "listRuns" | "listPending" | "countJobs"
  >;
  look<T>(read: (view: ExplainView, now: Instant) => T): Promise<T>;
}

/** Of the runs that an event started, the newest are told. */
const RUNS_MAX = 100;
/** A run and its children need a load each, and one more for their errors. */
const ROUNDS_MAX = 2 * (EXPLAINED_DEPTH_MAX + 1);

export async function explainRun(port: ExplainPort, runId: string): Promise<RunExplanation | null> {
  const facts: ExplainFacts = { runs: new Map(), attempts: new Map() };
  for (let round = 0; ; round++) {
    const needs: ExplainNeeds = { runs: new Set(), attempts: new Set() };
    const explanation = await port.look((view, now) => explainKnownRun(view, facts, needs, runId, now));
    if (needs.runs.size + needs.attempts.size === 0 || round === ROUNDS_MAX) return explanation; // XP2
    await load(port.store, needs, facts);
  }
}

async function load(store: ExplainPort["store"], needs: ExplainNeeds, facts: ExplainFacts): Promise<void> {
  const ids = [...needs.runs];
  for (const id of ids) facts.runs.set(id, null);
  if (ids.length > 0) for (const run of await store.loadRuns(ids)) facts.runs.set(run.id, run);
  for (const id of needs.attempts) facts.attempts.set(id, await store.listAttempts(id));
}

/** What an event started, and why it started nothing else; null when there is no such event. */
export async function explainEvent(port: ExplainPort, eventId: string): Promise<EventExplanation | null> {
  const event = await port.store.getEvent(DEFAULT_ENV, eventId);
  if (event === null) return null;
  const [decisions, runs] = await Promise.all([
    port.store.listDecisions(eventId),
    port.store.listRuns({ env: DEFAULT_ENV, eventId, limit: RUNS_MAX }),
  ]);
  return port.look((view, now) => explainStoredEvent(view, event, decisions, runs, now));
}

/** What waits on what, of one function or one value of its keys; null when it is not served. */
export async function explainFunction(
  port: ExplainPort,
  slugOrId: string,
  key: string | null = null,
): Promise<FunctionExplanation | null> {
  const explained = await port.look((view, now) => {
    return { explanation: explainServed(view, slugOrId, key, now), fn: view.apps.find(slugOrId) };
  });
  const { explanation, fn } = explained;
  if (explanation === null || fn === undefined || (fn.flow.debounce ?? fn.flow.batch) === null) return explanation;
  const rows = await port.store.listPending({ env: DEFAULT_ENV, functionIds: [fn.id], limit: EXPLAINED_MAX });
  const ofKey = rows.filter(({ flow }) => key === null || flow?.collect?.key === key);
  const gathering = ofKey.map(({ id: runId, flow, eventIds, startAt: startsAt }) => {
    return { runId, rule: ruleText(fn, flow!.collect!), eventCount: eventIds.length, startsAt };
  });
  return { ...explanation, gathering };
}

/** What waits on what, of all functions. */
export async function explainQueues(port: ExplainPort): Promise<QueueOverview> {
  const jobs = await port.look((_view, now) => now).then((now) => port.store.countJobs(now));
  return port.look((view, now) => explainQueue(view, jobs, now));
}
