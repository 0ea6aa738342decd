/** Statuses, always as a word; the colour and the mark only repeat it. */
import type { Colors } from "./terminal.ts";

interface Look {
  readonly mark: string;
  readonly color: "green" | "red" | "yellow" | "cyan" | "dim";
}

const LOOKS: Readonly<Record<string, Look>> = {
  completed: { mark: "✓", color: "green" },
  failed: { mark: "✗", color: "red" },
  cancelled: { mark: "⊘", color: "yellow" },
  retrying: { mark: "↻", color: "yellow" },
  running: { mark: "▸", color: "cyan" },
  sleeping: { mark: "◷", color: "dim" },
  waiting: { mark: "◷", color: "cyan" },
  "timed out": { mark: "◷", color: "yellow" },
  skipped: { mark: "–", color: "dim" },
};
const LOOK_OTHER: Look = { mark: "·", color: "dim" };

const lookOf = (status: string): Look => LOOKS[status.toLowerCase()] ?? LOOK_OTHER;

export const statusMark = (status: string, colors: Colors): string => colors[lookOf(status).color](lookOf(status).mark);

export function statusText(status: string, colors: Colors): string {
  const { mark, color } = lookOf(status);
  return colors[color](`${mark} ${status.toLowerCase()}`);
}
