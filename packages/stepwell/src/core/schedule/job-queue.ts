/**
 * Which job is next: timers until a job is due, then the ready queue.
 *
 * What it holds are hints, not jobs: the run's own job row is the truth. A hint may be late, doubled or stale; whoever
 * takes one checks it against the run. So nothing must ever be removed from here, and forgetting everything is safe
 * as long as the rows are paged in again (E2).
 *
 *   Q1. A hint never leaves before its due time.
 *   Q2. Every stored job at or before `windowEnd` has a hint here or is being executed; jobs after it are only in the
 *       store and are paged in (E6).
 *   Q3. A job written outside the window while a page is being read cannot fall between: such hints are kept until
 *       the page has arrived and their batch is stored.
 *   Q4. What is due leaves by the rules of the ready queue (ready-queue.ts); timers, which need no place, go first.
 */
import type { RunFlow } from "../../protocol/flow.ts";
import { laneKey } from "../flow/rules.ts";
import type { Instant } from "../instant.ts";
import { type JobKind, MAIN_SLOT } from "../run/run.ts";
import { Heap } from "./heap.ts";
import type { Admit, ReadyQueue } from "./ready-queue.ts";

/** The order of jobs in the store's index, and the place up to which they are in memory. */
export interface JobPlace {
  readonly dueAt: Instant;
  readonly runId: string;
  readonly slot: string;
}

export interface JobHint extends JobPlace {
  readonly functionId: string;
  /** The run's creation, less its priority: older runs go first. */
  readonly orderAt: Instant;
  /** A timer only moves its run; it needs no place and waits for nobody. */
  readonly isTimer: boolean;
  /** The run's first call. */
  readonly isStart: boolean;
  /** A request that the server makes for a step: the app is not called. */
  readonly isRequest: boolean;
  /** What the run's limits go by. */
  readonly flow: RunFlow | null;
  /** Names the lane: runs with the same key share all their limits. */
  readonly key: string;
}

/** What a hint is made of: a job and its run. */
export interface HintSource extends JobPlace {
  readonly kind: JobKind;
  readonly functionId: string;
  readonly createdAt: Instant;
  /** The run has made no call yet. */
  readonly isQueued: boolean;
  readonly flow: RunFlow | null;
}

export function hintOf({ runId, slot, dueAt, kind, functionId, createdAt, isQueued, flow }: HintSource): JobHint {
  return {
    runId,
    slot,
    dueAt,
    functionId,
    orderAt: createdAt - (flow?.priorityMs ?? 0),
    isTimer: TIMERS.has(kind),
    isStart: isQueued && slot === MAIN_SLOT,
    isRequest: kind === "request",
    flow,
    key: laneKey(flow),
  };
}

const TIMERS: ReadonlySet<JobKind> = new Set<JobKind>([
  "collect",
  "sleep",
  "timeout",
  "start_timeout",
  "finish_timeout",
  "lease",
]);

export interface JobQueueLimits {
  /** Hints in memory before the later half is left to the store. */
  readonly hintsMax: number;
  /** How far ahead jobs are held in memory, in ms. */
  readonly horizonMs: number;
}

export const JOB_QUEUE_LIMITS: JobQueueLimits = { hintsMax: 200_000, horizonMs: 600_000 };

/** A page the queue would like: jobs after `after`, up to `untilAt`. */
export interface PageRequest {
  readonly after: JobPlace;
  readonly untilAt: Instant;
  readonly limit: number;
}

/** A function's share of the hints that no backlog of others takes: one in so many. */
const HEADS = 200;

const START: JobPlace = { dueAt: Number.NEGATIVE_INFINITY, runId: "", slot: "" };

export class JobQueue {
  readonly #limits: JobQueueLimits;
  readonly #timers = new Heap<JobHint>(isPlaceBefore);
  readonly #ready: ReadyQueue;
  /** Timers that are due, in the order in which they became due. */
  #due: JobHint[] = [];
  /** Of them, how many have been taken. */
  #dueAt = 0;
  /** Hints here, by lane. */
  readonly #counts = new Map<string, number>();
  #windowEnd: JobPlace = START;
  #outside: { readonly hint: JobHint; readonly batch: number }[] = [];
  #isPaging = false;
  #batch = 0;
  #storedBatch = -1;
  #now: Instant = Number.NEGATIVE_INFINITY;
  /** Grows when shrinking found little to leave, so that it cannot be tried at every hint. */
  #shrinkAt: number;

  constructor(ready: ReadyQueue, limits: JobQueueLimits = JOB_QUEUE_LIMITS) {
    this.#ready = ready;
    this.#limits = limits;
    this.#shrinkAt = limits.hintsMax;
  }

  get size(): number {
    return this.#timers.size + this.#due.length - this.#dueAt + this.#ready.size;
  }

  /** The number of the open batch. */
  get batch(): number {
    return this.#batch;
  }

  get readyCount(): number {
    return this.#ready.size + this.#due.length - this.#dueAt;
  }

  /** A job was written or moved, in the batch that is open now. */
  add(hint: JobHint): void {
    if (isPlaceBefore(this.#windowEnd, hint) && !this.#mayPassBacklog(hint)) {
      this.#outside.push({ hint, batch: this.#batch }); // Q3
      return;
    }
    this.#push(hint);
    if (this.size > this.#shrinkAt) this.#shrink();
  }

  /**
   * While a backlog is left to the store, the window ends in the past. What stays here all the same: work of runs that
   * are older than that place, which go on before those behind them begin (Q4), and the head of every other function,
   * which is not to wait for the backlog of one.
   */
  #mayPassBacklog(hint: JobHint): boolean {
    const end = this.#windowEnd.dueAt;
    if (end >= this.#now || hint.dueAt > this.#now + this.#limits.horizonMs) return false;
    return hint.orderAt <= end || (this.#counts.get(laneOf(hint)) ?? 0) < this.#headMax;
  }

  /** Hints of one lane that stay in memory whatever backlog others have. */
  get #headMax(): number {
    return Math.max(1, Math.floor(this.#limits.hintsMax / HEADS));
  }

  #push(hint: JobHint): void {
    this.#timers.push(hint);
    const lane = laneOf(hint);
    this.#counts.set(lane, (this.#counts.get(lane) ?? 0) + 1);
  }

  /** Moves what is due to the ready queues (Q1). */
  release(now: Instant): void {
    this.#now = now;
    for (let head = this.#timers.peek(); head !== undefined && head.dueAt <= now; head = this.#timers.peek()) {
      this.#timers.pop();
      if (head.isTimer) this.#due.push(head);
      else this.#ready.add(head);
    }
  }

  /** The next timer that is due. */
  nextTimer(): JobHint | undefined {
    if (this.#dueAt === this.#due.length) {
      if (this.#dueAt > 0) this.#due = [];
      this.#dueAt = 0;
      return undefined;
    }
    const hint = this.#due[this.#dueAt++]!;
    this.#uncount(hint);
    return hint;
  }

  /** The next job that is due and may go. */
  next(admit: Admit): JobHint | undefined {
    const hint = this.#ready.next(admit);
    if (hint !== undefined) this.#uncount(hint);
    return hint;
  }

  #uncount(hint: JobHint): void {
    const lane = laneOf(hint);
    const count = this.#counts.get(lane)! - 1;
    if (count === 0) this.#counts.delete(lane);
    else this.#counts.set(lane, count);
  }

  /** A hint that was taken and could not be used. It stays, wherever the window ends: no page would bring it again. */
  putBack(hint: JobHint): void {
    this.#push(hint);
  }

  nextDueAt(): Instant | null {
    return this.#timers.peek()?.dueAt ?? null;
  }

  /** The page to read now, or null while memory holds enough. */
  pageRequest(now: Instant): PageRequest | null {
    const { horizonMs, hintsMax } = this.#limits;
    if (this.#isPaging || this.size > hintsMax / 4) return null;
    if (this.#windowEnd.dueAt > now + horizonMs / 2) return null; // Due exactly when `nextPageAt` says so.
    this.#isPaging = true;
    return { after: this.#windowEnd, untilAt: now + horizonMs, limit: Math.max(1, Math.floor(hintsMax / 4)) };
  }

  /** When the window must be moved on even if nothing else happens. */
  nextPageAt(): Instant | null {
    if (this.#isPaging || this.size > this.#limits.hintsMax / 4) return null;
    const at = this.#windowEnd.dueAt - this.#limits.horizonMs / 2;
    return Number.isFinite(at) ? at : null;
  }

  /** A page arrived: everything up to its end is now in memory (Q2). */
  adoptPage(request: PageRequest, hints: readonly JobHint[]): void {
    this.#isPaging = false;
    const last = hints.at(-1);
    const isFull = hints.length >= request.limit && last !== undefined;
    this.#windowEnd = isFull ? last : { dueAt: request.untilAt, runId: "\uffff", slot: "" };
    for (const hint of hints) this.#push(hint);
    const outside = this.#outside;
    this.#outside = [];
    for (const entry of outside) {
      if (!isPlaceBefore(this.#windowEnd, entry.hint)) this.#push(entry.hint);
      else if (entry.batch > this.#storedBatch) this.#outside.push(entry);
    }
  }

  /** The open batch closes and will be stored; the next one opens. Returns its number. */
  closeBatch(): number {
    return this.#batch++;
  }

  /** A batch is stored: its jobs can be found by a page that is read from now on (Q3). */
  batchStored(batch: number): void {
    this.#storedBatch = batch;
    if (this.#isPaging || this.#outside.length === 0) return;
    this.#outside = this.#outside.filter((entry) => entry.batch > batch);
  }

  /** Leaves the later half to the store, due or not: a deep backlog keeps only its head in memory (E6). */
  #shrink(): void {
    if (this.#isPaging) return;
    const hints = this.#timers.drain();
    for (const hint of this.#ready.drain()) hints.push(hint);
    for (const hint of this.#due.slice(this.#dueAt)) hints.push(hint);
    this.#due = [];
    this.#dueAt = 0;
    this.#counts.clear();
    hints.sort((left, right) => (isPlaceBefore(left, right) ? -1 : 1));
    const keep = hints.length >> 1;
    // Never forward: behind the window there are jobs that only the store knows, whatever passed them.
    if (isPlaceBefore(hints[keep - 1]!, this.#windowEnd)) this.#windowEnd = hints[keep - 1]!;
    for (const [index, hint] of hints.entries()) {
      // Ready hints that stay are due, so `release` brings them back to their queues.
      if (index < keep || this.#mayPassBacklog(hint)) this.#push(hint);
      else this.#outside.push({ hint, batch: this.#batch });
    }
    this.#shrinkAt = Math.max(this.#limits.hintsMax, Math.ceil(this.size * 1.5));
  }
}

function isPlaceBefore(left: JobPlace, right: JobPlace): boolean {
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt;
  if (left.runId !== right.runId) return left.runId < right.runId;
  return left.slot < right.slot;
}

const laneOf = (hint: JobHint): string => (hint.key === "" ? hint.functionId : `${hint.functionId} ${hint.key}`);
