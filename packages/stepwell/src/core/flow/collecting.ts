/**
 * Debounce and batch: runs that collect events before they begin. Such a run is a run like any other, made by its first
 * event, with a job that begins it when its time has come: so it survives restarts, shows in lists, can be cancelled, and
 * begins exactly once.
 *
 *   CO1. A run collects until its first call; an event that comes later opens a new one.
 *   CO2. Debounce goes by the events' `ts`: an older event than the one that waits neither replaces it nor extends the wait.
 *        The whole wait is bounded by `timeout` from the first event on.
 *   CO3. A batch begins when it is full, when its bytes are, or when its time is over.
 */
import type { IncomingEvent } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { FlowFactKey } from "../batch.ts";
import type { Instant } from "../instant.ts";
import type { Starter, StartOrder } from "../intake.ts";
import { beginCollected } from "../run/collect.ts";
import { moveJob } from "../run/jobs.ts";
import { MAIN_SLOT, type Run } from "../run/run.ts";
import { makeRoom } from "./backlog.ts";
import type { StartWorld, Verdict } from "./starting.ts";

/** What became of an event. `starts`: a run has been made that begins at once. */
export interface Collected {
  readonly run: Run | null;
  readonly starts: boolean;
  readonly reason: string;
}

/** What is remembered of a debounce. */
interface DebounceState {
  /** The run that collects; null while only a leading run has begun. */
  readonly runId: string | null;
  readonly firstAt: Instant;
  /** The greatest `ts` so far. */
  readonly ts: number;
}

/** Facts of runs that collect outlive them by this much, should their end be missed. */
const SPARE_MS = 86_400_000;

export function collect(
  starter: Starter,
  world: StartWorld,
  order: StartOrder,
  { by, key }: Verdict & { readonly kind: "collect" },
): Collected {
  const fact: FlowFactKey = { kind: by, functionId: order.fn.id, key };
  return by === "batch" ? batch(starter, world, order, fact) : debounce(starter, world, order, fact);
}

// --- Debounce -----------------------------------------------------------------------------------------------------

function debounce(starter: Starter, world: StartWorld, order: StartOrder, fact: FlowFactKey): Collected {
  const rule = order.fn.flow.debounce!;
  const { now, facts } = world;
  const text = facts.flow(fact);
  const state = text === null ? null : (JSON.parse(text) as DebounceState);
  const { ts } = order.event.stored;
  const remember = (runId: string | null, firstAt: Instant, until: Instant) =>
    world.remember(fact, JSON.stringify({ runId, firstAt, ts: Math.max(ts, state?.ts ?? ts) }), until);
  const waiting = state?.runId == null ? undefined : collecting(starter, state.runId);
  if (waiting !== undefined) {
    if (ts < state!.ts) return { run: waiting, starts: false, reason: "it is older than the event that waits" }; // CO2
    const untilAt = dueAt(rule, now, state!.firstAt);
    put(starter, waiting, rule.collect ? [...waiting.events, eventOf(order.event)] : [eventOf(order.event)], untilAt);
    remember(waiting.id, state!.firstAt, untilAt + SPARE_MS);
    return { run: waiting, starts: false, reason: "it waits for quiet" };
  }
  const isQuiet = state === null || (state.runId === null && state.firstAt + rule.periodMs <= now);
  if (rule.mode !== "trailing" && isQuiet) {
    remember(null, now, now + rule.periodMs);
    return { run: make(starter, world, order, null, fact), starts: true, reason: "" };
  }
  if (rule.mode === "leading") {
    remember(null, now, now + rule.periodMs);
    return { run: null, starts: false, reason: "an event before it has started a run" };
  }
  const untilAt = dueAt(rule, now, now);
  const run = make(starter, world, order, untilAt, fact);
  remember(run.id, now, untilAt + SPARE_MS);
  return { run, starts: false, reason: "it waits for quiet" };
}

function dueAt(
  rule: { readonly periodMs: number; readonly timeoutMs: number | null },
  now: Instant,
  firstAt: Instant,
): Instant {
  const quietAt = now + rule.periodMs;
  return rule.timeoutMs === null ? quietAt : Math.min(quietAt, Math.max(now, firstAt + rule.timeoutMs));
}

// --- Batch --------------------------------------------------------------------------------------------------------

function batch(starter: Starter, world: StartWorld, order: StartOrder, fact: FlowFactKey): Collected {
  const rule = order.fn.flow.batch!;
  const runId = world.facts.flow(fact);
  const open = runId === null ? undefined : collecting(starter, runId);
  if (open === undefined) {
    const untilAt = world.now + rule.timeoutMs;
    const run = make(starter, world, order, untilAt, fact);
    world.remember(fact, run.id, untilAt + SPARE_MS);
    return { run, starts: false, reason: "it is the first of its batch" };
  }
  const events = [...open.events, eventOf(order.event)];
  const bytes = events.reduce((sum, event) => sum + event.json.length, 0);
  put(starter, open, events, open.jobs.get(MAIN_SLOT)!.dueAt);
  if (events.length >= rule.sizeMax || bytes >= rule.bytesMax) beginCollected(starter.context, open); // CO3
  return { run: open, starts: false, reason: `it is event ${events.length} of its batch` };
}

// --- Both ---------------------------------------------------------------------------------------------------------

/** The run, if it is here and still collects (CO1). */
function collecting(starter: Starter, runId: string): Run | undefined {
  const run = starter.open(runId);
  if (run?.jobs.get(MAIN_SLOT)?.kind !== "collect") return undefined;
  return run.events.length < LIMITS.collectedEventsMax ? run : undefined;
}

function make(
  starter: Starter,
  { facts }: StartWorld,
  { fn, event }: StartOrder,
  collectUntil: Instant | null,
  fact: FlowFactKey,
): Run {
  makeRoom(starter, fn, facts);
  const { kind, key } = fact as FlowFactKey & { readonly kind: "debounce" | "batch" };
  return starter.create({
    functionId: fn.id,
    events: [eventOf(event)],
    cron: null,
    originalRunId: null,
    parent: null,
    startAt: collectUntil ?? starter.now(),
    collectUntil,
    ...(collectUntil === null ? {} : { moreFlow: { collect: { kind, key } } }),
  });
}

function put(starter: Starter, run: Run, events: Run["events"], untilAt: Instant): void {
  run.stateSize += sizeOf(events) - sizeOf(run.events);
  run.events = events;
  run.startAt = untilAt;
  starter.batch().runs.add(run);
  starter.batch().collecting.add(run);
  const job = run.jobs.get(MAIN_SLOT)!;
  if (job.dueAt !== untilAt) moveJob(starter.context, run, job, untilAt);
}

const sizeOf = (events: Run["events"]): number => events.reduce((size, event) => size + event.json.length, 0);
const eventOf = ({ stored: { id, name, json } }: IncomingEvent) => ({ id, name, json });
