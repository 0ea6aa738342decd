#!/usr/bin/env node
/**
 * The command `stepwell`. Nothing but the version check and what must come first is imported statically: everything else
 * may need a newer Node, and `--help` should not wait for it.
 */
import { nodeVersionProblem } from "./node-version.ts";
import { silenceSqliteWarning } from "./warnings.ts";
import { keepYoungGenerationSmall } from "./young-generation.ts";

const END_MS_MAX = 1_000;

const problem = nodeVersionProblem(process.version);
if (problem === null) {
  silenceSqliteWarning();
  keepYoungGenerationSmall();
  const { runCommand } = await import("./run-command.ts");
  process.exitCode = await runCommand(process.argv.slice(2));
  // Everything is said and stored. A connection that nobody closed must not hold the process.
  setTimeout(() => process.exit(), END_MS_MAX).unref();
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
