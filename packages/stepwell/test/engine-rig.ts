/** An engine in the hand of a test: its clock, its store's answers and its calls' outcomes come when the test says so. */
import { setImmediate as macrotask } from "node:timers/promises";
import type { Batch, Notice } from "../src/core/batch.ts";
import { Engine } from "../src/engine/engine.ts";
import type { EngineOptions } from "../src/engine/options.ts";
import type { SaveResults } from "../src/engine/ports.ts";
import type { Call } from "../src/protocol/call.ts";
import type { IncomingEvent } from "../src/protocol/event.ts";
import type { AppConfig, FunctionConfig } from "../src/protocol/function.ts";
import type { Outcome } from "../src/protocol/outcome.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { copyBatch } from "../src/store/records.ts";
import type { JobPageQuery } from "../src/store/store.ts";
import { config } from "./run-rig.ts";

export const ENGINE_START = 1_700_000_000_000;

export interface HeldCommit {
  readonly batch: Batch;
  /** Stores the batch and says so. */
  store(): Promise<void>;
  /** Stores nothing and fails. */
  fail(error: unknown): Promise<void>;
}

/** Holds every commit back while `isHolding`. */
export class HandStore extends MemoryStore {
  isHolding = false;
  readonly held: HeldCommit[] = [];
  failNextLoad: unknown = null;
  /** A run that comes back with a stack that contradicts its steps. */
  damage: string | null = null;
  commits = 0;

  override commit(batch: Batch): Promise<void> {
    this.commits++;
    const records = copyBatch(batch);
    if (!this.isHolding) {
      this.apply(records);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.held.push({
        batch,
        store: async () => {
          this.apply(records);
          resolve();
          await macrotask();
        },
        fail: async (error) => {
          reject(error);
          await macrotask();
        },
      });
    });
  }

  override async loadRuns(ids: readonly string[]) {
    const runs = await super.loadRuns(ids);
    for (const run of runs) if (run.id === this.damage) run.stack.push("no such step");
    return runs;
  }

  override loadJobs(query: JobPageQuery) {
    const error = this.failNextLoad;
    this.failNextLoad = null;
    return error === null ? super.loadJobs(query) : Promise.reject(error);
  }
}

export interface HeldCall {
  readonly call: Call;
  readonly save: SaveResults;
  answer(outcome: Partial<Outcome> & Pick<Outcome, "kind">): void;
}

export class EngineRig {
  readonly store = new HandStore();
  readonly calls: HeldCall[] = [];
  readonly notices: Notice[] = [];
  readonly errors: string[] = [];
  readonly fatal: unknown[] = [];
  readonly engine: Engine;
  now = ENGINE_START;
  #deferred: (() => void)[] = [];
  readonly #timers = new Set<{ readonly at: number; readonly task: () => void }>();
  #events = 0;

  constructor(options: Partial<EngineOptions> = {}) {
    let chance = 0;
    this.engine = new Engine({
      store: this.store,
      random: { uint32: () => (chance = (chance + 0x9e3779b9) >>> 0) },
      clock: {
        now: () => this.now,
        defer: (task) => void this.#deferred.push(task),
        at: (at, task) => {
          const timer = { at, task };
          this.#timers.add(timer);
          return () => this.#timers.delete(timer);
        },
      },
      transport: {
        call: (call, save) =>
          new Promise((resolve) => {
            const answer = (outcome: object) =>
              resolve({
                requestVersion: 2,
                retryAfterMs: null,
                status: null,
                unreached: [],
                ...outcome,
              } as object as Outcome);
            this.calls.push({ call, save, answer });
          }),
        close: async () => {},
      },
      log: { info() {}, warn() {}, error: (message) => void this.errors.push(message) },
      onFatal: (error) => void this.fatal.push(error),
      ...options,
    });
    this.engine.watch((notices) => void this.notices.push(...notices));
  }

  /** A started engine with one function, which listens on `a`. */
  static async started(fn: Partial<FunctionConfig> = {}, options: Partial<EngineOptions> = {}): Promise<EngineRig> {
    const rig = new EngineRig(options);
    await rig.engine.start();
    const synced = rig.engine.sync(appOf(fn), "1");
    await rig.settle();
    await synced;
    return rig;
  }

  /** Runs what was deferred, until nothing more happens by itself. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await macrotask();
      const deferred = this.#deferred;
      this.#deferred = [];
      if (deferred.length > 0) quiet = 0;
      for (const task of deferred) task();
    }
  }

  /** Time passes, timer by timer. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const next = [...this.#timers].sort((left, right) => left.at - right.at)[0];
      if (next === undefined || next.at > until) break;
      this.#timers.delete(next);
      this.now = Math.max(this.now, next.at);
      next.task();
      await this.settle();
    }
    this.now = until;
    await this.settle();
  }

  get timers(): number {
    return this.#timers.size;
  }

  event(more: Partial<IncomingEvent["stored"]> & { mayExist?: boolean } = {}): IncomingEvent {
    const { mayExist = false, ...fields } = more;
    const id = fields.id ?? `event-${++this.#events}`;
    const parsed = { data: {}, id, name: "a", ts: this.now, user: {} };
    const json = JSON.stringify(parsed);
    const base = { id, name: "a", ts: this.now, receivedAt: this.now, idempotencyId: null, json, isInternal: false };
    return { stored: { ...base, ...fields }, parsed, mayExist };
  }

  /** Sends one event; does not wait. */
  send(more: Parameters<EngineRig["event"]>[0] = {}): ReturnType<Engine["receive"]> {
    const sent = this.engine.receive([this.event(more)]);
    sent.catch(() => {}); // Tests that care await it.
    return sent;
  }
}

export function appOf(fn: Partial<FunctionConfig> = {}): AppConfig {
  const functions = [config(3, { triggers: [{ kind: "event", event: "a", expression: null }], ...fn })];
  return { id: "app", url: "inproc:", sdk: "test", framework: "", version: null, functions };
}
