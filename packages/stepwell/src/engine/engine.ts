/**
 * The loop: commands in, one transaction, effects out (architecture.md §2).
 *
 *   EN1. Effects and answers of a batch happen only after its commit resolved (E1).
 *   EN2. One commit is under way at a time; whatever arrives meanwhile is the next batch (group commit, no timer).
 *   EN3. When a commit or load fails, everything in memory is dropped and never written again, whoever waits is told,
 *        and the store is loaded again (E2), but not before the commit under way has settled: its outcome is unknown,
 *        and a load beside it could show either state. Calls that were out are made again (E3).
 *   EN4. A run is loaded by one load at a time, and only while it is not in memory; so a load never brings back an
 *        older state than the one that was let go.
 *   EN5. The clock the core sees never steps back. Spans of the engine itself (grace, reload) count on the clock as it is.
 */

import type { Apps } from "../core/apps.ts";
import type { Batch, Notice } from "../core/batch.ts";
import type {
  CancelAnswer,
  CancelRun,
  Command,
  EventReceipt,
  IncomingEvent,
  ReceiveEvents,
  SaveCheckpoint,
  SyncAnswer,
} from "../core/command.ts";
import { Core, type CoreOptions } from "../core/core.ts";
import type { Instant } from "../core/instant.ts";
import type { KnownFacts } from "../core/intake.ts";
import type { Random } from "../core/random.ts";
import type { CheckpointAnswer } from "../core/run/checkpoint.ts";
import { runProblems } from "../core/run/invariants.ts";
import type { Run } from "../core/run/run.ts";
import { JOB_QUEUE_LIMITS } from "../core/schedule/job-queue.ts";
import { isStepwellError, StepwellError } from "../protocol/errors.ts";
import { DEFAULT_ENV } from "../protocol/event.ts";
import type { AppConfig } from "../protocol/function.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type Fence, type FlowKey, isFatalStoreError, type Store } from "../store/store.ts";
import { type AppTransport, type Clock, type EngineLog, SILENT_LOG } from "./ports.ts";
import { eventFact, keyFact, RecentFacts } from "./recent-facts.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: AppTransport;
  readonly log?: EngineLog;
  readonly fence?: Fence;
  /** A constant delay between attempts, in ms, instead of the curve. */
  readonly retryIntervalMs?: number | null;
  readonly limits?: Partial<EngineLimits>;
  /** The store failed for good: the process must end. Everything acknowledged is stored. */
  readonly onFatal?: (error: unknown) => void;
}

export interface EngineLimits {
  /** Commands waiting to be applied. */
  readonly commandsMax: number;
  readonly callsMax: number;
  readonly callsPerAppMax: number;
  readonly residentRunsMax: number;
  readonly jobHintsMax: number;
  readonly jobHorizonMs: number;
  readonly stepsPerRunMax: number;
  readonly runStateBytesMax: number;
  readonly stepOutputBytesMax: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  commandsMax: 100_000,
  callsMax: 5_000,
  callsPerAppMax: 1_000,
  residentRunsMax: 10_000,
  jobHintsMax: JOB_QUEUE_LIMITS.hintsMax,
  jobHorizonMs: JOB_QUEUE_LIMITS.horizonMs,
  stepsPerRunMax: LIMITS.stepsPerRunMax,
  runStateBytesMax: LIMITS.runStateBytesMax,
  stepOutputBytesMax: LIMITS.stepOutputBytesMax,
};

/** How long the engine waits before it loads again after a failed commit, in ms; doubled up to the maximum. */
const RELOAD_DELAY_MS = 50;
const RELOAD_DELAY_MS_MAX = 5_000;

/** Commands applied in one turn; bounds the time until the next look at the clock. */
const COMMANDS_PER_TURN_MAX = 2_000;

interface Waiting {
  readonly command: Command;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Answer {
  readonly waiting: Waiting;
  readonly value: unknown;
}

export interface EngineStats {
  readonly calls: number;
  readonly residentRuns: number;
  readonly jobHints: number;
  readonly readyJobs: number;
  readonly waitingCommands: number;
  readonly commits: number;
  readonly reloads: number;
}

/** Is told what has been committed. It must not block. */
export type Watcher = (notices: readonly Notice[]) => void;

type State = "new" | "running" | "reloading" | "stopping" | "stopped";

export class Engine {
  readonly #options: EngineOptions;
  readonly #limits: EngineLimits;
  readonly #log: EngineLog;
  readonly #fence: Fence;
  #state: State = "new";
  #core: Core;
  #recent = new RecentFacts();
  /** Grows with every reload: what belongs to an older life is ignored. */
  #life = 0;
  #inbox: Waiting[] = [];
  /** Commands whose runs are being loaded, by run id, in order. */
  readonly #parked = new Map<string, Waiting[]>();
  readonly #loading = new Set<string>();
  #answers: Answer[] = [];
  #committing: readonly Answer[] | null = null;
  /** Settles with the latest commit, also when nobody of this life waits for it. Never rejects. */
  #underWay: Promise<void> = Promise.resolve();
  /** What is in memory was dropped and is not loaded yet: nothing of it may be written (EN3). */
  #isDropped = false;
  readonly #quarantined = new Set<string>();
  #isTurnDue = false;
  #cancelTimer: (() => void) | null = null;
  #timerAt: Instant | null = null;
  #lastNow: Instant = 0;
  #reloadDelayMs = RELOAD_DELAY_MS;
  readonly #watchers = new Set<Watcher>();
  #commits = 0;
  #reloads = 0;
  #pendingCalls = 0;
  #whenCallsEnd: (() => void)[] = [];
  #whenStored: (() => void)[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#limits = { ...ENGINE_LIMITS, ...options.limits };
    this.#log = options.log ?? SILENT_LOG;
    this.#fence = options.fence ?? { node: "local", epoch: 1 };
    this.#core = new Core(this.#coreOptions(), { apps: [], functions: [], schedules: [] }, 0);
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
    this.#cancelTimer?.();
    for (const waiting of this.#takeUnapplied()) {
      if (waiting.command.kind === "reply")
        this.#inbox.push(waiting); // It has been reported: it will be stored.
      else waiting.reject(new StepwellError("server_stopping"));
    }
    if (this.#pendingCalls > 0) {
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
    for (const answer of this.#answers) answer.waiting.reject(new StepwellError("server_stopping"));
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

  cancelRun(command: Omit<CancelRun, "kind">): Promise<CancelAnswer> {
    return this.#submit<CancelAnswer>({ kind: "cancel_run", ...command });
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
      this.#inbox.push({ command, resolve: resolve as (answer: unknown) => void, reject });
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
    for (const waiting of this.#inbox.splice(0, COMMANDS_PER_TURN_MAX)) this.#admit(waiting, now);
    if (this.#inbox.length > 0) this.#wake();
    if (this.#state === "running") {
      this.#core.advance(now);
      this.#loadWanted();
      this.#loadPage(now);
    }
    this.#flush();
    if (this.#state === "running") this.#setTimer();
  }

  /** Applies a command, or parks it until what it needs is loaded. */
  #admit(waiting: Waiting, now: Instant): void {
    const { command } = waiting;
    if (command.kind === "receive_events") {
      const needs = neededFacts(command, this.#core);
      if (needs.events.length + needs.keys.length === 0)
        this.#answerWith(waiting, this.#core.receiveEvents(command, NOTHING_TO_KNOW, now));
      else void this.#loadFacts(waiting, command, needs);
      return;
    }
    if (
      (command.kind === "save_checkpoint" || command.kind === "cancel_run") &&
      !this.#core.isResident(command.runId)
    ) {
      const parked = this.#parked.get(command.runId);
      if (parked !== undefined) parked.push(waiting);
      else {
        this.#parked.set(command.runId, [waiting]);
        void this.#loadRuns([command.runId]);
      }
      return;
    }
    this.#apply(waiting, now);
  }

  #apply(waiting: Waiting, now: Instant): void {
    const { command } = waiting;
    switch (command.kind) {
      case "reply":
        this.#core.reply(command, now);
        break;
      case "save_checkpoint":
        this.#answerWith(waiting, this.#core.saveCheckpoint(command, now));
        break;
      case "cancel_run":
        this.#answerWith(waiting, this.#core.cancelRun(command, now));
        break;
      case "sync_app":
        this.#answerWith(waiting, this.#core.syncApp(command, now));
        break;
      case "remove_app":
        this.#answerWith(waiting, this.#core.removeApp(command, now));
        break;
      case "receive_events":
        throw new StepwellError("invariant", { what: "events are applied with their facts" });
    }
  }

  #answerWith(waiting: Waiting, value: unknown): void {
    this.#answers.push({ waiting, value });
  }

  // --- Committing ---------------------------------------------------------------------------------------------

  /** Commits the open batch unless a commit is under way (EN2). A batch without rows needs no commit of its own. */
  #flush(): void {
    if (this.#committing !== null) return;
    if (!this.#core.hasWork && this.#answers.length === 0) {
      this.#checkIdle();
      return;
    }
    const { number, batch } = this.#core.takeBatch();
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
    if (this.#core.hasRows) this.#flush();
    this.#perform(batch, answers);
    this.#flush();
  }

  #perform(batch: Batch, answers: readonly Answer[]): void {
    // A server that stops begins no work: the jobs are stored, and whoever starts next makes the calls.
    if (this.#state === "running")
      for (const effect of batch.calls) {
        if (this.#core.claimCall(effect)) this.#call(effect.runId, effect.slot, effect.call);
      }
    for (const answer of answers) answer.waiting.resolve(answer.value);
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

  #call(runId: string, slot: string, call: Parameters<AppTransport["call"]>[0]): void {
    this.#pendingCalls++;
    const save = async (ops: SaveCheckpoint["ops"]): Promise<"saved" | "stale"> => {
      const answer = await this.#submit<CheckpointAnswer>({
        kind: "save_checkpoint",
        runId,
        slot,
        generation: call.generation,
        ops,
      });
      if (answer.kind === "saved") return "saved";
      if (answer.code === "stale_dispatch" || answer.code === "not_found") return "stale";
      throw new StepwellError(answer.code, answer.details);
    };
    const life = this.#life;
    this.#options.transport.call(call, save).then((outcome) => {
      this.#pendingCalls--;
      const isOpen = this.#state === "running" || this.#state === "stopping";
      if (life === this.#life && isOpen) {
        const command: Command = {
          kind: "reply",
          runId,
          slot,
          functionId: call.functionId,
          generation: call.generation,
          outcome,
        };
        this.#inbox.push({ command, resolve() {}, reject() {} });
        this.#wake();
      }
      this.#checkIdle();
    }, this.#onBug);
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
      for (const id of missing) {
        const parked = this.#parked.get(id) ?? [];
        this.#parked.delete(id);
        for (const waiting of parked) this.#apply(waiting, now);
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

  async #loadFacts(waiting: Waiting, command: ReceiveEvents, needs: NeededFacts): Promise<void> {
    const load = this.#recent.loadBegan();
    const { store } = this.#options;
    const life = this.#life;
    const both = Promise.all([
      needs.events.length > 0 ? store.loadKnownEvents(needs.events) : [],
      needs.keys.length > 0 ? store.loadFlow(needs.keys, this.#now()) : [],
    ]);
    const isLoaded = await this.#loaded(both, ([events, facts]) => {
      const known = new Map<string, string>(events.map((id) => [eventFact(id), id]));
      for (const fact of facts) known.set(keyFact(fact.functionId, fact.key), fact.value);
      this.#answerWith(waiting, this.#core.receiveEvents(command, this.#knownFacts(known), this.#now()));
      this.#recent.loadEnded(load);
    });
    if (!isLoaded || life !== this.#life) waiting.reject(new StepwellError("internal_error"));
  }

  #loadPage(now: Instant): void {
    const request = this.#core.pageRequest(now);
    if (request === null) return;
    void this.#loaded(this.#options.store.loadJobs(request), (hints) => this.#core.adoptPage(request, hints));
  }

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

  /** What is known of a command's events: what was loaded, and what was decided since. */
  #knownFacts(loaded: ReadonlyMap<string, string>): KnownFacts {
    const find = (fact: string) => loaded.get(fact) ?? this.#recent.get(fact) ?? null;
    const note = (fact: string, value: string) => this.#recent.add(this.#core.batchNumber, fact, value);
    return {
      hasEvent: (id) => find(eventFact(id)) !== null,
      noteEvent: (id) => note(eventFact(id), id),
      runOf: (functionId, key) => find(keyFact(functionId, key)),
      noteRun: (functionId, key, runId) => note(keyFact(functionId, key), runId),
    };
  }

  // --- Beginning, failing, ending -----------------------------------------------------------------------------

  async #load(): Promise<void> {
    await this.#underWay; // EN3
    const registry = await this.#options.store.loadRegistry();
    if (this.#state !== "new" && this.#state !== "reloading") return;
    this.#core = new Core(this.#coreOptions(), registry, this.#now());
    this.#isDropped = false;
    this.#state = "running";
    this.#wake();
  }

  /** EN3. Drops everything in memory and loads it again, or gives up when the store says that there is no point. */
  #reset(error: unknown): void {
    this.#life++;
    this.#reloads++;
    this.#isDropped = true;
    this.#cancelTimer?.();
    this.#timerAt = null;
    const told = [...(this.#committing ?? []), ...this.#answers]
      .map((answer) => answer.waiting)
      .concat(this.#takeUnapplied());
    this.#committing = null;
    this.#answers = [];
    this.#loading.clear();
    this.#recent = new RecentFacts();
    for (const waiting of told)
      waiting.reject(isStepwellError(error) ? error : new StepwellError("internal_error", {}, { cause: error }));
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

  readonly #onBug = (error: unknown): void => {
    this.#pendingCalls--;
    this.#log.error("a transport rejected; it must answer with an outcome", { error: String(error) });
    this.#reset(error);
  };

  #takeUnapplied(): Waiting[] {
    const parked = [...this.#parked.values()].flat();
    this.#parked.clear();
    return parked.concat(this.#inbox.splice(0));
  }

  /** Commands that have not been answered: waiting to be applied, for a load, or for a commit. */
  get #waitingCount(): number {
    return this.#inbox.length + this.#parked.size + this.#answers.length + (this.#committing?.length ?? 0);
  }

  /** Calls `done` when nothing is left to store. */
  #settle(done: () => void): void {
    const isStored = this.#committing === null && !this.#core.hasWork && this.#inbox.length === 0;
    if (isStored || this.#isDropped) done();
    else {
      this.#whenStored.push(() => this.#settle(done));
      this.#wake();
    }
  }

  #checkIdle(): void {
    if (this.#pendingCalls === 0) for (const task of this.#whenCallsEnd.splice(0)) task();
    if (this.#committing === null) for (const task of this.#whenStored.splice(0)) task();
  }

  #now(): Instant {
    this.#lastNow = Math.max(this.#lastNow, this.#options.clock.now()); // EN5
    return this.#lastNow;
  }

  #setTimer(): void {
    const at = this.#core.nextDueAt();
    if (at === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer =
      at === null
        ? null
        : this.#options.clock.at(at, () => {
            this.#timerAt = null;
            this.#wake();
          });
  }

  #coreOptions(): CoreOptions {
    const limits = this.#limits;
    return {
      env: DEFAULT_ENV,
      partition: 0,
      random: this.#options.random,
      retry: { intervalMs: this.#options.retryIntervalMs ?? null },
      runLimits: limits,
      queueLimits: { hintsMax: limits.jobHintsMax, horizonMs: limits.jobHorizonMs },
      callsMax: limits.callsMax,
      callsPerAppMax: limits.callsPerAppMax,
      residentRunsMax: limits.residentRunsMax,
      quarantined: this.#quarantined,
    };
  }
}

/** For events that cannot have been seen before: nobody asks. */
const NOTHING_TO_KNOW: KnownFacts = { hasEvent: () => false, noteEvent() {}, runOf: () => null, noteRun() {} };

interface NeededFacts {
  readonly events: readonly string[];
  readonly keys: readonly FlowKey[];
}

/** What must be known before events are applied: ids that may exist, and keys that may have started a run. */
function neededFacts(command: ReceiveEvents, core: Core): NeededFacts {
  const events: string[] = [];
  const keys: FlowKey[] = [];
  for (const event of command.events) {
    if (event.mayExist) events.push(event.stored.id);
    const key = event.stored.idempotencyId;
    if (key === null) continue;
    for (const functionId of core.listeners(event.stored.name)) keys.push({ kind: "idempotency", functionId, key });
  }
  return { events, keys };
}
