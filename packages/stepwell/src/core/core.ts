/**
 * The core: pure, synchronous, in memory. Commands and time go in; a batch of rows and effects comes out.
 *
 * It owns the runs in memory (residents.ts), the job queue, the triggers and the schedules. It never reads a clock, a
 * random source of its own, or the network (E7); its owner loads what a command needs before applying it, commits
 * the batch, and performs the effects afterwards.
 *
 *   C1. Calls in flight never exceed `callsMax` and `callsYoungMax` (schedule/calls-out.ts), `callsPerAppMax` for one app, nor
 *       any limit of flow control (flow/admission.ts).
 */
import { createIdSource, type IdSource } from "../protocol/ids.ts";
import { LIMITS } from "../protocol/limits.ts";
import { Apps } from "./apps.ts";
import { Batch, type CallEffect, type FlowFactKey, type RequestEffect } from "./batch.ts";
import type {
  BeginRun,
  CancelAnswer,
  CancelRun,
  Command,
  CreateEndpointRun,
  Deliver,
  EndpointAnswer,
  EndpointStepsAnswer,
  EventReceipt,
  InvokeFunction,
  PauseCommand,
  PutOperation,
  ReceiveEvents,
  RemoveApp,
  Reply,
  RequestReply,
  RerunRun,
  ResumeRun,
  SaveCheckpoint,
  SaveEndpointSteps,
  SendSignal,
  SignalAnswer,
  StartAnswer,
  SyncAnswer,
  SyncApp,
} from "./command.ts";
import type { CoreOptions, StoredRegistry } from "./core-options.ts";
import { CronSchedules } from "./cron/schedules.ts";
import { createEndpointRun } from "./endpoints.ts";
import type { ExplainView } from "./explain/view.ts";
import { type Facts, flowFact, messageFact, type Needs, noteForgotten, queuedSet } from "./facts.ts";
import { Admission } from "./flow/admission.ts";
import { contactOf } from "./flow/app-contact.ts";
import { dropsOldest } from "./flow/backlog.ts";
import { QueuedCounts } from "./flow/queued-counts.ts";
import { runFlow } from "./flow/run-flow.ts";
import type { Instant } from "./instant.ts";
import { startRuns } from "./intake.ts";
import { Links, type LinksHome, receivedAt, receivedNotice } from "./links.ts";
import { TriggerIndex } from "./match/triggers.ts";
import { WaitNames, waitSetOf } from "./match/wait-names.ts";
import { missingFor, type NeedsView } from "./needs.ts";
import { pause, type RegistryHome, removeApp, syncApp } from "./registering.ts";
import { Residents } from "./residents.ts";
import { type CheckpointAnswer, checkpoint } from "./run/checkpoint.ts";
import { beginCollected, collectDue } from "./run/collect.ts";
import type { RunContext } from "./run/context.ts";
import { createRun, flowOf, type NewRun } from "./run/create.ts";
import { dispatch } from "./run/dispatch.ts";
import { endLease, saveEndpointSteps } from "./run/endpoint.ts";
import { cancelRun } from "./run/finish.ts";
import { reply } from "./run/reply.ts";
import { requestReply } from "./run/request.ts";
import { isEarly, isEnded, type Job, MAIN_SLOT, type Run } from "./run/run.ts";
import { runTimeout } from "./run/timeouts.ts";
import { wake } from "./run/wake.ts";
import { CallsOut } from "./schedule/calls-out.ts";
import { hintOf, type JobHint } from "./schedule/hint.ts";
import { JobQueue } from "./schedule/job-queue.ts";
import { type Lane, ReadyQueue } from "./schedule/ready-queue.ts";
import { deliverSignal } from "./signals.ts";
import { Stamps } from "./stamps.ts";
import type { Starter } from "./start-order.ts";
import { invokeFunction, rerun, resumeRun } from "./starts.ts";
import { Ticks } from "./ticks.ts";

/** At most this many runs are asked for ahead of their dispatch. */
const LOADS_AHEAD_MAX = 1_000;

type PlaceOfCall = Pick<Reply, "functionId" | "runId" | "slot" | "generation">;

export class Core {
  readonly #options: CoreOptions;
  readonly #ids: IdSource;
  readonly #ready: ReadyQueue;
  readonly #queue: JobQueue;
  readonly #admission: Admission;
  readonly #runs: Residents;
  readonly #apps: Apps;
  readonly #triggers = new TriggerIndex();
  readonly #schedules: CronSchedules;
  readonly #waitNames = new WaitNames();
  readonly #starter: Starter;
  readonly #home: LinksHome;
  readonly #links: Links;
  readonly #ticks: Ticks;
  readonly #needsView: NeedsView;
  /** How many runs of a function wait for their first call. */
  readonly #queued: QueuedCounts;
  readonly #stamps: Stamps;
  readonly #calls: CallsOut;
  #batch = new Batch();
  #now: Instant = 0;
  #subject: string | null = null;
  readonly #context: RunContext;

  constructor(options: CoreOptions, registry: StoredRegistry, now: Instant) {
    this.#options = options;
    this.#now = now;
    this.#calls = new CallsOut(options.callsMax, options.callsYoungMax);
    this.#ids = createIdSource(() => options.random.uint32());
    this.#runs = new Residents(options.residentRunsMax);
    this.#apps = new Apps(registry.apps, registry.functions);
    this.#admission = new Admission({
      functionOf: (functionId) => this.#apps.functionOf(functionId),
      appIdOf: (functionId) => this.#apps.appIdOf(functionId),
      isPaused: (functionId) => this.#apps.isPaused(functionId),
      appLimit: () => options.callsPerAppMax,
    });
    const weightOf = (functionId: string) => this.#apps.functionOf(functionId)?.flow.weight ?? 1;
    this.#ready = new ReadyQueue(this.#admission.gates, weightOf);
    this.#queue = new JobQueue(this.#ready, now, options.queueLimits);
    for (const app of this.#apps.list()) this.#triggers.replaceApp(app.id, app.functions);
    this.#schedules = new CronSchedules(registry.schedules, this.#apps.activeFunctions(), now);
    this.#schedules.hold(this.#apps.held);
    for (const { runId, functionId, flow, startedAt } of registry.places) {
      // Also of a function that is removed now: it may come back before its runs have moved.
      const fn = this.#apps.anyFunction(functionId)?.fn;
      if (fn !== undefined) this.#admission.holdAgain(fn, runId, flow, startedAt);
    }
    this.#queued = new QueuedCounts(registry.queued);
    this.#stamps = new Stamps(registry.lastStamp);
    for (const state of registry.throttles) this.#admission.restoreThrottle(state);
    for (const wait of registry.waits) this.#waitNames.add(wait, wait.count);
    this.#context = this.#contextOf(options);
    this.#starter = {
      context: this.#context,
      now: () => this.#now,
      env: () => options.env,
      batch: () => this.#batch,
      create: (fields, runId) => this.#create(fields, runId),
      limitsOf: (functionId, json) => runFlow(this.#apps.functionOf(functionId)!.flow, json, this.#now),
      pauseOf: (functionId) => this.#apps.pauseOf(functionId),
      open: (runId) => this.#openOther(runId),
      queued: this.#queued.of,
    };
    this.#home = {
      context: this.#context,
      starter: this.#starter,
      apps: this.#apps,
      triggers: this.#triggers,
      waitNames: this.#waitNames,
      now: () => this.#now,
      batch: () => this.#batch,
      newId: () => this.#ids.next(this.#now),
      open: (runId) => this.#openOther(runId),
      isHere: (runId) => this.#runs.has(runId),
      holdersOf: (gate) => this.#admission.gates.gate(gate)?.holders ?? [],
      isLeftAlone: (runId) => this.#options.quarantined.has(runId),
      blame: (runId) => {
        this.#subject = runId;
      },
    };
    this.#links = new Links(this.#home);
    this.#ticks = new Ticks(this.#home, this.#links, this.#schedules, (runId, then) => this.#runs.want(runId, then));
    this.#needsView = {
      waitNames: this.#waitNames,
      now: () => this.#now,
      functionOf: (functionId) => this.#apps.functionOf(functionId),
      find: (slugOrId) => this.#apps.find(slugOrId),
      runOf: (runId) => this.#runs.get(runId),
      listeners: (name) => this.#triggers.listenerIds(name),
      isResident: (runId) => this.#runs.has(runId),
      queued: this.#queued.of,
    };
  }

  /** What the rules of runs may use. */
  #contextOf(options: CoreOptions): RunContext {
    const core = this;
    return {
      get now() {
        return core.#now;
      },
      get stamp() {
        return core.#stamps.at(core.#now);
      },
      get batch() {
        return core.#batch;
      },
      random: options.random,
      retry: options.retry,
      limits: options.runLimits,
      functionOf: (run) => this.#apps.functionOf(run.functionId),
      schedule: (run, job) => this.#schedule(run, job),
      ended: (run) => this.#ended(run),
      requeued: (run) => this.#queued.add(run.functionId, 1),
      armed: (wait) => {
        this.#waitNames.add(wait);
        options.recent.join(waitSetOf(wait), wait.runId);
      },
      disarmed: (wait) => this.#waitNames.remove(wait),
      invoke: (parent, request) => this.#links.invoke(parent, request),
      cancelChild: (...order) => this.#links.cancelChild(...order),
      send: (sends) => this.#links.send(sends),
      signal: (name) => this.#links.signal(name),
      takeSignal: (name) => this.#links.takeSignal(name),
      dropWait: (runId, slot) => this.#links.dropWait(runId, slot),
      forgetFlow: (key) => this.#forgetFlow(key),
      retryEvents: ({ id, functionId }, events, startAt, attempt) => {
        const run = this.#create({ functionId, events, startAt, cron: null, originalRunId: id, parent: null });
        run.notes = { ...run.notes, eventAttempt: attempt };
        return run.id;
      },
      lookBack: (run, slot, past, untilAt) => this.#links.lookBack(run, slot, past, untilAt),
    };
  }

  // --- Commands -----------------------------------------------------------------------------------------------

  /** What has to be loaded before a command can be applied; null when nothing is missing. */
  missing(command: Command, facts: Facts): Needs | null {
    return missingFor(this.#needsView, command, facts);
  }

  receiveEvents(command: ReceiveEvents, facts: Facts, now: Instant): EventReceipt[] {
    this.#begin(now);
    let room: number = LIMITS.resumedRunsPerBatchMax;
    return command.events.map((event) => {
      const { stored } = event;
      if (event.mayExist) {
        if (facts.hasEvent(stored.id)) return { eventId: stored.id, isNew: false, runIds: [] };
        facts.noteEvent(stored.id);
      }
      this.#batch.events.push(receivedAt(stored, this.#context.stamp));
      this.#batch.notices.push(receivedNotice(stored, now));
      room -= this.#links.resume(event, facts, room);
      const matches = this.#triggers.match({ name: stored.name, json: event.parsed }, now);
      return { eventId: stored.id, isNew: true, runIds: startRuns(this.#starter, matches, event, facts) };
    });
  }

  /** A call returned. Its place is free again whatever it said; a run that is gone from memory has no call (E3). */
  reply(command: Reply, facts: Facts, now: Instant): void {
    this.#now = now;
    const { functionId, runId, slot, outcome } = command;
    this.#admission.heard(functionId, runId, slot, contactOf(outcome), now);
    this.#callEnded(command);
    const run = this.#open(command.runId);
    if (run === undefined) return;
    this.#links.with(facts, () => reply(this.#context, run, command.slot, command.generation, command.outcome));
  }

  requestReply(command: RequestReply, now: Instant): void {
    this.#now = now;
    this.#callEnded(command);
    const run = this.#open(command.runId);
    if (run !== undefined) requestReply(this.#context, run, command.slot, command.generation, command.outcome);
  }

  saveCheckpoint(command: SaveCheckpoint, facts: Facts, now: Instant): CheckpointAnswer {
    this.#now = now;
    const run = this.#open(command.runId);
    if (run === undefined) return { kind: "refused", code: "not_found", details: { what: `Run ${command.runId}` } };
    const { slot, generation, ops } = command;
    return this.#links.with(facts, () => checkpoint(this.#context, run, slot, generation, ops));
  }

  cancelRun(command: CancelRun, now: Instant): CancelAnswer {
    this.#now = now;
    // Also one in quarantine: to end it is the repair.
    const run = this.#runs.get(command.runId);
    if (run === undefined) return { outcome: "not_found", status: null };
    this.#subject = command.runId;
    this.#runs.change(run);
    if (isEnded(run)) return { outcome: "ended", status: run.status };
    cancelRun(this.#context, run, command.code ?? "cancelled_by_request", command.reason);
    return { outcome: "cancelled", status: run.status };
  }

  sendSignal(command: SendSignal, facts: Facts, now: Instant): SignalAnswer {
    this.#begin(now);
    return deliverSignal(this.#home, command, facts);
  }

  invokeFunction(command: InvokeFunction, facts: Facts, now: Instant): StartAnswer {
    this.#begin(now);
    return invokeFunction(this.#home, command, facts);
  }

  rerun(command: RerunRun, facts: Facts, now: Instant): StartAnswer {
    this.#begin(now);
    return rerun(this.#home, command, facts);
  }

  resumeRun(command: ResumeRun, facts: Facts, now: Instant): StartAnswer {
    this.#begin(now);
    return resumeRun(this.#home, command, facts);
  }

  createEndpointRun(command: CreateEndpointRun, facts: Facts, now: Instant): EndpointAnswer {
    this.#begin(now);
    const isKnown = this.#runs.has(command.runId);
    return this.#links.with(facts, () => createEndpointRun(this.#home, command, isKnown, facts));
  }

  saveEndpointSteps(command: SaveEndpointSteps, facts: Facts, now: Instant): EndpointStepsAnswer {
    this.#now = now;
    const run = this.#open(command.runId);
    if (run === undefined) return { problems: ["there is no such run"] };
    return { problems: this.#links.with(facts, () => saveEndpointSteps(this.#context, run, command.ops)) };
  }

  /** A run that collects events begins now, or is given up; false when it does not collect. */
  beginRun({ runId, discards }: BeginRun, now: Instant): boolean {
    this.#now = now;
    const run = this.#open(runId);
    if (run?.jobs.get(MAIN_SLOT)?.kind !== "collect") return false;
    if (!discards) return beginCollected(this.#context, run);
    cancelRun(this.#context, run, "cancelled_by_request", "discarded before it began");
    return true;
  }

  pause(command: PauseCommand, now: Instant): boolean {
    this.#begin(now);
    return pause(this.#registry, command);
  }

  putOperation({ operation }: PutOperation, now: Instant): void {
    this.#begin(now);
    this.#batch.operations.set(operation.id, operation);
  }

  deliver({ message }: Deliver, facts: Facts, now: Instant): void {
    this.#begin(now);
    this.#options.recent.note(messageFact(message.id), "");
    this.#links.with(facts, () => this.#links.deliver(message, facts));
  }

  syncApp(command: SyncApp, now: Instant): SyncAnswer {
    this.#begin(now);
    return syncApp(this.#registry, command);
  }

  removeApp(command: RemoveApp, now: Instant): boolean {
    this.#begin(now);
    return removeApp(this.#registry, command);
  }

  get #registry(): RegistryHome {
    return { ...this.#home, schedules: this.#schedules, admission: this.#admission };
  }

  #begin(now: Instant): void {
    this.#now = now;
    this.#subject = null;
  }

  // --- Time ---------------------------------------------------------------------------------------------------

  /** Wakes what is due and starts calls as far as there is room. */
  advance(now: Instant): void {
    this.#now = now;
    this.#subject = null;
    this.#ticks.fire();
    this.#admission.wakeDue(now);
    const admit = (hint: JobHint, lane: Lane) =>
      this.#isStale(hint) ? "stale" : this.#admission.enter(hint, lane, now);
    for (;;) {
      this.#queue.release(now);
      if (this.#runs.loading >= LOADS_AHEAD_MAX) break;
      // A timer needs no place; a call needs all of its own.
      const timer = this.#queue.nextTimer();
      const hint = timer ?? (this.#calls.hasRoom(now) ? this.#queue.next(admit, now) : undefined); // C1
      if (hint === undefined) break;
      if (timer === undefined) this.#calls.began(now);
      if (this.#runs.has(hint.runId)) this.#take(hint);
      else this.#runs.want(hint.runId, () => this.#take(hint));
    }
    this.#storeThrottles();
  }

  /**
   * True when memory already knows that there is nothing to call: the run has moved on, and what it does next has a hint of
   * its own. Such a hint takes no place and no token.
   */
  #isStale({ runId, slot, isStart }: JobHint): boolean {
    const run = this.#runs.get(runId);
    return run !== undefined && !this.#isToDo(run, run.jobs.get(slot), isStart);
  }

  /** The job is there, is due, is not out already, and is still what its hint says: the run's first call, or not. */
  #isToDo(run: Run, job: Job | undefined, isStart: boolean): job is Job {
    return job !== undefined && job.call === null && !isEarly(job, this.#now) && !(isStart && run.status !== "queued");
  }

  #storeThrottles(): void {
    for (const { functionId, key, fullAt } of this.#admission.takeThrottles()) {
      const fact = { kind: "throttle", functionId, key, value: String(fullAt), expiresAt: Math.ceil(fullAt) } as const;
      this.#batch.flow.push(fact);
    }
  }

  /** When `advance` has something to do although nothing else happens. */
  nextDueAt(): Instant | null {
    const pageAt = this.#queue.nextPageAt();
    const roomAt = this.#queue.readyCount === 0 ? null : this.#calls.nextRoomAt(this.#now);
    const times = [this.#queue.nextDueAt(), this.#nextTickAt(), pageAt, this.#admission.nextWakeAt(), roomAt].filter(
      (at) => at !== null,
    );
    return times.length === 0 ? null : Math.min(...times);
  }

  /** The next tick; while one waits for a run to be loaded, its arrival is what comes next. */
  #nextTickAt(): Instant | null {
    return this.#ticks.isWaiting ? null : this.#schedules.nextDueAt();
  }

  // --- Loading ------------------------------------------------------------------------------------------------

  isResident(runId: string): boolean {
    return this.#runs.has(runId);
  }

  /** Runs that `advance` needs; each is named once. */
  takeWanted(): string[] {
    return this.#runs.takeWanted();
  }

  /** Runs arrived from the store; `ids` are all that were asked for, so the missing ones do not exist. */
  adopt(ids: readonly string[], runs: readonly Run[], now: Instant): void {
    this.#now = now;
    this.#runs.adopt(ids, runs);
  }

  /** These runs stay in memory, once they are there, until they are unpinned. */
  pin(ids: readonly string[]): void {
    this.#runs.pin(ids);
  }

  unpin(ids: readonly string[]): void {
    this.#runs.unpin(ids);
    this.release(ids);
  }

  /** Lets go of runs that were loaded for a command and did not change. */
  release(ids: readonly string[]): void {
    this.#runs.release(ids, this.#isDue);
  }

  /** Which job is next, and what it wants to read. */
  get queue(): JobQueue {
    return this.#queue;
  }

  // --- Batches ------------------------------------------------------------------------------------------------

  get hasWork(): boolean {
    const { hasRows, calls, requests, aborts, notices } = this.#batch;
    return hasRows || calls.length + requests.length + aborts.length + notices.length > 0;
  }

  /** True when the open batch needs a commit. */
  get hasRows(): boolean {
    return this.#batch.hasRows;
  }

  /** Hands over the open batch and begins the next. The store reads it at once; then `batchRead` must be called. */
  takeBatch(): { readonly number: number; readonly batch: Batch } {
    const batch = this.#batch;
    const number = this.#queue.closeBatch();
    this.#batch = new Batch();
    this.#runs.closeBatch(number);
    return { number, batch };
  }

  /** The store has read the batch: its rows count as stored from here on (a failed commit drops all memory). */
  batchRead(batch: Batch): void {
    for (const run of batch.runs) run.isStored = true;
    for (const step of batch.steps) step.isStored = true;
    for (const job of batch.jobs) job.isStored = true;
    for (const wait of batch.waits) wait.isStored = true;
  }

  /** The batch is durable: what it changed may leave memory. */
  batchStored(number: number): void {
    this.#queue.batchStored(number);
    this.#runs.batchStored(number, this.#isDue);
  }

  /** False when a stored call is not to be made after all, because its run has moved on since; its place is free. */
  claimCall({ runId, slot, call }: CallEffect): boolean {
    return this.#claim(runId, slot, call.generation, call.functionId);
  }

  claimRequest({ runId, slot, generation, functionId }: RequestEffect): boolean {
    return this.#claim(runId, slot, generation, functionId);
  }

  #claim(runId: string, slot: string, generation: number, functionId: string): boolean {
    if (this.#runs.get(runId)?.jobs.get(slot)?.call?.generation === generation) return true;
    this.#callEnded({ runId, slot, generation, functionId });
    return false;
  }

  // --- For its owner's pages and metrics ----------------------------------------------------------------------

  /** What explanations are made of. */
  get view(): ExplainView {
    return {
      apps: this.#apps,
      triggers: this.#triggers,
      admission: this.#admission,
      ready: this.#ready,
      waitNames: this.#waitNames,
      options: this.#options,
      calls: this.#calls.count,
      runOf: (runId) => this.#runs.get(runId),
      queuedOf: this.#queued.of,
      isLoading: (runId) => this.#runs.isLoading(runId),
      hasLeftLanes: (functionId) => this.#queue.hasLeft(functionId),
    };
  }

  /** The functions that listen on an event's name. */
  listeners(eventName: string): string[] {
    return this.#triggers.listenerIds(eventName);
  }

  get apps(): Apps {
    return this.#apps;
  }

  get stats(): {
    readonly calls: number;
    readonly residentRuns: number;
    readonly jobHints: number;
    readonly readyJobs: number;
  } {
    return {
      calls: this.#calls.count,
      residentRuns: this.#runs.size,
      jobHints: this.#queue.size,
      readyJobs: this.#queue.readyCount,
    };
  }

  /** The number of the open batch. */
  get batchNumber(): number {
    return this.#queue.batch;
  }

  /** The run that the last rule worked on: the one to blame when a rule threw. */
  get subject(): string | null {
    return this.#subject;
  }

  /** The runs in memory; for invariants. */
  residentRuns(): IterableIterator<Run> {
    return this.#runs.values();
  }

  /** What is waited for; for invariants. */
  get waitNames(): WaitNames {
    return this.#waitNames;
  }

  // --- Inside -------------------------------------------------------------------------------------------------

  #create(fields: Omit<NewRun, "id" | "env" | "partition">, runId?: string): Run {
    const { env, partition } = this.#options;
    const config = this.#apps.functionOf(fields.functionId)!;
    const flow = flowOf(this.#starter.limitsOf(config.id, fields.events[0]?.json ?? null), fields);
    this.#queued.add(fields.functionId, 1);
    const fn = { version: this.#apps.versionOf(fields.functionId), config, flow };
    const id = runId ?? this.#ids.next(this.#now, partition);
    const run = createRun(this.#context, { ...fields, id, env, partition }, fn);
    this.#runs.add(run);
    if (dropsOldest(config.flow)) this.#options.recent.join(queuedSet(config.id), id);
    return run;
  }

  #forgetFlow(key: FlowFactKey, ifValue?: string): void {
    noteForgotten(this.#options.recent, flowFact(key), ifValue);
    this.#batch.deleteFlow(key, ifValue);
  }

  #schedule(run: Run, { slot, dueAt, kind }: Job): void {
    const { id: runId, functionId, createdAt, flow } = run;
    const isQueued = run.status === "queued";
    this.#queue.add(hintOf({ runId, slot, dueAt, kind, functionId, createdAt, isQueued, flow }), this.#now);
  }

  /** The run, about to be changed by a command; undefined when it is not there or in quarantine. */
  #open(runId: string): Run | undefined {
    const run = this.#options.quarantined.has(runId) ? undefined : this.#runs.get(runId);
    this.#subject = runId;
    if (run !== undefined) this.#runs.change(run);
    return run;
  }

  /** Another run than the one the command is about: a rule that throws is not to be blamed on it. */
  #openOther(runId: string): Run | undefined {
    const run = this.#options.quarantined.has(runId) ? undefined : this.#runs.get(runId);
    if (run !== undefined) this.#runs.change(run);
    return run;
  }

  /** A hint's turn: move what is due or start the call, if the run's own job says so. */
  #take(hint: JobHint): void {
    const run = this.#open(hint.runId);
    const job = run?.jobs.get(hint.slot);
    if (hint.isTimer) {
      if (run !== undefined && job !== undefined) this.#tick(run, job);
      return;
    }
    const requestId = this.#ids.next(this.#now);
    const isPaused = this.#apps.isPaused(hint.functionId); // Since, while the run was loaded.
    const mayCall = run !== undefined && !isPaused && this.#isToDo(run, job, hint.isStart);
    const wasQueued = run?.status === "queued";
    if (mayCall && dispatch(this.#context, run, hint.slot, requestId)) {
      if (wasQueued) this.#queued.add(run.functionId, -1);
      return;
    }
    this.#calls.ended(this.#now);
    this.#admission.undone(hint, run !== undefined && !isEnded(run) && run.status !== "queued");
    if (isPaused) this.#queue.putBack(hint);
  }

  #tick(run: Run, job: Job): void {
    if (job.kind === "sleep" || job.kind === "timeout") wake(this.#context, run, job.slot);
    else if (job.kind === "collect") collectDue(this.#context, run);
    else if (job.kind === "lease") endLease(this.#context, run, job);
    else if (job.kind === "start_timeout" || job.kind === "finish_timeout") runTimeout(this.#context, run, job);
  }

  /** A generation is the instant of the call's dispatch, or hardly more (run/dispatch.ts, D2). */
  #callEnded({ functionId, runId, slot, generation }: PlaceOfCall): void {
    this.#calls.ended(generation);
    this.#admission.callEnded(functionId, runId, slot);
  }

  #ended(run: Run): void {
    this.#runs.change(run);
    this.#admission.runEnded(run.id);
    if (run.startedAt === null) this.#queued.add(run.functionId, -1);
    this.#forgetFlowOf(run);
    if (run.cron !== null) {
      const state = this.#schedules.runEnded(run.functionId, run.id);
      if (state !== null) this.#batch.schedules.set(run.functionId, state);
    }
    this.#links.runEnded(run);
  }

  /** What was remembered of a run for the starts of others is over with it. */
  #forgetFlowOf({ id, functionId, status, flow }: Run): void {
    if (flow === null) return;
    const { singleton, idempotency, collect } = flow;
    if (collect !== undefined) this.#forgetFlow({ ...collect, functionId }); // It has not begun: the fact is its own.
    // A newer run may have taken the place: only what still names this one goes.
    if (singleton !== undefined) this.#forgetFlow({ kind: "singleton", functionId, key: singleton }, id);
    const isReleased = status === "failed" || status === "cancelled";
    if (idempotency !== undefined && isReleased)
      this.#forgetFlow({ kind: "idempotency", functionId, key: idempotency }, id);
  }

  /** A run with a job that is due is about to be needed again: loading it once more would be waste. */
  readonly #isDue = (run: Run): boolean => {
    for (const job of run.jobs.values()) if (job.dueAt <= this.#now) return true;
    return false;
  };
}
