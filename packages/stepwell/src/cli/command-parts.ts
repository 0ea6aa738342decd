/** What commands are made of: the same options, help and examples everywhere. */
import type { Command } from "commander";
import type { ExitCode } from "./exit-code.ts";
import { type Environment, URL_DEFAULT } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface Adding {
  readonly program: Command;
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly ended: (code: ExitCode) => void;
}

export function subcommand(parent: Command, name: string, description: string, isDefault = false): Command {
  const command = parent.command(name, { isDefault }).description(description).helpOption("-h, --help", "print help");
  // `stepwell runs 01J…` lands here, because the name of a list may be left out.
  return isDefault
    ? command.showHelpAfterError(`(\`stepwell ${parent.name()} --help\` tells what else there is)`)
    : command;
}

export function clientOptions(command: Command): Command {
  return command
    .option("--url <url>", `address of the server; default $STEPWELL_BASE_URL, else ${URL_DEFAULT}`)
    .option("--api-token <token>", "default $STEPWELL_API_TOKEN; a development server needs none")
    .option("--signing-key <key>", "instead of an API token; default $STEPWELL_SIGNING_KEY")
    .option("--json", "print JSON", false);
}

export const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
