/** Parts of which the lists' statements are made: conditions with their values, and rows with their large values put back. */
import type { DatabaseSync } from "node:sqlite";
import { putBack, readRows, SELECT_BLOBS } from "./blobs.ts";
import { encodeText } from "./text.ts";
import { all } from "./typed.ts";

/** A condition and the values of its marks. */
export interface Clause {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

export const clause = (sql: string, ...values: (string | number)[]): Clause => ({ sql, values });

export const inEnv = (env: string): Clause => clause("env = ?", encodeText(env));

export const isOneOf = (column: string, values: readonly (string | number)[]): Clause =>
  clause(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));

export const newest = (limit: number): Clause => clause("ORDER BY id DESC LIMIT ?", limit);
export const oldest = (limit: number): Clause => clause("ORDER BY id LIMIT ?", limit);

export const whereOf = (where: readonly Clause[]): string =>
  where.length === 0 ? "" : `WHERE ${where.map((one) => one.sql).join(" AND ")}`;

export const valuesOf = (clauses: readonly Clause[]) => clauses.flatMap((one) => one.values);

/** The rows with their large values, in one query more when there are any. */
export function withValues<Row extends object>(
  db: DatabaseSync,
  rows: readonly Row[],
  ...columns: readonly (keyof Row & string)[]
): readonly Row[] {
  putBack(() => db.prepare(SELECT_BLOBS), db.location() ?? "", readRows(rows, ...columns));
  return rows;
}

export function select<Row>(
  db: DatabaseSync,
  columns: string,
  table: string,
  where: readonly Clause[],
  tail = clause(""),
): Row[] {
  const statement = db.prepare(`SELECT ${columns} FROM ${table} ${whereOf(where)} ${tail.sql}`);
  return all(statement, ...valuesOf([...where, tail]));
}

/** All of it sees one state of the database. */
export function inSnapshot<Result>(db: DatabaseSync, read: () => Result): Result {
  db.exec("BEGIN");
  try {
    return read();
  } finally {
    db.exec("COMMIT");
  }
}

export function groupByRun<Row extends { readonly runId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.runId);
    if (group === undefined) groups.set(row.runId, [row]);
    else group.push(row);
  }
  return groups;
}
