/**
 * Who holds a gate, and since when; in the order of coming.
 *
 * There are as many gates as keys, most have one holder at a time, and with each holder a gate comes and goes: so one holder
 * costs no table.
 */
import type { Instant } from "../instant.ts";

export class Holders {
  #first: string | null = null;
  #since: Instant = 0;
  /** All that came after the first, while there were any. */
  #others: Map<string, Instant> | null = null;

  get size(): number {
    return (this.#first === null ? 0 : 1) + (this.#others?.size ?? 0);
  }

  has(name: string): boolean {
    return this.#first === name || this.#others?.has(name) === true;
  }

  /** It must not be there. */
  add(name: string, since: Instant): void {
    if (this.size === 0) {
      this.#first = name;
      this.#since = since;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(name, since);
  }

  delete(name: string): void {
    if (this.#first === name) this.#first = null;
    else this.#others?.delete(name);
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, since: Instant]> {
    if (this.#first !== null) yield [this.#first, this.#since];
    if (this.#others !== null) yield* this.#others;
  }
}
