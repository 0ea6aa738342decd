/** What retention reads, in the thread of the lists, and the one row in which its policy stands. */
import type { DatabaseSync } from "node:sqlite";
import type { EndedRun, EndedRunsQuery } from "../prune.ts";
import { decodeText, encodeText } from "./text.ts";

const ENDED = `SELECT id, ended_at AS endedAt FROM runs INDEXED BY runs_by_end
  WHERE ended_at IS NOT NULL AND (ended_at, id) > (?, ?) AND ended_at < ? ORDER BY ended_at, id LIMIT ?`;

export function endedRuns(db: DatabaseSync, { after, endedBefore, limit }: EndedRunsQuery): EndedRun[] {
  const { endedAt, id } = after ?? { endedAt: 0, id: "" };
  const rows = db.prepare(ENDED).all(endedAt, encodeText(id), endedBefore, limit) as unknown as EndedRun[];
  return rows.map((row) => ({ id: decodeText(row.id), endedAt: row.endedAt }));
}

export function sizeBytes(db: DatabaseSync): number {
  const value = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  return (value("page_count") - value("freelist_count")) * value("page_size");
}

const POLICY = "retention";

export function readPolicy(db: DatabaseSync): string | null {
  const row = db.prepare("SELECT value FROM meta WHERE key = ?").get(POLICY);
  return row === undefined ? null : String(row["value"]);
}

export function writePolicy(db: DatabaseSync, json: string): void {
  db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(POLICY, json);
}
