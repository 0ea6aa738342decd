/** `stepwell logs`. */
import { Option } from "commander";
import { LOG_LEVELS } from "../protocol/log-lines.ts";
import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";
import { count, moment } from "./option-values.ts";

export function addLogs({ program, terminal, env, ended }: Adding): void {
  const logs = subcommand(program, "logs", "print what handlers have logged")
    .argument("[run]", "of this run; of all runs when left out")
    .option("-f, --follow", "go on as lines come in; of one run, until it ends", false)
    .option("--text <text>", "with this in the message, whatever its case")
    .addOption(new Option("--level <level>", "this severe, or more").choices([...LOG_LEVELS]))
    .option("--function <id>", "of this function")
    .option("--app <id>", "of this app")
    .option("--from <time>", "came in at or after: Unix milliseconds or ISO 8601", moment)
    .option("--until <time>", "came in before", moment)
    .option("--cursor <cursor>", "go on after the page that gave this cursor")
    .option("--limit <n>", "how many", count, 1_000);
  clientOptions(logs)
    .addHelpText(
      "after",
      examples(
        "stepwell logs 01JXYZ… --follow",
        "stepwell logs --text declined --level warn",
        "stepwell logs -f --json",
      ),
    )
    .action(async (run, options) => {
      const { showLogs } = await import("./logs.ts");
      ended(await showLogs(run, options, terminal, env));
    });
}
