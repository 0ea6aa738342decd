/** A JSON value under its name: in one line when it is short, indented below it when it is not. */
import { cut } from "./table.ts";

const LINE_CHARS_MAX = 100;
const LINES_MAX = 200;

export function valueLines(name: string, value: unknown, indent: string): string[] {
  const short = JSON.stringify(value) ?? "null";
  if (short.length <= LINE_CHARS_MAX) return [`${indent}${name} ${short}`];
  const lines = JSON.stringify(value, null, 2).split("\n");
  const rest = lines.length - LINES_MAX;
  const shown = lines.slice(0, LINES_MAX).map((line) => `${indent}  ${cut(line, 2_000)}`);
  return [`${indent}${name}`, ...shown, ...(rest > 0 ? [`${indent}  … ${rest} more lines; --json prints all`] : [])];
}

interface ErrorFields {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

/** An error as it was stored: its stack when there is one, else its name and message; then its causes. */
export function errorLines(error: unknown, indent: string): string[] {
  if (typeof error !== "object" || error === null) return [`${indent}${String(error)}`];
  const { name, message, stack, cause } = error as ErrorFields;
  const title = [name, message].filter((part) => typeof part === "string" && part !== "").join(": ");
  const lines = typeof stack === "string" && stack !== "" ? stack.split("\n") : [title || JSON.stringify(error)];
  // Some languages' stacks begin without the message.
  if (typeof message === "string" && !lines.join("\n").includes(message)) lines.unshift(title);
  const own = lines.map((line) => `${indent}${line}`);
  if (cause === undefined || cause === null) return own;
  return [...own, `${indent}caused by`, ...errorLines(cause, `${indent}  `)];
}
