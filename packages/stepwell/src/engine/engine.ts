/**
 * The loop: commands in, one transaction, effects out.
 *
 *   EN1. Effects and answers of a batch happen only after its commit resolved (E1).
 *   EN2. One commit is under way at a time; whatever arrives meanwhile is the next batch (group commit, no timer). A batch
 *        waits for no more than has arrived: it goes to the store when a turn brought nothing, or when it is large.
 *   EN3. When a commit or load fails, everything in memory is dropped and never written again, whoever waits is told,
 *        and the store is loaded again (E2), but not before the commit under way has settled: its outcome is unknown,
 *        and a load beside it could show either state. Calls that were out are made again (E3).
 *   EN4. A run is loaded by one load at a time, and only while it is not in memory; so a load never brings back an
 *        older state than the one that was let go.
 *   EN5. The clock the core sees never steps back. Spans of the engine itself (grace, reload) count on the clock as it is.
 */

import type { Apps } from "../core/apps.ts";
import type { Batch, Notice, PauseMode, StoredOperation } from "../core/batch.ts";
import type {
  CancelAnswer,
  CancelRun,
  Command,
  CreateEndpointRun,
  EndpointAnswer,
  EndpointStepsAnswer,
  EventReceipt,
  InvokeFunction,
  Look,
  RerunRun,
  ResumeRun,
  SaveCheckpoint,
  SaveEndpointSteps,
  SendSignal,
  SignalAnswer,
  StartAnswer,
  SyncAnswer,
} from "../core/command.ts";
import { Core } from "../core/core.ts";
import type { CoreOptions } from "../core/core-options.ts";
import type { RunExplanation } from "../core/explain/explanation.ts";
import { Facts, messageFact, type Needs, type Recent } from "../core/facts.ts";
import type { Instant } from "../core/instant.ts";
import type { CheckpointAnswer } from "../core/run/checkpoint.ts";
import { runProblems } from "../core/run/invariants.ts";
import type { Run } from "../core/run/run.ts";
import { isStepwellError, StepwellError } from "../protocol/errors.ts";
import { DEFAULT_ENV, type IncomingEvent } from "../protocol/event.ts";
import type { AppConfig } from "../protocol/function.ts";
import { type Fence, isFatalStoreError, type Store } from "../store/store.ts";
import { Alarm } from "./alarm.ts";
import { applyCommand } from "./apply.ts";
import { explainRun } from "./explain.ts";
import { Inbox } from "./inbox.ts";
import { loadFacts, loadWork } from "./load-facts.ts";
import { Mailbox } from "./mailbox.ts";
import { ENGINE_LIMITS, type EngineLimits, type EngineOptions, type EngineStats } from "./options.ts";
import { Outside } from "./outside.ts";
import { type EngineLog, SILENT_LOG } from "./ports.ts";
import { RecentFacts } from "./recent-facts.ts";

/** How long the engine waits before it loads again after a failed commit, in ms; doubled up to the maximum. */
const RELOAD_DELAY_MS = 50;
const RELOAD_DELAY_MS_MAX = 5_000;

/**
 * With this many commands a batch goes to the store although more has arrived. Less is not worth a commit, which costs as
 * much as dozens of commands; more would leave the store idle while the batch grows.
 */
const BATCH_COMMANDS = 192;

/** Who is told what became of a command. */
interface Client {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting {
  readonly command: Command;
  /** Null for the engine's own commands. */
  readonly client: Client | null;
}

/** A command for which something is loaded, perhaps in several rounds (core/facts.ts). */
interface Prepared {
  readonly waiting: Waiting;
  readonly facts: Facts;
  readonly load: number;
  /** Runs that stay in memory until it is applied. */
  readonly pinned: string[];
  runsMissing: number;
}

interface Answer {
  readonly client: Client;
  readonly value: unknown;
}

/** Is told what has been committed. It must not block. */
export type Watcher = (notices: readonly Notice[]) => void;

export interface PauseTarget {
  readonly kind: "function" | "app";
  /** A function's slug or id, or an app's id. */
  readonly id: string;
}

type State = "new" | "running" | "reloading" | "stopping" | "stopped";

export class Engine {
  readonly #options: EngineOptions;
  readonly #limits: EngineLimits;
  readonly #log: EngineLog;
  readonly #fence: Fence;
  #state: State = "new";
  #core: Core;
  #recent = new RecentFacts();
  /** The facts of commands that need none: only what was decided lately. */
  #noFacts: Facts;
  /** Grows with every reload: what belongs to an older life is ignored. */
  #life = 0;
  readonly #inbox = new Inbox<Waiting>();
  #mailbox = new Mailbox();
  /** Commands for which something is being loaded, and those of them that wait for a run, by its id, in order. */
  readonly #prepared = new Set<Prepared>();
  readonly #parked = new Map<string, Prepared[]>();
  readonly #loading = new Set<string>();
  #answers: Answer[] = [];
  /** Commands of the open batch. */
  #gathered = 0;
  #committing: readonly Answer[] | null = null;
  /** Settles with the latest commit, also when nobody of this life waits for it. Never rejects. */
  #underWay: Promise<void> = Promise.resolve();
  /** What is in memory was dropped and is not loaded yet: nothing of it may be written (EN3). */
  #isDropped = false;
  readonly #quarantined = new Set<string>();
  #isTurnDue = false;
  readonly #alarm: Alarm;
  #lastNow: Instant = 0;
  #reloadDelayMs = RELOAD_DELAY_MS;
  readonly #watchers = new Set<Watcher>();
  #commits = 0;
  #reloads = 0;
  readonly #outside: Outside;
  #whenCallsEnd: (() => void)[] = [];
  #whenStored: (() => void)[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#limits = { ...ENGINE_LIMITS, ...options.limits };
    this.#log = options.log ?? SILENT_LOG;
    this.#alarm = new Alarm(options.clock, () => this.#wake());
    this.#fence = options.fence ?? { node: "local", epoch: 1 };
    this.#outside = new Outside({
      transport: options.transport,
      gateway: options.gateway ?? null,
      save: (command) => this.#submit<CheckpointAnswer>(command),
      done: (command, life) => this.#callEnded(command, life),
    });
    this.#noFacts = new Facts(this.#recentPort);
    this.#core = new Core(
      this.#coreOptions(),
      { apps: [], functions: [], schedules: [], waits: [], places: [], throttles: [], queued: [], lastStamp: 0 },
      0,
    );
  }

  /** Loads what the store knows and begins to work. The store must be open. */
  async start(): Promise<void> {
    if (this.#state !== "new") return;
    await this.#load();
  }

  /**
   * Takes no more commands, starts no more calls, waits up to `graceMs` for the calls that are out, stores what they
   * reported, and ends. Safe to call twice.
   */
  async stop(graceMs: number): Promise<void> {
    if (this.#state === "stopping" || this.#state === "stopped") return;
    this.#state = "stopping";
    this.#alarm.set(null);
    for (const waiting of this.#takeUnapplied()) {
      if (waiting.command.kind === "reply" || waiting.command.kind === "request_reply")
        this.#inbox.push(waiting); // It has been reported: it will be stored.
      else waiting.client?.reject(new StepwellError("server_stopping"));
    }
    if (this.#outside.pending > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.at(this.#options.clock.now() + graceMs, resolve);
        this.#whenCallsEnd.push(() => {
          cancel();
          resolve();
        });
      });
    }
    await new Promise<void>((resolve) => this.#settle(resolve));
    this.#state = "stopped";
    await this.#underWay;
    for (const answer of this.#answers) answer.client.reject(new StepwellError("server_stopping"));
    this.#answers = [];
  }

  // --- Commands -----------------------------------------------------------------------------------------------

  /** Stores events and starts what they start. Resolves when all of it is durable (E1). */
  receive(events: readonly IncomingEvent[]): Promise<EventReceipt[]> {
    return this.#submit<EventReceipt[]>({ kind: "receive_events", events });
  }

  /** Registers an app's functions, replacing those it had. */
  sync(app: AppConfig, checksum: string): Promise<SyncAnswer> {
    return this.#submit<SyncAnswer>({ kind: "sync_app", app, checksum });
  }

  /** Archives an app's functions. False when there is no such app. */
  removeApp(appId: string): Promise<boolean> {
    return this.#submit<boolean>({ kind: "remove_app", appId });
  }

  /** Saves results of a call that goes on. */
  saveCheckpoint(command: Omit<SaveCheckpoint, "kind">): Promise<CheckpointAnswer> {
    return this.#submit<CheckpointAnswer>({ kind: "save_checkpoint", ...command });
  }

  /** An endpoint began a run by itself. */
  createEndpointRun(command: Omit<CreateEndpointRun, "kind">): Promise<EndpointAnswer> {
    return this.#submit<EndpointAnswer>({ kind: "create_endpoint_run", ...command });
  }

  /** An endpoint saves what happened in the request that it executes. */
  saveEndpointSteps(command: Omit<SaveEndpointSteps, "kind">): Promise<EndpointStepsAnswer> {
    return this.#submit<EndpointStepsAnswer>({ kind: "save_endpoint_steps", ...command });
  }

  cancelRun(command: Omit<CancelRun, "kind">): Promise<CancelAnswer> {
    return this.#submit<CancelAnswer>({ kind: "cancel_run", ...command });
  }

  sendSignal(command: Omit<SendSignal, "kind">): Promise<SignalAnswer> {
    return this.#submit<SignalAnswer>({ kind: "send_signal", ...command });
  }

  invoke(command: Omit<InvokeFunction, "kind">): Promise<StartAnswer> {
    return this.#submit<StartAnswer>({ kind: "invoke_function", ...command });
  }

  /** Starts a run with the events of another, from the beginning or from one of its steps. */
  rerun(command: Omit<RerunRun, "kind" | "operationId"> & { readonly operationId?: string }): Promise<StartAnswer> {
    return this.#submit<StartAnswer>({ kind: "rerun", operationId: null, ...command });
  }

  /** A failed run goes on where it failed. */
  resumeRun(command: Omit<ResumeRun, "kind">): Promise<StartAnswer> {
    return this.#submit<StartAnswer>({ kind: "resume_run", ...command });
  }

  /** A run that collects events (debounce, batch) begins now, or is given up. False when it does not collect. */
  readonly beginRun = (runId: string, discards = false): Promise<boolean> =>
    this.#submit<boolean>({ kind: "begin_run", runId, discards });

  /** Nothing of the function or app is called until it is resumed. False when there is no such one. */
  pause({ kind, id, mode }: PauseTarget & { readonly mode: PauseMode }): Promise<boolean> {
    return this.#submit<boolean>({ kind: "pause", target: kind, id, mode });
  }

  unpause({ kind, id }: PauseTarget): Promise<boolean> {
    return this.#submit<boolean>({ kind: "pause", target: kind, id, mode: null });
  }

  /** Stores how far work on many runs is. */
  putOperation(operation: StoredOperation): Promise<void> {
    return this.#submit<void>({ kind: "put_operation", operation });
  }

  // --- Reading ------------------------------------------------------------------------------------------------

  /** The apps and functions that are registered. */
  get apps(): Apps {
    return this.#core.apps;
  }

  get store(): Store {
    return this.#options.store;
  }

  get isAccepting(): boolean {
    return this.#state === "running" || this.#state === "reloading";
  }

  get stats(): EngineStats {
    return {
      ...this.#core.stats,
      waitingCommands: this.#waitingCount,
      commits: this.#commits,
      reloads: this.#reloads,
    };
  }

  /** Looks at what is in memory and changes nothing. What was seen is told once all of it is stored (E1). */
  look<T>(read: Look["read"] & ((...args: never) => T)): Promise<T> {
    return this.#submit<T>({ kind: "look", read });
  }

  /** Why a run does not go on, or what it does; null when there is no such run. */
  explain(runId: string): Promise<RunExplanation | null> {
    return explainRun(this, runId);
  }

  /** Tells a watcher what has been committed. Returns how to stop. A watcher must not block. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The core, for the simulator's checkers. Not for anybody else. */
  get coreForTests(): Core {
    return this.#core;
  }

  // --- The loop -----------------------------------------------------------------------------------------------

  #submit<T>(command: Command): Promise<T> {
    if (!this.isAccepting) return Promise.reject(new StepwellError("server_stopping"));
    if (this.#waitingCount >= this.#limits.commandsMax) {
      return Promise.reject(
        new StepwellError("server_overloaded", { count: this.#waitingCount, limit: this.#limits.commandsMax }),
      );
    }
    return new Promise<T>((resolve, reject) => {
      this.#inbox.push({ command, client: { resolve: resolve as (answer: unknown) => void, reject } });
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#options.clock.defer(() => {
      this.#isTurnDue = false;
      if (!this.#isDropped && (this.#state === "running" || this.#state === "stopping"))
        this.#guard(() => this.#turn());
    });
  }

  #turn(): void {
    const now = this.#now();
    const before = this.#gathered;
    for (let next = this.#inbox.next(); next !== undefined; next = this.#inbox.next()) this.#admit(next, now);
    if (this.#inbox.size > 0) this.#wake();
    if (this.#state === "running") {
      this.#core.advance(now);
      this.#loadWanted();
      loadWork(this.#options.store, this.#core.queue, now, (load, then) => void this.#loaded(load, then));
      this.#loadMessages();
    }
    this.#flushUnlessMore(this.#gathered > before);
    if (this.#state === "running") this.#alarm.set(this.#core.nextDueAt());
  }

  /** Applies a command, or prepares it: what it needs is loaded first. */
  #admit(waiting: Waiting, now: Instant): void {
    const needs = this.#core.missing(waiting.command, this.#noFacts);
    if (needs === null) {
      this.#apply(waiting, this.#noFacts, now);
      return;
    }
    const facts = new Facts(this.#recentPort);
    const prepared = { waiting, facts, load: this.#recent.loadBegan(), pinned: [], runsMissing: 0 };
    this.#prepared.add(prepared);
    this.#supply(prepared, needs);
  }

  /** Something that a command waited for is here: on with it. */
  #prepare(prepared: Prepared): void {
    if (!this.#prepared.has(prepared)) return; // Whoever stopped the engine has taken it back.
    const needs = this.#core.missing(prepared.waiting.command, prepared.facts);
    if (needs !== null) {
      this.#supply(prepared, needs);
      return;
    }
    this.#apply(prepared.waiting, prepared.facts, this.#now());
    this.#prepared.delete(prepared);
    this.#core.unpin(prepared.pinned);
    this.#recent.loadEnded(prepared.load);
  }

  #supply(prepared: Prepared, needs: Needs): void {
    const loads = loadFacts(this.#options.store, needs, prepared.facts, this.#now());
    if (loads !== null) {
      void this.#loaded(loads, () => this.#prepare(prepared));
      return;
    }
    const { runs } = needs;
    this.#core.pin(runs);
    prepared.pinned.push(...runs);
    prepared.runsMissing = runs.length;
    for (const id of runs) {
      const parked = this.#parked.get(id);
      if (parked === undefined) this.#parked.set(id, [prepared]);
      else parked.push(prepared);
    }
    void this.#loadRuns(runs);
  }

  #apply({ command, client }: Waiting, facts: Facts, now: Instant): void {
    if (command.kind === "deliver") this.#mailbox.done(command.message.id);
    const value = applyCommand(this.#core, command, facts, now);
    this.#gathered++;
    if (client !== null) this.#answers.push({ client, value });
  }

  // --- Committing ---------------------------------------------------------------------------------------------

  /** Something came for the batch: another turn sees whether there is more, unless it is large already (EN2). */
  #flushUnlessMore(hasGrown: boolean): void {
    const waits = hasGrown && this.#gathered < BATCH_COMMANDS && this.#core.hasRows && this.#committing === null;
    if (waits) this.#wake();
    else this.#flush();
  }

  /** Commits the open batch unless a commit is under way (EN2). A batch without rows needs no commit of its own. */
  #flush(): void {
    if (this.#committing !== null) return;
    const { hasWork, queue } = this.#core;
    if (!hasWork && this.#answers.length === 0 && !queue.waitsForBatch) {
      this.#checkIdle();
      return;
    }
    const { number, batch } = this.#core.takeBatch();
    this.#gathered = 0;
    const answers = this.#answers;
    this.#answers = [];
    if (!batch.hasRows) {
      this.#core.batchStored(number);
      this.#perform(batch, answers);
      return;
    }
    this.#committing = answers;
    const life = this.#life;
    const commit = this.#options.store.commit(batch, this.#fence);
    this.#core.batchRead(batch);
    this.#underWay = commit.catch(() => {}); // Only that it settled counts here.
    commit.then(
      () => life === this.#life && this.#guard(() => this.#committed(number, batch, answers)),
      (error: unknown) => life === this.#life && this.#reset(error),
    );
  }

  #committed(number: number, batch: Batch, answers: readonly Answer[]): void {
    this.#committing = null;
    this.#commits++;
    this.#reloadDelayMs = RELOAD_DELAY_MS;
    this.#recent.stored(number);
    this.#core.batchStored(number);
    // The next batch goes to the store before the effects of this one are performed: they take the loop's time, and
    // the store would wait for it.
    if (this.#gathered >= BATCH_COMMANDS) this.#flush();
    this.#perform(batch, answers);
    this.#flushUnlessMore(this.#gathered > 0);
  }

  #perform(batch: Batch, answers: readonly Answer[]): void {
    if (this.#core.queue.mayRead) this.#wake();
    // A server that stops begins no work: the jobs are stored, and whoever starts next makes the calls.
    if (this.#state === "running") {
      for (const effect of batch.calls)
        if (this.#core.claimCall(effect)) this.#outside.call(effect, this.#life);
        else this.#wake(); // Its place is free (E8).
      for (const effect of batch.requests)
        if (this.#core.claimRequest(effect)) this.#outside.request(effect, this.#life);
        else this.#wake();
      const messages = this.#mailbox.committed(batch.messages, this.#isDone);
      for (const message of messages) this.#push({ kind: "deliver", message });
    }
    for (const effect of batch.aborts) this.#outside.abort(effect);
    for (const answer of answers) answer.client.resolve(answer.value);
    if (batch.notices.length > 0) for (const watcher of this.#watchers) this.#tell(watcher, batch.notices);
    this.#checkIdle();
  }

  /** What a watcher does wrong is its own affair. */
  #tell(watcher: Watcher, notices: readonly Notice[]): void {
    try {
      watcher(notices);
    } catch (error) {
      this.#log.error("a watcher failed", { error: String(error) });
    }
  }

  /** A command of the engine's own: nobody waits for its answer. */
  #push(command: Command): void {
    this.#inbox.push({ command, client: null });
    this.#wake();
  }

  // --- Loading ------------------------------------------------------------------------------------------------

  #loadWanted(): void {
    const ids = this.#core.takeWanted();
    if (ids.length > 0) void this.#loadRuns(ids);
  }

  /** Loads runs that are not in memory; those that are being loaded already are left to that load (EN4). */
  async #loadRuns(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#loading.has(id));
    for (const id of missing) this.#loading.add(id);
    if (missing.length === 0) return;
    await this.#loaded(this.#options.store.loadRuns(missing), (runs) => {
      const now = this.#now();
      for (const id of missing) this.#loading.delete(id);
      for (const run of runs) this.#quarantineUnsound(run);
      this.#core.adopt(missing, runs, now);
      const found = new Set(runs.map((run) => run.id));
      for (const id of missing) {
        const parked = this.#parked.get(id) ?? [];
        this.#parked.delete(id);
        for (const prepared of parked) {
          if (!found.has(id)) prepared.facts.addAbsentRuns([id]);
          if (--prepared.runsMissing === 0) this.#prepare(prepared);
        }
      }
      this.#core.release(missing);
    });
  }

  /** A stored run that breaks an invariant is left alone, loudly; the others go on. */
  #quarantineUnsound(run: Run): void {
    const problems = this.#quarantined.has(run.id) ? [] : runProblems(run);
    if (problems.length === 0) return;
    this.#quarantined.add(run.id);
    this.#log.error("a stored run is not sound; it is left alone from now on", { runId: run.id, problems });
  }

  #loadMessages(): void {
    const page = this.#mailbox.pageRequest();
    if (page === null) return;
    const load = this.#recent.loadBegan();
    void this.#loaded(this.#options.store.loadInbox(page.after, page.limit), (messages) => {
      const fresh = this.#mailbox.adoptPage(page, messages, this.#isDone);
      for (const message of fresh) this.#push({ kind: "deliver", message });
      this.#recent.loadEnded(load);
    });
  }

  readonly #isDone = (messageId: string): boolean => this.#recent.get(messageFact(messageId)) !== undefined;

  /** Runs `then` with what was loaded, as a part of the loop. False when the load failed or belongs to an older life. */
  async #loaded<T>(load: Promise<T>, then: (value: T) => void): Promise<boolean> {
    const life = this.#life;
    let value: T;
    try {
      value = await load;
    } catch (error) {
      if (life === this.#life) this.#reset(error);
      return false;
    }
    if (life !== this.#life || this.#state === "stopped") return false;
    this.#guard(() => then(value));
    if (life !== this.#life) return false;
    this.#wake();
    return true;
  }

  readonly #recentPort: Recent = {
    get: (fact) => this.#recent.get(fact),
    note: (fact, value) => this.#recent.add(this.#core.batchNumber, fact, value),
    members: (set) => this.#recent.members(set),
    join: (set, member) => this.#recent.join(this.#core.batchNumber, set, member),
  };

  // --- Beginning, failing, ending -----------------------------------------------------------------------------

  async #load(): Promise<void> {
    await this.#underWay; // EN3
    const { store } = this.#options;
    const [registry, waits, places, throttles, queued, lastStamp] = await Promise.all([
      store.loadRegistry(),
      store.loadWaitCounts(),
      store.loadPlaces(),
      store.loadThrottles(this.#now()),
      store.loadQueuedCounts(),
      store.loadLastStamp(),
    ]);
    if (this.#state !== "new" && this.#state !== "reloading") return;
    const stored = { ...registry, waits, places, throttles, queued, lastStamp };
    this.#core = new Core(this.#coreOptions(), stored, this.#now());
    this.#mailbox = new Mailbox();
    this.#isDropped = false;
    this.#state = "running";
    this.#wake();
  }

  /** EN3. Drops everything in memory and loads it again, or gives up when the store says that there is no point. */
  #reset(error: unknown): void {
    this.#life++;
    this.#reloads++;
    this.#isDropped = true;
    this.#alarm.set(null);
    const told = [...(this.#committing ?? []), ...this.#answers, ...this.#takeUnapplied()];
    this.#committing = null;
    this.#answers = [];
    this.#gathered = 0;
    this.#loading.clear();
    this.#recent = new RecentFacts();
    for (const { client } of told)
      client?.reject(isStepwellError(error) ? error : new StepwellError("internal_error", {}, { cause: error }));
    this.#log.error("a commit or load failed; loading again from the store", { error: String(error) });
    if (this.#state === "stopping" || this.#state === "stopped") {
      this.#checkIdle();
      return;
    }
    this.#state = "reloading";
    if (isFatalStoreError(error)) {
      this.#state = "stopped";
      this.#options.onFatal?.(error);
      return;
    }
    const delayMs = this.#reloadDelayMs;
    this.#reloadDelayMs = Math.min(delayMs * 2, RELOAD_DELAY_MS_MAX);
    this.#options.clock.at(this.#options.clock.now() + delayMs, () => {
      if (this.#state === "reloading") this.#load().catch((failure: unknown) => this.#reset(failure));
    });
  }

  /** A broken invariant inside a turn: what is in memory cannot be trusted, what is stored can (EN3). */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const runId = this.#core.subject;
      if (runId !== null) this.#quarantined.add(runId);
      this.#log.error("a turn failed; the run is left alone from now on", {
        runId,
        error: String(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
      this.#reset(error);
    }
  }

  /** Something outside has an outcome; null: it broke its word to have one. */
  #callEnded(command: Command | null, life: number): void {
    const isOpen = this.#state === "running" || this.#state === "stopping";
    if (command === null) this.#reset(new StepwellError("invariant", { what: "a transport rejected" }));
    else if (life === this.#life && isOpen) this.#push(command);
    this.#checkIdle();
  }

  #takeUnapplied(): Waiting[] {
    const prepared = [...this.#prepared].map(({ waiting }) => waiting);
    this.#prepared.clear();
    this.#parked.clear();
    return prepared.concat(this.#inbox.drain());
  }

  /** Commands that have not been answered: waiting to be applied, for a load, or for a commit. */
  get #waitingCount(): number {
    return this.#inbox.size + this.#prepared.size + this.#answers.length + (this.#committing?.length ?? 0);
  }

  /** Calls `done` when nothing is left to store. */
  #settle(done: () => void): void {
    const isApplied = this.#inbox.size === 0 && this.#prepared.size === 0;
    const isStored = this.#committing === null && !this.#core.hasWork && isApplied;
    if (isStored || this.#isDropped) done();
    else {
      this.#whenStored.push(() => this.#settle(done));
      this.#wake();
    }
  }

  #checkIdle(): void {
    if (this.#outside.pending === 0) for (const task of this.#whenCallsEnd.splice(0)) task();
    // A command that waits for a load goes on with the load; to ask again before that would only spin.
    const isLoading = this.#prepared.size > 0 && !this.#isDropped;
    if (this.#committing === null && !isLoading) for (const task of this.#whenStored.splice(0)) task();
  }

  #now(): Instant {
    this.#lastNow = Math.max(this.#lastNow, this.#options.clock.now()); // EN5
    return this.#lastNow;
  }

  #coreOptions(): CoreOptions {
    const limits = this.#limits;
    return {
      env: DEFAULT_ENV,
      partition: 0,
      random: this.#options.random,
      retry: { intervalMs: this.#options.retryIntervalMs ?? null },
      runLimits: limits,
      queueLimits: { hintsMax: limits.jobHintsMax, horizonMs: limits.jobHorizonMs, lanesMin: limits.jobLanesMin },
      callsMax: limits.callsMax,
      callsYoungMax: limits.callsYoungMax,
      callsPerAppMax: limits.callsPerAppMax,
      residentRunsMax: limits.residentRunsMax,
      recent: this.#recentPort,
      quarantined: this.#quarantined,
    };
  }
}
