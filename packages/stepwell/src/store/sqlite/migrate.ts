/**
 * Brings a database to the newest schema: the migrations it has not seen, in order, each in one transaction with the
 * version it leads to. So a crash leaves a version, never something between two.
 */
import type { DatabaseSync } from "node:sqlite";
import { StepwellError } from "../../protocol/errors.ts";
import { ACCESS } from "./migrations/0001-access.ts";
import { FIRST } from "./migrations/0001-first.ts";

/** In order; the schema's version is how many of them a database has seen. */
export const MIGRATIONS: readonly string[] = [FIRST + ACCESS];

export function migrate(db: DatabaseSync, path: string): void {
  const found = schemaVersion(db, path);
  const known = MIGRATIONS.length;
  if (found > known) throw new StepwellError("store_newer", { path, found, known });
  for (let version = found + 1; version <= known; version++) {
    db.exec("BEGIN IMMEDIATE");
    db.exec("CREATE TABLE IF NOT EXISTS meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
    db.exec(MIGRATIONS[version - 1]!);
    db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema_version', ?)").run(String(version));
    db.exec("COMMIT");
  }
}

/** 0 for an empty database. Refuses the database of another program, so that nothing is written into it. */
function schemaVersion(db: DatabaseSync, path: string): number {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (tables.length === 0) return 0;
  const hasMeta = tables.some((table) => table["name"] === "meta");
  const row = hasMeta ? db.prepare("SELECT * FROM meta WHERE key = 'schema_version'").get() : undefined;
  const version = Number(row?.["value"]);
  if (Number.isInteger(version) && version > 0) return version;
  throw new StepwellError("store_failed", { path, reason: "it is a database of another program" });
}
