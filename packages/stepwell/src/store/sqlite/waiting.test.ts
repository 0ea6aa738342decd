import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { addJob, addStep, commit, makeRun, putRun, T0 } from "../../../test/conformance/batches.ts";
import type { Batch } from "../../core/batch.ts";
import type { JobPlace } from "../../core/schedule/hint.ts";
import type { Store } from "../store.ts";
import { placeOf } from "../waiting.ts";
import { batchRows } from "./batch-rows.ts";
import { migrate } from "./migrate.ts";
import { listWaiting } from "./waiting.ts";
import { prepareWrites, runWrites } from "./writes.ts";

const ENDED = { isOver: () => true };

/** So many sleeping steps; every thousandth is one of the rare function. */
async function filled(count: number): Promise<DatabaseSync> {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  const writes = prepareWrites(db);
  const store = { commit: async (batch: Batch) => runWrites(writes, batchRows(batch).rows) } as unknown as Store;
  await commit(store, (batch) => {
    for (let number = 0; number < count; number++) {
      const run = makeRun(number, { functionId: number % 1_000 === 7 ? "rare" : "often" });
      addStep(run, "nap", { kind: "sleep", status: "sleeping" });
      addJob(run, "nap", { kind: "sleep", dueAt: T0 + number, lane: null });
      putRun(batch, run);
    }
  });
  return db;
}

test("a list whose time is over says where it stopped, and its pages meet without gap or repeat", async () => {
  const db = await filled(5_000);
  const found: number[] = [];
  let pages = 0;
  for (let after: JobPlace | null = null; pages === 0 || after !== null; pages++) {
    const filter = { env: "default", limit: 2, functionIds: ["rare"], ...(after === null ? {} : { after }) };
    const { rows, next } = listWaiting(db, filter, ENDED);
    found.push(...rows.map(({ dueAt }) => dueAt - T0));
    after = next ?? (rows.length === 2 ? placeOf(rows[1]!) : null);
  }
  expect(found).toEqual([7, 1_007, 2_007, 3_007, 4_007]);
  expect(pages).toBeGreaterThan(10);
});

test("a page looks at a stretch of the index and at nothing behind it", async () => {
  const db = await filled(600);
  const plans: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => {
    const marks = [...sql.matchAll(/\?/g)].map(() => 1);
    const plan = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...marks);
    plans.push(plan.map((row) => String(row["detail"])).join("; "));
    return prepare(sql);
  };
  const after = { dueAt: T0 - 1, runId: "", slot: "" };
  listWaiting(db, { env: "default", limit: 300, after }, ENDED);
  const [end = "", rows = ""] = plans;
  expect(end).toContain("jobs_timers (partition=? AND (due_at,run_id,slot)>(?,?,?))");
  expect(rows).toContain("jobs_timers (partition=? AND (due_at,run_id,slot)>(?,?,?) AND (due_at,run_id,slot)<(?,?,?))");
  expect(plans.join("\n")).not.toMatch(/SCAN (jobs|runs|steps|waits)|TEMP B-TREE/);
});
