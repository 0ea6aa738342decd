import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { JobCounts } from "./job-counts.ts";
import { migrate } from "./migrate.ts";

function filled(count: number): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  const put = db.prepare(`INSERT INTO jobs (run_id, slot, partition, kind, attempt, due_at, order_at, is_delayed)
    VALUES (?, 'main', 0, ?, 0, ?, 0, 1)`);
  db.exec("BEGIN");
  for (let n = 0; n < count; n++) put.run(`run-${String(n).padStart(6, "0")}`, n % 4 === 0 ? "sleep" : "timeout", n);
  db.exec("COMMIT");
  return db;
}

const ENDED = { isOver: () => true };
const ENDLESS = { isOver: () => false };

test("jobs are counted by kind, with those that are due", () => {
  expect(new JobCounts().count(filled(11_000), 99, ENDLESS)).toEqual([
    { kind: "sleep", count: 2_750, due: 25, isMore: false },
    { kind: "timeout", count: 8_250, due: 75, isMore: false },
  ]);
  expect(new JobCounts().count(filled(0), 99, ENDED)).toEqual([]);
});

test("a count whose time is over goes on with the next question, and the last whole one holds meanwhile", () => {
  const db = filled(11_000);
  const counts = new JobCounts();
  const total = () => counts.count(db, 0, ENDED).reduce((sum, { count, isMore }) => sum + (isMore ? -count : count), 0);
  expect([total(), total(), total()]).toEqual([-5_000, -10_000, 11_000]);
  db.exec("DELETE FROM jobs WHERE kind = 'sleep'");
  expect([total(), total()]).toEqual([11_000, 8_250]);
});
