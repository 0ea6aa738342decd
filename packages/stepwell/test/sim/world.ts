/**
 * One seed's world: a timeline, a store, a server that lives and dies, an app, clients, and the rules that watch.
 *
 * The first broken rule ends the seed. Everything that happens is a line of the log; one seed is one log, to the byte.
 */

import { hasStartRules } from "../../src/core/flow/starting.ts";
import { runProblems } from "../../src/core/run/invariants.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Clock } from "../../src/engine/ports.ts";
import type { Call } from "../../src/protocol/call.ts";
import { NO_TIMEOUTS } from "../../src/protocol/function.ts";
import { createIdSource, type IdSource } from "../../src/protocol/ids.ts";
import { canonicalJson } from "../../src/protocol/json.ts";
import { Retention } from "../../src/server/retention/retention.ts";
import type { BatchRecords } from "../../src/store/records.ts";
import type { Store } from "../../src/store/store.ts";
import { FairnessModel } from "./fairness-model.ts";
import { FlowLimitsModel } from "./flow-limits-model.ts";
import { drawFlowSwarm, drawTurnsSwarm } from "./flow-swarm.ts";
import { SimGateway } from "./gateway.ts";
import { drawKeptSwarm } from "./kept-swarm.ts";
import { isOver, Ledger } from "./ledger.ts";
import { LinksModel } from "./links-model.ts";
import { Network } from "./network.ts";
import { OrderModel } from "./order-model.ts";
import { checkNotices } from "./outgoing.ts";
import { QuietCheck } from "./quiet-check.ts";
import { RetentionModel } from "./retention-model.ts";
import { Seeded } from "./seeded.ts";
import { SignalsModel } from "./signals-model.ts";
import { APP_ID, drawFunctions, type SimFunction } from "./sim-app.ts";
import { type ServerLife, SimStore, type StoreMutation } from "./sim-store.ts";
import { StartsModel } from "./starts-model.ts";
import { StatesModel } from "./states-model.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";
import { ThrottleModel } from "./throttle-model.ts";
import { Timeline } from "./timeline.ts";
import { WaitsModel } from "./waits-model.ts";

export interface Problem {
  readonly rule: string;
  readonly what: string;
}

/** What a world is about: anything, flow control, the turns of lanes and functions with little else; the first two with retention. */
export const WORLD_KINDS = ["any", "flow", "turns", "kept", "kept-flow"] as const;
export type WorldKind = (typeof WORLD_KINDS)[number];

/** How a mutant breaks the build: at the seams, never in the rules that watch. */
export interface Mutation {
  readonly store?: StoreMutation;
  readonly onWorld?: (world: World) => void;
  readonly onEngine?: (engine: Engine, world: World) => void;
}

export interface Server {
  readonly engine: Engine;
  readonly retention: Retention | null;
  readonly life: ServerLife;
}

/** Beyond all that a drained server may take to stop after its grace: slow and failing commits. */
const STOP_MS_MAX = 10_000;
/** Retention, too, asks the engine, which may have to load again first. */
const RETENTION_STOP_MS_MAX = 30_000;

function drawSwarmOf(kind: WorldKind, seed: number): Swarm {
  if (kind === "any") return drawSwarm(seed);
  if (kind === "kept" || kind === "kept-flow") return drawKeptSwarm(seed, kind === "kept-flow");
  return kind === "flow" ? drawFlowSwarm(seed) : drawTurnsSwarm(seed);
}

export class World {
  readonly seed: number;
  readonly kind: WorldKind;
  readonly hasFlow: boolean;
  /** Null where nothing is deleted. */
  readonly retained: RetentionModel | null;
  /** Null where nothing is limited. */
  readonly limits: FlowLimitsModel | null;
  readonly throttles: ThrottleModel | null;
  readonly fairness: FairnessModel | null;
  readonly quiet: QuietCheck | null;
  readonly swarm: Swarm;
  readonly timeline: Timeline;
  /** Chance of the faults, of the workload, and of the code under test: three streams that do not disturb each other. */
  readonly faults: Seeded;
  readonly choices: Seeded;
  readonly #engineRandom: Seeded;
  readonly ids: IdSource;
  readonly ledger: Ledger;
  readonly store: SimStore;
  readonly network: Network;
  readonly gateway: SimGateway;
  readonly functions: ReadonlyMap<string, SimFunction>;
  readonly #functionsById: ReadonlyMap<string, SimFunction>;
  readonly lines: string[] = [];
  server: Server | null = null;
  problem: Problem | null = null;
  hasFaults = true;
  /** Events that steps have sent. */
  chainEvents = 0;
  readonly #mutation: Mutation;
  readonly #endings = new Map<ServerLife, { promise: Promise<never>; reject: (error: Error) => void }>();
  #lives = 0;
  isStopping = false;

  constructor(seed: number, mutation: Mutation = {}, kind: WorldKind = "any") {
    this.seed = seed;
    this.kind = kind;
    this.swarm = drawSwarmOf(kind, seed);
    this.hasFlow = this.swarm.flow !== null;
    this.faults = new Seeded(seed, "faults");
    this.choices = new Seeded(seed, "choices");
    this.#engineRandom = new Seeded(seed, "engine");
    this.timeline = new Timeline(Date.UTC(2026, 0, 1) + this.choices.int(0, 86_400_000));
    const idRandom = new Seeded(seed, "ids");
    this.ids = createIdSource(() => idRandom.uint32());
    const functions = drawFunctions(seed, this.choices, this.swarm);
    this.functions = new Map(functions.map((fn) => [fn.slug, fn]));
    this.#functionsById = new Map(functions.map((fn) => [fn.id, fn]));
    this.ledger = new Ledger({
      fail: this.fail,
      wallMax: () => this.timeline.wallMax,
      retryAfterOf: (runId, slot) => this.network.retryAfter.get(`${runId} ${slot}`) ?? null,
      sleepMsOf: (functionId, name) => this.#functionsById.get(functionId)?.sleepMs.get(name),
      sendsAlong: (step) => this.#functionsById.get(this.ledger.runs.get(step.runId)!.functionId)?.sendsAlong === true,
      retriesMax: (functionId) => this.#functionsById.get(functionId)?.retriesMax ?? 0,
      hasTicksInTurn: (functionId) => {
        const fn = this.#functionsById.get(functionId);
        const overlap = fn?.flows.some(hasStartRules) === true ? undefined : fn?.cron?.overlap;
        return overlap === "skip" || overlap === "queue";
      },
    });
    this.#addModels();
    this.limits = this.hasFlow ? new FlowLimitsModel(this.ledger, this) : null;
    this.throttles = this.hasFlow ? new ThrottleModel(this.ledger, this) : null;
    // After a jump of the clock what is due is not noticed before something happens.
    const isSteady = this.swarm.clockJumps === 0;
    this.quiet = this.hasFlow && isSteady ? new QuietCheck(this) : null;
    this.fairness = this.hasFlow && isSteady ? new FairnessModel(this.ledger, this) : null;
    if (this.fairness !== null) this.ledger.models.push(this.fairness);
    if (this.limits !== null) this.ledger.models.push(this.limits);
    if (this.throttles !== null) this.ledger.models.push(this.throttles);
    if (this.hasFlow) this.ledger.models.push(new StartsModel(this.ledger, this), new OrderModel(this.ledger, this));
    const { retention } = this.swarm;
    this.retained = retention === null ? null : new RetentionModel(this.ledger, this, retention);
    this.#mutation = mutation;
    this.store = new SimStore(this, mutation.store ?? {});
    this.network = new Network(this);
    this.gateway = new SimGateway(this);
    mutation.onWorld?.(this);
  }

  #addModels(): void {
    const { ledger, fail } = this;
    const wallMax = () => this.timeline.wallMax;
    ledger.models.push(
      new WaitsModel(ledger, {
        fail,
        wallMax,
        waitOf: (functionId, name) => this.#functionsById.get(functionId)?.waits.get(name),
        rulesOf: (functionId) => this.#functionsById.get(functionId)?.cancelRules ?? [],
      }),
      new SignalsModel(ledger, {
        fail,
        signalOf: (functionId, name) => this.#functionsById.get(functionId)?.signals.get(name),
      }),
      new LinksModel(ledger, {
        fail,
        patienceMs: (functionId, name) => this.#functionsById.get(functionId)?.invokes.get(name)?.timeoutMs ?? 0,
      }),
      new StatesModel(ledger, {
        fail,
        wallMax,
        timeoutsOf: (functionId) => this.#functionsById.get(functionId)?.timeouts ?? NO_TIMEOUTS,
      }),
    );
  }

  get random(): Seeded {
    return this.faults;
  }

  get isAppDown(): boolean {
    return this.server !== null && this.server.engine.coreForTests.view.admission.appDown(APP_ID) !== null;
  }

  functionById(id: string): SimFunction | undefined {
    return this.#functionsById.get(id);
  }

  /** Names this life of the server's memory: a reload forgets its calls. */
  get memory(): string {
    const { server } = this;
    return `${server?.life.number}.${server?.engine.stats.reloads}`;
  }

  readonly fail = (rule: string, what: string): void => {
    if (this.problem === null) this.log(`BROKEN ${rule}: ${what}`);
    this.problem ??= { rule, what };
  };

  log(line: string): void {
    this.lines.push(`${this.timeline.now} ${line}`);
  }

  // --- The server ---------------------------------------------------------------------------------------------

  startServer(): void {
    if (this.server !== null) return;
    const life: ServerLife = { number: ++this.#lives, isOver: false, commits: new Set(), answers: 0, loads: 0 };
    let reject!: (error: Error) => void;
    const promise = new Promise<never>((_, onReject) => {
      reject = onReject;
    });
    promise.catch(() => {});
    this.#endings.set(life, { promise, reject });
    const { timeline } = this;
    const alive = (task: () => void) => () => {
      if (!life.isOver) task();
    };
    const clock: Clock = {
      now: () => timeline.wall,
      defer: (task) => void timeline.after(0, alive(task)),
      at: (instant, task) => timeline.after(instant - timeline.wall, alive(task)),
    };
    const store = this.store.of(life);
    const engine = new Engine({
      store,
      transport: this.network.transportOf(life),
      gateway: this.gateway.of(life),
      random: { uint32: () => this.#engineRandom.uint32() },
      clock,
      limits: this.swarm.limits,
      log: { info() {}, warn() {}, error: (message, details) => this.#engineError(message, details) },
      onFatal: (error) => this.fail("fatal", String(error)),
    });
    const retention = this.#retentionOf(engine, store, clock);
    this.server = { engine, retention, life };
    this.log(`server ${life.number} starts`);
    engine.watch((notices) => {
      if (!life.isOver) checkNotices(this, notices);
    });
    this.#mutation.onEngine?.(engine, this);
    const started = retention === null ? engine.start() : engine.start().then(() => retention.start());
    started.catch(() => {
      this.log(`server ${life.number} cannot start`);
      if (!life.isOver) this.crashServer(1_000);
    });
  }

  #retentionOf(engine: Engine, { retention: store }: Store, clock: Clock): Retention | null {
    const { retention } = this.swarm;
    if (retention === null) return null;
    const { keepMs, sizeBytesMax } = retention;
    return new Retention({
      store,
      clock,
      log: { info() {}, warn() {}, error() {} },
      heldOf: (ids) => engine.look((view) => ids.filter((id) => view.runOf(id) !== undefined)),
      fixed: { keepMs, sizeBytesMax },
    });
  }

  /** The engine of now has the run in its memory. */
  holds(runId: string): boolean {
    return this.server?.engine.coreForTests.view.runOf(runId) !== undefined;
  }

  /** Somebody who asks for the run may be told that there is none: it has gone, or is about to. */
  mayBeGone(runId: string): boolean {
    const status = this.ledger.runs.get(runId)?.status;
    return this.retained !== null && status !== undefined && isOver(status);
  }

  /** The process dies: its commit under way takes effect or not, its calls go on in the app, nobody hears the answers. */
  crashServer(downMs: number): void {
    const { server } = this;
    if (server === null) return;
    this.log(`server ${server.life.number} crashes`);
    for (const put of [...server.life.commits]) if (this.faults.chance(0.5)) put();
    this.#endLife(server.life);
    this.timeline.after(downMs, () => this.startServer());
  }

  stopServer(graceMs: number, downMs: number): void {
    const { server } = this;
    if (server === null || this.isStopping) return;
    this.isStopping = true;
    this.log(`server ${server.life.number} stops`);
    const { engine, retention } = server;
    const limitMs = graceMs + STOP_MS_MAX + (retention === null ? 0 : RETENTION_STOP_MS_MAX);
    const cancel = this.timeline.after(limitMs, () => {
      if (this.server === server) this.fail("stop", `the server did not stop within ${limitMs} ms`);
    });
    const stopped = retention === null ? engine.stop(graceMs) : retention.stop().then(() => engine.stop(graceMs));
    stopped.then(
      () => {
        cancel();
        if (this.server !== server) return;
        this.log(`server ${server.life.number} stopped`);
        if (server.life.commits.size > 0) this.fail("stop", "the server stopped with a commit under way");
        this.#endLife(server.life);
        this.timeline.after(downMs, () => this.startServer());
      },
      (error: unknown) => this.fail("stop", String(error)),
    );
  }

  #endLife(life: ServerLife): void {
    life.isOver = true;
    this.server = null;
    this.isStopping = false;
    this.#endings.get(life)?.reject(new Error("connection reset"));
  }

  /** Rejects when a life of the server ends: what its connections see. */
  endOf(life: ServerLife): Promise<never> {
    return life.isOver ? Promise.reject(new Error("connection refused")) : this.#endings.get(life)!.promise;
  }

  #engineError(message: string, details: Readonly<Record<string, unknown>> | undefined): void {
    const isExpected = message.startsWith("a commit or load failed");
    if (isExpected && !String(details?.["error"]).includes("invariant")) return;
    this.fail("assertion", `${message}: ${canonicalJson({ ...details, stack: String(details?.["stack"] ?? "") })}`);
  }

  // --- What watches -------------------------------------------------------------------------------------------

  /** A turn of the engine ended, and a commit begins. */
  atRest(life: ServerLife, records: BatchRecords): void {
    if (this.server?.life !== life) return;
    const core = this.server.engine.coreForTests;
    this.ledger.checkWaitCounts(records, core.waitNames.entries());
    for (const run of core.residentRuns()) {
      for (const problem of runProblems(run)) this.fail("resident", `${run.id}: ${problem}`);
    }
  }

  /** The slots of the steps with a name. */
  slotsOf(runId: string, stepName: string): string[] {
    const steps = [...(this.ledger.steps.get(runId)?.values() ?? [])];
    return steps.filter((step) => step.name === stepName).map((step) => step.id);
  }

  /** PA1. Functions and apps whose pause was answered and that nobody asked to resume since. */
  readonly paused = new Set<string>();

  /** Something is paused, or is about to be: the answer may be under way. */
  get hasPauses(): boolean {
    const apps = this.server?.engine.coreForTests.view.apps;
    return this.paused.size > 0 || [...this.#functionsById.keys()].some((id) => apps?.isPaused(id) === true);
  }

  checkNotPaused(functionId: string, what: string): void {
    if (this.paused.has(functionId) || this.paused.has(APP_ID)) this.fail("PA1", `${what}, which is paused`);
  }

  /** A handler saw a result: it must be the stored one (X3, E1). */
  checkObserved(call: Call, hash: string, memo: string): void {
    const stored = this.ledger.memoOf(call.runId, hash);
    if (stored !== memo) this.fail("X3", `the handler of ${call.runId} saw ${memo} for ${hash}, stored is ${stored}`);
  }

  /** Set by the workload: how a step sends events. */
  sendFromStep: (
    events: readonly { readonly name: string; readonly data?: unknown; readonly id?: string }[],
    seed: string | null,
  ) => Promise<string[]> = () => Promise.resolve([]);
}
