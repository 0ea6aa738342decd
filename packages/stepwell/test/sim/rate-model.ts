/**
 * The reference model of a rate limit: what it admits, by the words of docs/flow-control.md.
 *
 *   RT1. `window`: so many in any stretch of a period, and one exactly a period after another is in the next stretch.
 *   RT2. `gcra`: after a rest a tenth of the limit, rounded down, and one more; then one for each period / limit.
 *   RT3. What is refused is told the first instant at which it would be admitted.
 *   RT4. A limit that changes counts at once; what is not made up for is made up for at the new pace.
 */
import type { RateLimitRule } from "../../src/protocol/flow.ts";

export class RateModel {
  readonly #admitted: number[] = [];
  #restedAt = 0;
  #intervalMs = 1;

  /** When the next is admitted; `at` or before it: now. */
  admittedAt(rule: RateLimitRule, at: number): number {
    const { algorithm, limit, periodMs } = rule;
    if (algorithm === "window") {
      const recent = this.#admitted.filter((time) => time > at - periodMs);
      return recent.length < limit ? at : recent.at(-limit)! + periodMs;
    }
    const room = Math.floor(limit / 10);
    return Math.ceil(this.#owedFrom(rule, at) - (periodMs / limit) * room - 0.01);
  }

  admit(rule: RateLimitRule, at: number): void {
    this.#admitted.push(at);
    this.#restedAt = this.#owedFrom(rule, at) + rule.periodMs / rule.limit;
    this.#intervalMs = rule.periodMs / rule.limit;
  }

  /** When all until now is made up for, at the pace of now (RT4). */
  #owedFrom({ limit, periodMs }: RateLimitRule, at: number): number {
    const starts = Math.max(0, this.#restedAt - at) / this.#intervalMs;
    return at + Math.min(starts, Math.floor(limit / 10) + 1) * (periodMs / limit);
  }
}
