/** `node packages/bench/src/generate-store.ts <folder> [--runs 1000000] [--seed 1]`: a data folder with a long history. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fillStore } from "./big-store.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error("Name the folder: node packages/bench/src/generate-store.ts <folder> [--runs 1000000] [--seed 1]");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const path = join(folder, "stepwell.db");
const began = performance.now();
let toldAt = 0;
const facts = fillStore({
  path,
  runs: Number(values.runs),
  seed: Number(values.seed),
  endAt: Date.now() - 60_000,
  progress(text) {
    if (performance.now() - toldAt < 5_000) return;
    toldAt = performance.now();
    console.log(text);
  },
});
writeFileSync(join(folder, "facts.json"), JSON.stringify(facts, null, 2));
const seconds = Math.round((performance.now() - began) / 1_000);
console.log(`${JSON.stringify(facts, null, 2)}\n${seconds} s, ${(statSync(path).size / 2 ** 30).toFixed(2)} GiB`);
