import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { commit, eventOf, idOf, makeEvent, makeRun } from "../../../test/conformance/batches.ts";
import type { Batch } from "../../core/batch.ts";
import type { RunStatus } from "../../core/run/run.ts";
import type { EventFilter, RunRow, RunSearch, SearchPage, Store } from "../store.ts";
import { batchRows } from "./batch-rows.ts";
import { searchEvents } from "./event-lists.ts";
import { migrate } from "./migrate.ts";
import { countRuns, ENDLESS, searchRuns } from "./run-lists.ts";
import type { Budget } from "./walk.ts";
import { prepareWrites, runWrites } from "./writes.ts";

/** The plans of all statements that a list makes. */
function planOf(list: (db: DatabaseSync) => unknown): string {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  const prepare = db.prepare.bind(db);
  const plans: string[] = [];
  const explain = (sql: string, values: never[]) => {
    for (const row of prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)) plans.push(String(row["detail"]));
  };
  db.prepare = (sql) => {
    const statement = prepare(sql);
    statement.all = (...values: never[]) => {
      explain(sql, values);
      // One entry at each look: what rows have to be looked at for is asked too.
      return sql.startsWith("SELECT id FROM") && plans.length < 20 ? [{ id: `0${"9".repeat(25 - plans.length)}` }] : [];
    };
    statement.get = (...values: never[]) => {
      explain(sql, values);
      return { more: 1 };
    };
    return statement;
  };
  list(db);
  return plans.join("\n");
}

const runPlan = (search: Partial<RunSearch>) =>
  planOf((db) => searchRuns(db, { env: "default", limit: 50, ...search }, ENDLESS));
const eventPlan = (filter: Partial<EventFilter>) =>
  planOf((db) => searchEvents(db, { env: "default", limit: 50, ...filter }, ENDLESS));

/** Everything but the rows of the page itself, which are found by their ids. */
const walked = (plan: string) =>
  plan.split("\n").filter((line) => line.includes(" runs ") || line.includes(" events "));

test("a list of runs walks the index of its filter", () => {
  expect(runPlan({})).toContain("runs_by_id");
  expect(runPlan({ functionIds: ["a", "b"] })).toContain("runs_by_function (env=? AND function_id=?)");
  expect(runPlan({ statuses: ["failed", "queued"] })).toContain("runs_by_status (env=? AND status=?)");
  expect(runPlan({ before: "x", functionIds: ["a"] })).toContain("(env=? AND function_id=? AND id<?)");
  expect(runPlan({ parentId: "x" })).toContain("SEARCH steps USING INDEX steps_by_run (run_id=?)");
});

test("a time is a bound of the walk", () => {
  const span = { createdFrom: 1, createdUntil: 2 };
  expect(runPlan(span)).toContain("runs_by_id (id>? AND id<?)");
  expect(runPlan({ ...span, statuses: ["failed"] })).toContain("runs_by_status (env=? AND status=? AND id>? AND id<?)");
  expect(eventPlan({ name: "a", receivedFrom: 1 })).toContain("events_by_name (env=? AND name=? AND id>?)");
});

test("runs of a status and a function are found without a look at the rows", () => {
  const plan = runPlan({ statuses: ["failed"], functionIds: ["a"] });
  expect(plan).toContain("USING COVERING INDEX runs_by_status (env=? AND status=?");
});

test("no list reads a table from end to end", () => {
  const filters: Partial<RunSearch>[] = [
    {},
    { functionIds: ["a", "b"] },
    { statuses: ["completed"], functionIds: ["a"] },
    { statuses: ["failed", "queued"], before: "x" },
    { statuses: ["completed", "failed"] },
    { eventId: "e" },
    { parentId: "x", statuses: ["failed"] },
    { text: "needle" },
  ];
  for (const filter of filters) expect(walked(runPlan(filter)).join("\n")).not.toMatch(/SCAN (runs|events)$/m);
});

test("the runs of an event are found by the event", () => {
  const plan = runPlan({ eventId: "e" });
  expect(plan).toContain("runs_by_event (event_id=?)");
  expect(plan).toContain("SEARCH run_events USING PRIMARY KEY (event_id=?)");
});

test("a list of events walks the index of its filter", () => {
  expect(eventPlan({})).toContain("events_by_id");
  expect(eventPlan({ name: "a", before: "x" })).toContain("events_by_name (env=? AND name=? AND id<?)");
});

const STATUSES: readonly RunStatus[] = ["queued", "running", "completed", "failed", "cancelled", "skipped"];

/** Many runs of two functions, of which one is rare. */
async function filled(count: number): Promise<DatabaseSync> {
  const db = new DatabaseSync(":memory:");
  migrate(db, "x");
  const writes = prepareWrites(db);
  const store = { commit: async (batch: Batch) => runWrites(writes, batchRows(batch).rows) } as unknown as Store;
  await commit(store, (batch) => {
    for (let number = 0; number < count; number++) {
      const event = makeEvent(number);
      batch.events.push(event);
      const fields = { status: STATUSES[number % 6]!, functionId: number % 1_000 === 7 ? "rare" : "often" };
      batch.runs.add(makeRun(number, { ...fields, events: [eventOf(event)] }));
    }
  });
  return db;
}

/** Over after so many questions, again and again. */
function budgetOf(questions: number): Budget {
  let asked = 0;
  return { isOver: () => ++asked % questions === 0 };
}

const numberOf = (row: { readonly id: string }) => Number(row.id.slice(-6));

/** All pages of a search, each with so little time that it stops early. */
function everyPage(db: DatabaseSync, search: Partial<RunSearch>): { numbers: number[]; pages: number } {
  const numbers: number[] = [];
  let pages = 0;
  for (let before: string | null = null; ; ) {
    const page: RunSearch = { env: "default", limit: 50, ...search, ...(before === null ? {} : { before }) };
    const { rows, next }: SearchPage<RunRow> = searchRuns(db, page, budgetOf(1));
    pages++;
    numbers.push(...rows.map(numberOf));
    before = next ?? (rows.length === page.limit ? rows.at(-1)!.id : null);
    if (before === null) return { numbers, pages };
  }
}

test("a search whose time is over says where it stopped, and its pages meet without gap or repeat", async () => {
  const db = await filled(10_000);
  const rare = Array.from({ length: 10 }, (_unused, index) => 9_007 - index * 1_000);
  const found = everyPage(db, { text: '"number":7' });
  expect(found.numbers).toHaveLength(1_111);
  expect(found.pages).toBeGreaterThan(50);
  expect(everyPage(db, { functionIds: ["rare"], text: "number" }).numbers).toEqual(rare);
  const failedOnes = everyPage(db, { statuses: ["completed"], functionIds: ["rare"] });
  expect(failedOnes.numbers).toEqual(rare.filter((number) => number % 6 === 2));
  const both = everyPage(db, { statuses: ["failed", "cancelled"], functionIds: ["rare", "often"], limit: 7 });
  expect(both.numbers).toEqual([...both.numbers].sort((left, right) => right - left));
  expect(new Set(both.numbers).size).toBe(3_333);
});

test("counting ends at its limit, and says where", async () => {
  const db = await filled(3_000);
  const count = (search: Partial<RunSearch>) => countRuns(db, { env: "default", limit: 100, ...search }, ENDLESS);
  expect(count({ functionIds: ["rare"] })).toEqual({ count: 3, next: null });
  expect(count({})).toEqual({ count: 100, next: idOf(2_900) });
  expect(count({ text: '"number":2' })).toMatchObject({ count: 100 });
  expect(count({ limit: 5_000 })).toEqual({ count: 3_000, next: null });
});
