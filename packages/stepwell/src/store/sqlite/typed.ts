/** Rows of statements, typed as their SELECT lists say: the one place where that is taken on trust. */
import type { StatementSync } from "node:sqlite";
import type { SqlValue } from "./writes.ts";

export function all<Row>(statement: StatementSync, ...values: SqlValue[]): Row[] {
  return statement.all(...values) as unknown as Row[];
}
