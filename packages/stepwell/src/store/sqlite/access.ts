/** The rows of `store/access.ts` in SQLite: written by the writer in one transaction, read whole, as there are few. */
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../core/instant.ts";
import {
  ACCESS_KEYS,
  type AccessChange,
  type AccessRows,
  type AccessTable,
  type AccessTables,
  type AuditFilter,
  type AuditRow,
} from "../access.ts";
import { decodeText, encodeText } from "./text.ts";
import type { SqlValue } from "./writes.ts";

type Fields<Row> = readonly (keyof Row & string)[];

/** The fields of each row; its column is the same name in snake case. */
const FIELDS: { readonly [Table in AccessTable]: Fields<AccessTables[Table]> } = {
  users: ["id", "name", "scope", "password", "createdAt", "signedInAt"],
  links: ["hash", "userId", "createdAt", "untilAt"],
  sessions: ["hash", "userId", "createdAt", "seenAt", "address"],
  tokens: ["id", "name", "scope", "hash", "createdAt", "createdBy", "usedAt", "untilAt"],
  eventKeys: ["id", "name", "hash", "hint", "createdAt", "untilAt"],
};

const AUDIT_FIELDS: Fields<AuditRow> = [
  "id",
  "at",
  "actorKind",
  "actor",
  "action",
  "target",
  "address",
  "outcome",
  "details",
];

/** Stores the changes; the caller has opened the transaction. */
export function writeAccess(db: DatabaseSync, changes: readonly AccessChange[]): void {
  for (const change of changes) {
    if ("delete" in change) {
      const { delete: table, key } = change;
      db.prepare(`DELETE FROM ${snake(table)} WHERE ${ACCESS_KEYS[table]} = ?`).run(encodeText(key));
      continue;
    }
    const fields: readonly string[] = change.put === "audit" ? AUDIT_FIELDS : FIELDS[change.put];
    const row = change.row as unknown as Readonly<Record<string, SqlValue>>;
    const values = fields.map((field) => encoded(row[field] ?? null));
    const columns = fields.map(snake).join(", ");
    const marks = fields.map(() => "?").join(", ");
    db.prepare(`INSERT OR REPLACE INTO ${snake(change.put)} (${columns}) VALUES (${marks})`).run(...values);
  }
}

export function readAccess(db: DatabaseSync): AccessRows {
  const entries = (Object.keys(FIELDS) as AccessTable[]).map((table) => {
    const rows = db.prepare(`SELECT ${selected(FIELDS[table])} FROM ${snake(table)} ORDER BY ${ACCESS_KEYS[table]}`);
    return [table, rows.all().map(decodedRow)] as const;
  });
  return Object.fromEntries(entries) as unknown as AccessRows;
}

export function listAudit(db: DatabaseSync, { action, actor, before, limit }: AuditFilter): AuditRow[] {
  const conditions = [
    ["action = ?", action],
    ["actor = ?", actor],
    ["id < ?", before],
  ] as const;
  const used = conditions.filter(([, value]) => value !== undefined);
  const where = used.length === 0 ? "" : `WHERE ${used.map(([condition]) => condition).join(" AND ")}`;
  const values = used.map(([, value]) => encodeText(value ?? ""));
  const rows = db.prepare(`SELECT ${selected(AUDIT_FIELDS)} FROM audit ${where} ORDER BY id DESC LIMIT ?`);
  return rows.all(...values, limit).map(decodedRow) as unknown as AuditRow[];
}

export function expireAudit(db: DatabaseSync, until: Instant, limit: number): number {
  const old = "SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?";
  return Number(db.prepare(`DELETE FROM audit WHERE id IN (${old})`).run(until, limit).changes);
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const selected = (fields: readonly string[]): string => fields.map((field) => `${snake(field)} AS ${field}`).join(", ");

const encoded = (value: SqlValue): SqlValue => (typeof value === "string" ? encodeText(value) : value);

function decodedRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === "string" ? decodeText(value) : value]),
  );
}
