/** More worlds of flow control, in a file of their own so that they run beside the first thousand (flow.test.ts). */
import { describe, expect, test } from "vitest";
import { describeFailure } from "./report.ts";
import { runSeed } from "./run-seed.ts";

const SEEDS_MS_MAX = 170_000;

async function expectSound(from: number, count: number): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, {}, "flow");
    if (result.problem !== null) expect.fail(describeFailure(result));
  }
}

describe("two thousand more worlds of flow control keep every limit", () => {
  test("seeds 1001 to 1500", () => expectSound(1_001, 500), SEEDS_MS_MAX);
  test("seeds 1501 to 2000", () => expectSound(1_501, 500), SEEDS_MS_MAX);
  test("seeds 2001 to 2500", () => expectSound(2_001, 500), SEEDS_MS_MAX);
  test("seeds 2501 to 3000", () => expectSound(2_501, 500), SEEDS_MS_MAX);
});
