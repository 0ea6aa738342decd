/** Lists as commands print them: as JSON, or as a table whose columns say themselves what they show of a record. */
import type { Page } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Column, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface Listing<Row> {
  readonly columns: readonly (Column & { readonly of: (row: Row) => string })[];
  /** What is said when there are no records. */
  readonly nothing: string;
}

export function listText<Row>(rows: readonly Row[], { columns, nothing }: Listing<Row>, terminal: Terminal): string {
  if (rows.length === 0) return nothing;
  const cells = rows.map((row) => columns.map((column) => column.of(row)));
  return table(columns, cells, terminal.columns, terminal.colors);
}

/** A list that comes whole. */
export function printList<Row>(
  data: readonly Row[],
  listing: Listing<Row>,
  { json }: { readonly json: boolean },
  terminal: Terminal,
): ExitCode {
  terminal.print(json ? JSON.stringify({ data }) : listText(data, listing, terminal));
  return EXIT.ok;
}

/** A page of a list, and where the next one begins. */
export function printPage<Row>(
  page: Page<Row>,
  listing: Listing<Row>,
  { json }: { readonly json: boolean },
  terminal: Terminal,
): ExitCode {
  terminal.print(json ? JSON.stringify(page) : listText(page.data, listing, terminal));
  if (!json && page.cursor !== null) terminal.print(terminal.colors.dim(`more: --cursor ${page.cursor}`));
  return EXIT.ok;
}
