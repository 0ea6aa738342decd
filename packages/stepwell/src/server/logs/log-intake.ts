/**
 * Lines that handlers log, from wherever they come in to the store (store/logs.ts).
 *
 *   LI1. Nobody waits here: lines are taken at once, wait a moment for company, and are stored a portion at a time, so that
 *        no batch of the engine waits longer than for one portion.
 *   LI2. What waits is bounded; what does not fit, and what the store refused, is counted for its run and shown there.
 *   LI3. Watchers are told once the lines are stored, of each run once per portion.
 */
import type { Clock, EngineLog } from "../../engine/ports.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type CallLines, type LogLevel, readLines } from "../../protocol/log-lines.ts";
import {
  type AppendedLines,
  type DroppedLines,
  type LogStore,
  levelNumber,
  type NewLogLine,
} from "../../store/logs.ts";

const WAIT_MS = 50;
/** After a failure of the store. */
const WAIT_AGAIN_MS = 1_000;
const PORTION_LINES = 500;
const PORTION_CHARS = 512 * 1024;
/** Runs whose dropped lines are remembered until they are stored. */
const DROPPED_RUNS_MAX = 10_000;
/** A failing store is told of so often. */
const WARN_MS = 60_000;

/** Lines of a run that were stored. */
export interface LinesStored extends AppendedLines {
  readonly functionId: string | null;
  /** The most severe of them. */
  readonly level: LogLevel;
}

export interface LogIntakeOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly stored: (runs: readonly LinesStored[]) => void;
}

export interface LogIntakeStats {
  readonly stored: number;
  readonly dropped: number;
  readonly waiting: number;
}

export class LogIntake {
  readonly #options: LogIntakeOptions;
  #waiting: NewLogLine[] = [];
  #chars = 0;
  readonly #dropped = new Map<string, number>();
  #timer: (() => void) | null = null;
  #underWay: Promise<void> | null = null;
  #stored = 0;
  #droppedCount = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: LogIntakeOptions) {
    this.#options = options;
  }

  get stats(): LogIntakeStats {
    return { stored: this.#stored, dropped: this.#droppedCount, waiting: this.#waiting.length };
  }

  take({ runId, functionId, attempt, lines, dropped }: CallLines): void {
    if (this.#isClosed) return;
    if (dropped > 0) this.#drop(runId, dropped);
    for (const { at, level, step, name, message } of lines) {
      const isFull = this.#waiting.length >= LIMITS.logLinesQueuedMax;
      if (isFull || this.#chars + message.length > LIMITS.logCharsQueuedMax) {
        this.#drop(runId, 1); // LI2
        continue;
      }
      this.#chars += message.length;
      const line = { env: DEFAULT_ENV, runId, functionId, step, stepName: name, attempt, level, at };
      this.#waiting.push({ ...line, message: message.toWellFormed() });
    }
    if (this.#underWay === null && this.#timer === null) {
      const { clock } = this.#options;
      this.#timer = clock.at(clock.now() + WAIT_MS, () => void this.flush());
    }
  }

  /** The header of a reply (protocol/log-lines.ts), whatever it holds. */
  takeHeader(call: Pick<CallLines, "runId" | "functionId" | "attempt">, text: string): void {
    try {
      const { runId, functionId, attempt } = call;
      const read = readLines(JSON.parse(text), this.#options.clock.now());
      if (read !== null) this.take({ runId, functionId, attempt, ...read });
    } catch {
      this.#drop(call.runId, 1); // Not JSON: a proxy cut it, or it never was ours.
    }
  }

  /** Stores what waits, and takes no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  /** Stores what waits now. */
  flush(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    this.#underWay ??= this.#storeAll().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  #drop(runId: string, count: number): void {
    this.#droppedCount += count;
    this.#count(runId, count);
  }

  /** To be shown with the run, once the store takes it. */
  #count(runId: string, count: number): void {
    if (this.#dropped.size >= DROPPED_RUNS_MAX && !this.#dropped.has(runId)) return;
    this.#dropped.set(runId, (this.#dropped.get(runId) ?? 0) + count);
  }

  async #storeAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#dropped.size > 0) {
      const lines = this.#takePortion();
      const dropped = [...this.#dropped].map(([runId, count]): DroppedLines => ({ runId, count }));
      this.#dropped.clear();
      try {
        const appended = await this.#options.store.append({ lines, dropped, at: this.#options.clock.now() });
        this.#note(lines, appended);
      } catch (error) {
        for (const { runId, count } of dropped) this.#count(runId, count);
        this.#failed(lines, error);
        return; // The engine meets the same store and decides what its failure means.
      }
    }
  }

  #takePortion(): NewLogLine[] {
    let chars = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count === PORTION_LINES || (count > 0 && chars + line.message.length > PORTION_CHARS)) break;
      chars += line.message.length;
      count++;
    }
    this.#chars -= chars;
    return this.#waiting.splice(0, count);
  }

  #note(lines: readonly NewLogLine[], appended: readonly AppendedLines[]): void {
    const told = appended.map((one): LinesStored => {
      this.#stored += one.stored;
      this.#droppedCount += one.dropped;
      const own = lines.filter((line) => line.runId === one.runId);
      const worst = own.reduce<NewLogLine | null>((most, line) => (isWorse(line, most) ? line : most), null);
      return { ...one, functionId: worst?.functionId ?? null, level: worst?.level ?? "debug" };
    });
    this.#options.stored(told); // LI3
  }

  /** LI2. */
  #failed(lines: readonly NewLogLine[], error: unknown): void {
    for (const { runId } of lines) this.#drop(runId, 1);
    const { clock } = this.#options;
    const now = clock.now();
    if (!this.#isClosed) this.#timer ??= clock.at(now + WAIT_AGAIN_MS, () => void this.flush());
    if (now - this.#warnedAt < WARN_MS) return;
    this.#warnedAt = now;
    this.#options.log.warn("lines of handlers could not be stored", { count: lines.length, error: String(error) });
  }
}

const isWorse = (line: NewLogLine, than: NewLogLine | null): boolean =>
  than === null || levelNumber(line.level) > levelNumber(than.level);
