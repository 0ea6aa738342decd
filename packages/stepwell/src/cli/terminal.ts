/** Where a command prints: the standard streams in production, two strings in tests. */
import colors from "picocolors";
import { harmlessText } from "./safe-text.ts";

export type Colors = ReturnType<typeof colors.createColors>;

export interface Terminal {
  /** One line, or several, on the standard output. */
  print(text: string): void;
  /** The same on the standard error output: what a pipe must not swallow. */
  complain(text: string): void;
  readonly colors: Colors;
  /** Width in characters; unbounded when the output is no terminal. */
  readonly columns: number;
  /** True when somebody looks at it. */
  readonly isTty: boolean;
  now(): number;
}

export function systemTerminal(): Terminal {
  const { stdout, stderr } = process;
  // A reader that has seen enough (`| head`) closes the pipe; that is no error.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
  // `isTTY` is undefined for a pipe, and undefined would mean: let the library decide, which colours under CI.
  const hasColors = wantsColors(process.env, stdout.isTTY === true);
  return {
    print: (text) => void stdout.write(`${harmlessText(text, hasColors)}\n`), // ST1
    complain: (text) => void stderr.write(`${harmlessText(text, hasColors)}\n`),
    colors: colors.createColors(hasColors),
    get columns() {
      return stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY;
    },
    isTty: stdout.isTTY === true,
    now: Date.now,
  };
}

/** Colours only on a terminal; `NO_COLOR` and `FORCE_COLOR` have the last word. */
export function wantsColors(env: Readonly<Record<string, string | undefined>>, isTty: boolean): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  return isTty && env["TERM"] !== "dumb";
}
