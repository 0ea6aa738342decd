/** What the quickstart says: a few calm lines, in colour only on a terminal. */
import picocolors from "picocolors";
import type { StepView } from "./server-api.ts";

const isPlain = !process.stdout.isTTY || (process.env["NO_COLOR"] ?? "") !== "";
export const colors = picocolors.createColors(!isPlain);
const { bold, cyan, dim, green, red, yellow } = colors;

const NAME_WIDTH = 18;
const BEGAN_AT = Date.now();

export function say(line = ""): void {
  process.stdout.write(line === "" ? "\n" : `  ${line}\n`);
}

export function title(text: string): void {
  say();
  say(bold(text));
  say();
}

/** A part that is up: its name, where it is, and a remark. */
export function part(name: string, address: string, remark: string): void {
  say(`${green("✓")} ${name.padEnd(9)} ${cyan(address.padEnd(23))} ${dim(remark)}`);
}

/** A step that ended: how long it took, and when that was, counted from the beginning of its run. */
export function step(view: StepView, runAt: number): void {
  const mark = view.status === "Completed" ? green("✓") : red("✗");
  const [from, to] = [Date.parse(view.started_at ?? view.queued_at), Date.parse(view.ended_at ?? view.queued_at)];
  const when = to < BEGAN_AT ? "before, kept" : `at ${seconds(to - runAt)}`;
  say(`  ${mark} ${view.name.padEnd(NAME_WIDTH)}${seconds(to - from)}   ${dim(when)}`);
}

export function notice(text: string): void {
  say(`${yellow("!")} ${text}`);
}

export function problem(text: string): void {
  const [first = "", ...rest] = text.split("\n");
  process.stderr.write(`\n  ${red("✗")} ${first}\n${rest.map((line) => `    ${dim(line)}\n`).join("")}\n`);
}

export function seconds(ms: number): string {
  return `${(Math.max(ms, 0) / 1_000).toFixed(2)} s`;
}
