import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { EventFilter, RunFilter } from "../store.ts";
import { listEvents, listRuns } from "./lists.ts";
import { migrate } from "./migrate.ts";

/** The plan of the one statement that a list makes. */
function planOf(list: (db: DatabaseSync) => unknown): string {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  const prepare = db.prepare.bind(db);
  let plan = "";
  db.prepare = (sql) => {
    const statement = prepare(sql);
    statement.all = (...values: never[]) => {
      plan = prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map((row) => String(row["detail"]))
        .join("\n");
      return [];
    };
    return statement;
  };
  list(db);
  return plan;
}

const runPlan = (filter: Partial<RunFilter>) => planOf((db) => listRuns(db, { env: "default", limit: 50, ...filter }));
const eventPlan = (filter: Partial<EventFilter>) =>
  planOf((db) => listEvents(db, { env: "default", limit: 50, ...filter }));
const SORT = "TEMP B-TREE";

test("a list of runs walks the index of its filter and sorts nothing", () => {
  expect(runPlan({})).toContain("runs_by_id");
  expect(runPlan({ functionIds: ["a", "b"] })).toContain("runs_by_function (env=? AND function_id=?)");
  expect(runPlan({ statuses: ["failed", "queued"] })).toContain("runs_by_status (env=? AND status=?)");
  expect(runPlan({ before: "x", functionIds: ["a"] })).toContain("(env=? AND function_id=? AND id<?)");
  for (const filter of [
    {},
    { functionIds: ["a", "b"] },
    { statuses: ["failed", "queued"] as const },
    { before: "x" },
  ]) {
    expect(runPlan(filter)).not.toContain(SORT);
  }
});

test("the runs of an event are found by the event", () => {
  const plan = runPlan({ eventId: "e" });
  expect(plan).toContain("runs_by_event (event_id=?)");
  expect(plan).toContain("SEARCH run_events USING PRIMARY KEY (event_id=?)");
});

test("a list of events walks the index of its filter and sorts nothing", () => {
  expect(eventPlan({})).toContain("events_by_id");
  expect(eventPlan({ name: "a", before: "x" })).toContain("events_by_name (env=? AND name=? AND id<?)");
  expect(eventPlan({}) + eventPlan({ name: "a" })).not.toContain(SORT);
});
