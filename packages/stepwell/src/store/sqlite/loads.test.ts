import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { LOADS } from "./loads.ts";
import { migrate } from "./migrate.ts";

/** How SQLite goes about a load. */
function planOf(sql: string): string {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  const values = Array.from({ length: sql.split("?").length - 1 }, () => "[]");
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  return steps.map((step) => String(step["detail"])).join("\n");
}

test("waits are found and counted in one index, without their rows and without sorting", () => {
  const entry = "COVERING INDEX waits_by_entry (partition=? AND kind=? AND name=? AND path=? AND value=? AND run_id>?)";
  expect(planOf(LOADS.waiting)).toBe(`SEARCH waits USING ${entry}`);
  expect(planOf(LOADS.waitCounts)).toBe("SEARCH waits USING COVERING INDEX waits_by_entry (partition=? AND kind=?)");
  expect(planOf(LOADS.signalWaits)).toBe("SEARCH waits USING COVERING INDEX waits_by_entry (partition=? AND kind=?)");
});

test("whatever belongs to runs and ids is found by key", () => {
  for (const sql of [LOADS.runs, LOADS.steps, LOADS.jobs, LOADS.waits, LOADS.runEvents, LOADS.events, LOADS.blobs]) {
    expect(planOf(sql)).toMatch(/^SCAN json_each VIRTUAL TABLE INDEX 1:\nSEARCH \w+ USING .*(INDEX|KEY).*=\?\)$/);
  }
});

test("pages walk their index and sort nothing", () => {
  expect(planOf(LOADS.timers)).toContain("jobs_timers");
  expect(planOf(LOADS.calls)).toContain("jobs_delayed");
  expect(planOf(LOADS.lane)).toContain(
    "INDEX jobs_by_lane (partition=? AND lane=? AND (order_at,run_id,slot)>(?,?,?))",
  );
  expect(planOf(LOADS.nextLane)).toContain("COVERING INDEX jobs_by_lane (partition=? AND lane>?)");
  expect(planOf(LOADS.inbox)).toContain("inbox_by_id (partition=? AND id>?)");
  expect(planOf(LOADS.pastEvents)).toContain(
    "COVERING INDEX events_by_received (env=? AND name=? AND (received_at,id)>(?,?) AND received_at<?)",
  );
  expect(planOf(LOADS.openOperations)).toContain("operations_open");
  for (const sql of [
    LOADS.timers,
    LOADS.calls,
    LOADS.lane,
    LOADS.nextLane,
    LOADS.inbox,
    LOADS.pastEvents,
    LOADS.openOperations,
  ]) {
    expect(planOf(sql)).not.toContain("TEMP B-TREE");
  }
});
