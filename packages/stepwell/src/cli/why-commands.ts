/** The commands that say why: `stepwell explain` and `stepwell doctor`. */

import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";
import { DATA_DIR_DEFAULT } from "./data-dir.ts";

export function addExplain({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "explain", "say why a run stands still, or what an event did and did not start")
    .argument("<run|event|function>", "id of a run, an event or a function")
    .option("--key <value>", "of a function: only work one of whose keys has this value")
    .addHelpText(
      "after",
      examples("stepwell explain 01JXYZ…", "stepwell explain shop-charge", "stepwell explain 01JXYZ… --json"),
    );
  clientOptions(command).action(async (ref, options) => {
    const { explain } = await import("./explain.ts");
    ended(await explain(ref, options, terminal, env));
  });
}

export function addDoctor({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "doctor", "look for what is wrong with a store, and mend it")
    .option("--data-dir <folder>", `where the data is; default ${DATA_DIR_DEFAULT}, if there is any`)
    .option("--fix", "mend it, by a plan that is written beside the database; no server may hold it", false)
    .addHelpText(
      "after",
      examples(
        "stepwell doctor",
        "stepwell doctor --data-dir /var/lib/stepwell --fix",
        "stepwell doctor --url http://localhost:8288",
      ),
    );
  clientOptions(command).action(async (options) => {
    const { doctor } = await import("./doctor.ts");
    ended(await doctor(options, terminal, env));
  });
}
