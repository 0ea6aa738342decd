/**
 * What runs have to do with each other: children and parents, signals, events that steps send, and the messages between
 * runs that are not in memory at the same time.
 *
 *   CL1. A run in memory is told in the transition that tells it. One that is not gets a message, in the same transaction.
 *   CL2. A message is acted on once: it is deleted in the batch in which it takes effect.
 *   CL3. A message to a run in quarantine stays stored: whoever repairs the run and starts again finds it.
 */
import type { IncomingEvent, StoredEvent } from "../protocol/event.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import type { JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Sends } from "../protocol/op.ts";
import type { Apps } from "./apps.ts";
import type { Batch } from "./batch.ts";
import type { Facts } from "./facts.ts";
import { limitsRuns, runGates, runOfHolder } from "./flow/rules.ts";
import { hasStartRules } from "./flow/starting.ts";
import type { InboxContent, InboxMessage, ReceivedPlace } from "./inbox.ts";
import type { Instant } from "./instant.ts";
import { start, startRuns } from "./intake.ts";
import { endEventData, endEventMore, endEventNames, internalEvent } from "./lifecycle.ts";
import type { TriggerIndex } from "./match/triggers.ts";
import type { WaitNames } from "./match/wait-names.ts";
import { pageOf, pastOf, signalKey, waitersOfEvent } from "./needs.ts";
import { disarm } from "./run/arm.ts";
import { arrive, lookBack } from "./run/arrive.ts";
import type { InvokeRequest, InvokeStart, RunContext, SignalState, WantedPast } from "./run/context.ts";
import { cancelRun, failRunWith } from "./run/finish.ts";
import { childEnded, memoOfChild } from "./run/invoke.ts";
import { moveJob } from "./run/jobs.ts";
import { type EndReason, isEnded, type ParentLink, type Run } from "./run/run.ts";
import { deliverSignal, signalState } from "./signals.ts";
import type { Starter } from "./start-order.ts";
import { invokedEvent } from "./trigger-event.ts";
import { waitersOf } from "./waiters.ts";

/** What the links need of the core. */
export interface LinksHome {
  readonly context: RunContext;
  readonly starter: Starter;
  readonly apps: Apps;
  readonly triggers: TriggerIndex;
  readonly waitNames: WaitNames;
  now(): Instant;
  batch(): Batch;
  newId(): string;
  /** The run, about to be changed; undefined when it is not in memory or in quarantine. */
  open(runId: string): Run | undefined;
  isHere(runId: string): boolean;
  /** The run is in quarantine. */
  isLeftAlone(runId: string): boolean;
  /** Who has a place under a limit. */
  readonly holdersOf: (gate: string) => Iterable<readonly [holder: string, since: Instant]>;
  /** The run that the rules work on from here on, null for none. */
  blame(runId: string | null): void;
}

export class Links {
  readonly #home: LinksHome;
  /** Of the command that is being applied; null between commands. */
  #facts: Facts | null = null;

  constructor(home: LinksHome) {
    this.#home = home;
  }

  /** Runs a command's rules with what was loaded for it. */
  with<T>(facts: Facts, work: () => T): T {
    this.#facts = facts;
    try {
      return work();
    } finally {
      this.#facts = null;
    }
  }

  // --- Events -------------------------------------------------------------------------------------------------

  /** An event resumes and cancels what waits for it, up to `room` runs; a message sees to more. Returns how many it saw. */
  resume(event: IncomingEvent, facts: Facts, room: number): number {
    const query = waitersOfEvent(this.#home.waitNames, event, null);
    if (query === null) return 0;
    const { runIds, isComplete } = facts.waiters(query);
    // What was loaded went by the room there would be; a duplicate among the events leaves more of it than that.
    const areHere = runIds.every((id) => this.#home.isHere(id) || facts.isAbsent(id));
    if (!isComplete || runIds.length > room || !areHere) {
      this.#say({ kind: "event", eventId: event.stored.id, starts: false, at: this.#home.now(), after: null });
      return 0;
    }
    this.#arrive(runIds, event, this.#home.now());
    return runIds.length;
  }

  #arrive(runIds: readonly string[], event: IncomingEvent, at: Instant): void {
    for (const runId of runIds) {
      this.#home.blame(runId);
      const run = this.#home.open(runId);
      if (run !== undefined) arrive(this.#home.context, run, event, at);
    }
    this.#home.blame(null);
  }

  /** An event that the engine or a step makes: stored, and all it causes, here or by message. */
  happen(event: IncomingEvent, starts = true): void {
    const { stored } = event;
    const { waitNames } = this.#home;
    this.#home.batch().events.push(receivedAt(stored, this.#home.context.stamp));
    const isWaitedFor = waitNames.has(stored.name);
    const needsFacts = starts && this.#needsFacts(event);
    if (isWaitedFor || needsFacts) {
      this.#say({ kind: "event", eventId: stored.id, starts: needsFacts, at: this.#home.now(), after: null });
    }
    if (starts && !needsFacts) this.#start(event, null);
  }

  /** A producer's id, or a rule of a function that listens, has to be looked up before the event starts anything. */
  #needsFacts({ stored }: IncomingEvent): boolean {
    const listeners = this.#home.triggers.listenerIds(stored.name);
    if (listeners.length === 0) return false;
    if (!stored.isInternal && stored.idempotencyId !== null) return true;
    return listeners.some((id) => {
      const fn = this.#home.apps.functionOf(id);
      return fn !== undefined && hasStartRules(fn.flow);
    });
  }

  #start(event: IncomingEvent, facts: Facts | null): void {
    const { triggers, starter } = this.#home;
    const { stored, parsed } = event;
    const matches = triggers.match({ name: stored.name, json: parsed }, this.#home.now());
    // Nobody asked whether the engine's own events were filtered.
    const wanted = stored.isInternal ? matches.filter((match) => match.outcome === "matched") : matches;
    startRuns(starter, wanted, event, facts);
  }

  send({ events, signals }: Sends): void {
    for (const event of events) {
      if (event.mayExist && this.#isKnown(event.stored.id)) continue;
      this.#home.batch().notices.push(receivedNotice(event.stored, this.#home.now()));
      this.happen(event);
    }
    for (const { signal, data, ttlMs } of signals) this.#say({ kind: "signal", signal, data, ttlMs });
  }

  /** An attempt before may have sent it in a request of its own. Notes it as known. */
  #isKnown(eventId: string): boolean {
    const isKnown = this.#facts?.hasEvent(eventId) ?? false;
    this.#facts?.noteEvent(eventId);
    return isKnown;
  }

  // --- Parents and children -----------------------------------------------------------------------------------

  invoke(parent: ParentLink, { functionId, payload, untilAt, earlier }: InvokeRequest): InvokeStart {
    const { apps, starter } = this.#home;
    const kept = earlier === null ? null : this.#keep(earlier, functionId);
    if (kept !== null) return kept;
    const fn = apps.find(functionId);
    if (fn === undefined) return { kind: "refused", code: "function_not_found", details: { function: functionId } };
    const extra = {
      correlation_id: `${parent.runId}.${parent.slot}`,
      expire: untilAt,
      source_fn_id: this.#slugOfRun(parent.runId),
    };
    const event = invokedEvent(this.#home.newId(), fn, payload, extra, this.#home.now());
    const inTheWay = this.#blockedFor(parent.runId, fn, event);
    if (inTheWay !== null)
      return { kind: "refused", code: "invoke_blocked", details: { function: fn.slug, run: inTheWay } };
    const result = start(starter, { fn, event, cause: "invoke", parent }, this.#facts);
    if (result.kind === "existing") return this.#join(result.runId, parent, fn);
    if (result.kind === "refused") return { kind: "refused", code: result.code, details: result.details };
    this.#home.batch().events.push(receivedAt(event.stored, this.#home.context.stamp));
    return { kind: "started", runId: result.run.id };
  }

  /** A run that keeps the child from beginning as long as it waits for the child itself; null when there is none. */
  #blockedFor(parentId: string, fn: FunctionConfig, { stored }: IncomingEvent): string | null {
    if (!limitsRuns(fn.flow)) return null;
    const { starter, holdersOf } = this.#home;
    const waiters = waitersOf(parentId, (id) => this.#home.open(id));
    for (const { name, limit } of runGates(fn, starter.limitsOf(fn.id, stored.json), "")) {
      const holders = [...holdersOf(name)].map(([holder]) => runOfHolder(holder));
      if (holders.length >= limit && holders.every((id) => waiters.has(id))) return holders[0] ?? parentId;
    }
    return null;
  }

  /** The run that was started for the same before gives its result to this step too; unless that waits for the step's run. */
  #join(runId: string, { slot, runId: parentId }: ParentLink, fn: FunctionConfig): InvokeStart {
    const run = this.#home.open(runId);
    const details = { function: fn.slug, run: runId };
    if (run === undefined) return { kind: "refused", code: "function_deduplicated", details };
    if (isEnded(run)) return { kind: "ended", runId, ...memoOfChild(run) };
    if (waitersOf(parentId, (id) => this.#home.open(id)).has(runId))
      return { kind: "refused", code: "invoke_cycle", details };
    const { joined = [] } = run.notes ?? {};
    if (joined.length >= LIMITS.joinedStepsMax)
      return { kind: "refused", code: "too_many_joined", details: { run: runId, limit: LIMITS.joinedStepsMax } };
    run.notes = { ...run.notes, joined: [...joined, { runId: parentId, slot }] };
    this.#home.batch().runs.add(run);
    return { kind: "started", runId };
  }

  /** The child that a step had when its run failed is its child still; null when it has to begin another. */
  #keep(childId: string, functionId: string): InvokeStart | null {
    const child = this.#home.open(childId);
    // One in quarantine will tell its end when it has been repaired; one that retention took never will.
    if (child === undefined) return this.#home.isLeftAlone(childId) ? { kind: "started", runId: childId } : null;
    if (child.functionId !== functionId && this.#slugOfRun(childId) !== functionId) return null; // The code has changed.
    if (child.reason === "cancelled_by_parent") return null; // It had to end because the parent did, which goes on now.
    return isEnded(child)
      ? { kind: "ended", runId: childId, ...memoOfChild(child) }
      : { kind: "started", runId: childId };
  }

  #slugOfRun(runId: string): string {
    const run = this.#home.open(runId);
    return run === undefined ? "" : (this.#home.apps.anyFunction(run.functionId)?.fn.slug ?? "");
  }

  /** A run has ended: whoever waits for that is told. */
  runEnded(run: Run): void {
    this.tellParent(run);
    const fn = this.#home.apps.anyFunction(run.functionId)?.fn;
    if (fn === undefined) return;
    for (const name of endEventNames(run)) this.#emit(name, run, fn.slug);
  }

  /** An event of the engine's about the end of a run, where something listens. */
  #emit(name: string, run: Run, slug: string): void {
    const { triggers, waitNames } = this.#home;
    const isWaitedFor = waitNames.has(name);
    if (!isWaitedFor && !triggers.hasListener(name)) return;
    const now = this.#home.now();
    const publicId = name === endEventNames(run)[0] ? this.#home.newId() : run.id;
    const [data, more] = [endEventData(run, slug), endEventMore(run)];
    const { stored, parsed } = internalEvent(this.#home.newId(), name, data, now, publicId, more);
    const isHeard = triggers.match({ name, json: parsed }, now).some((match) => match.outcome === "matched");
    if (isHeard || isWaitedFor) this.happen({ stored, parsed, mayExist: false });
  }

  /** The step that invoked a run gets its memo. */
  tellParent(child: Run): void {
    if (child.parent !== null) this.#tell(child, child.parent);
    for (const joined of child.notes?.joined ?? []) this.#tell(child, joined);
  }

  #tell(child: Run, { runId, slot }: { readonly runId: string; readonly slot: string }): void {
    const { memo, status } = memoOfChild(child);
    const parent = this.#home.open(runId);
    if (parent === undefined) this.#say({ kind: "child_ended", runId, slot, childId: child.id, memo, status });
    else childEnded(this.#home.context, parent, slot, child.id, memo, status);
  }

  cancelChild(runId: string, parentRunId: string, reason: EndReason, message: string): void {
    const run = this.#home.open(runId);
    if (run === undefined) this.#say({ kind: "cancel", runId, parentRunId, reason, message });
    else if (run.parent?.runId === parentRunId) cancelRun(this.#home.context, run, reason, message);
  }

  // --- Signals ------------------------------------------------------------------------------------------------

  signal(name: string): SignalState {
    const facts = this.#facts;
    if (facts === null) return { holder: null, early: null };
    return signalState(this.#home, name, facts);
  }

  takeSignal(name: string): void {
    this.#facts?.forgetFlow(signalKey(name));
    this.#home.batch().deleteFlow(signalKey(name));
  }

  dropWait(runId: string, slot: string): void {
    const run = this.#home.open(runId);
    if (run === undefined) this.#say({ kind: "drop_wait", runId, slot });
    else disarm(this.#home.context, run, slot);
  }

  // --- Messages -----------------------------------------------------------------------------------------------

  lookBack(run: Run, slot: string, past: WantedPast, timeoutAt: Instant): void {
    const until = this.#home.context.stamp;
    this.#say({ kind: "look_back", runId: run.id, slot, ...past, until, timeoutAt, after: null, seen: 0 });
  }

  #say(content: InboxContent): void {
    this.#home.batch().messages.add({ id: this.#home.newId(), content });
  }

  deliver(message: InboxMessage, facts: Facts): void {
    const { content } = message;
    if ("runId" in content && this.#home.isLeftAlone(content.runId)) return; // CL3
    this.#home.batch().deletedMessages.push(message.id); // CL2
    if (content.kind === "event") this.#deliverEvent(content, facts);
    else if (content.kind === "tick") this.#deliverTick(content, facts);
    else if (content.kind === "signal") deliverSignal(this.#home, content, facts);
    else this.#deliverToRun(message.id, content, facts);
  }

  #deliverToRun(
    id: string,
    content: Exclude<InboxContent, { readonly kind: "event" | "signal" | "tick" }>,
    facts: Facts,
  ): void {
    const { context } = this.#home;
    this.#home.blame(content.runId);
    const run = this.#home.open(content.runId);
    if (run === undefined || isEnded(run)) return;
    if (content.kind === "child_ended")
      childEnded(context, run, content.slot, content.childId, content.memo, content.status);
    else if (content.kind === "cancel") this.cancelChild(run.id, content.parentRunId, content.reason, content.message);
    else if (content.kind === "drop_wait") disarm(context, run, content.slot);
    else this.#deliverPast(id, content, run, facts);
  }

  /** A tick whose function has rules for its starts goes their way; true then. No overlap policy sees it. */
  startTick(functionId: string, eventId: string, cron: string): boolean {
    const fn = this.#home.apps.functionOf(functionId);
    if (fn === undefined || !hasStartRules(fn.flow)) return false;
    this.#say({ kind: "tick", functionId, eventId, cron });
    return true;
  }

  #deliverTick({ functionId, eventId, cron }: InboxContent & { readonly kind: "tick" }, facts: Facts): void {
    const fn = this.#home.apps.functionOf(functionId);
    const event = facts.stored(eventId);
    if (fn === undefined || event === null) return;
    start(this.#home.starter, { fn, event, cause: "cron", cron }, facts);
  }

  #deliverEvent(content: InboxContent & { readonly kind: "event" }, facts: Facts): void {
    const event = facts.stored(content.eventId);
    if (event === null) return; // Retention was faster.
    const query = waitersOfEvent(this.#home.waitNames, event, content.after);
    if (query !== null) {
      const page = pageOf(facts, query);
      this.#arrive(page, event, content.at);
      const { runIds, isComplete } = facts.waiters(query);
      if (!isComplete || page.length < runIds.length) this.#say({ ...content, starts: false, after: page.at(-1)! });
    }
    if (content.starts) this.#start(event, facts);
  }

  #deliverPast(
    messageId: string,
    content: InboxContent & { readonly kind: "look_back" },
    run: Run,
    facts: Facts,
  ): void {
    const { limit, charsMax } = pastOf(messageId, content);
    const past = facts.past(messageId) ?? [];
    const chars = past.reduce((sum, { json }) => sum + json.length, 0);
    const isWhole = past.length < limit && chars < charsMax;
    const events = past.map((stored) => ({ stored, parsed: JSON.parse(stored.json) as JsonObject, mayExist: false }));
    const { context } = this.#home;
    lookBack(context, run, content.slot, events);
    const step = run.steps.get(content.slot);
    const job = run.jobs.get(content.slot);
    if (step === undefined || job === undefined) return; // Found, or over.
    const seen = content.seen + past.length;
    const max = LIMITS.lookBackEventsMax;
    if (seen > max && !content.isOptional)
      failRunWith(context, run, "look_back_too_far", { step: step.name, limit: max });
    else if (seen <= max && !isWhole) this.#say({ ...content, after: receivedPlace(past.at(-1)!), seen });
    else moveJob(context, run, job, Math.max(content.timeoutAt, this.#home.now()));
  }
}

/**
 * An event is received when it is applied, by the stamps that the runs go by: an event that follows from what a run did was
 * received after that run began, whatever the machine's clock does.
 */
export function receivedAt(stored: StoredEvent, stamp: Instant): StoredEvent {
  return stored.receivedAt === stamp ? stored : { ...stored, receivedAt: stamp };
}

const receivedPlace = ({ receivedAt, id }: StoredEvent): ReceivedPlace => ({ receivedAt, id });

export function receivedNotice({ id, name }: StoredEvent, at: Instant) {
  return { kind: "event_received", id, runId: null, functionId: null, name, status: "received", at } as const;
}
