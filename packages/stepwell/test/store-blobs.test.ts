/** Where the SQLite store keeps large values, seen from beside it: the rows of its file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LIMITS } from "../src/protocol/limits.ts";
import { SqliteStore } from "../src/store/sqlite.ts";
import {
  addJob,
  addStep,
  asLoaded,
  commit,
  commitRuns,
  eventOf,
  idOf,
  makeEvent,
  makeFact,
  makeMessage,
  makeRun,
  putRun,
} from "./conformance/batches.ts";

const LIMIT = LIMITS.blobBytesMin;

let folder: string;
let path: string;
let store: SqliteStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "stepwell-store-"));
  path = join(folder, "test.db");
  await open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function open(): Promise<void> {
  store = new SqliteStore({ path, synchronous: "normal" });
  await store.open();
}

/** What the file holds. */
function query(sql: string): readonly Record<string, unknown>[] {
  const db = new DatabaseSync(path);
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

const blobCount = () => query("SELECT count(*) AS count FROM blobs")[0]!["count"];
const outputLength = (run: { readonly id: string }) =>
  query(`SELECT length(CAST(output AS BLOB)) AS bytes FROM runs WHERE id = '${run.id}'`)[0]!["bytes"];

test("a value of 64 KB lies in its row, one byte more lies apart", async () => {
  const [within, beyond] = [makeRun(1, { output: "x".repeat(LIMIT) }), makeRun(2, { output: "x".repeat(LIMIT + 1) })];
  await commitRuns(store, within, beyond);
  expect([outputLength(within), outputLength(beyond)]).toEqual([LIMIT, 4 + 1 + 64]);
  expect(blobCount()).toBe(1);
});

test("bytes count, not characters", async () => {
  const within = makeRun(1, { output: "世".repeat(Math.floor(LIMIT / 3)) });
  const beyond = makeRun(2, { output: "世".repeat(Math.floor(LIMIT / 3) + 1) });
  const escaped = makeRun(3, { output: "\ud800".repeat(LIMIT / 6) });
  await commitRuns(store, within, beyond, escaped);
  expect(outputLength(within)).toBe(LIMIT - 1);
  expect([outputLength(beyond), outputLength(escaped)]).toEqual([69, 69]);
});

test("equal values are stored once, wherever they stand", async () => {
  const value = JSON.stringify("é".repeat(LIMIT));
  const event = makeEvent(1, { json: value });
  for (const number of [1, 2, 3]) {
    const run = makeRun(number, { events: [eventOf(event)], output: value, error: value });
    addStep(run, "s1", { memo: value, options: value, editedInput: value });
    addJob(run, "s1", { payload: value });
    await commit(store, (batch) => {
      if (number === 1) batch.events.push(event);
      batch.flow.push(makeFact(`k${number}`, Number.MAX_SAFE_INTEGER, { value }));
      putRun(batch, run);
    });
    if (number === 1) expect(blobCount()).toBe(1);
    expect(await store.loadRuns([run.id])).toEqual([asLoaded(run)]);
  }
  expect(blobCount()).toBe(2); // The later runs came without their event: they hold it as a list of their own.
});

test("small rows stay small beside large values of the same batch", async () => {
  const [small, large] = [makeRun(1, { output: "1" }), makeRun(2, { output: "2".repeat(LIMIT * 2) })];
  await commit(store, (batch) => {
    putRun(batch, small);
    putRun(batch, large);
    batch.messages.add(makeMessage(1, { kind: "signal", data: "3".repeat(LIMIT * 2) }));
  });
  expect([outputLength(small), outputLength(large), blobCount()]).toEqual([1, 69, 2]);
});

test("a blob is in its file with the row that refers to it", async () => {
  const run = makeRun(1, { output: "x".repeat(LIMIT * 3) });
  await commitRuns(store, run);
  await store.close();
  await open();
  expect(await store.loadRuns([run.id])).toEqual([asLoaded(run)]);
  expect((await store.listRuns({ env: "default", limit: 1 }))[0]?.output).toBe(run.output);
});

test("a commit that fails leaves no blob behind", async () => {
  const run = makeRun(1, { output: "x".repeat(LIMIT * 3), isStored: true }); // It is not: the commit must notice.
  await expect(commitRuns(store, run)).rejects.toThrow();
  expect(blobCount()).toBe(0);
});

test("a large value that is gone is damage, for loads and for lists", async () => {
  await commitRuns(store, makeRun(1, { output: "x".repeat(LIMIT * 3) }));
  await commitRuns(store, makeRun(2, { output: "small" }));
  query("DELETE FROM blobs");
  expect(await store.loadRuns([idOf(2)])).toHaveLength(1);
  await expect(store.getRun("default", idOf(1))).rejects.toMatchObject({ code: "store_corrupt", details: { path } });
  await expect(store.loadRuns([idOf(1)])).rejects.toMatchObject({ code: "store_corrupt", details: { path } });
});
