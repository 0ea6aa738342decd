/** What the SQLite store does when its file, its disk or another program lets it down. */
import { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteStore, type SqliteStoreOptions } from "../src/store/sqlite.ts";
import { isFatalStoreError } from "../src/store/store.ts";
import { addStep, asLoaded, commitRuns, idOf, makeRun } from "./conformance/batches.ts";

let folder: string;
let path: string;
let stores: SqliteStore[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stepwell-store-"));
  path = join(folder, "test.db");
  stores = [];
});

afterEach(async () => {
  await Promise.allSettled(stores.map((store) => store.close()));
  rmSync(folder, { recursive: true });
});

async function open(options: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  const store = new SqliteStore({ path, synchronous: "normal", ...options });
  stores.push(store);
  await store.open();
  return store;
}

/** A run of about 100 KB. */
function largeRun(number: number) {
  const run = makeRun(number);
  addStep(run, "s1", { memo: JSON.stringify("x".repeat(100_000)) });
  return run;
}

function overwrite(offset: number, bytes: number): void {
  writeSync(openSync(path, "r+"), Buffer.alloc(bytes, 0xa5), 0, bytes, offset);
}

/** A program that does not know our lock holds the file. */
function holdFile(): () => void {
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  return () => other.close();
}

describe("a full disk", () => {
  test("stops with its code, keeps what was acknowledged, and takes nothing more", async () => {
    const store = await open({ pagesMax: 200 });
    const acknowledged: string[] = [];
    let failure: unknown = null;
    for (let number = 0; failure === null; number++) {
      const run = largeRun(number);
      await commitRuns(store, run).then(
        () => acknowledged.push(run.id),
        (error: unknown) => {
          failure = error;
        },
      );
    }
    expect(failure).toMatchObject({ code: "store_full", details: { path } });
    expect(isFatalStoreError(failure)).toBe(true);
    await expect(commitRuns(store, makeRun(999))).rejects.toBe(failure);
    await store.close();

    const again = await open();
    expect(acknowledged.length).toBeGreaterThan(2);
    expect((await again.loadRuns(acknowledged)).map((run) => run.id)).toEqual(acknowledged);
    expect((await again.counts()).runs).toBe(acknowledged.length);
    await commitRuns(again, makeRun(1_000));
  });
});

describe("a damaged file", () => {
  test("is refused when its header is gone", async () => {
    await (await open()).close();
    overwrite(0, 100);
    await expect(open()).rejects.toMatchObject({ code: "store_corrupt", details: { path } });
  });

  test("is refused when it never was a database", async () => {
    writeSync(openSync(path, "w"), "this is a letter, not a database\n".repeat(500));
    await expect(open()).rejects.toMatchObject({ code: "store_corrupt" });
  });

  test("is noticed by the load that meets the damage, and nothing is committed after it", async () => {
    const first = await open();
    const run = largeRun(1);
    await commitRuns(first, run);
    await first.close();
    overwrite(readFileSync(path).length - 60_000, 60_000); // The middle of the large value.
    const store = await open();
    await expect(store.loadRuns([run.id])).rejects.toMatchObject({ code: "store_corrupt", details: { path } });
    await expect(commitRuns(store, makeRun(2))).rejects.toMatchObject({ code: "store_corrupt" });
  });
});

describe("a busy file", () => {
  test("S3: a commit that fails takes those behind it along; later ones work again", async () => {
    const store = await open({ busyTimeoutMs: 50 });
    const release = holdFile();
    const outcomes = [1, 2, 3].map((number) => commitRuns(store, makeRun(number)));
    const settled = await Promise.allSettled(outcomes);
    release();
    expect(settled.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
    await expect(outcomes[0]).rejects.toMatchObject({ code: "store_busy" });
    expect(isFatalStoreError(await outcomes[0]!.catch((error: unknown) => error))).toBe(false);

    const run = makeRun(4);
    await commitRuns(store, run);
    expect(await store.loadRuns([1, 2, 3, 4].map(idOf))).toEqual([asLoaded(run)]);
  });

  test("S3: a commit behind a failed one is refused though the file is free again", async () => {
    const store = await open({ busyTimeoutMs: 20 });
    const release = holdFile();
    const first = commitRuns(store, makeRun(1));
    const second = first.catch(release).then(() => commitRuns(store, makeRun(3)));
    const behind = commitRuns(store, makeRun(2));
    await expect(behind).rejects.toMatchObject({ code: "store_busy" });
    await second;
    expect((await store.loadRuns([1, 2, 3].map(idOf))).map((run) => run.id)).toEqual([idOf(3)]);
  });

  test("loads and lists do not wait for whoever writes", async () => {
    const store = await open({ busyTimeoutMs: 60_000 });
    await commitRuns(store, makeRun(1));
    const release = holdFile();
    expect(await store.loadRuns([idOf(1)])).toHaveLength(1);
    expect(await store.counts()).toMatchObject({ runs: 1 });
    release();
  });
});

describe("opening", () => {
  test("a second store of the same process is refused, by any name of the file, until the first is closed", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: "store_locked", details: { pid: String(process.pid) } });
    await expect(open({ path: join(folder, ".", "..", folder.split("/").at(-1)!, "test.db") })).rejects.toMatchObject({
      code: "store_locked",
    });
    await commitRuns(first, makeRun(1));
    await first.close();
    expect(await (await open()).counts()).toMatchObject({ runs: 1 });
  });

  test("a newer schema is refused, and the lock is let go of", async () => {
    await (await open()).close();
    const other = new DatabaseSync(path);
    other.exec("UPDATE meta SET value = '99'");
    await expect(open()).rejects.toMatchObject({ code: "store_newer", details: { path, found: 99 } });
    other.exec("UPDATE meta SET value = '1'");
    other.close();
    await open();
  });

  test("a folder that does not exist is a clear error", async () => {
    await expect(open({ path: join(folder, "none", "test.db") })).rejects.toMatchObject({ code: "store_failed" });
  });

  test("a store that was never opened closes, and refuses everything else", async () => {
    const store = new SqliteStore({ path });
    await expect(store.loadRegistry()).rejects.toMatchObject({ code: "store_failed" });
    await expect(commitRuns(store, makeRun(1))).rejects.toMatchObject({ code: "store_failed" });
    await store.close();
    await expect(store.open()).rejects.toMatchObject({ code: "store_failed" });
  });

  test("closing leaves the database file alone: no WAL, no pid", async () => {
    const store = await open();
    await commitRuns(store, makeRun(1));
    await store.counts();
    await store.close();
    for (const suffix of ["-wal", "-shm", ".pid"]) expect(() => readFileSync(path + suffix)).toThrow("ENOENT");
    const db = new DatabaseSync(path, { readOnly: true });
    expect(db.prepare("SELECT count(*) AS count FROM runs").get()).toEqual({ count: 1 });
    db.close();
  });
});
