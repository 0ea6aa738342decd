import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { MIGRATIONS, migrate } from "./migrate.ts";

/** The migrations that databases out there have seen. A change of one of them needs a new migration instead. */
const RELEASED: readonly string[] = [];

const version = (db: DatabaseSync) =>
  db.prepare("SELECT value FROM meta WHERE key = 'schema_version'").get()?.["value"];

test("an empty database gets the newest schema, and a second time changes nothing", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  migrate(db, "x");
  expect(version(db)).toBe(String(MIGRATIONS.length));
});

test("released migrations have not changed", () => {
  const hashes = MIGRATIONS.map((sql) => createHash("sha256").update(sql).digest("hex"));
  expect(hashes.slice(0, RELEASED.length)).toEqual(RELEASED);
});

test("a newer schema is refused with both numbers, and nothing is changed", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  db.exec("UPDATE meta SET value = '99' WHERE key = 'schema_version'");
  expect(() => migrate(db, "/data/x.db")).toThrow(
    expect.objectContaining({
      code: "store_newer",
      details: { path: "/data/x.db", found: 99, known: MIGRATIONS.length },
    }),
  );
  expect(version(db)).toBe("99");
});

test("another program's database is refused before anything is written into it", () => {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE photos (id INTEGER PRIMARY KEY)");
  expect(() => migrate(db, "x")).toThrow(expect.objectContaining({ code: "store_failed" }));
  expect(db.prepare("SELECT name FROM sqlite_schema").all()).toHaveLength(1);
});
