/** Worlds in which what has ended is deleted, and builds in which too much or too little goes. More: `npm run sim -- --kind kept --seeds N`. */
import { describe, expect, test } from "vitest";
import { MemoryRetention } from "../../src/store/memory-prune.ts";
import { SqliteRetention } from "../../src/store/sqlite/beside.ts";
import { MUTANT_MS_MAX, patch, ruleBrokenBy } from "./mutant-rig.ts";
import { describeFailure } from "./report.ts";
import { runSeed } from "./run-seed.ts";
import type { Mutation, World } from "./world.ts";

const SEEDS_MS_MAX = 170_000;

async function expectSound(from: number, count: number, kind: "kept" | "kept-flow"): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, {}, kind);
    if (result.problem !== null) expect.fail(describeFailure(result));
  }
}

describe("nothing living is deleted, and nothing dead stays", () => {
  test("in any world, seeds 1 to 80", () => expectSound(1, 80, "kept"), SEEDS_MS_MAX);
  test("in worlds of flow control, seeds 1 to 50", () => expectSound(1, 50, "kept-flow"), SEEDS_MS_MAX);
});

test("the same seed gives the same log, to the byte", async () => {
  for (let seed = 2_001; seed <= 2_005; seed++) {
    const [first, second] = [await runSeed(seed, {}, "kept"), await runSeed(seed, {}, "kept")];
    expect(second.lines.join("\n"), `seed ${seed}`).toBe(first.lines.join("\n"));
  }
});

const kept = (seed: number, mutation?: Mutation) => runSeed(seed, mutation, "kept");

/** Every run that has ended is the child of nobody, as retention sees it. */
function withoutParents({ store: { memory } }: World): void {
  const { take } = memory.retention;
  memory.retention.take = (task, rowsMax) => {
    const before = memory.snapshot();
    const bare = { ...before, runs: new Map([...before.runs].map(([id, run]) => [id, { ...run, parent: null }])) };
    memory.restore(bare);
    const result = take.call(memory.retention, task, rowsMax);
    const after = memory.snapshot();
    memory.restore({ ...after, runs: new Map([...after.runs.keys()].map((id) => [id, before.runs.get(id)!])) });
    return result;
  };
}

/** The events of runs go as if no run had them. */
function withoutRuns({ store: { memory } }: World): void {
  const { take } = memory.retention;
  memory.retention.take = (task, rowsMax) => {
    if (task.kind !== "events") return take.call(memory.retention, task, rowsMax);
    const before = memory.snapshot();
    memory.restore({ ...before, runs: new Map() });
    const result = take.call(memory.retention, task, rowsMax);
    memory.restore({ ...memory.snapshot(), runs: before.runs });
    return result;
  };
}

describe("a build breaks a rule in which", () => {
  const breaks = (what: string, rule: string, seedsMax: number, mutation: Mutation, change = () => {}) =>
    test(
      what,
      async () => {
        change();
        expect(await ruleBrokenBy(mutation, seedsMax, kept)).toBe(rule);
      },
      MUTANT_MS_MAX,
    );

  breaks("runs go before their time", "KP1", 20, {}, () =>
    patch(
      MemoryRetention,
      "endedRuns",
      (original) =>
        function (this: MemoryRetention, query) {
          return original.call(this, { ...query, endedBefore: Number.POSITIVE_INFINITY });
        },
    ),
  );
  breaks("children go before their parents have ended", "KP1", 60, { onWorld: withoutParents });
  breaks("events go that runs still have", "KP4", 20, { onWorld: withoutRuns });
  breaks("nobody is asked which runs are in memory", "KP2", 150, {}, () =>
    patch(
      SqliteRetention,
      "prune",
      (original) =>
        function (this: SqliteRetention, task, budgetMs) {
          return original.call(this, task, budgetMs, async () => []);
        },
    ),
  );
  breaks("nothing goes", "KP5", 5, {
    onWorld({ store: { memory } }) {
      memory.retention.take = () => ({ deleted: 0, next: null });
    },
  });
});
