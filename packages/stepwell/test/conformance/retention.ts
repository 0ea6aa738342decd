/** What every store must do to delete what has ended (PR1–PR4 of store/prune.ts). */
import { expect, test } from "vitest";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { PruneTask } from "../../src/store/prune.ts";
import type { Store } from "../../src/store/store.ts";
import {
  addJob,
  addStep,
  addWait,
  commit,
  eventOf,
  idOf,
  makeAttempt,
  makeDecision,
  makeEvent,
  makeMessage,
  makeOperation,
  makeRun,
  putRun,
  T0,
} from "./batches.ts";
import { makeLine } from "./logs.ts";

const LATER = T0 + 1_000_000;
const BUDGET_MS = 1_000;

const ended = { status: "completed", startedAt: T0, endedAt: T0 + 10, output: '"done"' } as const;

async function prune(store: Store, task: PruneTask): Promise<number> {
  let deleted = 0;
  let next: PruneTask | null = task;
  while (next !== null) {
    const result: Awaited<ReturnType<Store["retention"]["prune"]>> = await store.retention.prune(next, BUDGET_MS);
    deleted += result.deleted;
    if (result.next === null) return deleted;
    if (next.kind === "runs") next = { ...next, ids: next.ids.slice(next.ids.indexOf(result.next)) };
    else next = { ...next, after: result.next } as PruneTask;
  }
  return deleted;
}

const pruneRuns = (store: Store, ...ids: string[]) => prune(store, { kind: "runs", ids });
const pruneEvents = (store: Store, before: number) => prune(store, { kind: "events", before, after: null });

export function retentionTests(current: () => Store): void {
  test("runs are found in the order in which they ended, page by page", async () => {
    await commit(current(), (batch) => {
      for (const [number, endedAt] of [30, null, 10, 20, 20].entries()) {
        const isOpen = endedAt === null;
        putRun(batch, makeRun(number, isOpen ? {} : { ...ended, endedAt: T0 + endedAt }));
      }
    });
    const first = await current().retention.endedRuns({ after: null, endedBefore: T0 + 30, limit: 2 });
    const rest = await current().retention.endedRuns({ after: first.at(-1)!, endedBefore: T0 + 30, limit: 9 });
    expect([...first, ...rest].map((run) => run.id)).toEqual([idOf(2), idOf(3), idOf(4)]);
    expect(await current().retention.endedRuns({ after: null, endedBefore: LATER, limit: 9 })).toHaveLength(4);
  });

  test("PR2: a run goes with its steps, attempts and lines", async () => {
    const run = makeRun(1, ended);
    addStep(run, "s1", { memo: '{"data":1}' });
    await commit(current(), (batch) => {
      putRun(batch, run);
      batch.attempts.push(makeAttempt(run.id, 0));
    });
    await current().logs.append({ lines: [makeLine({ runId: run.id })], dropped: [], at: T0 });
    expect(await pruneRuns(current(), run.id, idOf(7))).toBe(1);
    expect(await current().loadRuns([run.id])).toEqual([]);
    expect(await current().getRun("default", run.id)).toBe(null);
    expect(await current().listSteps(run.id)).toEqual([]);
    expect(await current().listAttempts(run.id)).toEqual([]);
    expect(await current().logs.list({ runId: run.id, order: "asc", limit: 9 })).toEqual([]);
    expect(await current().logs.totals(run.id)).toMatchObject({ lines: 0 });
  });

  test("PR1: what is open, has work, or has an open parent stays", async () => {
    const parent = makeRun(1);
    const child = makeRun(2, { ...ended, parent: { runId: parent.id, slot: "s1", depth: 1 } as never });
    const withJob = makeRun(3, ended);
    const withWait = makeRun(4, ended);
    addJob(withJob, "s1");
    addWait(withWait, "s1");
    await commit(current(), (batch) => {
      for (const run of [parent, child, withJob, withWait]) putRun(batch, run);
    });
    expect(await pruneRuns(current(), parent.id, child.id, withJob.id, withWait.id)).toBe(0);
    expect(await current().loadRuns([parent.id, child.id, withJob.id, withWait.id])).toHaveLength(4);
  });

  test("PR2: what a long run leaves behind goes later", async () => {
    const run = makeRun(1, ended);
    for (let number = 0; number < 500; number++) addStep(run, `s${number}`, { memo: "{}" });
    await commit(current(), (batch) => putRun(batch, run));
    await pruneRuns(current(), run.id);
    expect(await current().getRun("default", run.id)).toBe(null);
    while ((await current().retention.prune({ kind: "leftovers" }, BUDGET_MS)).next !== null);
    await current().retention.prune({ kind: "leftovers" }, BUDGET_MS);
    expect(await current().listSteps(run.id)).toEqual([]);
  });

  test("PR3: a call without time deletes one thing and says where to go on", async () => {
    await commit(current(), (batch) => {
      for (let number = 1; number <= 3; number++) putRun(batch, makeRun(number, ended));
    });
    const ids = [idOf(1), idOf(2), idOf(3)];
    const { deleted, next } = await current().retention.prune({ kind: "runs", ids }, 0);
    expect([1, 3]).toContain(deleted); // A store that takes no time is done at once.
    expect(next).toBe(deleted === 1 ? idOf(2) : null);
  });

  test("PR4: runs that somebody holds stay, and nobody takes up those that go", async () => {
    await commit(current(), (batch) => {
      putRun(batch, makeRun(1, ended));
      putRun(batch, makeRun(2, ended));
    });
    let loaded: unknown = null;
    await current().retention.prune({ kind: "runs", ids: [idOf(1), idOf(2)] }, BUDGET_MS, async (ids) => {
      loaded = await current().loadRuns([...ids]);
      return [idOf(1)];
    });
    expect(loaded).toEqual([]);
    expect((await current().loadRuns([idOf(1), idOf(2)])).map((run) => run.id)).toEqual([idOf(1)]);
  });

  test("PR4: when nobody can say who is held, nothing goes and everything is found again at once", async () => {
    await commit(current(), (batch) => putRun(batch, makeRun(1, ended)));
    const pruned = current().retention.prune({ kind: "runs", ids: [idOf(1)] }, BUDGET_MS, () =>
      Promise.reject(new Error("the engine loads again")),
    );
    await expect(pruned).rejects.toThrow("the engine loads again");
    expect((await current().loadRuns([idOf(1)])).map((run) => run.id)).toEqual([idOf(1)]);
    expect(await pruneRuns(current(), idOf(1))).toBe(1);
  });

  test("events go with their decisions once no run has them and no message is about them", async () => {
    const [free, ofRun, second, named, young] = [1, 2, 3, 4, 5].map((number) => makeEvent(number, { receivedAt: T0 }));
    const run = makeRun(1, { ...ended, events: [eventOf(ofRun!), eventOf(second!)] });
    await commit(current(), (batch) => {
      batch.events.push(free!, ofRun!, second!, named!, { ...young!, receivedAt: LATER });
      batch.decisions.push(makeDecision(free!.id, "f1"));
      batch.messages.add(makeMessage(1, { kind: "event", eventId: named!.id, starts: true, at: T0, after: null }));
      // What else is on its way holds no event, however large it is.
      const data = JSON.stringify("x".repeat(LIMITS.blobBytesMin * 2));
      batch.messages.add(makeMessage(2, { kind: "signal", signal: free!.id, data, ttlMs: null }));
      putRun(batch, run);
    });
    expect(await pruneEvents(current(), LATER)).toBe(1);
    expect(await current().listDecisions(free!.id)).toEqual([]);
    await pruneRuns(current(), run.id);
    expect(await pruneEvents(current(), LATER)).toBe(2);
    const left = await current().loadEvents([free, ofRun, second, named, young].map((event) => event!.id));
    expect(left.map((event) => event.id).sort()).toEqual([named!.id, young!.id]);
  });

  test("large values go with the last row that has them", async () => {
    const large = JSON.stringify("x".repeat(LIMITS.blobBytesMin * 2));
    const event = makeEvent(1, { json: large, receivedAt: T0 });
    const [one, other] = [1, 2].map((number) => makeRun(number, { ...ended, output: large }));
    addStep(one!, "s1", { memo: large });
    await commit(current(), (batch) => {
      batch.events.push(event);
      putRun(batch, one!);
      putRun(batch, other!);
    });
    await pruneRuns(current(), one!.id);
    expect((await current().getRun("default", other!.id))?.output).toBe(large);
    await pruneRuns(current(), other!.id);
    expect((await current().getEvent("default", event.id))?.json).toBe(large);
    await pruneEvents(current(), LATER);
    expect(await prune(current(), { kind: "blobs", after: null })).toBe(0); // Nothing was left to be found.
  });

  test("operations that have ended go, lines without a run go, what is younger stays", async () => {
    await commit(current(), (batch) => {
      batch.operations.set(idOf(1), makeOperation(1, { status: "completed", createdAt: T0 }));
      batch.operations.set(idOf(2), makeOperation(2, { status: "running", createdAt: T0 }));
      putRun(batch, makeRun(1));
    });
    const lines = [makeLine({ runId: idOf(1) }), makeLine({ runId: idOf(9) })];
    await current().logs.append({ lines, dropped: [], at: T0 });
    await current().logs.append({ lines: [makeLine({ runId: idOf(9) })], dropped: [], at: LATER });
    expect(await prune(current(), { kind: "operations", before: LATER })).toBe(1);
    expect(await prune(current(), { kind: "logs", before: LATER, after: null })).toBe(1);
    expect((await current().listOperations(9)).map((operation) => operation.id)).toEqual([idOf(2)]);
    expect(await current().logs.list({ runId: idOf(9), order: "asc", limit: 9 })).toHaveLength(1);
    expect(await prune(current(), { kind: "logs", before: LATER + 1, after: null })).toBe(1);
    expect(await current().logs.totals(idOf(9))).toEqual({ lines: 0, chars: 0, dropped: 0 });
    expect((await current().logs.totals(idOf(1))).lines).toBe(1);
  });

  test("a policy is kept", async () => {
    expect(await current().retention.loadPolicy()).toBe(null);
    await current().retention.savePolicy('{"keepMs":1}');
    await current().retention.savePolicy('{"keepMs":2}');
    expect(await current().retention.loadPolicy()).toBe('{"keepMs":2}');
    expect(await current().retention.sizeBytes()).toBeGreaterThanOrEqual(0);
  });
}
