/** How a broken seed is told: the rule, the last lines of the log, and the one line that replays it. */
import type { SeedResult } from "./run-seed.ts";

const LINES_SHOWN = 40;

export function describeFailure(result: SeedResult): string {
  const { problem, kind, seed, lines } = result;
  return [
    `seed ${seed} broke ${problem?.rule}: ${problem?.what}`,
    ...lines.slice(-LINES_SHOWN).map((line) => `  ${line}`),
    `npm run sim --${kind === "any" ? "" : ` --kind ${kind}`} --seed ${seed}`,
  ].join("\n");
}
