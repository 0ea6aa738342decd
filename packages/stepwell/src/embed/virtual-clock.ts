/**
 * A clock that stands still until somebody moves it.
 *
 *   VC1. Time moves by `moveTo` alone, never back, and never past a timer without running it.
 *   VC2. Tasks run from the host's queue, never inside the call that asked for them; `isBusy` says that one waits.
 */
import type { Instant } from "../core/instant.ts";
import type { Clock } from "../engine/ports.ts";

interface Timer {
  readonly at: Instant;
  readonly task: () => void;
}

export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: Instant;
  #deferred = 0;
  #whenBusy: (() => void)[] = [];

  constructor(startAt: Instant) {
    this.#now = startAt;
  }

  now(): Instant {
    return this.#now;
  }

  defer(task: () => void): void {
    this.#deferred++;
    for (const tell of this.#whenBusy.splice(0)) tell();
    setImmediate(() => {
      this.#deferred--;
      task();
    });
  }

  at(instant: Instant, task: () => void): () => void {
    const timer: Timer = { at: instant, task };
    this.#timers.add(timer);
    if (instant <= this.#now) this.#fire(timer);
    return () => void this.#timers.delete(timer);
  }

  get isBusy(): boolean {
    return this.#deferred > 0;
  }

  /** Resolves when the next task is put off. */
  nextTask(): Promise<void> {
    return new Promise((resolve) => this.#whenBusy.push(resolve));
  }

  /** When the next timer is due, or null. */
  nextTimerAt(): Instant | null {
    let next: Instant | null = null;
    for (const { at } of this.#timers) if (next === null || at < next) next = at;
    return next;
  }

  /** Moves on, at most to the next timer (VC1), and starts what is due then. */
  moveTo(instant: Instant): void {
    this.#now = Math.max(this.#now, Math.min(instant, this.nextTimerAt() ?? instant));
    for (const timer of this.#timers) if (timer.at <= this.#now) this.#fire(timer);
  }

  #fire(timer: Timer): void {
    this.defer(() => {
      if (this.#timers.delete(timer)) timer.task(); // Not when it was called off in between.
    });
  }
}
