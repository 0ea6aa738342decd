/** What retention costs in SQLite: which indexes answer, and what becomes of the space. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, StatementSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { addStep, commit, eventOf, idOf, makeEvent, makeRun, putRun, T0 } from "../../../test/conformance/batches.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { SqliteStore } from "../sqlite.ts";

async function open() {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-prune-"));
  const path = join(folder, "test.db");
  const store = new SqliteStore({ path, synchronous: "normal" });
  await store.open();
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, path };
}

async function fill(store: SqliteStore, from: number, count: number): Promise<string[]> {
  await commit(store, (batch) => {
    for (let number = from; number < from + count; number++) {
      const event = makeEvent(number, { receivedAt: T0 });
      batch.events.push(event);
      const run = makeRun(number, { status: "completed", startedAt: T0, endedAt: T0, events: [eventOf(event)] });
      addStep(run, "s1", { memo: JSON.stringify("x".repeat(2_000)) });
      putRun(batch, run);
    }
  });
  return Array.from({ length: count }, (_, index) => idOf(from + index));
}

async function pruneAll(store: SqliteStore, ids: readonly string[]): Promise<void> {
  for (let rest = ids; rest.length > 0; ) {
    const { next } = await store.retention.prune({ kind: "runs", ids: rest }, 50);
    rest = next === null ? [] : rest.slice(rest.indexOf(next));
  }
  for (let after: string | null = null; ; ) {
    const result: { readonly next: string | null } = await store.retention.prune(
      { kind: "events", before: T0 + 1, after },
      50,
    );
    if (result.next === null) return;
    after = result.next;
  }
}

test("the space of what went counts no more, and is used again", async () => {
  const { store, path } = await open();
  const empty = await store.retention.sizeBytes();
  await pruneAll(store, await fill(store, 0, 1_000));
  expect(await store.retention.sizeBytes()).toBeLessThan(empty + 200_000);
  await fill(store, 1_000, 1_000);
  const db = new DatabaseSync(path, { readOnly: true });
  onTestFinished(() => db.close());
  // Of the file itself nothing is known before a checkpoint.
  const pages = () => Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
  const once = pages();
  await pruneAll(store, await fill(store, 2_000, 500));
  await fill(store, 3_000, 500);
  expect(pages()).toBeLessThan(once * 1.7);
});

test("a store that is closed in the middle goes on where it was, and no half of a run is seen", async () => {
  const { store, path } = await open();
  const [id] = await fill(store, 0, 1);
  await commit(store, (batch) => {
    const run = makeRun(7, { status: "completed", startedAt: T0, endedAt: T0 });
    for (let number = 0; number < 450; number++) addStep(run, `s${number}`, { memo: "{}" });
    putRun(batch, run);
  });
  await store.retention.prune({ kind: "runs", ids: [id!, idOf(7)] }, 1_000);
  await store.close();
  const again = new SqliteStore({ path, synchronous: "normal" });
  await again.open();
  onTestFinished(() => again.close());
  expect(await again.getRun("default", idOf(7))).toBe(null);
  while ((await again.retention.prune({ kind: "leftovers" }, 1_000)).deleted > 0);
  expect(await again.listSteps(idOf(7))).toEqual([]);
});

test("whether a large value is still needed is told by indexes that hold nothing else", async () => {
  const { path } = await open();
  const db = new DatabaseSync(path, { readOnly: true });
  onTestFinished(() => db.close());
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row["detail"]));
  const large = plan("SELECT 1 FROM steps INDEXED BY steps_memo_large WHERE memo = 'x' AND memo > '\u{10ffff}#'");
  expect(large.join()).toContain("steps_memo_large (memo=?)");
  const ended = plan(
    "SELECT id FROM runs WHERE ended_at IS NOT NULL AND (ended_at, id) > (1, 'a') ORDER BY ended_at, id",
  );
  expect(ended.join()).toContain("runs_by_end");
});

/** Deletes events through another connection, as the writer's thread does, as soon as a statement that fits was read. */
function deleteBehind(path: string, sql: string, ids: readonly string[]) {
  const db = new DatabaseSync(path);
  const { all } = StatementSync.prototype;
  const spy = vi.spyOn(StatementSync.prototype, "all").mockImplementation(function (this: StatementSync, ...values) {
    const rows = all.apply(this, values as never);
    if (!this.sourceSQL.includes(sql)) return rows;
    spy.mockRestore();
    const gone = ids.map((id) => `'${id}'`).join();
    db.exec(`DELETE FROM events WHERE id IN (${gone}); DELETE FROM blobs`);
    return rows;
  });
  onTestFinished(() => {
    spy.mockRestore();
    db.close();
  });
}

test("a large event that goes while it is read is read whole", async () => {
  const { store, path } = await open();
  const event = makeEvent(1, { json: JSON.stringify("x".repeat(LIMITS.blobBytesMin * 2)), receivedAt: T0 });
  await commit(store, (batch) => batch.events.push(event));
  deleteBehind(path, "FROM (SELECT value AS wanted_id FROM json_each(?)) CROSS JOIN events", [event.id]);
  expect(await store.loadEvents([event.id])).toEqual([event]);
  expect(await store.loadEvents([event.id])).toEqual([]);
});

test("a look back that loses events on the way sees those behind them", async () => {
  const { store, path } = await open();
  const events = Array.from({ length: 120 }, (_, number) => makeEvent(number, { name: "a", receivedAt: T0 + number }));
  await commit(store, (batch) => batch.events.push(...events));
  const gone = events.slice(10, 40).map((event) => event.id);
  deleteBehind(path, "INDEXED BY events_by_received", gone);
  const past = await store.loadPastEvents({ env: "default", names: ["a"], from: T0, until: T0 + 500, limit: 100 });
  expect(past.map((event) => event.id)).toEqual(events.map((event) => event.id).filter((id) => !gone.includes(id)));
});
