/**
 * Worlds of flow control in which failed runs are resumed again and again: they take back what they had among the runs of their
 * keys, or are refused (core/flow/returning.ts). Not where a backlog is limited: a resumed run is none that meets that limit.
 */
import { expect, test } from "vitest";
import { describeFailure } from "./report.ts";
import { runSeed } from "./run-seed.ts";
import type { World } from "./world.ts";

const RESUMES = 40;

/** Without their resumes these are the worlds of flow.test.ts; a failure is replayed by its seed, here. */
function resuming(world: World): void {
  const swarm = world.swarm as { resumes: number };
  swarm.resumes = world.swarm.flow?.rules.has("backlog") === true ? 0 : RESUMES;
}

test("in a hundred and fifty worlds no run that is resumed is one too many", { timeout: 170_000 }, async () => {
  let refused = 0;
  for (let seed = 101; seed <= 250; seed++) {
    const result = await runSeed(seed, { onWorld: resuming }, "flow");
    if (result.problem !== null) expect.fail(describeFailure(result));
    refused += result.lines.filter((line) => / resume \w+ refused/.test(line)).length;
  }
  expect(refused).toBeGreaterThan(10);
});
