/** Placeholder while the command is being written. */
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";
export async function init(_folder: string | undefined, _options: object, _terminal: Terminal): Promise<ExitCode> {
  return EXIT.ok;
}
