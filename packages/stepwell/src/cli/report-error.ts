/** How an error is told: what happened, what to do, and where it is described. A stack only for what is a bug. */
import { ERRORS, type ErrorCode, isStepwellError } from "../protocol/errors.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Prints the error and returns the exit code that belongs to it. */
export function reportError(error: unknown, terminal: Terminal, isJson = false): ExitCode {
  const { code, message, fix } = describe(error);
  const docs = `docs/errors.md#${code}`;
  if (isJson) terminal.complain(JSON.stringify({ error: { code, message, fix, docs } }));
  else {
    const { red, bold, dim } = terminal.colors;
    terminal.complain(`${red(bold("error"))} ${message}`);
    if (fix !== "") terminal.complain(`  fix  ${fix}`);
    terminal.complain(dim(`  docs ${docs}`));
    if (code === "internal_error" && error instanceof Error && error.stack !== undefined) {
      terminal.complain(dim(error.stack));
    }
  }
  return code === "internal_error" ? EXIT.failed : exitCodeOf(code);
}

function describe(error: unknown): { code: ErrorCode; message: string; fix: string } {
  if (isStepwellError(error)) return { code: error.code, message: error.message, fix: error.fix };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal_error", message: message || "Something failed.", fix: ERRORS.internal_error.fix };
}
