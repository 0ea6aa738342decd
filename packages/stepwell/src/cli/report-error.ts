/** How an error is told: what happened, what to do, and where it is described. A stack only for what is a bug. */

import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { errorText } from "../protocol/error-value.ts";
import { ERRORS, type ErrorCode, isStepwellError, StepwellError } from "../protocol/errors.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Prints the error and returns the exit code that belongs to it. */
export function reportError(error: unknown, terminal: Terminal, isJson = false): ExitCode {
  const { code, message, fix } = describe(error);
  if (isJson) terminal.complain(JSON.stringify({ error: { code, message, fix, docs: `docs/errors.md#${code}` } }));
  else {
    const { red, bold, dim } = terminal.colors;
    terminal.complain(`${red(bold("error"))} ${message}`);
    if (fix !== "") terminal.complain(`  fix  ${fix}`);
    terminal.complain(dim(`  docs ${errorsPage()}#${code}`));
    if (code === "internal_error" && error instanceof Error && error.stack !== undefined) {
      terminal.complain(dim(error.stack));
    }
  }
  return code === "internal_error" ? EXIT.failed : exitCodeOf(code);
}

/** What the parser of the command line says, as JSON. */
export function reportUsage(text: string, terminal: Terminal): void {
  const reason = text.trim().replace(/^error: /, "");
  reportError(new StepwellError("option_invalid", { where: "stepwell", reason }), terminal, true);
}

function describe(error: unknown): { code: ErrorCode; message: string; fix: string } {
  if (isStepwellError(error)) return { code: error.code, message: error.message, fix: error.fix };
  const message = errorText(error);
  return { code: "internal_error", message: message || "Something failed.", fix: ERRORS.internal_error.fix };
}

/** The page in the package, or in the repository; as short as it can be written from here. */
function errorsPage(): string {
  const places = ["../docs/errors.md", "../../../../docs/errors.md"];
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
  if (found === undefined) return "docs/errors.md";
  const near = relative(process.cwd(), found);
  return near.startsWith("..") ? found : near;
}
