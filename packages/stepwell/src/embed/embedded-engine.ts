/**
 * An engine inside an application: its functions are called, not requested.
 *
 *   EE1. Events are durable when `send` resolves, and runs carry on after a restart with the same store (E1, E3).
 *   EE2. What functions send goes to this engine: `step.sendEvent` always, `client.send` while the engine that took
 *        the client last is running.
 */

import type { Notice } from "../core/batch.ts";
import type { CancelAnswer, StartAnswer } from "../core/command.ts";
import type { RunExplanation } from "../core/explain/explanation.ts";
import type { Random } from "../core/random.ts";
import { Engine } from "../engine/engine.ts";
import type { Clock, EngineLog } from "../engine/ports.ts";
import { StepwellError } from "../protocol/errors.ts";
import { DEFAULT_ENV } from "../protocol/event.ts";
import { createIdSource, type IdSource } from "../protocol/ids.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../protocol/json.ts";
import type { CallLines } from "../protocol/log-lines.ts";
import { readEvent } from "../protocol/read-events.ts";
import { Stepwell } from "../sdk/client.ts";
import { type DurationInput, durationMs } from "../sdk/duration-input.ts";
import type { StepwellFunction } from "../sdk/function.ts";
import { consoleLogger } from "../sdk/logger.ts";
import { checkSchemas, eventText } from "../sdk/send.ts";
import { readSignal, type SignalInput } from "../sdk/signal.ts";
import type { EventInput } from "../sdk/trigger.ts";
import { systemClock } from "../server/clock.ts";
import { createGateway } from "../server/gateway/gateway.ts";
import { startHousekeeping } from "../server/housekeeping.ts";
import { readEvents } from "../server/intake.ts";
import { LogIntake } from "../server/logs/log-intake.ts";
import type { RetentionPolicy } from "../server/retention/policy.ts";
import { Retention } from "../server/retention/retention.ts";
import { createSystemRandom } from "../server/system-random.ts";
import { wantedTracingConfig } from "../server/tracing/otel-config.ts";
import { Tracing } from "../server/tracing/tracing.ts";
import type { LogLineRow } from "../store/logs.ts";
import type { ListedStep, Store } from "../store/store.ts";
import { appsOf, type InProcessApp, registrationOf } from "./in-process-app.ts";
import { InProcessTransport } from "./in-process-transport.ts";
import { type StoreChoice, storeOf } from "./open-store.ts";
import { type RunResult, runResult } from "./run-result.ts";

/** What `createEngine` takes. */
export interface CreateEngineOptions {
  /** All that this engine calls, of one app or of several. */
  readonly functions: readonly StepwellFunction<unknown, unknown>[];
  /** The clients of these functions: their `send` goes to this engine then. */
  readonly client?: Stepwell | readonly Stepwell[];
  /** Where everything is kept; `"memory"` when left out. */
  readonly store?: StoreChoice;
  /** The same delay before every retry, instead of a growing one. */
  readonly retryInterval?: DurationInput;
  /** How long a run is kept after its end; 30 days when left out, `null` for ever. */
  readonly retention?: DurationInput | null;
  /**
   * Sends a trace of each run to the collector that the `OTEL_*` variables name, as a server does; off when left out, since an
   * application may have instrumentation of its own that these variables are for.
   */
  readonly tracing?: boolean;
  /** Where the engine's own warnings and errors go; the console when left out. */
  readonly log?: EngineLog;
  /** The store failed for good: the engine has stopped, and everything acknowledged is stored. */
  readonly onFatal?: (error: unknown) => void;
  /** The system's, unless time is in somebody's hand. */
  readonly clock?: Clock;
  /** Ids and the jitter of retries come from it; the system's unless somebody wants them to be the same every time. */
  readonly random?: Random;
}

/** What became of events that were sent. */
export interface SentEvents {
  /** In the order of the events. */
  readonly ids: string[];
  /** The runs that these events started, in order. */
  readonly runIds: string[];
}

/** How long somebody waits for the end of a run. */
export interface WaitOptions {
  /** How long to wait; without end when left out. */
  readonly timeout?: DurationInput;
}

const LOG_LINES_MAX = 1_000;
const GRACE_MS_DEFAULT = 10_000;

const CONSOLE_LOG: EngineLog = {
  info() {},
  warn: (message, details) => consoleLogger.warn(`stepwell: ${message}`, details ?? {}),
  error: (message, details) => consoleLogger.error(`stepwell: ${message}`, details ?? {}),
};

function policyOf(keep: DurationInput | null | undefined): Partial<RetentionPolicy> {
  if (keep === undefined) return {};
  return { keepMs: keep === null ? null : durationMs(keep, "createEngine: retention") };
}

/** Which engine a client's `send` goes to (EE2). */
const engineOfClient = new WeakMap<Stepwell, EmbeddedEngine>();

/** An engine that runs: made by `createEngine`, ended by `stop` or by the end of an `await using`. */
export class EmbeddedEngine {
  /** The loop itself: `watch` tells what was committed, `stats` how busy it is. */
  readonly engine: Engine;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #apps: readonly InProcessApp[];
  readonly #clients: readonly Stepwell[];
  readonly #transport: InProcessTransport;
  /** An application may reach what it likes: its own network too. */
  readonly #gateway = createGateway({ allowPrivate: true });
  /** Who waits for the end of a run, by run id. */
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #log: EngineLog;
  readonly #lines: LogIntake;
  #stopHousekeeping = () => {};
  readonly #retention: Retention;
  readonly #tracing: Tracing | null;
  #stopped: Promise<void> | null = null;

  private constructor(options: CreateEngineOptions, store: Store) {
    const random = options.random ?? createSystemRandom();
    const { retryInterval } = options;
    this.#store = store;
    this.#log = options.log ?? CONSOLE_LOG;
    this.#clock = options.clock ?? systemClock;
    this.#ids = createIdSource(() => random.uint32());
    this.#clients = clientsOf(options.client);
    this.#apps = appsOf(options.functions, this.#clients);
    this.#lines = new LogIntake({ store: store.logs, clock: this.#clock, log: this.#log, stored: () => {} });
    // With time in somebody's hand nothing may happen that nobody waits for.
    const takeLines = this.#clock === systemClock ? (lines: CallLines) => this.#lines.take(lines) : null;
    this.#transport = new InProcessTransport(this.#apps, this.#clock, takeLines);
    this.engine = new Engine({
      store,
      clock: this.#clock,
      random,
      transport: this.#transport,
      gateway: this.#gateway,
      log: this.#log,
      retryIntervalMs: retryInterval === undefined ? null : durationMs(retryInterval, "createEngine: retryInterval"),
      ...(options.onFatal === undefined ? {} : { onFatal: options.onFatal }),
    });
    this.#retention = new Retention({
      store: store.retention,
      clock: this.#clock,
      log: this.#log,
      heldOf: (ids) => this.engine.look((view) => ids.filter((id) => view.runOf(id) !== undefined)),
      fixed: policyOf(options.retention),
    });
    const config = options.tracing === true ? wantedTracingConfig(this.#log) : null;
    const tracing = { store, engine: this.engine, clock: systemClock, log: this.#log };
    this.#tracing = config === null ? null : new Tracing({ config, ...tracing });
  }

  static async start(options: CreateEngineOptions): Promise<EmbeddedEngine> {
    const embedded = new EmbeddedEngine(options, await storeOf(options.store ?? "memory"));
    await embedded.#start();
    return embedded;
  }

  /**
   * Stores events, all or none, and starts what they start. Durable when it resolves.
   *
   * @throws `event_invalid`, `event_schema_failed`, `value_not_storable`, `server_stopping`.
   */
  async send(events: EventInput | readonly EventInput[]): Promise<SentEvents> {
    const list = Array.isArray(events) ? (events as readonly EventInput[]) : [events as EventInput];
    await checkSchemas(list);
    return this.#receive(list, null);
  }

  /**
   * Sends a signal to the run that waits for it and tells which one that is; null when nobody waits. Durable when it
   * resolves.
   *
   * @throws `option_invalid`, `value_not_storable`, `server_stopping`.
   */
  async sendSignal(signal: SignalInput): Promise<{ runId: string | null }> {
    const { runId } = await this.engine.sendSignal(readSignal(signal, "sendSignal"));
    return { runId };
  }

  /**
   * Starts a function with this data, whatever its triggers say, and tells the run. Durable when it resolves.
   *
   * @throws `function_not_found`, `function_paused`, `event_invalid`, `server_stopping`.
   * @example
   * ```ts
   * import { Stepwell } from "stepwell";
   * import { createEngine } from "stepwell/engine";
   * const client = new Stepwell({ id: "shop" });
   * const price = client.createFunction({ id: "price", triggers: [] }, async ({ event }) => Number(event.data["net"]) * 1.2);
   * const engine = await createEngine({ client, functions: [price] });
   * const { runId } = await engine.invoke(price, { data: { net: 10 } });
   * console.log((await engine.waitForRun(runId)).output); // 12
   * await engine.stop();
   * ```
   */
  async invoke(
    fn: { readonly slug: string } | string,
    options: { readonly data?: JsonObject; readonly user?: JsonObject; readonly idempotencyKey?: string } = {},
  ): Promise<{ runId: string }> {
    const { idempotencyKey = null, data = {}, user = {} } = options;
    const now = this.#clock.now();
    const place = { index: 0, id: this.#ids.next(now), now, mayExist: false };
    const event = readEvent({ name: "invoked", data, user }, place);
    const functionId = typeof fn === "string" ? fn : fn.slug;
    return startedRun(await this.engine.invoke({ functionId, event, idempotencyKey }));
  }

  /**
   * Starts a new run with the events of another one. With `fromStep`, the results of the steps before that one are kept;
   * `input` replaces the arguments of that step.
   *
   * @throws `not_found`, `step_unknown`, `step_ambiguous`, `function_not_found`, `server_stopping`.
   */
  async rerun(
    runId: string,
    options: { readonly fromStep?: string; readonly input?: readonly JsonValue[] } = {},
  ): Promise<{ runId: string }> {
    const { fromStep: stepId, input } = options;
    const fromStep = stepId === undefined ? null : { stepId, input: input === undefined ? null : canonicalJson(input) };
    return startedRun(await this.engine.rerun({ runId, fromStep }));
  }

  /**
   * A failed run goes on where it failed: the step that ended it is tried again, with all its attempts.
   *
   * @throws `not_found`, `run_not_failed`, `run_place_taken`, `function_not_found`, `server_stopping`.
   */
  async resumeRun(runId: string): Promise<void> {
    startedRun(await this.engine.resumeRun({ runId }));
  }

  /** The run as it is now, or null when there is none. */
  async getRun(runId: string): Promise<RunResult | null> {
    const row = await this.#store.getRun(DEFAULT_ENV, runId);
    return row === null ? null : runResult(row, this.engine.apps);
  }

  /** The steps of a run, in the order in which they completed; those that are under way last. */
  getSteps(runId: string): Promise<ListedStep[]> {
    return this.#store.listSteps(runId);
  }

  /** What the handler of a run has logged, oldest first: the first thousand lines, or those after the line `after`. */
  async getLogs(runId: string, options: { readonly after?: string } = {}): Promise<LogLineRow[]> {
    await this.#lines.flush();
    return this.#store.logs.list({ runId, order: "asc", limit: LOG_LINES_MAX, ...options });
  }

  /** Why a run does not go on, or what it does: which limit, whom it waits for, until when. Null when there is none. */
  explainRun(runId: string): Promise<RunExplanation | null> {
    return this.engine.explain(runId);
  }

  /**
   * Resolves when the run has ended, however it ended.
   *
   * @throws `not_found`; `run_not_ended` after the timeout; `server_stopping` when the engine stops first.
   */
  async waitForRun(runId: string, options: WaitOptions = {}): Promise<RunResult> {
    const ended = this.#endOf(runId);
    try {
      const now = await this.getRun(runId);
      if (now === null) throw new StepwellError("not_found", { what: `Run ${runId}` });
      if (now.endedAt !== null) return now;
      const isEnded = await this.#within(ended.reached, options);
      if (this.#stopped !== null) throw new StepwellError("server_stopping");
      if (!isEnded) throw new StepwellError("run_not_ended", { run: runId, status: now.status });
      return (await this.getRun(runId))!;
    } finally {
      ended.forget();
    }
  }

  /** Cancels a run: what is being called may finish, and nothing after it begins. */
  cancelRun(runId: string, reason = "cancelled by the application"): Promise<CancelAnswer> {
    return this.engine.cancelRun({ runId, reason });
  }

  /** Lets calls finish for `grace` (10 s), stores what they reported, and closes the store. Safe to call twice. */
  stop(options: { readonly grace?: DurationInput } = {}): Promise<void> {
    const graceMs = options.grace === undefined ? GRACE_MS_DEFAULT : durationMs(options.grace, "stop: grace");
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    // What is wrong with a function is found before anything is opened.
    const registrations = this.#apps.map(registrationOf);
    await this.#store.open();
    try {
      await this.engine.start();
      for (const { app, checksum } of registrations) await this.engine.sync(app, checksum);
    } catch (error) {
      await this.stop();
      throw error;
    }
    // Time in somebody's hand has no minutes that pass by themselves.
    if (this.#clock === systemClock) {
      this.#stopHousekeeping = startHousekeeping({ clock: this.#clock, store: this.#store, log: this.#log });
      await this.#retention.start();
    }
    this.engine.watch((notices) => this.#noticed(notices));
    for (const client of this.#clients) {
      engineOfClient.set(client, this);
      Stepwell.sendOver(
        client,
        (events, seed) => this.#receive(events, seed),
        (signal) => this.sendSignal(signal),
      );
    }
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopHousekeeping();
    await this.#retention.stop();
    await this.engine.stop(graceMs);
    for (const tells of this.#waiting.values()) for (const tell of tells) tell();
    for (const client of this.#clients) {
      if (engineOfClient.get(client) !== this) continue;
      engineOfClient.delete(client);
      Stepwell.sendOver(client, null);
    }
    await Promise.all([this.#lines.close(), this.#tracing?.close()]);
    await Promise.all([this.#transport.close(), this.#gateway.close()]);
    await this.#store.close();
  }

  async #receive(events: readonly EventInput[], seed: string | null): Promise<SentEvents> {
    if (events.length === 0) return { ids: [], runIds: [] };
    const now = this.#clock.now();
    const body = events.map((event) => JSON.parse(eventText({ ts: now, ...event })) as unknown);
    const receipts = await this.engine.receive(readEvents({ body, seed: seed ?? undefined, now, ids: this.#ids }));
    return {
      ids: receipts.map((receipt) => receipt.eventId),
      runIds: receipts.flatMap((receipt) => receipt.runIds),
    };
  }

  #noticed(notices: readonly Notice[]): void {
    this.#tracing?.noticed(notices);
    if (this.#waiting.size === 0) return;
    for (const { kind, id } of notices) {
      if (kind === "run_ended") for (const tell of this.#waiting.get(id) ?? []) tell();
    }
  }

  #endOf(runId: string) {
    const waiting = this.#waiting.get(runId) ?? new Set();
    this.#waiting.set(runId, waiting);
    let tell = () => {};
    const reached = new Promise<void>((resolve) => {
      tell = resolve;
    });
    waiting.add(tell);
    const forget = () => {
      waiting.delete(tell);
      if (waiting.size === 0) this.#waiting.delete(runId);
    };
    return { reached, forget };
  }

  /** True when it was reached in time. */
  #within(reached: Promise<void>, { timeout }: WaitOptions): Promise<boolean> {
    if (timeout === undefined) return reached.then(() => true);
    const untilAt = this.#clock.now() + durationMs(timeout, "waitForRun: timeout");
    return new Promise((resolve) => {
      const cancel = this.#clock.at(untilAt, () => resolve(false));
      void reached.then(() => {
        cancel();
        resolve(true);
      });
    });
  }
}

function startedRun(answer: StartAnswer): { runId: string } {
  if (answer.kind === "refused") throw new StepwellError(answer.code, answer.details);
  return { runId: answer.runId };
}

function clientsOf(client: CreateEngineOptions["client"]): readonly Stepwell[] {
  if (client === undefined) return [];
  return Array.isArray(client) ? (client as readonly Stepwell[]) : [client as Stepwell];
}
