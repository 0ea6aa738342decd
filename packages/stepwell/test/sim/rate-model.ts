/**
 * The reference model of a rate limit: what it admits, by the words of docs/flow-control.md.
 *
 *   RT1. `window`: so many in any stretch of a period, and one exactly a period after another is in the next stretch.
 *   RT2. `gcra`: after a rest a tenth of the limit, rounded down, and one more; then one for each period / limit.
 *   RT3. What is refused is told the first instant at which it would be admitted.
 */
import type { RateLimitRule } from "../../src/protocol/flow.ts";

export class RateModel {
  readonly #admitted: number[] = [];
  #restedAt = 0;

  /** When the next is admitted; `at` or before it: now. */
  admittedAt({ algorithm, limit, periodMs }: RateLimitRule, at: number): number {
    if (algorithm === "window") {
      const recent = this.#admitted.filter((time) => time > at - periodMs);
      return recent.length < limit ? at : recent.at(-limit)! + periodMs;
    }
    const intervalMs = periodMs / limit;
    const room = Math.floor(limit / 10);
    return Math.ceil(Math.max(this.#restedAt, at) - intervalMs * room - 0.01);
  }

  admit({ limit, periodMs }: RateLimitRule, at: number): void {
    this.#admitted.push(at);
    this.#restedAt = Math.max(this.#restedAt, at) + periodMs / limit;
  }
}
