/** Chance, handed to the core by its owner: the system's in production, a seeded one in tests (E7). */
export interface Random {
  /** A uniform number in [0, 2^32). */
  uint32(): number;
}

/** A uniform number in [0, max). */
export function uniform(random: Random, max: number): number {
  return Math.floor((random.uint32() / 2 ** 32) * max);
}
