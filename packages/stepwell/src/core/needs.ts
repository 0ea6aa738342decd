/**
 * What a command still needs before it can be applied (facts.ts). Asked again until nothing is missing, because one
 * answer may lead to the next question: the event of a message, then who waits for it, then those runs.
 */
import type { IncomingEvent } from "../protocol/event.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Op } from "../protocol/op.ts";
import type { FlowFactKey } from "./batch.ts";
import type { Command, Deliver, ReceiveEvents, RerunRun } from "./command.ts";
import {
  emptyNeeds,
  eventFact,
  type Facts,
  flowFact,
  type Needs,
  neededOrNull,
  type PastQuery,
  type WaiterQuery,
} from "./facts.ts";
import { dropsOldest } from "./flow/backlog.ts";
import { returnKeys } from "./flow/returning.ts";
import { limitsRuns } from "./flow/rules.ts";
import { collectingRun, flowKeys, hasStartRules } from "./flow/starting.ts";
import type { InboxContent } from "./inbox.ts";
import type { Instant } from "./instant.ts";
import { valueAt } from "./match/wait-keys.ts";
import type { WaitNames } from "./match/wait-names.ts";
import { earlierChild } from "./run/invoke.ts";
import type { Run } from "./run/run.ts";
import { signalOf } from "./run/wait-signal.ts";
import type { StartCause } from "./start-order.ts";
import { eventOfRun, invokedEvent } from "./trigger-event.ts";
import { waitersOf } from "./waiters.ts";

/** What the core knows. */
export interface NeedsView {
  readonly waitNames: WaitNames;
  listeners(eventName: string): readonly string[];
  isResident(runId: string): boolean;
  now(): Instant;
  functionOf(functionId: string): FunctionConfig | undefined;
  /** The function that an invoke would start. */
  find(slugOrId: string): FunctionConfig | undefined;
  runOf(runId: string): Run | undefined;
  /** Runs of a function that wait for their first call. */
  queued(functionId: string): number;
}

/** Null when the command can be applied with these facts. */
export function missingFor(view: NeedsView, command: Command, facts: Facts): Needs | null {
  const needs = emptyNeeds();
  switch (command.kind) {
    case "receive_events":
      needEvents(view, command, facts, needs);
      break;
    case "reply":
      if (command.outcome.kind === "ops") needOps(view, command.runId, command.outcome.ops, facts, needs);
      break;
    case "create_endpoint_run":
      if (command.idempotencyKey !== null)
        needFlow({ kind: "idempotency", functionId: command.fn.id, key: command.idempotencyKey }, facts, needs);
      needRun(view, command.runId, facts, needs);
      needOps(view, command.runId, command.ops, facts, needs);
      break;
    case "save_endpoint_steps":
    case "save_checkpoint":
      needRun(view, command.runId, facts, needs);
      needOps(view, command.runId, command.ops, facts, needs);
      break;
    case "resume_run":
      needReturn(view, command.runId, facts, needs);
      break;
    case "cancel_run":
    case "begin_run":
      needRun(view, command.runId, facts, needs);
      break;
    case "rerun":
      needRerun(view, command, facts, needs);
      break;
    case "send_signal":
      needSignal(view, command.signal, facts, needs, false);
      break;
    case "invoke_function":
      needInvoke(view, command.functionId, command.event.parsed, command.idempotencyKey, facts, needs);
      break;
    case "deliver":
      needMessage(view, command, facts, needs);
      break;
    default:
      break;
  }
  for (const [functionId, starts] of needs.starts) needBacklog(view, functionId, starts, facts, needs);
  return neededOrNull(needs);
}

/** As many of the oldest runs that wait as the command may have to drop (flow/backlog.ts, BL2). */
function needBacklog(view: NeedsView, functionId: string, starts: number, facts: Facts, needs: Needs): void {
  const limit = view.functionOf(functionId)?.flow.backlog?.limit ?? Number.POSITIVE_INFINITY;
  let excess = view.queued(functionId) + starts - limit;
  if (excess <= 0) return;
  const backlog = facts.backlog(functionId);
  const { loaded = [], isComplete = false } = backlog ?? {};
  const count = (runId: string): void => {
    const run = view.runOf(runId);
    if (run === undefined) needRun(view, runId, facts, needs);
    if (run === undefined ? !facts.isAbsent(runId) : run.status === "queued") excess--;
  };
  for (const runId of loaded) if (excess > 0) count(runId);
  if (excess > 0 && !isComplete) {
    const limitOfPage = Math.min(excess, LIMITS.eventsPerRequestMax);
    needs.backlogs.push({ functionId, after: loaded.at(-1) ?? null, limit: limitOfPage });
    return;
  }
  const known = new Set(loaded);
  for (const runId of facts.recentlyQueued(functionId)) {
    if (excess <= 0) return;
    if (!known.has(runId)) count(runId);
  }
}

function needRun(view: NeedsView, runId: string, facts: Facts, needs: Needs): void {
  if (!view.isResident(runId) && !facts.isAbsent(runId)) needs.runs.push(runId);
}

function needFlow(key: FlowFactKey, facts: Facts, needs: Needs): void {
  if (!facts.hasAsked(flowFact(key))) needs.flow.push(key);
}

function needEvents(view: NeedsView, { events }: ReceiveEvents, facts: Facts, needs: Needs): void {
  let room: number = LIMITS.resumedRunsPerBatchMax;
  const limit = Math.min(PAGE_MAX, Math.max(PAGE_MIN, Math.floor(WAITERS_MAX / events.length)));
  for (const event of events) {
    needWhetherKnown(event, facts, needs);
    needStarts(view, event, facts, needs);
    const query = waitersOfEvent(view.waitNames, event, null, limit);
    if (query !== null) room -= needWaiters(view, query, facts, needs, room);
  }
}

function needStarts(view: NeedsView, event: IncomingEvent, facts: Facts, needs: Needs): void {
  const { stored } = event;
  const onceFor = stored.isInternal ? null : stored.idempotencyId;
  for (const functionId of view.listeners(stored.name)) {
    const fn = view.functionOf(functionId);
    if (fn !== undefined) needStart(view, fn, event, "event", onceFor, facts, needs);
  }
}

/** What the rules of a start remember of this event, and the runs that they are about. */
function needStart(
  view: NeedsView,
  fn: FunctionConfig,
  event: IncomingEvent,
  cause: StartCause,
  onceFor: string | null,
  facts: Facts,
  needs: Needs,
  parentId: string | null = null,
): void {
  if (onceFor === null && !hasStartRules(fn.flow)) return;
  if (dropsOldest(fn.flow)) needs.starts.set(fn.id, (needs.starts.get(fn.id) ?? 0) + 1);
  const keys = flowKeys({ fn, event, cause, onceFor }, view.now());
  for (const key of Object.values(keys)) if (key !== null) needFlow(key, facts, needs);
  for (const key of [keys.debounce, keys.batch, keys.singleton]) {
    const runId = key === null ? null : collectingRun(key, facts.flow(key));
    if (runId !== null) needRun(view, runId, facts, needs);
  }
  const joined = cause !== "invoke" ? null : (runOf(facts, keys.onceFor) ?? runOf(facts, keys.idempotency));
  if (joined === null) return;
  needRun(view, joined, facts, needs);
  if (parentId !== null) needWaitersOf(view, parentId, facts, needs);
}

/** Runs that wait for this one, and perhaps for the one that it invokes. */
function needWaitersOf(view: NeedsView, runId: string, facts: Facts, needs: Needs): void {
  for (const id of waitersOf(runId, view.runOf)) needRun(view, id, facts, needs);
}

const runOf = (facts: Facts, key: FlowFactKey | null): string | null => (key === null ? null : facts.flow(key));

/** Waiters asked for in one query: one more than are resumed at once, so that it shows whether there are more. */
const PAGE_MAX = LIMITS.resumedRunsPerBatchMax + 1;
/** With many events in one request each gets a share: whoever has more waiters than that is left to a message. */
const PAGE_MIN = 8;
const WAITERS_MAX = 20_000;

/** Who may wait for an event; null when nobody waits for its name. */
export function waitersOfEvent(
  names: WaitNames,
  event: IncomingEvent,
  afterRunId: string | null,
  limit: number = PAGE_MAX,
): WaiterQuery | null {
  const { id, name } = event.stored;
  const paths = names.pathsOf(name);
  if (paths.length === 0) return null;
  const keys = paths.map((path) => ({ path, value: valueAt(path, event.parsed) }));
  return { subject: id, topic: "event", name, keys, afterRunId, limit };
}

/** Asks for the waiters, then for their runs, as far as there is room for them all; returns how many they are. */
function needWaiters(view: NeedsView, query: WaiterQuery, facts: Facts, needs: Needs, room: number): number {
  if (!facts.hasWaiters(query.subject)) {
    needs.waiters.push(query);
    return 0;
  }
  const { runIds, isComplete } = facts.waiters(query);
  if (!isComplete || runIds.length > room) return 0; // Left to messages.
  for (const runId of runIds) needRun(view, runId, facts, needs);
  return runIds.length;
}

export function waitersOfSignal(signal: string): WaiterQuery {
  const keys = [{ path: "", value: "" }];
  return { subject: `signal ${signal}`, topic: "signal", name: signal, keys, afterRunId: null, limit: 16 };
}

export const signalKey = (signal: string): FlowFactKey => ({ kind: "signal", functionId: "", key: signal });
export const replayKey = (operationId: string, runId: string): FlowFactKey => ({
  kind: "replay",
  functionId: "",
  key: `${operationId} ${runId}`,
});

function needSignal(view: NeedsView, signal: string, facts: Facts, needs: Needs, takesEarly: boolean): void {
  if (takesEarly) needFlow(signalKey(signal), facts, needs);
  if (view.waitNames.hasSignals) needWaiters(view, waitersOfSignal(signal), facts, needs, Number.POSITIVE_INFINITY);
}

function needOps(view: NeedsView, runId: string, ops: readonly Op[], facts: Facts, needs: Needs): void {
  for (const op of ops) {
    if (op.op === "InvokeFunction") needInvokeOp(view, runId, op, facts, needs);
    if (op.op === "WaitForSignal") needSignal(view, signalOf(op), facts, needs, true);
    for (const event of op.sends?.events ?? []) needWhetherKnown(event, facts, needs);
  }
}

function needInvokeOp(view: NeedsView, runId: string, { id, opts }: Op, facts: Facts, needs: Needs): void {
  const run = view.runOf(runId);
  const earlier = run === undefined ? null : earlierChild(run, id);
  if (earlier !== null) needRun(view, earlier, facts, needs);
  const { function_id: functionId, payload } = opts;
  if (typeof functionId !== "string") return;
  needInvoke(view, functionId, isJsonObject(payload) ? payload : {}, null, facts, needs, runId);
}

function needWhetherKnown({ stored, mayExist }: IncomingEvent, facts: Facts, needs: Needs): void {
  if (mayExist && !facts.hasAsked(eventFact(stored.id))) needs.events.push(stored.id);
}

function needInvoke(
  view: NeedsView,
  slugOrId: string,
  payload: JsonObject,
  onceFor: string | null,
  facts: Facts,
  needs: Needs,
  parentId: string | null = null,
): void {
  const fn = view.find(slugOrId);
  if (fn === undefined) return;
  if (parentId !== null && limitsRuns(fn.flow)) needWaitersOf(view, parentId, facts, needs);
  if (onceFor === null && !hasStartRules(fn.flow)) return;
  // Only its data counts for keys; the event itself is made when the command is applied.
  needStart(view, fn, invokedEvent("", fn, payload, {}, view.now()), "invoke", onceFor, facts, needs, parentId);
}

function needRerun(view: NeedsView, { runId, operationId }: RerunRun, facts: Facts, needs: Needs): void {
  needRun(view, runId, facts, needs);
  if (operationId !== null) needFlow(replayKey(operationId, runId), facts, needs);
  const run = view.runOf(runId);
  const fn = run === undefined ? undefined : view.functionOf(run.functionId);
  if (fn !== undefined) needStart(view, fn, eventOfRun(run!), "rerun", null, facts, needs);
}

/** Who has the places that a failed run had. */
function needReturn(view: NeedsView, runId: string, facts: Facts, needs: Needs): void {
  needRun(view, runId, facts, needs);
  const run = view.runOf(runId);
  const fn = run?.status === "failed" ? view.functionOf(run.functionId) : undefined;
  for (const key of fn === undefined ? [] : returnKeys(run!, fn)) {
    needFlow(key, facts, needs);
    const holder = key.kind === "singleton" ? facts.flow(key) : null;
    if (holder !== null) needRun(view, holder, facts, needs);
  }
}

function needMessage(view: NeedsView, { message }: Deliver, facts: Facts, needs: Needs): void {
  const { content } = message;
  switch (content.kind) {
    case "child_ended":
    case "cancel":
    case "drop_wait":
      needRun(view, content.runId, facts, needs);
      return;
    case "signal":
      needSignal(view, content.signal, facts, needs, false);
      return;
    case "look_back": {
      const query = pastOf(message.id, content);
      if (facts.past(query.subject) === undefined) needs.past.push(query);
      needRun(view, content.runId, facts, needs);
      return;
    }
    case "tick": {
      if (!facts.hasStored(content.eventId)) needs.stored.push(content.eventId);
      const event = facts.stored(content.eventId);
      const fn = view.functionOf(content.functionId);
      if (event !== null && fn !== undefined) needStart(view, fn, event, "cron", null, facts, needs);
      return;
    }
    case "event": {
      if (!facts.hasStored(content.eventId)) {
        needs.stored.push(content.eventId);
        return;
      }
      const event = facts.stored(content.eventId);
      if (event === null) return;
      if (content.starts) needStarts(view, event, facts, needs);
      const query = waitersOfEvent(view.waitNames, event, content.after);
      if (query !== null) needPage(view, query, facts, needs);
    }
  }
}

/** The first page of the waiters, whether more follow or not. */
function needPage(view: NeedsView, query: WaiterQuery, facts: Facts, needs: Needs): void {
  if (!facts.hasWaiters(query.subject)) needs.waiters.push(query);
  else for (const runId of pageOf(facts, query)) needRun(view, runId, facts, needs);
}

export function pageOf(facts: Facts, query: WaiterQuery): readonly string[] {
  return facts.waiters(query).runIds.slice(0, LIMITS.resumedRunsPerBatchMax);
}

export function pastOf(
  subject: string,
  { names, since, until, after }: InboxContent & { readonly kind: "look_back" },
): PastQuery {
  return { subject, names, from: since, until, after, limit: LOOK_BACK_PAGE, charsMax: LOOK_BACK_CHARS };
}

/** Stored events that are in memory at once for a look back. */
const LOOK_BACK_PAGE = 250;
const LOOK_BACK_CHARS = 8_000_000;
