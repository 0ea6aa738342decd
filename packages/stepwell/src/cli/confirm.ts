/** Asks before something is done to many runs. Where nobody can answer, the command line must say yes. */
import { StepwellError } from "../protocol/errors.ts";
import type { Terminal } from "./terminal.ts";

export interface ConfirmOptions {
  readonly yes: boolean;
  readonly json: boolean;
}

export async function confirmed(
  command: string,
  question: string,
  { yes, json }: ConfirmOptions,
  terminal: Terminal,
): Promise<boolean> {
  if (yes) return true;
  if (json || !terminal.isTty || process.stdin.isTTY !== true) {
    const reason = `${question} Nobody can answer here: pass --yes, or --dry-run to only count`;
    throw new StepwellError("option_invalid", { where: command, reason });
  }
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: question, initialValue: false })) === true;
}
