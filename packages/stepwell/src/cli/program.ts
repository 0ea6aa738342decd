/**
 * The command line: which commands and options there are, and their help. What a command does is imported when it is
 * called, so that `--help` costs next to nothing.
 */
import { Command, Help, Option } from "commander";
import { VERSION } from "../protocol/version.ts";
import { addAccess } from "./access-commands.ts";
import { addInvoke, addOperations, addPending, addServed, addSignal } from "./action-commands.ts";
import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";
import { DATA_DIR_DEFAULT } from "./data-dir.ts";
import type { ExitCode } from "./exit-code.ts";
import { addLogs } from "./log-commands.ts";
import { appUrl, count, list, moment, port, seconds } from "./option-values.ts";
import { reportUsage } from "./report-error.ts";
import { addRuns } from "./run-commands.ts";
import { type Environment, PORT_DEFAULT } from "./settings.ts";
import type { Terminal } from "./terminal.ts";
import { addDoctor, addExplain } from "./why-commands.ts";

export interface LogChoice {
  readonly logFormat: "json" | "pretty";
  readonly logLevel?: "debug" | "info" | "warn" | "error" | "silent";
}

const EXIT_CODES = `
Exit codes:
  0  done, or ended by a signal
  1  failed: the store, the server, or what was asked for does not exist
  2  wrong command line or settings; nothing was done
  3  no server answers

Every setting named STEPWELL_* may also be given by its INNGEST_* twin. NO_COLOR turns colours off.`;

export function createProgram(
  terminal: Terminal,
  env: Environment,
  ended: (code: ExitCode) => void,
  isJson = false,
): Command {
  const program = new Command("stepwell")
    .description("Durable functions: runs them to the end, whatever crashes, restarts or fails on the way.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      // Of a wrong command line JSON has all in one value; hints beside it would break it.
      writeErr: (text) => (isJson ? undefined : terminal.complain(text.trimEnd())),
      outputError: (text, write) => (isJson ? reportUsage(text, terminal) : write(text)),
    })
    .configureHelp({ optionDescription: describeOption })
    .showHelpAfterError("(--help tells the commands and options that there are)")
    .addHelpText("after", examples("stepwell init my-app", "stepwell dev", "stepwell send user/signed-up --data '{}'"))
    .addHelpText("after", EXIT_CODES);
  const add = { program, terminal, env, ended };
  addDev(add);
  addStart(add);
  addSend(add);
  addRuns(add);
  addEvents(add);
  addLogs(add);
  addExplain(add);
  addDoctor(add);
  addOperations(add);
  addPending(add);
  addServed(add);
  addSignal(add);
  addInvoke(add);
  addAccess(add);
  addInit(add);
  return program;
}

/** That an option which is not given is not given goes without saying. */
function describeOption(option: Option): string {
  return new Help().optionDescription(option).replace(/ \(default: (?:false|\[\])\)$/, "");
}

function addDev({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "dev", "run a server for development")
    .option("-u, --url <url>", "address of an app's endpoint; may be repeated", appUrl, [])
    .option("--no-discovery", "do not look for apps on the usual ports")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("-p, --port <port>", "port to listen on; the next free one when it is in use", port, PORT_DEFAULT)
    .option("--data-dir <folder>", "where the data is kept between restarts", DATA_DIR_DEFAULT)
    .option("--ephemeral", "keep the data in memory", false)
    .option("--retry-interval <seconds>", "the same delay before every retry, instead of a growing one", seconds)
    .option("--poll-interval <seconds>", "how often apps are asked for changes", seconds, 5)
    .option("--grace <seconds>", "how long calls may take to finish when the server is ended", seconds, 10)
    .option("--retention <duration>", "how long runs are kept after their end: 30d (the default), or forever")
    .option("--max-size <size>", "above it the runs that ended first go early: 10GB, or none (the default)");
  placementOptions(command);
  logOptions(command, "pretty")
    .addHelpText(
      "after",
      examples("stepwell dev", "stepwell dev -u http://localhost:3000/api/stepwell", "stepwell dev --ephemeral --json"),
    )
    .action(async (options) => {
      const { dev } = await import("./dev.ts");
      ended(await dev(withLogFormat(options, "pretty"), terminal, env));
    });
}

function addStart({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "start", "run a server for production")
    .option("--signing-key <key>", "hex; default $STEPWELL_SIGNING_KEY")
    .option("--signing-key-fallback <key>", "accepted too, while keys are rotated")
    .option("--event-key <key>", "default $STEPWELL_EVENT_KEY; may be repeated", list, [])
    .option("-u, --url <url>", "address of an app's endpoint; may be repeated", appUrl, [])
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("-p, --port <port>", "port to listen on", port, PORT_DEFAULT)
    .option("--data-dir <folder>", "where the data is kept", DATA_DIR_DEFAULT)
    .option("--poll-interval <seconds>", "how often apps given by --url are asked for changes; 0 for never", seconds, 0)
    .option("--grace <seconds>", "how long calls may take to finish when the server is ended", seconds, 30)
    .option("--retention <duration>", "how long runs are kept after their end: 30d (the default), or forever")
    .option("--max-size <size>", "above it the runs that ended first go early: 10GB, or none (the default)")
    .option("--allow-private-requests", "requests of steps (step.fetch, step.ai) may go to private addresses", false)
    .option("--public-apps-only", "refuse apps on private addresses; link-local ones are always refused", false);
  placementOptions(command);
  logOptions(command, terminal.isTty ? "pretty" : "json")
    .addHelpText(
      "after",
      examples(
        "export STEPWELL_SIGNING_KEY=$(openssl rand -hex 32) STEPWELL_EVENT_KEY=$(openssl rand -hex 16)\n  stepwell start",
        "stepwell start --host 0.0.0.0 --data-dir /var/lib/stepwell",
        "stepwell start --public-url https://stepwell.example.com --trust-proxy",
        "STEPWELL_ADMIN_NAME=ada STEPWELL_ADMIN_PASSWORD_FILE=/run/secrets/ada stepwell start",
      ),
    )
    .action(async (options) => {
      const { start } = await import("./start.ts");
      ended(await start(withLogFormat(options, terminal.isTty ? "pretty" : "json"), terminal, env));
    });
}

function addSend({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "send", "send an event")
    .argument("<name>", "name of the event, for example user/signed-up")
    .argument("[stdin]", "`-`: read the data from the standard input")
    .option("-d, --data <json>", "data of the event, a JSON object")
    .option("--data-file <file>", "file that holds the data")
    .option("--id <id>", "idempotency id: within 24 h each function starts once for it")
    .option("--ts <time>", "when it happened: Unix milliseconds or ISO 8601; in the future, runs wait for it", moment)
    .option("--count <n>", "send it so many times", count, 1)
    .option("--event-key <key>", "default $STEPWELL_EVENT_KEY; a development server needs none");
  clientOptions(command)
    .addHelpText(
      "after",
      examples(
        `stepwell send user/signed-up --data '{"email":"ada@example.com"}'`,
        "cat order.json | stepwell send order/placed -",
        "stepwell send report/due --ts 2030-01-01T09:00:00Z --json",
      ),
    )
    .action(async (name, stdin, options) => {
      const { send } = await import("./send.ts");
      ended(await send(name, stdin, options, terminal, env));
    });
}

function addEvents({ program, terminal, env, ended }: Adding): void {
  const events = subcommand(program, "events", "list, show and follow events").addHelpText(
    "after",
    examples("stepwell events", "stepwell events list --name user/signed-up", "stepwell events show 01JXYZ…"),
  );
  const listed = subcommand(events, "list", "list events, newest first", true)
    .option("--name <name>", "with this name")
    .option("--from <time>", "received at or after: Unix milliseconds or ISO 8601", moment)
    .option("--until <time>", "received before", moment)
    .option("--cursor <cursor>", "go on after the page that gave this cursor")
    .option("--limit <n>", "how many", count, 20);
  clientOptions(listed)
    .addHelpText("after", examples("stepwell events list --limit 50", "stepwell events list --json"))
    .action(async (options) => {
      const { listEvents } = await import("./events.ts");
      ended(await listEvents(options, terminal, env));
    });
  clientOptions(subcommand(events, "show", "show an event and what it started").argument("<event>", "id of the event"))
    .addHelpText("after", examples("stepwell events show 01JXYZ…"))
    .action(async (id, options) => {
      const { showEvent } = await import("./events.ts");
      ended(await showEvent(id, options, terminal, env));
    });
  clientOptions(subcommand(events, "follow", "print events as they arrive"))
    .addHelpText("after", examples("stepwell events follow", "stepwell events follow --json"))
    .action(async (options) => {
      const { followEvents } = await import("./follow.ts");
      ended(await followEvents(options, terminal, env));
    });
}

function addInit({ program, terminal, ended }: Adding): void {
  subcommand(program, "init", "make a small app to begin with")
    .argument("[folder]", "where to put it; it must be new or empty")
    .addOption(new Option("--framework <name>", "what serves it").choices(FRAMEWORKS))
    .addOption(new Option("--language <name>", "in which language").choices(["ts"]).default("ts"))
    .option("-y, --yes", "ask nothing: the defaults for what is not given", false)
    .option("--json", "print JSON", false)
    .addHelpText("after", examples("stepwell init", "stepwell init my-app --framework fastify --yes"))
    .action(async (folder, options) => {
      const { init } = await import("./init.ts");
      ended(await init(folder, options, terminal));
    });
}

export const FRAMEWORKS = ["fastify", "express", "hono", "next", "koa", "node"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** Of servers that others reach. */
function placementOptions(command: Command): Command {
  return command
    .option("--public-url <url>", "how people reach it, behind a proxy; default $STEPWELL_PUBLIC_URL")
    .option("--trust-proxy", "believe the X-Forwarded-* headers of the proxy before it", false);
}

function logOptions(command: Command, format: LogChoice["logFormat"]): Command {
  return command
    .addOption(new Option("--log-format <format>", `default ${format}`).choices(["json", "pretty"]))
    .addOption(new Option("--log-level <level>").choices(["debug", "info", "warn", "error", "silent"]))
    .option("--json", "the same as --log-format json", false);
}

/** `--json` means JSON whatever the default; `--log-format` wins over it, as it says more. */
function withLogFormat<T extends { readonly json: boolean; readonly logFormat?: LogChoice["logFormat"] }>(
  options: T,
  format: LogChoice["logFormat"],
): T & { readonly logFormat: LogChoice["logFormat"] } {
  return { ...options, logFormat: options.logFormat ?? (options.json ? "json" : format) };
}
