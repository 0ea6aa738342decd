/**
 * Jobs that wait for a time: the next ones are in memory, those beyond a window only in the store.
 *
 *   TW1. A hint never leaves before its due time.
 *   TW2. Every stored job of its kind at or before `windowEnd` has a hint here or has left; jobs after it are paged in (E6).
 *   TW3. A job written outside the window while a page is being read cannot fall between: such hints are kept until the
 *        page has arrived and their batch is stored.
 *   TW4. What is due leaves at once, so time alone empties the window: nothing that waits for anything else holds it up.
 */
import type { Instant } from "../instant.ts";
import { Heap } from "./heap.ts";
import { isPlaceBefore, type JobHint, type JobPlace } from "./hint.ts";

export interface TimeWindowLimits {
  /** Hints in memory before the later half is left to the store. */
  readonly hintsMax: number;
  /** How far ahead jobs are held in memory, in ms. */
  readonly horizonMs: number;
}

/** A page the window would like: jobs after `after`, up to `untilAt`. */
export interface PageRequest {
  /** Timers, or calls that were to be made later when they were written. */
  readonly what: "timers" | "calls";
  readonly after: JobPlace;
  readonly untilAt: Instant;
  readonly limit: number;
}

export class TimeWindow {
  readonly what: PageRequest["what"];
  readonly #limits: TimeWindowLimits;
  readonly #hints = new Heap<JobHint>(isPlaceBefore);
  /** What is due, in the order in which it became so; of it, how much has been taken. */
  #due: JobHint[] = [];
  #taken = 0;
  #windowEnd: JobPlace;
  #outside: { readonly hint: JobHint; readonly batch: number }[] = [];
  #isPaging = false;
  #storedBatch = -1;

  /** What was due at or before `from` is not looked for. */
  constructor(what: PageRequest["what"], from: Instant, limits: TimeWindowLimits) {
    this.what = what;
    this.#limits = limits;
    this.#windowEnd = endAt(from);
  }

  get size(): number {
    return this.#hints.size + this.dueCount;
  }

  get dueCount(): number {
    return this.#due.length - this.#taken;
  }

  /** A job was written or moved, in the batch that is open now. */
  add(hint: JobHint, batch: number): void {
    if (isPlaceBefore(this.#windowEnd, hint))
      this.#outside.push({ hint, batch }); // TW3
    else this.#hints.push(hint);
    if (this.size > this.#limits.hintsMax) this.#shrink(batch);
  }

  /** Time has come so far (TW1). */
  release(now: Instant): void {
    for (let head = this.#hints.peek(); head !== undefined && head.dueAt <= now; head = this.#hints.peek()) {
      this.#hints.pop();
      this.#due.push(head);
    }
  }

  /** The next one that is due. */
  next(): JobHint | undefined {
    if (this.#taken < this.#due.length) return this.#due[this.#taken++]!;
    if (this.#taken > 0) this.#due = [];
    this.#taken = 0;
    return undefined;
  }

  /** When the next one becomes due. */
  nextDueAt(): Instant | null {
    return this.#hints.peek()?.dueAt ?? null;
  }

  /** The page to read now, or null while memory holds enough. */
  pageRequest(now: Instant): PageRequest | null {
    const { horizonMs, hintsMax } = this.#limits;
    if (this.#isPaging || this.size > hintsMax / 4) return null;
    if (this.#windowEnd.dueAt > now + horizonMs / 2) return null; // Due exactly when `nextPageAt` says so.
    this.#isPaging = true;
    const limit = Math.max(1, Math.floor(hintsMax / 4));
    return { what: this.what, after: this.#windowEnd, untilAt: now + horizonMs, limit };
  }

  /** When the window must be moved on even if nothing else happens. */
  nextPageAt(): Instant | null {
    if (this.#isPaging || this.size > this.#limits.hintsMax / 4) return null;
    const at = this.#windowEnd.dueAt - this.#limits.horizonMs / 2;
    return Number.isFinite(at) ? at : null;
  }

  /** A page arrived: everything up to its end is now in memory (TW2). */
  adoptPage(request: PageRequest, hints: readonly JobHint[]): void {
    this.#isPaging = false;
    const last = hints.at(-1);
    const isFull = hints.length >= request.limit && last !== undefined;
    this.#windowEnd = isFull ? last : endAt(request.untilAt);
    for (const hint of hints) this.#hints.push(hint);
    const outside = this.#outside;
    this.#outside = [];
    for (const entry of outside) {
      if (!isPlaceBefore(this.#windowEnd, entry.hint)) this.#hints.push(entry.hint);
      else if (entry.batch > this.#storedBatch) this.#outside.push(entry);
    }
  }

  /** A batch is stored: its jobs can be found by a page that is read from now on (TW3). */
  batchStored(batch: number): void {
    this.#storedBatch = batch;
    if (this.#isPaging || this.#outside.length === 0) return;
    this.#outside = this.#outside.filter((entry) => entry.batch > batch);
  }

  /** Leaves the later half to the store. */
  #shrink(batch: number): void {
    if (this.#isPaging) return;
    const hints = this.#hints.drain().sort((left, right) => (isPlaceBefore(left, right) ? -1 : 1));
    const keep = Math.max(1, hints.length >> 1);
    this.#windowEnd = hints[keep - 1]!;
    for (const [index, hint] of hints.entries()) {
      if (index < keep) this.#hints.push(hint);
      else this.#outside.push({ hint, batch });
    }
  }
}

function endAt(dueAt: Instant): JobPlace {
  return { dueAt, runId: "\uffff", slot: "" };
}
