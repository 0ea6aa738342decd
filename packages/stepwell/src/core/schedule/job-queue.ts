/**
 * Which job is next: timers and calls until they are due (time-window.ts), then lanes of work (lane-heads.ts).
 *
 * What it holds are hints, not jobs: the run's own job row is the truth. A hint may be late, doubled or stale; whoever
 * takes one checks it against the run. So nothing must ever be removed from here, and forgetting everything is safe
 * as long as the rows are paged in again (E2).
 *
 *   Q1. A hint never leaves before its due time.
 *   Q2. Every stored job has a hint here, or will be read before its turn comes, or is being executed (E6).
 *   Q3. What is due leaves by the rules of the ready queue (ready-queue.ts); timers, which need no place, go first.
 *   Q4. Timers have a window of their own: no backlog of calls keeps one from being read.
 */
import type { Instant } from "../instant.ts";
import type { JobHint } from "./hint.ts";
import { LaneHeads, type LanePage, type LaneRequest } from "./lane-heads.ts";
import type { Admit, ReadyQueue } from "./ready-queue.ts";
import { type PageRequest, TimeWindow, type TimeWindowLimits } from "./time-window.ts";

/** `hintsMax` counts for timers, for calls that wait for a time, and for work that is due, each. */
export interface JobQueueLimits extends TimeWindowLimits {
  /** Keys of one function that may be in memory at least, of starts and of calls each; 100 by default. */
  readonly lanesMin?: number;
}

export const JOB_QUEUE_LIMITS = { hintsMax: 200_000, horizonMs: 600_000, lanesMin: 100 } as const;

export class JobQueue {
  readonly #timers: TimeWindow;
  readonly #calls: TimeWindow;
  readonly #heads: LaneHeads;
  readonly #ready: ReadyQueue;
  #batch = 0;

  /** What was due at `now` is found by its lanes. */
  constructor(ready: ReadyQueue, now: Instant, limits: JobQueueLimits = JOB_QUEUE_LIMITS) {
    this.#ready = ready;
    this.#timers = new TimeWindow("timers", Number.NEGATIVE_INFINITY, limits);
    this.#calls = new TimeWindow("calls", now, limits);
    this.#heads = new LaneHeads(ready, limits.hintsMax, limits.lanesMin ?? JOB_QUEUE_LIMITS.lanesMin);
  }

  get size(): number {
    return this.#timers.size + this.#calls.size + this.#ready.size;
  }

  /** The number of the open batch. */
  get batch(): number {
    return this.#batch;
  }

  get readyCount(): number {
    return this.#ready.size + this.#timers.dueCount;
  }

  /** A job was written or moved, in the batch that is open now. */
  add(hint: JobHint, now: Instant): void {
    if (hint.isTimer) this.#timers.add(hint, this.#batch);
    else if (hint.dueAt > now) this.#calls.add(hint, this.#batch);
    else this.#heads.add(hint, this.#batch);
  }

  /** Time has come so far (Q1). */
  release(now: Instant): void {
    this.#timers.release(now);
    this.#calls.release(now);
    for (let hint = this.#calls.next(); hint !== undefined; hint = this.#calls.next()) {
      this.#heads.add(hint, this.#batch);
    }
  }

  /** The next timer that is due. */
  nextTimer(): JobHint | undefined {
    return this.#timers.next();
  }

  /** The next job that is due and may go. */
  next(admit: Admit, now: Instant): JobHint | undefined {
    return this.#heads.next(admit, now);
  }

  /** A hint that was taken and could not be used. It stays: no page would bring it again. */
  putBack(hint: JobHint): void {
    this.#heads.putBack(hint);
  }

  nextDueAt(): Instant | null {
    return earlier(this.#timers.nextDueAt(), this.#calls.nextDueAt());
  }

  /** When a window must be moved on even if nothing else happens. */
  nextPageAt(): Instant | null {
    return earlier(this.#timers.nextPageAt(), this.#calls.nextPageAt());
  }

  /** The pages to read now. */
  pageRequests(now: Instant): PageRequest[] {
    return [this.#timers.pageRequest(now), this.#calls.pageRequest(now)].filter((request) => request !== null);
  }

  adoptPage(request: PageRequest, hints: readonly JobHint[]): void {
    (request.what === "timers" ? this.#timers : this.#calls).adoptPage(request, hints);
  }

  /** The heads of lanes to read now, or null. */
  laneRequest(now: Instant): LaneRequest | null {
    this.release(now); // What becomes due while the store reads goes to the lanes that are being read.
    return this.#heads.request(now, this.#batch);
  }

  /** True while something is to be read as soon as what is open is stored. */
  get waitsForBatch(): boolean {
    return this.#heads.waitsForBatch;
  }

  /** True when more may be found once a batch is stored. */
  get mayRead(): boolean {
    return this.#heads.mayRead;
  }

  /** Lanes of the function are in the store alone. */
  hasLeft(functionId: string): boolean {
    return this.#heads.hasLeft(functionId);
  }

  adoptLanes(request: LaneRequest, page: LanePage): void {
    this.#heads.adopt(request, page);
  }

  /** The open batch closes and will be stored; the next one opens. Returns its number. */
  closeBatch(): number {
    return this.#batch++;
  }

  /** A batch is stored: its jobs can be found by a page that is read from now on. */
  batchStored(batch: number): void {
    this.#timers.batchStored(batch);
    this.#calls.batchStored(batch);
    this.#heads.batchStored(batch);
  }
}

function earlier(left: Instant | null, right: Instant | null): Instant | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}
