/**
 * Traces of runs: when a run has ended, what is stored of it is read and sent to a collector as spans.
 *
 *   TR1. A span is about what is committed: it is made of rows, after the transaction that ended the run (E1).
 *   TR2. Runs wait for nothing: they are read one after the other in the thread of the lists, from a bounded queue; what
 *        does not fit is counted.
 *   TR3. Without a collector none of this exists: no watcher, no header, no read.
 */
import type { Attempt, Notice } from "../../core/batch.ts";
import { MAIN_SLOT } from "../../core/run/run.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Clock, EngineLog } from "../../engine/ports.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { ListedStep, RunRow, Store } from "../../store/store.ts";
import { Exporter, type ExporterStats } from "./exporter.ts";
import type { TracingConfig } from "./otel-config.ts";
import { attemptSpan, lastAttemptSpan, runSpan, type Span, stepSpan } from "./spans.ts";
import { parseTraceparent, type TraceContext, traceIdOf, traceparentOf } from "./trace-ids.ts";

const RUNS_WAITING_MAX = 5_000;
const STEPS_PER_PAGE = 500;
/** Steps of one run that get a span. */
const STEPS_MAX = 10_000;
/** How long runs that have ended are still read when the server is stopped. */
const CLOSE_MS_MAX = 2_000;
/** Events of one run whose origins are links of it. */
const ORIGINS_MAX = 20;

export interface TracingOptions {
  readonly config: TracingConfig;
  readonly store: Store;
  readonly engine: Pick<Engine, "apps">;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly fetch?: typeof fetch;
}

export class Tracing {
  readonly #options: TracingOptions;
  readonly #exporter: Exporter;
  readonly #waiting: string[] = [];
  #work: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: TracingOptions) {
    this.#options = options;
    this.#exporter = new Exporter(options);
  }

  get stats(): ExporterStats {
    return this.#exporter.stats;
  }

  /** The header for a call; null: nobody would see the spans below it. */
  headerOf(runId: string, target: string | null): string | null {
    return this.#isTraced(runId) ? traceparentOf(runId, target) : null;
  }

  noticed(notices: readonly Notice[]): void {
    for (const { kind, id } of notices) {
      if (kind !== "run_ended" || !this.#isTraced(id)) continue;
      if (this.#waiting.length >= RUNS_WAITING_MAX)
        this.#exporter.drop(1); // TR2
      else this.#waiting.push(id);
    }
    if (this.#waiting.length > 0 && this.#work === null) this.#begin();
  }

  /** Sends what has ended so far, as far as that takes little time. */
  async close(): Promise<void> {
    const timer = setTimeout(() => {
      this.#isClosed = true;
    }, CLOSE_MS_MAX);
    await this.#work;
    clearTimeout(timer);
    this.#exporter.drop(this.#waiting.length);
    await this.#exporter.close();
  }

  #begin(): void {
    this.#work = this.#readAll().finally(() => {
      this.#work = null;
    });
  }

  async #readAll(): Promise<void> {
    while (!this.#isClosed) {
      const id = this.#waiting.shift();
      if (id === undefined) return;
      try {
        await this.#trace(id);
      } catch (error) {
        this.#exporter.drop(1); // The engine meets the same store and decides what its failure means.
        this.#options.log.warn("a run could not be traced", { runId: id, error: String(error) });
      }
    }
  }

  async #trace(runId: string): Promise<void> {
    const { store, engine } = this.#options;
    const run = await store.getRun(DEFAULT_ENV, runId);
    if (run === null || run.endedAt === null) return; // Resumed since then: it will end again.
    const fn = engine.apps.anyFunction(run.functionId)?.fn;
    const origins = await this.#origins(run);
    const functionSlug = fn?.slug ?? run.functionId;
    this.#exporter.add([runSpan({ run, functionSlug, appId: fn?.appId ?? null, origins })]);
    const attempts = (await store.listAttempts(runId)).slice(0, STEPS_MAX);
    const failed = new Map<string, Attempt[]>();
    for (const attempt of attempts) {
      const ofSlot = failed.get(attempt.slot);
      if (ofSlot === undefined) failed.set(attempt.slot, [attempt]);
      else ofSlot.push(attempt);
    }
    for (let offset = 0; offset < STEPS_MAX; offset += STEPS_PER_PAGE) {
      const steps = await store.listSteps(runId, { offset, limit: STEPS_PER_PAGE });
      const ended = steps.filter((step) => step.endedAt !== null);
      this.#exporter.add(ended.flatMap((step) => spansOfStep(runId, step, failed.get(step.id) ?? [])));
      if (steps.length < STEPS_PER_PAGE) break;
    }
    this.#exporter.add(attempts.map((one): Span => attemptSpan(one, one.slot === MAIN_SLOT)));
  }

  async #origins({ eventIds }: RunRow): Promise<TraceContext[]> {
    const events = await this.#options.store.loadEvents(eventIds.slice(0, ORIGINS_MAX));
    return events.flatMap((event) => parseTraceparent(event.traceparent) ?? []);
  }

  /** By its id, so that every node says the same of a run. */
  #isTraced(runId: string): boolean {
    const { ratio } = this.#options.config;
    if (ratio >= 1) return true;
    // The end of the id is its chance; the beginning is its time.
    return Number.parseInt(traceIdOf(runId).slice(-8), 16) / 2 ** 32 < ratio;
  }
}

function spansOfStep(runId: string, step: ListedStep, failed: readonly Attempt[]): Span[] {
  const last = lastAttemptSpan(runId, step, failed);
  return [stepSpan(runId, step, failed), ...(last === null ? [] : [last])];
}
