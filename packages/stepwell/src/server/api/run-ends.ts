/**
 * Waiting for runs to end, for clients that asked for a result.
 *
 *   RE1. No end is missed: whoever waits is noted first, and only then the stored row is looked at.
 *   RE2. However many wait, the engine's notices are looked through once.
 *   RE3. A client that goes away or has waited long enough is forgotten at once.
 */
import type { Notice } from "../../core/batch.ts";
import type { Engine } from "../../engine/engine.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { RunRow, Store } from "../../store/store.ts";

const WAITERS_MAX = 10_000;

export interface RunSource {
  readonly engine: Pick<Engine, "watch">;
  readonly store: Pick<Store, "getRun">;
}

export interface Patience {
  readonly waitMs: number;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export class RunEnds {
  readonly #source: RunSource;
  readonly #waiters = new Map<string, Set<() => void>>();
  #count = 0;
  #unwatch: (() => void) | null = null;

  constructor(source: RunSource) {
    this.#source = source;
  }

  get waiting(): number {
    return this.#count;
  }

  /** The run, ended or not, once it has ended or nobody waits any more; null when there is none. */
  async wait(runId: string, patience: Patience): Promise<RunRow | null> {
    if (this.#count >= WAITERS_MAX) {
      throw new StepwellError("server_overloaded", { count: this.#count, limit: WAITERS_MAX });
    }
    const load = () => this.#source.store.getRun(DEFAULT_ENV, runId);
    const over = this.#noted(runId, patience);
    try {
      const row = await load(); // RE1
      if (row === null || hasEnded(row)) return row;
      await over.promise;
      return await load();
    } finally {
      over.forget();
    }
  }

  #noted(
    runId: string,
    { waitMs, signal }: Patience,
  ): { readonly promise: Promise<void>; readonly forget: () => void } {
    let resolve = () => {};
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    const timer = setTimeout(resolve, waitMs).unref();
    const onAbort = () => resolve();
    if (signal.aborted) resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#add(runId, resolve);
    const forget = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#remove(runId, resolve); // RE3
    };
    return { promise, forget };
  }

  #add(runId: string, wake: () => void): void {
    const wakes = this.#waiters.get(runId) ?? new Set();
    this.#waiters.set(runId, wakes.add(wake));
    this.#count++;
    this.#unwatch ??= this.#source.engine.watch((notices) => this.#noticed(notices)); // RE2
  }

  #remove(runId: string, wake: () => void): void {
    const wakes = this.#waiters.get(runId);
    if (wakes?.delete(wake) !== true) return;
    if (wakes.size === 0) this.#waiters.delete(runId);
    this.#count--;
    if (this.#count > 0) return;
    this.#unwatch?.();
    this.#unwatch = null;
  }

  #noticed(notices: readonly Notice[]): void {
    for (const { kind, id } of notices) {
      if (kind === "run_ended") for (const wake of this.#waiters.get(id) ?? []) wake();
    }
  }
}

function hasEnded({ status }: RunRow): boolean {
  return status !== "queued" && status !== "running";
}
