/**
 * The one connection that writes, and checkpoints. It lives in a thread of its own, so that no fsync stops the loop.
 *
 *   W1. A batch is one transaction.
 *   W2. Once a commit has failed, those that were asked for before its caller could know are refused: batch N + 1
 *       must not be stored when N was lost (ST3). Callers count generations; a failure closes its generation.
 */
import { randomBytes } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { assert } from "../../core/assert.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { createIdSource } from "../../protocol/ids.ts";
import type { AccessChange } from "../access.ts";
import type { Repair } from "../integrity.ts";
import type { AppendedLines, LogAppend } from "../logs.ts";
import type { EndedRunsQuery, PruneResult, PruneTask } from "../prune.ts";
import { expireAudit, readAccess, writeAccess } from "./access.ts";
import { type BatchRows, PARTITION } from "./batch-rows.ts";
import { INSERT_BLOB, keepBlobs } from "./blobs.ts";
import { createLogWriter } from "./logs.ts";
import { migrate } from "./migrate.ts";
import { createPruner } from "./prune.ts";
import { endedRuns, readPolicy, sizeBytes, writePolicy } from "./prune-reads.ts";
import { repairRow } from "./repair.ts";
import { expireRunStats } from "./run-stats.ts";
import { type PreparedWrites, prepareWrites, runWrites } from "./writes.ts";

export interface WriterOptions {
  readonly path: string;
  readonly synchronous: "full" | "normal";
  readonly busyTimeoutMs: number;
  /** The largest size of the file, in pages; null for none. */
  readonly pagesMax: number | null;
}

/** Pages in the WAL before a commit copies them into the file: 16 MB, a few ms each time. */
const CHECKPOINT_PAGES = 4_000;
/** A WAL that grew beyond this (behind a long reader) is cut back. */
const WAL_BYTES_MAX = 64 * 1024 * 1024;
const CACHE_KIB = 16 * 1024;

interface Opened {
  readonly db: DatabaseSync;
  readonly writes: PreparedWrites;
  readonly insertBlob: StatementSync;
  readonly appendLogs: ReturnType<typeof createLogWriter>;
  readonly prune: ReturnType<typeof createPruner>;
}

export type Writer = ReturnType<typeof createWriter>;

export function createWriter(options: WriterOptions) {
  let opened: Opened | null = null;
  let refused: { readonly generation: number; readonly error: unknown } = { generation: -1, error: null };
  const current = (): Opened => {
    assert(opened !== null, "the writer is not open");
    return opened;
  };
  return {
    /** Opens and migrates; returns the version of SQLite. */
    open(): string {
      const db = new DatabaseSync(options.path, { timeout: options.busyTimeoutMs });
      try {
        configure(db, options);
        migrate(db, options.path);
        opened = {
          db,
          writes: prepareWrites(db),
          insertBlob: db.prepare(INSERT_BLOB),
          appendLogs: createLogWriter(db),
          prune: createPruner(db),
        };
      } catch (error) {
        db.close();
        throw error;
      }
      return String(db.prepare("SELECT sqlite_version() AS version").get()!["version"]);
    },

    commit(generation: number, { rows, large }: BatchRows): void {
      if (generation <= refused.generation) throw refused.error; // W2
      const { db, writes, insertBlob } = current();
      try {
        inTransaction(db, () => {
          keepBlobs(insertBlob, large);
          runWrites(writes, rows);
        }); // W1
      } catch (error) {
        refused = { generation, error };
        throw error;
      }
    },

    repair(repairs: readonly Repair[], now: number): void {
      const { db } = current();
      const ids = createIdSource(() => randomBytes(4).readUInt32LE());
      inTransaction(db, () => {
        for (const repair of repairs) repairRow(db, repair, { now, newId: () => ids.next(now) });
      });
    },

    ...historyMethods(current),

    ...accessMethods(() => current().db),

    ...expiryMethods(() => current().db),

    /** Copies the WAL into the file and closes it. Every commit that was asked for is stored by now. */
    close(): void {
      const db = opened?.db;
      opened = null;
      try {
        db?.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // The disk may be full. Nothing is lost: the next open reads the WAL.
      }
      db?.close();
    },
  };
}

function configure(db: DatabaseSync, { path, synchronous, pagesMax }: WriterOptions): void {
  const mode = db.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal") throw new StepwellError("store_failed", { path, reason: "its file system does not allow a WAL" });
  db.exec(`PRAGMA synchronous = ${synchronous === "full" ? "FULL" : "NORMAL"}`); // Never what the build defaults to.
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`);
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  if (pagesMax !== null) db.exec(`PRAGMA max_page_count = ${pagesMax}`);
}

/** What has served its time goes, a portion per transaction. */
function expiryMethods(db: () => DatabaseSync) {
  return {
    expireFlow(now: number, limit: number): number {
      const expired = db().prepare(
        `DELETE FROM flow_state WHERE (partition, kind, function_id, key) IN
          (SELECT partition, kind, function_id, key FROM flow_state
           WHERE partition = ? AND expires_at <= ? ORDER BY expires_at, kind, function_id, key LIMIT ?)`,
      );
      return inTransaction(db(), () => Number(expired.run(PARTITION, now, limit).changes));
    },
    expireRunStats: (now: number, limit: number): number => inTransaction(db(), () => expireRunStats(db(), now, limit)),
  };
}

/** What handlers logged, and what has ended. */
function historyMethods(current: () => Opened) {
  return {
    appendLogs(append: LogAppend): AppendedLines[] {
      const { db, appendLogs } = current();
      return inTransaction(db, () => appendLogs(append));
    },
    prune(task: PruneTask, budgetMs: number): PruneResult {
      const { db, prune } = current();
      return inTransaction(db, () => prune(task, budgetMs));
    },
    endedRuns: (query: EndedRunsQuery) => endedRuns(current().db, query),
    sizeBytes: () => sizeBytes(current().db),
    loadPolicy: () => readPolicy(current().db),
    savePolicy: (json: string) => writePolicy(current().db, json),
  };
}

/** Who may use the server. The rows are read here too: so what was saved just before is seen. */
function accessMethods(db: () => DatabaseSync) {
  return {
    loadAccess: () => readAccess(db()),
    saveAccess(changes: readonly AccessChange[]): void {
      inTransaction(db(), () => writeAccess(db(), changes)); // AC2
    },
    expireAudit: (until: number, limit: number): number => inTransaction(db(), () => expireAudit(db(), until, limit)),
  };
}

function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK"); // Some errors have ended it already.
    throw error;
  }
}
