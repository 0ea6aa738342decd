/** Chance from a seed: the same seed gives the same numbers everywhere. Streams of one seed do not disturb each other. */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export class Seeded {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number, stream: string) {
    let mixed = seed | 0;
    for (const char of stream) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193);
    this.#generator = xoroshiro128plus(mixed);
  }

  /** In [0, 2^32). */
  uint32(): number {
    return this.#generator.next() >>> 0;
  }

  /** A whole number in [min, max]. */
  int(min: number, max: number): number {
    return min + Math.floor((this.uint32() / 2 ** 32) * (max - min + 1));
  }

  chance(probability: number): boolean {
    return probability > 0 && this.uint32() / 2 ** 32 < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.int(0, items.length - 1)]!;
  }
}
