/** Tables that fit the terminal: the columns that may shrink give up width until the widest line fits. */
import { stripVTControlCharacters } from "node:util";
import { harmlessText } from "./safe-text.ts";
import type { Colors } from "./terminal.ts";

export interface Column {
  readonly title: string;
  /** True for text that may be cut, such as names; ids and times are kept whole. */
  readonly isFlexible?: boolean;
}

const GAP = "  ";
const FLEXIBLE_MIN = 8;

export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number, colors: Colors) {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = fit(
    columns,
    columns.map((column, index) => Math.max(...[column.title, ...cells.map((row) => row[index] ?? "")].map(visible))),
    width,
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => pad(cell, widths[index]!))
      .join(GAP)
      .trimEnd();
  return [colors.dim(line(columns.map((column) => column.title))), ...cells.map(line)].join("\n");
}

function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1) - width;
  while (excess > 0) {
    const flexible = widths.filter((one, index) => columns[index]!.isFlexible && one > FLEXIBLE_MIN);
    if (flexible.length === 0) break;
    widths[widths.indexOf(Math.max(...flexible))]!--;
    excess--;
  }
  return widths;
}

/** A line is a row, whatever a name holds. */
const oneLine = (cell: string): string => harmlessText(cell.replace(/[\r\n\t]+/g, " "), true);

const visible = (text: string): number => stripVTControlCharacters(text).length;

function pad(text: string, width: number): string {
  const length = visible(text);
  if (length <= width) return text + " ".repeat(width - length);
  return cut(stripVTControlCharacters(text), width); // A cut through a colour would leak it; such a cell loses it.
}

/** The text in at most so many characters. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
}
