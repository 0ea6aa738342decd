/**
 * An engine for tests: in memory, with time in the test's hand.
 *
 *   TE1. Nothing happens on its own: time stands still, and `advance` ends when everything due until then is done.
 *   TE2. The same test gives the same ids, times and retry delays.
 */
import { setImmediate as turn } from "node:timers/promises";
import { isoTime } from "../core/instant.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineLog } from "../engine/ports.ts";
import { StepwellError } from "../protocol/errors.ts";
import type { Stepwell } from "../sdk/client.ts";
import { type DateInput, type DurationInput, dateText, durationMs } from "../sdk/duration-input.ts";
import type { StepwellFunction } from "../sdk/function.ts";
import type { SignalInput } from "../sdk/signal.ts";
import type { EventInput } from "../sdk/trigger.ts";
import type { ListedStep } from "../store/store.ts";
import { EmbeddedEngine, type SentEvents } from "./embedded-engine.ts";
import type { RunResult } from "./run-result.ts";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What `createTestEngine` takes. */
export interface CreateTestEngineOptions {
  /** All that this engine calls. */
  readonly functions: readonly StepwellFunction<unknown, unknown>[];
  /** The clients of these functions: their `send` goes to this engine then. */
  readonly client?: Stepwell | readonly Stepwell[];
  /** What the clock shows first; 2030-01-01T00:00:00Z when left out. */
  readonly startAt?: DateInput;
  /** The same delay before every retry, instead of a growing one. */
  readonly retryInterval?: DurationInput;
  /** Another seed gives other ids and other jitter. */
  readonly seed?: number;
  /** Where the engine's own warnings and errors go; the console when left out. */
  readonly log?: EngineLog;
}

const START_AT_DEFAULT = "2030-01-01T00:00:00Z";

/** Turns of the host without a task, after which nothing can be on its way any more. */
const QUIET_TURNS = 3;

/** An engine in the hand of a test: made by `createTestEngine`, ended by `stop` or by the end of an `await using`. */
export class TestEngine {
  readonly #embedded: EmbeddedEngine;
  readonly #clock: VirtualClock;

  private constructor(embedded: EmbeddedEngine, clock: VirtualClock) {
    this.#embedded = embedded;
    this.#clock = clock;
  }

  static async start(options: CreateTestEngineOptions): Promise<TestEngine> {
    const { startAt = START_AT_DEFAULT, seed = 1, ...rest } = options;
    const clock = new VirtualClock(Date.parse(dateText(startAt, "createTestEngine: startAt")));
    const embedded = await EmbeddedEngine.start({ ...rest, store: "memory", clock, random: seededRandom(seed) });
    return new TestEngine(embedded, clock);
  }

  /** What the clock shows. */
  get now(): Date {
    return new Date(this.#clock.now());
  }

  /** Sends events. What they start begins at once; `runUntilIdle` waits for it. */
  send(events: EventInput | readonly EventInput[]): Promise<SentEvents> {
    return this.#embedded.send(events);
  }

  /** Sends a signal to the run that waits for it and tells which one that is; null when nobody waits. */
  sendSignal(signal: SignalInput): Promise<{ runId: string | null }> {
    return this.#embedded.sendSignal(signal);
  }

  /** Starts a function with this data, whatever its triggers say. */
  invoke(...args: Parameters<EmbeddedEngine["invoke"]>): ReturnType<EmbeddedEngine["invoke"]> {
    return this.#embedded.invoke(...args);
  }

  /** Starts a new run with the events of another one, from the beginning or from a step. */
  rerun(...args: Parameters<EmbeddedEngine["rerun"]>): ReturnType<EmbeddedEngine["rerun"]> {
    return this.#embedded.rerun(...args);
  }

  /** A failed run goes on where it failed. */
  resumeRun(runId: string): Promise<void> {
    return this.#embedded.resumeRun(runId);
  }

  /** The loop itself: `pause`, `unpause`, and what else is rarely asked for. */
  get engine(): Engine {
    return this.#embedded.engine;
  }

  /** Waits, without moving the clock, until nothing more happens: every call has returned and everything is stored. */
  async runUntilIdle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      const { calls, waitingCommands } = this.#embedded.engine.stats;
      const isBusy = this.#clock.isBusy || calls > 0 || waitingCommands > 0;
      if (isBusy) quiet = -1;
      // A step that waits for the outside world ends in a task sooner or later; until then there is nothing to turn for.
      if (calls > 0 && !this.#clock.isBusy) await this.#clock.nextTask();
      await turn();
    }
  }

  /** Moves the clock on, timer by timer, and does what comes due on the way. */
  async advance(duration: DurationInput): Promise<void> {
    await this.advanceTo(new Date(this.#clock.now() + durationMs(duration, "advance")));
  }

  /** Moves the clock on to a moment. One in the past changes nothing. */
  async advanceTo(moment: DateInput): Promise<void> {
    const until = Date.parse(dateText(moment, "advanceTo"));
    await this.runUntilIdle();
    while (this.#clock.now() < until) {
      this.#clock.moveTo(until);
      await this.runUntilIdle();
    }
  }

  /** The run as it is now, or null when there is none. */
  getRun(runId: string): Promise<RunResult | null> {
    return this.#embedded.getRun(runId);
  }

  /** The steps of a run, in the order in which they completed; those that are under way last. */
  getSteps(runId: string): Promise<ListedStep[]> {
    return this.#embedded.getSteps(runId);
  }

  /**
   * Lets everything happen that can without moving the clock, and returns the run, which must have ended then.
   *
   * @throws `not_found`; `run_not_ended`, which tells until when it waits.
   */
  async waitForRun(runId: string): Promise<RunResult> {
    await this.runUntilIdle();
    const run = await this.getRun(runId);
    if (run === null) throw new StepwellError("not_found", { what: `Run ${runId}` });
    if (run.endedAt !== null) return run;
    const next = this.#clock.nextTimerAt();
    const status = next === null ? run.status : `${run.status}; the next timer is due at ${isoTime(next)}`;
    throw new StepwellError("run_not_ended", { run: runId, status });
  }

  cancelRun(runId: string): ReturnType<EmbeddedEngine["cancelRun"]> {
    return this.#embedded.cancelRun(runId);
  }

  stop(): Promise<void> {
    return this.#embedded.stop({ grace: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
