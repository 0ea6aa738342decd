/**
 * Debounce and batch: runs that collect events before they begin. Such a run is a run like any other, made by its first
 * event, with a job that begins it when its time has come: so it survives restarts, shows in lists, can be cancelled, and
 * begins exactly once.
 *
 *   CO1. A run collects until its first call; an event that comes later opens a new one.
 *   CO2. Debounce goes by the events' `ts`: an older event than the one that waits neither replaces it nor extends the wait.
 *        The whole wait is bounded by `timeout` from the first event on.
 *   CO3. A batch begins when it is full, when its bytes are, or when its time is over. A debounce that collects has a limit of
 *        bytes too, so that no run is larger than memory.
 *   CO4. Limits go by the run's first event: that of a debounce changes with it, as long as it waits.
 */
import type { IncomingEvent } from "../../protocol/event.ts";
import type { RunFlow } from "../../protocol/flow.ts";
import { type JsonText, utf8Length } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { FlowFactKey } from "../batch.ts";
import type { Instant } from "../instant.ts";
import { beginCollected } from "../run/collect.ts";
import { moveJob } from "../run/jobs.ts";
import { MAIN_SLOT, type Run, type RunEvent } from "../run/run.ts";
import type { Starter, StartOrder } from "../start-order.ts";
import { makeRoom } from "./backlog.ts";
import { replaceRun } from "./singleton.ts";
import type { StartWorld } from "./starting.ts";
import type { Verdict } from "./verdict.ts";

/** What became of an event. */
export interface Collected {
  readonly run: Run | null;
  /** The run was made for it. */
  readonly isNew: boolean;
  /** It begins at once, and collects nothing. */
  readonly starts: boolean;
  readonly reason: string;
}

/** What is remembered of a debounce. */
interface DebounceState {
  /** The run that collects; null while only a leading run has begun. */
  readonly runId: string | null;
  readonly firstAt: Instant;
  /** The greatest `ts` of what the run was given; of a leading run its event's. */
  readonly ts: number;
}

/** Facts of runs that collect outlive them by this much, should their end be missed. */
const SPARE_MS = 86_400_000;

export function collect(starter: Starter, world: StartWorld, order: StartOrder, verdict: CollectVerdict): Collected {
  const fact: FlowFactKey = { kind: verdict.by, functionId: order.fn.id, key: verdict.key };
  const collecting = { starter, world, order, verdict, fact };
  return verdict.by === "batch" ? batch(collecting) : debounce(collecting);
}

type CollectVerdict = Verdict & { readonly kind: "collect" };

interface Collecting {
  readonly starter: Starter;
  readonly world: StartWorld;
  readonly order: StartOrder;
  readonly verdict: CollectVerdict;
  /** By which the run that collects is found. */
  readonly fact: FlowFactKey;
}

const opened = (run: Run, reason: string): Collected => ({ run, isNew: true, starts: false, reason });
const joined = (run: Run, reason: string): Collected => ({ run, isNew: false, starts: false, reason });

// --- Debounce -----------------------------------------------------------------------------------------------------

function debounce(collecting: Collecting): Collected {
  const { starter, world, order, fact } = collecting;
  const rule = order.fn.flow.debounce!;
  const { now, facts } = world;
  const text = facts.flow(fact);
  const state = text === null ? null : (JSON.parse(text) as DebounceState);
  const { ts } = order.event.stored;
  const remember = (runId: string | null, firstAt: Instant, until: Instant) =>
    world.remember(fact, JSON.stringify({ runId, firstAt, ts }), until);
  const waiting = state?.runId == null ? undefined : waitingRun(starter, state.runId);
  if (waiting !== undefined) {
    if (ts < state!.ts) return joined(waiting, "it is older than the event that waits"); // CO2
    const untilAt = dueAt(rule, now, state!.firstAt);
    const event = eventOf(order.event);
    if (rule.collect) put(starter, waiting, [...waiting.events, event], waiting.stateSize, event, untilAt);
    else {
      waiting.flow = limitsOf(starter, waiting, event.json); // CO4
      put(starter, waiting, [event], 0, event, untilAt);
    }
    remember(waiting.id, state!.firstAt, untilAt + SPARE_MS);
    if (rule.collect && waiting.stateSize >= LIMITS.batchBytesMax) beginCollected(starter.context, waiting); // CO3
    return joined(waiting, "it waits for quiet");
  }
  const isQuiet = state === null || (state.runId === null && state.firstAt + rule.periodMs <= now);
  if (rule.mode !== "trailing" && isQuiet) {
    remember(null, now, now + rule.periodMs);
    return { run: make(collecting, null), isNew: true, starts: true, reason: "" };
  }
  if (rule.mode === "leading") {
    remember(null, now, now + rule.periodMs);
    return { run: null, isNew: false, starts: false, reason: "an event before it has started a run" };
  }
  const untilAt = dueAt(rule, now, now);
  const run = make(collecting, untilAt);
  remember(run.id, now, untilAt + SPARE_MS);
  return opened(run, "it waits for quiet");
}

/** With its places among the runs of its keys, and what its limits are by the event that it has now. */
function limitsOf(starter: Starter, run: Run, eventJson: JsonText): RunFlow {
  const { singleton, idempotency, collect } = run.flow ?? {};
  return {
    keys: {},
    ...starter.limitsOf(run.functionId, eventJson),
    ...(singleton === undefined ? {} : { singleton }),
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(collect === undefined ? {} : { collect }),
  };
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

function batch(collecting: Collecting): Collected {
  const { starter, world, order, fact } = collecting;
  const rule = order.fn.flow.batch!;
  const runId = world.facts.flow(fact);
  const open = runId === null ? undefined : waitingRun(starter, runId);
  if (open === undefined) {
    const untilAt = world.now + rule.timeoutMs;
    const run = make(collecting, untilAt);
    world.remember(fact, run.id, untilAt + SPARE_MS);
    if (run.stateSize >= rule.bytesMax) beginCollected(starter.context, run); // CO3
    return opened(run, "it is the first of its batch");
  }
  const event = eventOf(order.event);
  put(starter, open, [...open.events, event], open.stateSize, event, open.jobs.get(MAIN_SLOT)!.dueAt);
  const isFull = open.events.length >= rule.sizeMax || open.stateSize >= rule.bytesMax; // CO3
  if (isFull) beginCollected(starter.context, open);
  return joined(open, `it is event ${open.events.length} of its batch`);
}

// --- Both ---------------------------------------------------------------------------------------------------------

/** The run, if it is here and still collects (CO1). */
function waitingRun(starter: Starter, runId: string): Run | undefined {
  const run = starter.open(runId);
  if (run?.jobs.get(MAIN_SLOT)?.kind !== "collect") return undefined;
  return run.events.length < LIMITS.collectedEventsMax ? run : undefined;
}

function make({ starter, world, order, verdict }: Collecting, collectUntil: Instant | null): Run {
  const { fn, event } = order;
  const { by: kind, key, flow, replaces } = verdict;
  if (replaces !== null) replaceRun(starter, fn, replaces);
  makeRoom(starter, fn, world.facts);
  return starter.create({
    functionId: fn.id,
    events: [eventOf(event)],
    cron: null,
    originalRunId: null,
    parent: null,
    startAt: collectUntil ?? starter.now(),
    collectUntil,
    moreFlow: collectUntil === null ? flow : { ...flow, collect: { kind, key } },
  });
}

/** An event comes to those that are kept, which have this size (run/collect.ts, CL2). */
function put(
  starter: Starter,
  run: Run,
  events: Run["events"],
  sizeBefore: number,
  event: RunEvent,
  untilAt: Instant,
): void {
  starter.batch().collects(run);
  run.stateSize = sizeBefore + utf8Length(event.json);
  run.events = events;
  run.startAt = untilAt;
  const job = run.jobs.get(MAIN_SLOT)!;
  if (job.dueAt !== untilAt) moveJob(starter.context, run, job, untilAt);
}

const eventOf = ({ stored: { id, name, json } }: IncomingEvent) => ({ id, name, json });
