/** From arguments to an exit code: parses, runs the command, tells errors. */
import { CommanderError } from "commander";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { createProgram } from "./program.ts";
import { reportError } from "./report-error.ts";
import type { Environment } from "./settings.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";

export async function runCommand(
  args: readonly string[],
  terminal: Terminal = systemTerminal(),
  env: Environment = process.env,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const isJson = args.includes("--json");
  const ended = (code: ExitCode) => {
    exitCode = code;
  };
  const program = createProgram(terminal, env, ended, isJson);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Help and version end this way too, with 0; everything else it throws is a wrong command line, told already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(error, terminal, isJson);
  }
}
