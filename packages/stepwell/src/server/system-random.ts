/** Chance from the operating system, drawn in blocks because a single draw is expensive. */
import { randomFillSync } from "node:crypto";
import type { Random } from "../core/random.ts";

const BLOCK_NUMBERS = 1_024;

export function createSystemRandom(): Random {
  const block = new Uint32Array(BLOCK_NUMBERS);
  let index = BLOCK_NUMBERS;
  return {
    uint32() {
      if (index === BLOCK_NUMBERS) {
        randomFillSync(block);
        index = 0;
      }
      return block[index++]!;
    },
  };
}
