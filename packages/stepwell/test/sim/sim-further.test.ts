/** Another thousand worlds beside those of sim.test.ts, and worlds in which everything that comes in pages comes in small ones. */
import { describe, expect, test } from "vitest";
import { simulatorWith } from "./mutant-rig.ts";
import { describeFailure } from "./report.ts";
import { runSeed } from "./run-seed.ts";

const SEEDS_MS_MAX = 170_000;

async function expectSound(from: number, count: number, run = runSeed): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    const result = await run(seed);
    if (result.problem !== null) expect.fail(describeFailure(result));
  }
}

describe("a second thousand worlds keep every rule", () => {
  test("seeds 1001 to 1250", () => expectSound(1_001, 250), SEEDS_MS_MAX);
  test("seeds 1251 to 1500", () => expectSound(1_251, 250), SEEDS_MS_MAX);
  test("seeds 1501 to 1750", () => expectSound(1_501, 250), SEEDS_MS_MAX);
  test("seeds 1751 to 2000", () => expectSound(1_751, 250), SEEDS_MS_MAX);
});

interface MailboxModule {
  readonly Mailbox: new (messagesMax: number) => object;
}

/** Small rooms: one event resumes one run per commit, and two messages are in memory. */
async function smallRooms() {
  await simulatorWith("../../src/engine/mailbox.ts", (original) => {
    const { Mailbox } = original as unknown as MailboxModule;
    class SmallMailbox extends Mailbox {
      constructor() {
        super(2);
      }
    }
    return { Mailbox: SmallMailbox };
  });
  return simulatorWith("../../src/protocol/limits.ts", (original) => ({
    LIMITS: { ...(original["LIMITS"] as object), resumedRunsPerBatchMax: 1 },
  }));
}

describe("worlds with small rooms", () => {
  test(
    "seeds 3001 to 3200",
    async () => {
      await expectSound(3_001, 200, await smallRooms());
    },
    SEEDS_MS_MAX,
  );
});
