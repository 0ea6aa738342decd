/** Chance from a seed: the same seed, the same numbers (splitmix32). For tests, not for secrets. */
import type { Random } from "../core/random.ts";

export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    uint32() {
      state = (state + 0x9e3779b9) | 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    },
  };
}
