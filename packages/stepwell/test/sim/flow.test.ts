/** Worlds of flow control, and every seed of theirs that ever broke a rule. More: `npm run sim -- --kind flow --seeds N`. */
import { describe, expect, test } from "vitest";
import { describeFailure } from "./report.ts";
import { runSeed } from "./run-seed.ts";

const SEEDS_MS_MAX = 170_000;

async function expectSound(from: number, count: number, kind: "flow" | "turns" = "flow"): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, {}, kind);
    if (result.problem !== null) expect.fail(describeFailure(result));
  }
}

describe("a thousand worlds of flow control keep every limit", () => {
  test("seeds 1 to 250", () => expectSound(1, 250), SEEDS_MS_MAX);
  test("seeds 251 to 500", () => expectSound(251, 250), SEEDS_MS_MAX);
  test("seeds 501 to 750", () => expectSound(501, 250), SEEDS_MS_MAX);
  test("seeds 751 to 1000", () => expectSound(751, 250), SEEDS_MS_MAX);
});

test("in worlds of turns no lane and no function is passed by", () => expectSound(1, 150, "turns"), SEEDS_MS_MAX);

test(
  "the same seed gives the same log, to the byte",
  async () => {
    for (let seed = 2_001; seed <= 2_020; seed++) {
      const [first, second] = [await runSeed(seed, {}, "flow"), await runSeed(seed, {}, "flow")];
      expect(second.lines.join("\n"), `seed ${seed}`).toBe(first.lines.join("\n"));
    }
  },
  SEEDS_MS_MAX,
);

/** Each broke a rule when it was first drawn; a change of the swarm may have turned it into an ordinary world since. */
describe("worlds of flow control that were broken once", () => {
  test("three lanes passed the turns at each other's gates on for ever (123)", () => expectSound(123, 1));
  test("a rate limit refused the event that came when it had said (39)", () => expectSound(39, 1));
  test("an idempotency key was given free while an event with it was looked up, and held (46)", () =>
    expectSound(46, 1));
  test("a debounce took `false` for an exemption (50)", () => expectSound(50, 1));
  test("a run that had begun stood behind the starts that waited for it, after a restart (74)", () =>
    expectSound(74, 1));
  test("a call that was out at a restart was left to the store, in a lane where nobody looked (2396)", () =>
    expectSound(2_396, 1));
  test("a debounce compared what waits with the event that had begun (88)", () => expectSound(88, 1));
  test("a place was freed between a commit and its call, and nobody was told (361)", () => expectSound(361, 1));
  test("a fact that was stored and forgotten in one commit stayed (365)", () => expectSound(365, 1));
  test("a function whose starts waited kept its turn at the app for its other calls (174)", () => expectSound(174, 1));
  test("a call that came after its lane's turn was woken left the turn to the starts of the lane (474)", () =>
    expectSound(474, 1, "turns"));
  test("a singleton that queues held runs that are exempt (577)", () => expectSound(577, 1));
});
