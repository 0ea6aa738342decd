/**
 * Calls that are out, and how many of them are young.
 *
 * Apps that answer fast are kept busy by a few hundred calls; more would stand in line inside them, where each costs memory
 * and time on both sides. So only so many calls may be out that began a moment ago. Calls that take longer do not count
 * as young for long: of them there may be as many as there may be at all.
 *
 *   CO1. No call begins while `max` are out, or `youngMax` that are young: begun less than `YOUNG_MS` ago.
 *   CO2. Where only their youth is in the way, `nextRoomAt` says when the oldest of the young are young no more.
 *   CO3. Ages go by instants in spans of `SPAN_MS`. Who ends a call may name its beginning a little wrong (a run that had to be
 *        loaded first is called later than its place was taken): then the oldest of the young stands for it.
 */
import type { Instant } from "../instant.ts";

const SPAN_MS = 8;
const SPANS = 8;

/** How long a call is young: between this and one span less. */
export const YOUNG_MS = SPAN_MS * SPANS;

export class CallsOut {
  readonly #max: number;
  readonly #youngMax: number;
  /** Young calls by the span in which they began, a ring. */
  readonly #young = new Array<number>(SPANS).fill(0);
  #youngCount = 0;
  /** The latest span that was looked at. */
  #span = 0;
  #count = 0;

  constructor(max: number, youngMax: number) {
    this.#max = max;
    this.#youngMax = youngMax;
  }

  get count(): number {
    return this.#count;
  }

  /** CO1. */
  hasRoom(now: Instant): boolean {
    if (this.#count >= this.#max) return false;
    this.#goTo(now);
    return this.#youngCount < this.#youngMax;
  }

  /** CO2; null where there is room, or only the end of a call makes some. */
  nextRoomAt(now: Instant): Instant | null {
    if (this.#count >= this.#max || this.hasRoom(now)) return null;
    return (this.#oldestSpan() + SPANS) * SPAN_MS;
  }

  began(now: Instant): void {
    this.#goTo(now);
    this.#count++;
    this.#youngCount++;
    this.#young[ringPlace(this.#span)]!++;
  }

  ended(begunAt: Instant): void {
    this.#count--;
    const span = Math.min(spanOf(begunAt), this.#span);
    if (span <= this.#span - SPANS || this.#youngCount === 0) return;
    const place = ringPlace(span);
    this.#young[this.#young[place] === 0 ? ringPlace(this.#oldestSpan()) : place]!--; // CO3
    this.#youngCount--;
  }

  /** The span of the oldest young call; there must be one. */
  #oldestSpan(): number {
    let span = this.#span - SPANS + 1;
    while (this.#young[ringPlace(span)] === 0) span++;
    return span;
  }

  /** Spans that are too old make room for new ones. */
  #goTo(now: Instant): void {
    const span = spanOf(now);
    if (span - this.#span >= SPANS) {
      this.#young.fill(0);
      this.#youngCount = 0;
      this.#span = span;
    }
    while (this.#span < span) {
      const place = ringPlace(++this.#span);
      this.#youngCount -= this.#young[place]!;
      this.#young[place] = 0;
    }
  }
}

const spanOf = (at: Instant): number => Math.floor(at / SPAN_MS);
const ringPlace = (span: number): number => span % SPANS;
