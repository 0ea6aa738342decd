/**
 * Keeps a second process, and a second store of this one, off a database file.
 *
 * The lock is SQLite's own: an exclusive transaction, held open, on an empty database beside the file. The operating
 * system lets go of it when the process dies, however it dies, so it is never stale. Who holds it stands in a text
 * file, for the message only.
 *
 *   K1. Nothing in this process may open the lock file in another way: closing any descriptor of a file drops the
 *       process's locks on it.
 */
import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StepwellError } from "../../protocol/errors.ts";
import { failureOf, storeError } from "./failure.ts";

/** One name per file, whatever links lead to it: the lock goes by the name. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // There is no such file yet.
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path; // Opening it will say what is wrong.
  }
}

/** Takes the lock and returns how to let go of it. Throws `store_locked`. */
export function lockDatabase(path: string): () => void {
  const pidPath = `${path}.pid`;
  let holder: DatabaseSync | undefined;
  try {
    holder = new DatabaseSync(`${path}.lock`, { timeout: 0 });
    holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    holder?.close();
    if (failureOf(error, path).code !== "store_busy") throw storeError(error, path);
    throw new StepwellError("store_locked", { path, pid: readPid(pidPath) }, { cause: error });
  }
  const lock = holder;
  try {
    writeFileSync(pidPath, String(process.pid));
  } catch {
    // A message without the number is no reason not to start.
  }
  return () => {
    rmSync(pidPath, { force: true });
    lock.close();
  };
}

function readPid(pidPath: string): string {
  try {
    return readFileSync(pidPath, "utf8").trim() || "unknown";
  } catch {
    return "unknown";
  }
}
