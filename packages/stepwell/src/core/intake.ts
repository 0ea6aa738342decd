/**
 * From a cause to a run: what a function's rules make of an event (flow/starting.ts) takes effect here, and the reason of
 * whatever did not start is recorded.
 *
 *   N1. A producer's event id starts a function once while it is remembered; the duplicate is recorded as a decision
 *       that names the run.
 *   N2. A future `ts` delays the first call, not the run.
 *   N3. A paused function starts nothing now: by its mode the run waits, is left behind as skipped, or is not made at all.
 *   N4. Every function that an event concerned and that did not simply start has a decision; that it started is the run's
 *       own row.
 */
import type { ErrorCode, ErrorDetails } from "../protocol/errors.ts";
import type { IncomingEvent } from "../protocol/event.ts";
import type { DecisionOutcome, FlowFactKey } from "./batch.ts";
import type { Facts } from "./facts.ts";
import { makeRoom } from "./flow/backlog.ts";
import { collect } from "./flow/collecting.ts";
import { replaceRun } from "./flow/singleton.ts";
import {
  decideStart,
  hasStartRules,
  rememberRun,
  type StartFacts,
  type StartRequest,
  type StartWorld,
} from "./flow/starting.ts";
import type { Instant } from "./instant.ts";
import type { TriggerMatch } from "./match/triggers.ts";
import type { NewRun } from "./run/create.ts";
import { skipRun } from "./run/finish.ts";
import { isEnded, MAIN_SLOT, type Run } from "./run/run.ts";
import type { StartCause, Starter, StartOrder } from "./start-order.ts";

export type StartResult =
  | { readonly kind: "started"; readonly run: Run }
  /** It goes to, or has begun, a run that collects events. */
  | { readonly kind: "collected"; readonly run: Run }
  | { readonly kind: "existing"; readonly runId: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails; readonly run: Run | null };

/** Starts what matched; returns the ids of the new runs. `facts` is null for events that no rule of a start is about. */
export function startRuns(
  starter: Starter,
  matches: readonly TriggerMatch[],
  event: IncomingEvent,
  facts: Facts | null,
): string[] {
  const runIds: string[] = [];
  for (const { fn, outcome, reason } of matches) {
    if (outcome === "filtered") {
      decide(starter, event, fn.id, "filtered", reason ?? "its condition is false", null);
      continue;
    }
    const onceFor = facts === null || event.stored.isInternal ? null : event.stored.idempotencyId;
    const result = start(starter, { fn, event, cause: "event", onceFor }, facts);
    if (result.kind === "started") runIds.push(result.run.id);
  }
  return runIds;
}

/** `facts` null: the function has no rule that needs any. */
export function start(starter: Starter, order: StartOrder, facts: Facts | null): StartResult {
  const { fn, event, cause, onceFor = null } = order;
  // What the engine itself has to tell is never lost, nor what somebody wants once more: it waits until the function goes on.
  const waits = cause === "rerun" || (event.stored.isInternal && cause === "event");
  const request: StartRequest = { fn, event, cause, onceFor, pause: waits ? null : starter.pauseOf(fn.id) };
  const needsFacts = facts !== null && (onceFor !== null || hasStartRules(fn.flow));
  if (!needsFacts && request.pause === null && fn.flow.backlog === null) return started(starter, order, NO_FLOW);
  const world = worldOf(starter, facts ?? NOTHING_KNOWN);
  const verdict = decideStart(world, request);
  const say = (outcome: DecisionOutcome, reason: string, runId: string | null) => {
    if (!isAnswered(cause)) decide(starter, event, fn.id, outcome, reason, runId);
  };
  switch (verdict.kind) {
    case "existing":
      say("deduplicated", verdict.reason, verdict.runId); // N1
      return { kind: "existing", runId: verdict.runId };
    case "refuse":
      say(verdict.outcome, verdict.reason, null);
      return { kind: "refused", code: verdict.code, details: verdict.details, run: null };
    case "skip": {
      if (isAnswered(cause)) return { kind: "refused", code: verdict.code, details: verdict.details, run: null };
      const { run } = started(starter, order, {});
      say("skipped", verdict.reason, run.id);
      skipRun(starter.context, run, verdict.code === "function_paused" ? "paused" : "flow_control", verdict.reason);
      return { kind: "refused", code: verdict.code, details: verdict.details, run };
    }
    case "collect": {
      const collected = collect(starter, world, order, verdict);
      if (collected.run !== null) rememberRun(world, request, collected.run.id, collected.isNew);
      if (collected.starts) return { kind: "started", run: collected.run! };
      say(verdict.by === "batch" ? "batched" : "debounced", collected.reason, collected.run?.id ?? null);
      return collected.run === null
        ? { kind: "refused", code: "function_debounced", details: { function: fn.slug }, run: null }
        : { kind: "collected", run: collected.run };
    }
    case "start": {
      if (verdict.replaces !== null) replaceRun(starter, fn, verdict.replaces);
      makeRoom(starter, fn, world.facts);
      const result = started(starter, order, verdict.flow);
      rememberRun(world, request, result.run.id);
      return result;
    }
  }
}

const NO_FLOW: NonNullable<NewRun["moreFlow"]> = {};

/** Whoever asked by name is told at once; a refusal leaves nothing behind, not even the event. */
function isAnswered(cause: StartCause): boolean {
  return cause === "invoke" || cause === "rerun";
}

function started(
  starter: Starter,
  order: StartOrder,
  moreFlow: NonNullable<NewRun["moreFlow"]>,
): StartResult & { readonly kind: "started" } {
  const { fn, event, cron = null, parent = null, originalRunId = null, events } = order;
  const { id, name, json, ts } = event.stored;
  const run = starter.create({
    functionId: fn.id,
    events: events ?? [{ id, name, json }],
    cron,
    originalRunId,
    parent,
    startAt: order.cause === "event" || order.cause === "invoke" ? Math.max(starter.now(), ts) : starter.now(), // N2
    moreFlow,
  });
  return { kind: "started", run };
}

function worldOf(starter: Starter, facts: StartFacts): StartWorld {
  return {
    facts,
    now: starter.now(),
    queued: (functionId) => starter.queued(functionId),
    stateOf(runId) {
      const run = starter.open(runId);
      if (run === undefined || isEnded(run)) return "over";
      return run.jobs.get(MAIN_SLOT)?.kind === "collect" ? "collecting" : "open";
    },
    remember(key: FlowFactKey, value: string, expiresAt: Instant): void {
      facts.noteFlow(key, value);
      starter.batch().flow.push({ ...key, value, expiresAt });
    },
  };
}

/** For functions without rules that need facts: a pause, and how many wait, is all that is asked. */
const NOTHING_KNOWN: StartFacts = { flow: () => null, noteFlow() {}, takeOldest: () => null };

function decide(
  starter: Starter,
  { stored }: IncomingEvent,
  functionId: string,
  outcome: DecisionOutcome,
  reason: string,
  runId: string | null,
): void {
  starter.batch().decisions.push({ eventId: stored.id, functionId, outcome, reason, runId, at: starter.now() });
}
