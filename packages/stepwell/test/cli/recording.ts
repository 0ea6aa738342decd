/** A terminal that keeps what is printed, and commands that print on it. */
import pc from "picocolors";
import { runCommand } from "../../src/cli/run-command.ts";
import type { Environment } from "../../src/cli/settings.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export interface Recording {
  readonly terminal: Terminal;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Two hundred columns wide, without colours. */
export function recording(more: Partial<Terminal> = {}): Recording {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    print: (text) => out.push(text),
    complain: (text) => err.push(text),
    colors: pc.createColors(false),
    columns: 200,
    isTty: false,
    now: Date.now,
    ...more,
  };
  return { terminal, out, err };
}

/** What a command says, and how it ends. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function commandSays(
  args: readonly string[],
  env: Environment = {},
  more: Partial<Terminal> = {},
): Promise<Said> {
  const { terminal, out, err } = recording(more);
  const code = await runCommand(args, terminal, env);
  return { code, out: out.join("\n"), err: err.join("\n") };
}
