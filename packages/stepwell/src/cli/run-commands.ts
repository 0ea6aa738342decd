/** The commands below `stepwell runs`. */
import type { Command } from "commander";
import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";
import { count, list, moment, rate } from "./option-values.ts";

export function addRuns(adding: Adding): void {
  const runs = subcommand(adding.program, "runs", "list, show, follow, cancel and repeat runs").addHelpText(
    "after",
    examples(
      "stepwell runs",
      "stepwell runs list --status failed --limit 50",
      "stepwell runs show 01JXYZ…",
      "stepwell runs follow",
      "stepwell runs replay --status failed --dry-run",
    ),
  );
  addReading(runs, adding);
  addCancel(runs, adding);
  addRepeating(runs, adding);
  addReplay(runs, adding);
}

function addReading(runs: Command, { terminal, env, ended }: Adding): void {
  const listed = subcommand(runs, "list", "list runs, newest first", true)
    .option("--status <status>", "queued, running, completed, failed, cancelled or skipped; commas between several")
    .option("--function <id>", "of this function")
    .option("--app <id>", "of this app")
    .option("--event <id>", "started by this event")
    .option("--text <text>", "with this in an id, a name, the first event, the output or the error")
    .option("--if <expression>", "whose event and output fit: output.total > 3")
    .option("--from <time>", "created at or after: Unix milliseconds or ISO 8601", moment)
    .option("--until <time>", "created before", moment)
    .option("--cursor <cursor>", "go on after the page that gave this cursor")
    .option("--limit <n>", "how many", count, 20);
  clientOptions(listed)
    .addHelpText("after", examples("stepwell runs list --status running", "stepwell runs list --json | jq .data"))
    .action(async (options) => {
      const { listRuns } = await import("./runs.ts");
      ended(await listRuns(options, terminal, env));
    });
  clientOptions(subcommand(runs, "show", "show a run with its steps").argument("<run>", "id of the run"))
    .addHelpText("after", examples("stepwell runs show 01JXYZ…", "stepwell runs show 01JXYZ… --json"))
    .action(async (id, options) => {
      const { showRun } = await import("./runs-show.ts");
      ended(await showRun(id, options, terminal, env));
    });
  clientOptions(subcommand(runs, "follow", "print runs as they start and end").argument("[run]", "only this run"))
    .addHelpText("after", examples("stepwell runs follow", "stepwell runs follow 01JXYZ… --json"))
    .action(async (id, options) => {
      const { followRuns } = await import("./follow.ts");
      ended(await followRuns(id, options, terminal, env));
    });
}

function addCancel(runs: Command, { terminal, env, ended }: Adding): void {
  const cancelled = filterOptions(
    subcommand(runs, "cancel", "cancel runs, by their ids or all open ones of a filter").argument("[runs...]", "ids"),
    "queued or running; both when absent",
  );
  clientOptions(cancelled)
    .addHelpText(
      "after",
      examples(
        "stepwell runs cancel 01JXYZ…",
        "stepwell runs cancel --function shop-charge --dry-run",
        "stepwell runs cancel --app shop --if 'event.data.customer == \"c-17\"' --yes --follow",
      ),
    )
    .action(async (ids, options) => {
      const { cancelRuns } = await import("./run-actions.ts");
      ended(await cancelRuns(ids, options, terminal, env));
    });
}

function addRepeating(runs: Command, { terminal, env, ended }: Adding): void {
  const repeated = subcommand(runs, "rerun", "repeat a run, with the code and configuration of now")
    .argument("<run>", "id of the run")
    .option("--from-step <step>", "keep the results before this step, and begin there; its id, or its hashed id")
    .option("--input <json>", "arguments of that step instead of those of the code, a JSON list")
    .option("--follow", "print what the new run does until it ends", false);
  clientOptions(repeated)
    .addHelpText(
      "after",
      examples(
        "stepwell runs rerun 01JXYZ… --follow",
        `stepwell runs rerun 01JXYZ… --from-step charge --input '[{"amount":5}]'`,
      ),
    )
    .action(async (id, options) => {
      const { rerunRun } = await import("./run-actions.ts");
      ended(await rerunRun(id, options, terminal, env));
    });
  const resumed = subcommand(runs, "resume", "take up a failed run again, at the step that failed")
    .argument("<run>", "id of the run")
    .option("--follow", "print what the run does until it ends", false);
  clientOptions(resumed)
    .addHelpText("after", examples("stepwell runs resume 01JXYZ… --follow"))
    .action(async (id, options) => {
      const { resumeRun } = await import("./run-actions.ts");
      ended(await resumeRun(id, options, terminal, env));
    });
}

function addReplay(runs: Command, { terminal, env, ended }: Adding): void {
  const replayed = filterOptions(
    subcommand(runs, "replay", "repeat all ended runs of a filter"),
    "completed, failed, cancelled or skipped; commas between several",
  ).option("--rate <n>", "how many runs a second at most", rate);
  clientOptions(replayed)
    .addHelpText(
      "after",
      examples(
        "stepwell runs replay --status failed --function shop-charge --dry-run",
        "stepwell runs replay --status failed --from 2030-01-01 --rate 5 --follow",
      ),
    )
    .action(async (options) => {
      const { replayRuns } = await import("./run-actions.ts");
      ended(await replayRuns(options, terminal, env));
    });
}

/** Of commands that act on all runs of a filter. */
function filterOptions(command: Command, statuses: string): Command {
  return command
    .option("--status <status>", statuses)
    .option("--function <id>", "of this function; may be repeated", list, [])
    .option("--app <id>", "of this app")
    .option("--from <time>", "created at or after: Unix milliseconds or ISO 8601", moment)
    .option("--until <time>", "created before", moment)
    .option("--if <expression>", "whose first event fits: event.data.n > 3")
    .option("--dry-run", "only count them", false)
    .option("-y, --yes", "do not ask", false)
    .option("--follow", "print how far it is until it ends", false);
}
