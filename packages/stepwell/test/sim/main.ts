/**
 * `npm run sim -- --seeds 10000 [--from 1]` runs many seeds; `npm run sim -- --seed 8417 [--verbose]` replays one. With
 * `--kind flow` the worlds are those of flow control, with `--kind turns` those of lanes that wait for their turns, with
 * `--kind kept` and `--kind kept-flow` those in which what has ended is deleted.
 * Ends with status 1 when a rule broke.
 */
import { parseArgs } from "node:util";
import { describeFailure } from "./report.ts";
import { runSeed } from "./run-seed.ts";
import { WORLD_KINDS } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    kind: { type: "string", default: "any" },
    verbose: { type: "boolean", default: false },
  },
});

const kind = WORLD_KINDS.find((one) => one === values.kind) ?? "any";

/** Progress is shown this often, in ms. */
const PROGRESS_MS = 2_000;

async function one(seed: number): Promise<number> {
  const result = await runSeed(seed, {}, kind);
  if (values.verbose) console.log(result.lines.join("\n"));
  console.log(
    result.problem === null
      ? `seed ${seed}: sound (${result.runs} runs, ${result.tasks} tasks)`
      : describeFailure(result),
  );
  return result.problem === null ? 0 : 1;
}

async function many(from: number, count: number): Promise<number> {
  const startedAt = performance.now();
  let shownAt = startedAt;
  let failures = 0;
  let runs = 0;
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, {}, kind);
    runs += result.runs;
    if (result.problem !== null) {
      failures++;
      console.log(describeFailure(result));
    }
    if (performance.now() - shownAt > PROGRESS_MS) {
      shownAt = performance.now();
      const done = seed - from + 1;
      console.log(
        `${done} of ${count} seeds, ${runs} runs, ${failures} broken, ${Math.round((shownAt - startedAt) / done)} ms a seed`,
      );
    }
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${count} seeds, ${runs} runs, ${failures} broken, ${seconds} s`);
  return failures === 0 ? 0 : 1;
}

process.exitCode =
  values.seed !== undefined ? await one(Number(values.seed)) : await many(Number(values.from), Number(values.seeds));
