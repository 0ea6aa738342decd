/** The SQLite store and real processes: its lock, and what is left after `kill -9`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteStore } from "../../src/store/sqlite.ts";
import { idOf } from "../conformance/batches.ts";

const CHILD = fileURLToPath(new URL("./store-child.ts", import.meta.url));

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stepwell-store-"));
  path = join(folder, "test.db");
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Starts a process that commits runs from `first` on; kills it after so many lines. Resolves with all it printed. */
async function commitUntilKilled(first: number, lineCount: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, path, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    if (lines.push(line) === lineCount) child.kill("SIGKILL");
  });
  await once(reader, "close");
  return lines;
}

async function openStore(): Promise<SqliteStore> {
  const store = new SqliteStore({ path, synchronous: "normal" });
  await store.open();
  return store;
}

test("a second process is refused and told who holds the file; kill -9 sets it free at once", async () => {
  const child = spawn(process.execPath, [CHILD, path, "1"], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout!, "data");
  await expect(openStore()).rejects.toMatchObject({ code: "store_locked", details: { path, pid: String(child.pid) } });
  child.kill("SIGKILL");
  await once(child, "exit");
  const store = await openStore();
  await store.close();
});

test("whatever was acknowledged before kill -9 is there, whole, and in the order of its commits", async () => {
  let next = 1;
  for (const lineCount of [2, 37, 211, 500]) {
    const lines = await commitUntilKilled(next, lineCount);
    const acknowledged = lines.slice(1).map(Number);
    expect(acknowledged).toEqual(acknowledged.map((_, index) => next + index));

    const store = await openStore();
    const stored = (await store.counts()).runs;
    expect(stored).toBeGreaterThanOrEqual(next - 1 + acknowledged.length);
    const runs = await store.loadRuns(Array.from({ length: stored }, (_, index) => idOf(index + 1)));
    expect(runs).toHaveLength(stored);
    for (const run of runs) expect([run.stack, run.jobs.size, run.waits.get("s1")?.length]).toEqual([["s1"], 1, 1]);
    const messages = await store.loadInbox(null, stored + 1);
    expect(messages.map((message) => message.id)).toEqual(runs.map((run) => run.id));
    const waits = { kinds: ["event"], name: "order/paid", keys: [{ path: "data.id", value: "s:1" }] } as const;
    const waiting = await store.loadWaits([{ ...waits, afterRunId: null, limit: stored + 1 }]);
    expect(waiting).toEqual([runs.map((run) => run.id)]);
    await store.close();
    next = stored + 1;
  }
});
