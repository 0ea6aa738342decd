/** The commands that look after operations, functions and apps, and those that send a signal or start a function. */
import { type Command, Option } from "commander";
import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";
import { count, duration } from "./option-values.ts";

export function addOperations({ program, terminal, env, ended }: Adding): void {
  const operations = subcommand(program, "operations", "list, show and stop work on many runs").addHelpText(
    "after",
    examples("stepwell operations", "stepwell operations show 01JXYZ… --follow", "stepwell operations cancel 01JXYZ…"),
  );
  const listed = subcommand(operations, "list", "list operations, newest first", true)
    .option("--cursor <cursor>", "go on after the page that gave this cursor")
    .option("--limit <n>", "how many", count, 20);
  clientOptions(listed)
    .addHelpText("after", examples("stepwell operations", "stepwell operations list --json"))
    .action(async (options) => {
      const { listOperations } = await import("./operations.ts");
      ended(await listOperations(options, terminal, env));
    });
  const shown = subcommand(operations, "show", "show an operation and how far it is")
    .argument("<operation>", "id of the operation")
    .option("--follow", "print how far it is until it ends", false);
  clientOptions(shown)
    .addHelpText("after", examples("stepwell operations show 01JXYZ…", "stepwell operations show 01JXYZ… --follow"))
    .action(async (id, options) => {
      const { showOperation } = await import("./operations.ts");
      ended(await showOperation(id, options, terminal, env));
    });
  clientOptions(
    subcommand(operations, "cancel", "stop an operation; what it has done stays done").argument(
      "<operation>",
      "its id",
    ),
  )
    .addHelpText("after", examples("stepwell operations cancel 01JXYZ…"))
    .action(async (id, options) => {
      const { cancelOperation } = await import("./operations.ts");
      ended(await cancelOperation(id, options, terminal, env));
    });
}

export function addPending({ program, terminal, env, ended }: Adding): void {
  const pending = subcommand(program, "pending", "debounces and batches that gather events").addHelpText(
    "after",
    examples("stepwell pending", "stepwell pending run 01JXYZ…", "stepwell pending discard 01JXYZ…"),
  );
  const listed = subcommand(pending, "list", "list what gathers events, newest first", true)
    .option("--function <function>", "of this function, by slug or id")
    .option("--app <app>", "of this app")
    .option("--cursor <cursor>", "go on after the page that gave this cursor")
    .option("--limit <n>", "how many", count, 20);
  clientOptions(listed)
    .addHelpText("after", examples("stepwell pending", "stepwell pending list --function shop-reindex --json"))
    .action(async (options) => {
      const { listPending } = await import("./pending.ts");
      ended(await listPending(options, terminal, env));
    });
  const actions = { run: "begin runs now, with the events that they have", discard: "discard runs before they begin" };
  for (const action of ["run", "discard"] as const) {
    clientOptions(subcommand(pending, action, actions[action]).argument("<runs...>", "ids of runs that gather events"))
      .addHelpText("after", examples(`stepwell pending ${action} 01JXYZ…`))
      .action(async (ids, options) => {
        const { actOnPending } = await import("./pending.ts");
        ended(await actOnPending(action, ids, options, terminal, env));
      });
  }
}

export function addServed(adding: Adding): void {
  const { program, terminal, env, ended } = adding;
  const functions = subcommand(program, "functions", "list, pause and resume functions").addHelpText(
    "after",
    examples("stepwell functions", "stepwell functions pause shop-charge", "stepwell functions resume shop-charge"),
  );
  const listed = subcommand(functions, "list", "list the functions that are served", true);
  clientOptions(listed.option("--app <id>", "of this app"))
    .addHelpText("after", examples("stepwell functions", "stepwell functions list --app shop"))
    .action(async (options) => {
      const { listFunctions } = await import("./served.ts");
      ended(await listFunctions(options, terminal, env));
    });
  addPausing(functions, "functions", "shop-charge", adding);
  const apps = subcommand(program, "apps", "list, pause and resume apps").addHelpText(
    "after",
    examples("stepwell apps", "stepwell apps pause shop --mode reject", "stepwell apps resume shop"),
  );
  clientOptions(subcommand(apps, "list", "list the apps that are registered", true))
    .addHelpText("after", examples("stepwell apps"))
    .action(async (options) => {
      const { listApps } = await import("./served.ts");
      ended(await listApps(options, terminal, env));
    });
  addPausing(apps, "apps", "shop", adding);
}

function addPausing(
  parent: Command,
  target: "functions" | "apps",
  example: string,
  { terminal, env, ended }: Adding,
): void {
  const what = target === "apps" ? "an app" : "a function";
  const paused = subcommand(parent, "pause", `pause ${what}: its runs stand still`)
    .argument("<id>", "its id")
    .addOption(
      new Option("--mode <mode>", "events meanwhile wait, leave skipped runs, or are refused")
        .choices(["hold", "skip", "reject"])
        .default("hold"),
    );
  clientOptions(paused)
    .addHelpText(
      "after",
      examples(`stepwell ${target} pause ${example}`, `stepwell ${target} pause ${example} --mode skip`),
    )
    .action(async (id, options) => {
      const { pause } = await import("./served.ts");
      ended(await pause(target, id, options, terminal, env));
    });
  clientOptions(subcommand(parent, "resume", `end the pause of ${what}`).argument("<id>", "its id"))
    .addHelpText("after", examples(`stepwell ${target} resume ${example}`))
    .action(async (id, options) => {
      const { resume } = await import("./served.ts");
      ended(await resume(target, id, options, terminal, env));
    });
}

export function addSignal({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "signal", "send a signal to the run that waits for it")
    .argument("<name>", "name of the signal")
    .argument("[json]", "its data")
    .option("--ttl <duration>", "keep it so long when nobody waits yet: 5m, 1h", duration);
  clientOptions(command)
    .addHelpText("after", examples(`stepwell signal approve/17 '{"by":"ada"}'`, "stepwell signal approve/17 --ttl 5m"))
    .action(async (name, json, options) => {
      const { sendSignal } = await import("./signal.ts");
      ended(await sendSignal(name, json, options, terminal, env));
    });
}

export function addInvoke({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "invoke", "start a function, whatever its triggers are")
    .argument("<function>", "id of the function, for example shop-charge")
    .argument("[json]", "its data, a JSON object")
    .option("--wait <duration>", "wait so long for its result, at most 5m", duration)
    .option("--id <id>", "idempotency id: within 24 h the function starts once for it");
  clientOptions(command)
    .addHelpText(
      "after",
      examples("stepwell invoke shop-charge", `stepwell invoke shop-charge '{"order":17}' --wait 30s --json`),
    )
    .action(async (name, json, options) => {
      const { invokeFunction } = await import("./invoke.ts");
      ended(await invokeFunction(name, json, options, terminal, env));
    });
}
