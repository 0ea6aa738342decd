/** Searches through runs and events: every filter, alone and with others, and pages that stay whole while rows arrive. */
import { expect, test } from "vitest";
import type { RunStatus } from "../../src/core/run/run.ts";
import type { EventSearch, RunSearch, Store } from "../../src/store/store.ts";
import { addStep, commit, commitRuns, eventOf, idOf, makeEvent, makeRun, putRun, T0 } from "./batches.ts";

const STATUSES: readonly RunStatus[] = ["queued", "running", "completed", "failed", "cancelled", "skipped"];
const NOW = T0 + 1_000_000;

const numberOf = ({ id }: { readonly id: string }) => Number(id.slice(-6));

/** 30 runs, newest last: statuses and functions in turn, each with an event of its own that is stored. */
async function fill(store: Store, from = 0, count = 30): Promise<void> {
  await commit(store, (batch) => {
    for (let number = from; number < from + count; number++) {
      const event = makeEvent(number, { name: number % 2 === 0 ? "even" : "odd" });
      batch.events.push(event);
      const status = STATUSES[number % 6]!;
      const output = status === "completed" ? JSON.stringify({ total: number, note: 'a "quoted" word' }) : null;
      const error = status === "failed" ? JSON.stringify({ name: "Error", message: "No tea left" }) : null;
      const functionId = `function-${number % 5}`;
      putRun(batch, makeRun(number, { events: [eventOf(event)], status, functionId, output, error }));
    }
  });
}

export function searchTests(current: () => Store): void {
  const runs = async (search: Partial<RunSearch>) => {
    const { rows, next } = await current().searchRuns({ env: "default", limit: 100, ...search });
    expect(next).toBeNull();
    return rows.map(numberOf);
  };
  const events = async (search: Partial<EventSearch>) =>
    (await current().searchEvents({ env: "default", limit: 100, ...search })).rows.map(numberOf);
  const expression = (source: string) => ({ source, now: NOW });

  test("each filter of runs alone", async () => {
    await fill(current());
    expect(await runs({})).toHaveLength(30);
    expect(await runs({ statuses: ["failed"] })).toEqual([27, 21, 15, 9, 3]);
    expect(await runs({ functionIds: ["function-4"] })).toEqual([29, 24, 19, 14, 9, 4]);
    expect(await runs({ eventId: idOf(7) })).toEqual([7]);
    expect(await runs({ createdFrom: T0 + 27 })).toEqual([29, 28, 27]);
    expect(await runs({ createdUntil: T0 + 2 })).toEqual([1, 0]);
    expect(await runs({ createdFrom: T0 + 3.5, createdUntil: T0 + 4.5 })).toEqual([4]);
    expect(await runs({ before: idOf(2) })).toEqual([1, 0]);
    expect(await runs({ text: "TEA LEFT" })).toEqual([27, 21, 15, 9, 3]);
    expect(await runs({ expression: expression("output.total > 10") })).toEqual([26, 20, 14]);
  });

  test("filters of runs together", async () => {
    await fill(current());
    expect(await runs({ statuses: ["failed", "completed"], functionIds: ["function-4", "function-1"] })).toEqual([
      26, 21, 14, 9,
    ]);
    expect(await runs({ statuses: ["failed"], createdFrom: T0 + 10, before: idOf(27) })).toEqual([21, 15]);
    expect(await runs({ functionIds: ["function-3"], createdUntil: T0 + 9 })).toEqual([8, 3]);
    expect(
      await runs({ statuses: ["completed"], text: "quoted", expression: expression("output.total < 10") }),
    ).toEqual([8, 2]);
    expect(await runs({ eventId: idOf(7), statuses: ["failed"] })).toEqual([]);
    expect(await runs({ text: "tea", statuses: ["failed"], functionIds: ["function-2"] })).toEqual([27]);
    expect(await runs({ text: "tea", limit: 2 })).toEqual([27, 21]);
    expect(await runs({ limit: 0, text: "tea" })).toEqual([]);
    expect(await runs({ env: "other" })).toEqual([]);
  });

  test("a text is found in ids, events, outputs and errors, and by the functions whose names have it", async () => {
    await fill(current());
    expect(await runs({ text: idOf(12) })).toEqual([12]);
    expect(await runs({ text: '"number":1,' })).toEqual([]);
    expect(await runs({ text: "e13" })).toEqual([13]);
    expect(await runs({ text: 'a "quoted"' })).toEqual([26, 20, 14, 8, 2]);
    expect(await runs({ text: "no such text", textFunctionIds: ["function-4"], limit: 2 })).toEqual([29, 24]);
  });

  test("an expression sees the event and the output, and may insist on an event", async () => {
    await fill(current());
    await commitRuns(current(), makeRun(40, { events: [], status: "completed", output: '{"total":1000}' }));
    expect(await runs({ expression: expression("event.data.number in [3, 4]") })).toEqual([4, 3]);
    expect(await runs({ expression: expression("output.message == 'No tea left' && event.data.number < 10") })).toEqual(
      [9, 3],
    );
    expect(await runs({ expression: expression("output.total == 1000") })).toEqual([40]);
    expect(await runs({ expression: { ...expression("output.total == 1000"), needsEvent: true } })).toEqual([]);
    const bad = { env: "default", limit: 1, expression: expression("event.") };
    await expect(current().searchRuns(bad)).rejects.toMatchObject({ code: "expression_invalid" });
    await expect(current().searchEvents(bad)).rejects.toMatchObject({ code: "expression_invalid" });
  });

  test("the runs that a run invoked", async () => {
    await fill(current());
    const parent = makeRun(50);
    addStep(parent, "s1", { kind: "invoke", childRunId: idOf(4) });
    addStep(parent, "s2", { kind: "invoke", childRunId: idOf(9) });
    addStep(parent, "s3");
    await commit(current(), (batch) => putRun(batch, parent));
    expect(await runs({ parentId: parent.id })).toEqual([9, 4]);
    expect(await runs({ parentId: parent.id, statuses: ["failed"] })).toEqual([9]);
    expect(await runs({ parentId: parent.id, eventId: idOf(4) })).toEqual([4]);
    expect(await runs({ parentId: parent.id, before: idOf(9), text: idOf(4) })).toEqual([4]);
    expect(await runs({ parentId: idOf(3) })).toEqual([]);
  });

  test("a brief list has neither outputs nor errors, but finds by them", async () => {
    await fill(current());
    const search = { env: "default", limit: 100, isBrief: true, text: "tea" };
    const { rows } = await current().searchRuns(search);
    expect(rows.map(({ output, error }) => [output, error])).toEqual(rows.map(() => [null, null]));
    expect(rows).toHaveLength(5);
    const [first] = (await current().searchRuns({ env: "default", limit: 9, isBrief: true })).rows;
    expect(first).toMatchObject({ output: null, error: null });
  });

  test("runs are counted up to a limit", async () => {
    await fill(current());
    const count = (search: Partial<RunSearch>) => current().countRuns({ env: "default", limit: 100, ...search });
    expect(await count({})).toEqual({ count: 30, next: null });
    expect(await count({ statuses: ["failed"] })).toEqual({ count: 5, next: null });
    expect(await count({ limit: 4 })).toEqual({ count: 4, next: idOf(26) });
    expect(await count({ text: "tea", limit: 4 })).toEqual({ count: 4, next: idOf(9) });
    expect(await count({ text: "tea", before: idOf(9) })).toEqual({ count: 1, next: null });
  });

  test("events by name, time, text and expression", async () => {
    await fill(current());
    expect(await events({ name: "odd", limit: 2 })).toEqual([29, 27]);
    expect(await events({ receivedFrom: T0 + 28 })).toEqual([29, 28]);
    expect(await events({ name: "even", receivedUntil: T0 + 3 })).toEqual([2, 0]);
    expect(await events({ text: "E13" })).toEqual([13]);
    expect(await events({ text: "even", before: idOf(3) })).toEqual([2, 0]);
    expect(await events({ expression: expression("event.data.number >= 28") })).toEqual([29, 28]);
    expect(await events({ name: "odd", expression: expression("event.data.number < 4") })).toEqual([3, 1]);
  });

  const searches: readonly (readonly [string, Partial<RunSearch>])[] = [
    ["all", {}],
    ["a status", { statuses: ["failed"] }],
    ["several statuses", { statuses: ["failed", "cancelled", "queued"] }],
    ["functions", { functionIds: ["function-1", "function-2"] }],
    ["a status and functions", { statuses: ["completed", "failed"], functionIds: ["function-1", "function-2"] }],
    ["a time", { createdFrom: T0 + 2, createdUntil: T0 + 10_000 }],
    ["a text", { text: "number" }],
  ];

  test.each(searches)("%s, oldest first, is the list turned round, in pages of any size", async (_name, search) => {
    await fill(current());
    const wanted = (await runs(search)).reverse();
    for (const limit of [1, 4, 100]) {
      const found: number[] = [];
      for (let before: string | undefined; found.length <= wanted.length; ) {
        const page = { env: "default", limit, ...search, ...(before === undefined ? {} : { before }) };
        const { rows } = await current().searchRuns({ ...page, order: "oldest" });
        if (rows.length === 0) break;
        found.push(...rows.map(numberOf));
        before = rows.at(-1)!.id;
      }
      expect(found).toEqual(wanted);
    }
  });

  test.each(searches)("pages of %s neither skip nor repeat a run while others arrive", async (_name, search) => {
    await fill(current());
    const wanted = await runs(search);
    const found: number[] = [];
    for (let before: string | undefined; ; ) {
      const page = { env: "default", limit: 3, ...search, ...(before === undefined ? {} : { before }) };
      const { rows } = await current().searchRuns(page);
      found.push(...rows.map(numberOf));
      if (rows.length < 3) break;
      before = rows.at(-1)!.id;
      await fill(current(), 100 + found.length * 10, 5);
    }
    expect(found).toEqual(wanted);
  });
}
