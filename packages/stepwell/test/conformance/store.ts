/**
 * What every store must do (ST1–ST5 of store/store.ts, and every load and list). Takes a factory; what a store cannot
 * do by nature (memory does not survive) is skipped by name.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Batch } from "../../src/core/batch.ts";
import type { Run } from "../../src/core/run/run.ts";
import {
  type JobHint,
  type JobPlace,
  lanesFrom,
  lanesUntil,
  type OrderPlace,
  storePlace,
} from "../../src/core/schedule/hint.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { RunFilter, Store, WaitCount, WaitQuery } from "../../src/store/store.ts";
import { accessTests } from "./access.ts";
import {
  addJob,
  addStep,
  addWait,
  asLoaded,
  commit,
  commitRuns,
  eventOf,
  idOf,
  makeApp,
  makeAttempt,
  makeDecision,
  makeEvent,
  makeFact,
  makeFunction,
  makeMessage,
  makeOperation,
  makeRun,
  memoize,
  putRun,
  T0,
} from "./batches.ts";
import { logTests } from "./logs.ts";
import { retentionTests } from "./retention.ts";
import { runStatsTests } from "./run-stats.ts";
import { searchTests } from "./searching.ts";
import { inboxTests, pastEventTests, recordTests, waitTests } from "./waiting.ts";

export interface StoreHarness {
  /** A store that is open and empty. */
  create(): Promise<Store>;
  /** Closes the store and opens what it kept; null when nothing survives. */
  readonly reopen: ((store: Store) => Promise<Store>) | null;
  /** Removes what the stores of this harness left behind. */
  clean(): Promise<void>;
}

const NOT_PERSISTENT = "this store keeps nothing when it closes";

const FIRST: OrderPlace = { orderAt: Number.NEGATIVE_INFINITY, runId: "", slot: "" };
const START: JobPlace = { dueAt: Number.NEGATIVE_INFINITY, runId: "", slot: "" };
const EVER = Number.MAX_SAFE_INTEGER;
const STRANGE_TEXTS = [
  "",
  "null",
  "a\u0000b",
  "\u0000",
  "\ufeffbyte order mark",
  "Grüße, 世界, 👩‍👩‍👧",
  "lone \ud800 high",
  "\udfff",
  "\u{10ffff}\u{10fffe}",
  "'; DROP TABLE runs; --",
  'quotes " and \\ backslashes\n\r\t',
];

export function storeConformance(name: string, harness: StoreHarness): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.create();
    });
    afterEach(async () => {
      await store.close();
      await harness.clean();
    });
    const current = () => store;
    describe("commit", () => commitTests(current));
    describe("runs", () => runTests(current));
    describe("jobs", () => jobTests(current));
    describe("waits", () => waitTests(current));
    describe("inbox", () => inboxTests(current));
    describe("past events", () => pastEventTests(current));
    describe("lines of handlers", () => logTests(current));
    describe("retention", () => retentionTests(current));
    describe("records", () => recordTests(current));
    describe("facts and registry", () => factTests(current));
    describe("lists", () => listTests(current));
    describe("searches", () => searchTests(current));
    describe("run stats", () => runStatsTests(current));
    describe("values", () => valueTests(current));
    describe("access", () =>
      accessTests(current, async (): Promise<Store | null> => {
        if (harness.reopen === null) return null;
        store = await harness.reopen(store);
        return store;
      }));
    describe("life", () => {
      test("closing twice is harmless", async () => {
        await store.close();
        await store.close();
      });
      test("everything survives a restart", async (context) => {
        context.skip(harness.reopen === null, NOT_PERSISTENT);
        const everything = await fillEverything(store);
        store = await harness.reopen!(store);
        expect(await readEverything(store)).toEqual(everything);
      });
      test("commits not waited for are stored when the store closes", async (context) => {
        context.skip(harness.reopen === null, NOT_PERSISTENT);
        for (let number = 1; number <= 20; number++) void commitRuns(store, makeRun(number));
        store = await harness.reopen!(store);
        expect((await store.counts()).runs).toBe(20);
      });
    });
  });
}

async function loadRun(store: Store, id: string): Promise<Run | undefined> {
  return (await store.loadRuns([id]))[0];
}

function commitTests(current: () => Store): void {
  test("ST1: changes after commit returned are not stored", async () => {
    const run = makeRun(1);
    const step = addStep(run, "s1");
    const job = addJob(run);
    const expected = asLoaded(run);
    const done = commitRuns(current(), run);
    memoize(run, step, '{"data":1}');
    job.attempt = 7;
    run.status = "failed";
    await done;
    expect(await loadRun(current(), run.id)).toEqual(expected);
  });

  test("ST1: what a load gives is the caller's own", async () => {
    const run = makeRun(1);
    addStep(run, "s1", { memo: "null" });
    addJob(run);
    await commitRuns(current(), run);
    const first = (await loadRun(current(), run.id))!;
    first.status = "failed";
    first.steps.get("s1")!.memo = "changed";
    first.jobs.get("main")!.attempt = 9;
    first.stack.length = 0;
    expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
  });

  test("ST3: commits asked for at once are stored in that order", async () => {
    const run = makeRun(1);
    const job = addJob(run);
    const commits = [commitRuns(current(), run)];
    for (let attempt = 1; attempt <= 50; attempt++) {
      job.attempt = attempt;
      run.output = String(attempt);
      commits.push(commitRuns(current(), run));
    }
    await Promise.all(commits);
    const loaded = (await loadRun(current(), run.id))!;
    expect([loaded.output, loaded.jobs.get("main")?.attempt]).toEqual(["50", 50]);
  });

  test("ST3: loads and lists see every commit that has resolved", async () => {
    for (let number = 1; number <= 30; number++) {
      const run = makeRun(number);
      await commitRuns(current(), run);
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
      expect((await current().listRuns({ env: "default", limit: 1 }))[0]?.id).toBe(run.id);
    }
  });

  test("ST4: a job deleted and made again in one batch is the new one", async () => {
    const run = makeRun(1);
    const old = addJob(run, "main", { attempt: 3 });
    await commitRuns(current(), run);
    const fresh = addJob(run, "main", { kind: "step", dueAt: T0 + 99 });
    await commit(current(), (batch) => {
      batch.putJob(fresh);
      batch.deleteJob(old);
    });
    expect((await loadRun(current(), run.id))?.jobs.get("main")).toMatchObject({
      attempt: 0,
      dueAt: T0 + 99,
      kind: "step",
    });
  });

  test("ST4: a deleted job is gone", async () => {
    const run = makeRun(1);
    const main = addJob(run);
    addJob(run, "s1");
    await commitRuns(current(), run);
    run.jobs.delete("main");
    await commit(current(), (batch) => batch.deleteJob(main));
    expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
    expect(await current().counts()).toMatchObject({ jobs: 1 });
  });

  test("ST5: a put of an event that exists leaves it as it is", async () => {
    const event = makeEvent(1);
    await commit(current(), (batch) => batch.events.push(event));
    await commit(current(), (batch) => batch.events.push({ ...event, name: "other", json: "{}" }));
    expect(await current().getEvent("default", event.id)).toEqual(event);
  });

  test("ST5: a put of a run, step or job updates what can change and nothing else", async () => {
    const parent = { runId: idOf(7), slot: "s", onCancel: "cancel", depth: 2 } as const;
    const run = makeRun(1, { parent, functionVersion: 3 });
    const step = addStep(run, "s1", { options: '{"a":1}', childRunId: idOf(8), editedInput: "[1]" });
    const job = addJob(run, "main", { payload: '{"secret":1}' });
    await commitRuns(current(), run);
    for (const isStored of [true, false]) {
      const changes = {
        status: "failed",
        startedAt: T0 + 5,
        requestVersion: 2,
        forcePlan: true,
        reason: "timed_out",
        notes: { resumes: isStored ? 1 : 2, codeChange: { at: T0, steps: ["lone \ud800"], reason: "x" } },
      } as const;
      const changedRun = {
        ...makeRun(1, {
          functionId: "x",
          env: "y",
          createdAt: 5,
          startAt: 6,
          cron: "z",
          events: [],
          functionVersion: 9,
        }),
        ...changes,
        isStored,
      };
      const changedStep = {
        ...step,
        name: "x",
        options: null,
        kind: "invoke" as const,
        childRunId: idOf(9),
        editedInput: "[2]",
        queuedAt: 1,
        index: 9,
        status: "retrying" as const,
        attempts: 2,
        isStored,
      };
      const changedJob = { ...job, kind: "sleep" as const, attempt: 2, dueAt: T0 + 77, payload: null, isStored };
      await commit(current(), (batch) => {
        batch.runs.add(changedRun);
        batch.steps.add(changedStep);
        batch.putJob(changedJob);
      });
      Object.assign(run, changes);
      Object.assign(step, { kind: "invoke", childRunId: idOf(9), status: "retrying", attempts: 2 });
      Object.assign(job, { attempt: 2, dueAt: T0 + 77 });
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
    }
  });

  test("ST5: a step that is resumed loses its memo and its place, and gets them again", async () => {
    const run = makeRun(1, { status: "failed", error: "{}", endedAt: T0 + 9, reason: "timed_out" });
    const [first, second] = [addStep(run, "s1", { memo: '{"data":1}' }), addStep(run, "s2", { memo: '{"error":{}}' })];
    await commitRuns(current(), run);
    for (const memo of [null, "null"]) {
      if (memo !== null) memoize(run, second, memo);
      else {
        Object.assign(second, { memo, seq: null, status: "planned", endedAt: null, attempts: 0 });
        run.stack.pop();
        run.stateSize -= '{"error":{}}'.length;
        Object.assign(run, { status: "running", error: null, endedAt: null, reason: null, notes: { resumes: 1 } });
      }
      await commitRuns(current(), run);
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
      expect((await current().listSteps(run.id)).map((row) => row.seq)).toEqual([first.seq, second.seq]);
    }
  });

  test("an empty batch is stored at once", async () => {
    await commit(current(), () => {});
    expect(await current().counts()).toEqual({ events: 0, runs: 0, openRuns: 0, jobs: 0 });
  });

  test("a batch of thousands of rows is one commit", async () => {
    const runs = Array.from({ length: 2_000 }, (_, index) => {
      const run = makeRun(index);
      addStep(run, "s1", { memo: '{"data":1}' });
      addJob(run);
      return run;
    });
    await commitRuns(current(), ...runs);
    expect(await current().counts()).toEqual({ events: 0, runs: 2_000, openRuns: 2_000, jobs: 2_000 });
    const loaded = await current().loadRuns(runs.map((run) => run.id));
    expect(loaded).toEqual(runs.map(asLoaded));
  });
}

function runTests(current: () => Store): void {
  test("a run comes back as the core held it", async () => {
    const events = [makeEvent(1), makeEvent(2), makeEvent(3)];
    const run = makeRun(9, {
      events: events.map(eventOf),
      cron: "TZ=Europe/Rome 0 9 * * *",
      originalRunId: idOf(4),
      parent: { runId: idOf(5), slot: "s", onCancel: "abandon", depth: 31 },
      functionVersion: 7,
      startAt: T0 + 99,
      notes: { resumes: 2 },
      status: "running",
      startedAt: T0 + 10,
      requestVersion: 2,
      forcePlan: true,
    });
    addStep(run, "zz", {
      memo: '{"data":{"a":1}}',
      options: '{"type":"x"}',
      index: 3,
      isRace: true,
      startedAt: T0 + 11,
    });
    addStep(run, "aa", { memo: '{"error":{"name":"E","message":"m"}}' });
    addStep(run, "ii", { memo: "null", kind: "invoke", status: "timed_out", childRunId: idOf(6), editedInput: "[{}]" });
    addStep(run, "mm", { kind: "sleep", status: "sleeping", queuedAt: T0 + 20 });
    addStep(run, "bb", { status: "retrying", attempts: 2, queuedAt: T0 + 21 });
    addJob(run, "mm", { kind: "sleep", dueAt: T0 + 1_000 });
    addJob(run, "bb", { attempt: 2, kind: "request", payload: '{"token":"s"}' });
    addJob(run, "@finish", { kind: "finish_timeout", dueAt: T0 + 9_000 });
    addWait(run, "mm", { untilAt: T0 + 9 });
    addWait(run, "@cancel:0");
    await commit(current(), (batch) => {
      batch.events.push(...events);
      putRun(batch, run);
    });
    const loaded = (await loadRun(current(), run.id))!;
    expect(loaded).toEqual(asLoaded(run));
    expect(loaded.stack).toEqual(["zz", "aa", "ii"]);
    expect([...loaded.steps.keys()]).toEqual(["zz", "aa", "ii", "mm", "bb"]);
    expect([...loaded.jobs.keys()]).toEqual(["@finish", "bb", "mm"]);
  });

  test("an ended run keeps its output or its error", async () => {
    const done = makeRun(1, { status: "completed", output: '{"ok":true}', startedAt: T0 + 1, endedAt: T0 + 2 });
    const failed = makeRun(2, { status: "failed", error: '{"message":"m"}', endedAt: T0 + 2 });
    await commitRuns(current(), done, failed);
    expect(await current().loadRuns([done.id, failed.id])).toEqual([asLoaded(done), asLoaded(failed)]);
  });

  test("events arrive earlier, with the run, or never: the run has them", async () => {
    const [earlier, together, never] = [makeEvent(1), makeEvent(2), makeEvent(3)];
    await commit(current(), (batch) => batch.events.push(earlier));
    const runs = [
      makeRun(10, { events: [eventOf(earlier)] }),
      makeRun(11, { events: [eventOf(together)] }),
      makeRun(12, { events: [eventOf(never)] }),
      makeRun(13, { events: [eventOf(never), eventOf(together), eventOf(earlier)] }),
      makeRun(14, { events: [] }),
    ];
    await commit(current(), (batch) => {
      batch.events.push(together);
      for (const run of runs) putRun(batch, run);
    });
    expect(await current().loadRuns(runs.map((run) => run.id))).toEqual(runs.map(asLoaded));
  });

  test("runs that do not exist are left out, the others come in the order asked for, once", async () => {
    const runs = [makeRun(1), makeRun(2), makeRun(3)];
    await commitRuns(current(), ...runs);
    const loaded = await current().loadRuns([idOf(3), idOf(8), idOf(1), idOf(3), "", "not an id\u0000"]);
    expect(loaded.map((run) => run.id)).toEqual([idOf(3), idOf(1)]);
    expect(await current().loadRuns([])).toEqual([]);
  });

  test("many steps keep the order of their memos", async () => {
    const run = makeRun(1);
    for (let index = 0; index < 1_500; index++)
      addStep(run, `s${(index * 7_919) % 1_500}`, { memo: `{"data":${index}}` });
    await commitRuns(current(), run);
    expect((await loadRun(current(), run.id))?.stack).toEqual(run.stack);
  });
}

function jobTests(current: () => Store): void {
  const fill = async () => {
    const runs = [3, 1, 2].map((number) => {
      const run = makeRun(number, { functionId: `function-${number}` });
      addJob(run, "main", { dueAt: T0 + 100 });
      addJob(run, "aa", { dueAt: T0 + 100 });
      addJob(run, "zz", { dueAt: T0 + 50 * number });
      return run;
    });
    await commitRuns(current(), ...runs);
  };
  const page = async (after: JobPlace, untilAt: number, limit: number) =>
    (await current().loadJobs({ what: "calls", after, untilAt, limit })).map(({ dueAt, runId, slot }) => ({
      dueAt,
      runId,
      slot,
    }));

  const PLAIN = { isTimer: false, isStart: false, isRequest: false, flow: null, key: "" };

  test("jobs come by due time, run and slot, with what the queue needs", async () => {
    await fill();
    const hints = await current().loadJobs({ what: "calls", after: START, untilAt: EVER, limit: 100 });
    expect(hints.map((hint) => [hint.dueAt - T0, hint.runId, hint.slot])).toEqual([
      [50, idOf(1), "zz"],
      [100, idOf(1), "aa"],
      [100, idOf(1), "main"],
      [100, idOf(2), "aa"],
      [100, idOf(2), "main"],
      [100, idOf(2), "zz"],
      [100, idOf(3), "aa"],
      [100, idOf(3), "main"],
      [150, idOf(3), "zz"],
    ]);
    expect(hints[0]).toEqual({
      dueAt: T0 + 50,
      runId: idOf(1),
      slot: "zz",
      functionId: "function-1",
      orderAt: T0 + 1,
      ...PLAIN,
      isStart: true,
    });
  });

  test("timers and calls that wait for a time are read apart; calls that do not wait are only in their lanes", async () => {
    const run = makeRun(1);
    addJob(run, "main", { dueAt: T0, isDelayed: false });
    addJob(run, "retry", { dueAt: T0 + 5 });
    addJob(run, "nap", { kind: "sleep", dueAt: T0 + 5 });
    await commitRuns(current(), run);
    const slots = async (what: "timers" | "calls") =>
      (await current().loadJobs({ what, after: START, untilAt: EVER, limit: 9 })).map(({ slot }) => slot);
    expect([await slots("timers"), await slots("calls")]).toEqual([["nap"], ["retry"]]);
  });

  test("a lane gives its due jobs in the order of their runs less priority, in parts of any size", async () => {
    const run = (number: number, priorityMs: number) => {
      const made = makeRun(number, { status: "running", createdAt: T0 + number, flow: { keys: {}, priorityMs } });
      addJob(made, "main", { dueAt: T0 + 9 - number, isDelayed: false });
      addJob(made, "late", { dueAt: T0 + 100 });
      return made;
    };
    await commitRuns(current(), run(1, 0), run(2, 5), run(3, 0), run(4, 0));
    const [lane] = await current().findLanes({ after: "", before: null, limit: 9 });
    const [whole] = await current().loadLanes([{ lane: lane!, after: FIRST, untilAt: T0 + 50, limit: 9 }]);
    expect(whole!.map(({ runId, slot }) => [runId, slot])).toEqual(
      [2, 1, 3, 4].map((number) => [idOf(number), "main"]),
    );
    for (const limit of [1, 2, 3]) {
      const parts: JobHint[] = [];
      for (let after: OrderPlace = FIRST; ; after = parts.at(-1)!) {
        const [part] = await current().loadLanes([{ lane: lane!, after, untilAt: T0 + 50, limit }]);
        parts.push(...part!);
        if (part!.length < limit) break;
      }
      expect(parts).toEqual(whole);
    }
  });

  test("lanes are found one by one, however many jobs they have; a job moves with its run into another lane", async () => {
    const runs = ["f", "g", "h"].flatMap((functionId, index) =>
      [1, 2, 3].map((number) => makeRun(index * 10 + number, { functionId, status: "queued" })),
    );
    for (const run of runs) addJob(run);
    await commitRuns(current(), ...runs);
    const find = (after: string, before: string | null, limit: number) => current().findLanes({ after, before, limit });
    expect(await find("", null, 9)).toEqual(["f\ns", "g\ns", "h\ns"]);
    expect(await find("f\ns", null, 1)).toEqual(["g\ns"]);
    expect(await find(lanesFrom("g"), lanesUntil("g"), 9)).toEqual(["g\ns"]);
    const [moved] = runs;
    moved!.status = "running";
    const job = moved!.jobs.get("main")!;
    Object.assign(job, storePlace(moved!, "discover"));
    await commit(current(), (batch) => batch.putJob(job));
    expect(await find("", null, 2)).toEqual(["f\nb", "f\ns"]);
  });

  test("pages of any size make up the whole, without gap or repeat", async () => {
    await fill();
    const whole = await page(START, EVER, 100);
    for (const limit of [1, 2, 4, 9]) {
      const pages: JobPlace[] = [];
      let part = await page(START, EVER, limit);
      while (part.length > 0 && pages.length < 2 * whole.length) {
        expect(part.length).toBeLessThanOrEqual(limit);
        pages.push(...part);
        part = await page(part.at(-1)!, EVER, limit);
      }
      expect(pages).toEqual(whole);
    }
  });

  test("a page ends at its time, inclusive, and starts strictly after its place", async () => {
    await fill();
    expect(await page(START, T0 + 50, 100)).toHaveLength(1);
    expect(await page(START, T0 + 49, 100)).toHaveLength(0);
    expect(await page({ dueAt: T0 + 100, runId: "\uffff", slot: "" }, EVER, 100)).toHaveLength(1);
    expect(await page({ dueAt: T0 + 100, runId: idOf(3), slot: "main" }, EVER, 100)).toHaveLength(1);
    expect(await page({ dueAt: T0 + 150, runId: idOf(3), slot: "zz" }, EVER, 100)).toHaveLength(0);
  });

  test("a moved job is found at its new time only", async () => {
    const run = makeRun(1);
    const job = addJob(run);
    await commitRuns(current(), run);
    job.dueAt = T0 + 5_000;
    await commit(current(), (batch) => batch.putJob(job));
    expect(await page(START, EVER, 10)).toEqual([{ dueAt: T0 + 5_000, runId: run.id, slot: "main" }]);
  });

  test("a page larger than any chunk is complete and in order", async () => {
    const runs = Array.from({ length: 2_500 }, (_, index) => {
      const run = makeRun(index);
      addJob(run, "main", { dueAt: T0 + ((index * 7_919) % 500) });
      return run;
    });
    await commitRuns(current(), ...runs);
    const hints = await page(START, EVER, 2_400);
    const expected = runs.map((run) => [run.jobs.get("main")!.dueAt, run.id] as const);
    expected.sort((left, right) => left[0] - right[0] || (left[1] < right[1] ? -1 : 1));
    expect(hints.map((hint) => [hint.dueAt, hint.runId])).toEqual(expected.slice(0, 2_400));
  });
}

function factTests(current: () => Store): void {
  test("facts are found until they expire, by kind, function and key", async () => {
    await commit(current(), (batch) => {
      batch.flow.push(
        makeFact("k1", T0 + 10),
        makeFact("k2", T0 + 20),
        makeFact("k1", T0 + 30, { functionId: "b", value: "v" }),
      );
    });
    const key = (text: string, functionId = "function-a") => ({ kind: "idempotency" as const, functionId, key: text });
    const keys = [key("k2"), key("k1"), key("k1", "b"), key("k9"), key("k2", "b")];
    const found = async (now: number) =>
      (await current().loadFlow(keys, now)).map((fact) => `${fact.functionId} ${fact.key}`);
    expect(await found(T0)).toEqual(["function-a k2", "function-a k1", "b k1"]);
    expect(await found(T0 + 9)).toHaveLength(3);
    expect(await found(T0 + 10)).toEqual(["function-a k2", "b k1"]);
    expect(await current().loadFlow([key("k1", "b")], T0)).toEqual([
      makeFact("k1", T0 + 30, { functionId: "b", value: "v" }),
    ]);
  });

  test("a newer fact replaces the older one", async () => {
    await commit(current(), (batch) => batch.flow.push(makeFact("k", T0 + 1, { value: "old" })));
    await commit(current(), (batch) => batch.flow.push(makeFact("k", T0 + 9, { value: "new" })));
    expect(await current().loadFlow([makeFact("k", 0)], T0 + 1)).toEqual([makeFact("k", T0 + 9, { value: "new" })]);
  });

  test("expired facts are deleted, oldest first, no more than asked for", async () => {
    await commit(current(), (batch) => {
      for (let index = 0; index < 10; index++) batch.flow.push(makeFact(`k${index}`, T0 + index));
    });
    expect(await current().expireFlow(T0 + 5, 4)).toBe(4);
    const left = await current().loadFlow(
      Array.from({ length: 10 }, (_, index) => makeFact(`k${index}`, 0)),
      0,
    );
    expect(left.map((fact) => fact.key)).toEqual(["k4", "k5", "k6", "k7", "k8", "k9"]);
    expect(await current().expireFlow(T0 + 5, 100)).toBe(2);
    expect(await current().expireFlow(T0 + 5, 100)).toBe(0);
  });

  test("known events are told from unknown ones", async () => {
    await commit(current(), (batch) => batch.events.push(makeEvent(1), makeEvent(3)));
    expect(await current().loadKnownEvents([idOf(3), idOf(2), idOf(1), idOf(3)])).toEqual([idOf(3), idOf(1)]);
    expect(await current().loadKnownEvents([])).toEqual([]);
  });

  test("runs that wait for their first call are found by function, oldest first, in pages", async () => {
    const runs = [4, 1, 3, 2, 5].map((number) => makeRun(number, { functionId: number === 2 ? "other" : "mine" }));
    for (const run of runs) addJob(run, "main", { dueAt: T0 });
    Object.assign(runs[2]!, { status: "running", startedAt: T0 + 9 });
    await commitRuns(current(), ...runs);
    expect(await current().loadQueued("mine", null, 10)).toEqual([idOf(1), idOf(4), idOf(5)]);
    expect(await current().loadQueued("mine", idOf(1), 1)).toEqual([idOf(4)]);
    expect(await current().loadQueued("nobody", null, 10)).toEqual([]);
  });

  test("runs that collect events are listed until they begin, newest first, by function, in pages", async () => {
    const runs = [1, 2, 3, 4].map((number) => makeRun(number, { functionId: number === 2 ? "other" : "mine" }));
    for (const run of runs) addJob(run, "main", { dueAt: T0, kind: run === runs[3] ? "discover" : "collect" });
    await commitRuns(current(), ...runs);
    const listed = async (filter: object = {}) => {
      const rows = await current().listPending({ env: "default", limit: 10, ...filter });
      return rows.map(({ id }) => id);
    };
    expect(await listed()).toEqual([idOf(3), idOf(2), idOf(1)]);
    expect(await listed({ functionIds: ["mine"], limit: 1 })).toEqual([idOf(3)]);
    expect(await listed({ before: idOf(3) })).toEqual([idOf(2), idOf(1)]);
    expect(await listed({ env: "elsewhere" })).toEqual([]);
  });

  test("the registry is empty at first, and the last put of each wins", async () => {
    expect(await current().loadRegistry()).toEqual({ apps: [], functions: [], schedules: [] });
    await commit(current(), (batch) => {
      batch.apps.push(makeApp("b", "1"), makeApp("a", "1"));
      batch.functions.push(makeFunction("f2"), makeFunction("f1"));
      batch.schedules.set("f1", { functionId: "f1", json: '{"next":1}' });
    });
    const archived = {
      ...makeFunction("f1"),
      version: 2,
      isArchived: true,
      paused: "hold",
      changedAt: T0 + 9,
    } as const;
    const paused = { ...makeApp("a", "2"), paused: "reject" } as const;
    await commit(current(), (batch) => {
      batch.apps.push(paused);
      batch.functions.push(archived);
      batch.schedules.set("f1", { functionId: "f1", json: '{"next":2}' });
    });
    expect(await current().loadRegistry()).toEqual({
      apps: [paused, makeApp("b", "1")],
      functions: [archived, makeFunction("f2")],
      schedules: [{ functionId: "f1", json: '{"next":2}' }],
    });
  });
}

function listTests(current: () => Store): void {
  const numbers = async (filter: Partial<RunFilter>) =>
    (await current().listRuns({ env: "default", limit: 100, ...filter })).map((row) => Number(row.id.slice(-6)));
  const statuses = ["queued", "running", "completed", "failed", "cancelled"] as const;
  const parent = { runId: idOf(3), slot: "s", onCancel: "cancel", depth: 1 } as const;
  const fill = () => {
    const runs = Array.from({ length: 20 }, (_, index) =>
      makeRun(index, { status: statuses[index % 5]!, functionId: index % 2 === 0 ? "even" : "odd" }),
    );
    return commitRuns(current(), ...runs, makeRun(100, { env: "other" }));
  };

  test("runs come newest first, page by page", async () => {
    await fill();
    expect(await numbers({ limit: 3 })).toEqual([19, 18, 17]);
    expect(await numbers({ limit: 3, before: idOf(17) })).toEqual([16, 15, 14]);
    expect(await numbers({ before: idOf(0) })).toEqual([]);
    expect(await numbers({})).toHaveLength(20);
    expect(await numbers({ limit: 0 })).toEqual([]);
  });

  test("runs are filtered by status", async () => {
    await fill();
    expect(await numbers({ statuses: ["failed"] })).toEqual([18, 13, 8, 3]);
    expect(await numbers({ statuses: ["completed"], limit: 2 })).toEqual([17, 12]);
    expect(await numbers({ statuses: ["failed", "cancelled"], limit: 3 })).toEqual([19, 18, 14]);
    expect(await numbers({ statuses: ["queued", "completed"], before: idOf(10) })).toEqual([7, 5, 2, 0]);
    expect(await numbers({ statuses: [...statuses] })).toHaveLength(20);
    expect(await numbers({ statuses: [] })).toEqual([]);
  });

  test("runs are filtered by function, and by all at once", async () => {
    await fill();
    expect(await numbers({ functionIds: ["odd"], limit: 3 })).toEqual([19, 17, 15]);
    expect(await numbers({ functionIds: ["odd", "even", "none"], limit: 3 })).toEqual([19, 18, 17]);
    expect(await numbers({ functionIds: ["even"], statuses: ["failed"] })).toEqual([18, 8]);
    expect(await numbers({ functionIds: ["even"], statuses: ["completed", "failed"], before: idOf(12) })).toEqual([
      8, 2,
    ]);
    expect(await numbers({ functionIds: [] })).toEqual([]);
    expect(await numbers({ functionIds: ["none"] })).toEqual([]);
  });

  test("runs are filtered by creation: from inclusive, until exclusive", async () => {
    await fill();
    expect(await numbers({ createdFrom: T0 + 3, createdUntil: T0 + 6 })).toEqual([5, 4, 3]);
    expect(
      await numbers({ createdFrom: T0 + 3, createdUntil: T0 + 6, functionIds: ["odd"], statuses: ["failed"] }),
    ).toEqual([3]);
  });

  test("skipped runs are told from open ones", async () => {
    await commitRuns(current(), makeRun(1, { status: "skipped", reason: "paused" }), makeRun(2));
    expect(await numbers({ statuses: ["skipped"] })).toEqual([1]);
    expect(await numbers({ statuses: ["skipped", "completed", "queued"] })).toEqual([2, 1]);
    expect([await current().countOpenRuns(9), (await current().counts()).openRuns]).toEqual([1, 1]);
  });

  test("a status that changes moves the run between filters", async () => {
    const run = makeRun(1);
    await commitRuns(current(), run);
    for (const status of ["running", "completed"] as const) {
      run.status = status;
      await commitRuns(current(), run);
      expect(await numbers({ statuses: ["queued"] })).toEqual([]);
      expect(await numbers({ statuses: [status] })).toEqual([1]);
    }
    expect((await current().counts()).openRuns).toBe(0);
  });

  test("runs are found by every one of their events", async () => {
    const [first, second, third] = [makeEvent(1), makeEvent(2), makeEvent(3)];
    const one = makeRun(10, { events: [eventOf(first)] });
    const two = makeRun(11, { events: [eventOf(second), eventOf(first)], functionId: "b" });
    const three = makeRun(12, { events: [eventOf(second)], status: "completed" });
    await commitRuns(current(), one, two, three);
    await commitRuns(current(), two);
    expect(await numbers({ eventId: first.id })).toEqual([11, 10]);
    expect(await numbers({ eventId: second.id })).toEqual([12, 11]);
    expect(await numbers({ eventId: first.id, functionIds: ["b"] })).toEqual([11]);
    expect(await numbers({ eventId: second.id, statuses: ["completed"] })).toEqual([12]);
    expect(await numbers({ eventId: first.id, before: idOf(11) })).toEqual([10]);
    expect(await numbers({ eventId: third.id })).toEqual([]);
    expect(await current().listRuns({ env: "other", eventId: first.id, limit: 10 })).toEqual([]);
  });

  test("a row shows the run, and only in its environment", async () => {
    const run = makeRun(1, {
      cron: "* * * * *",
      originalRunId: idOf(9),
      parent,
      functionVersion: 4,
      startAt: T0 + 3,
      reason: "replaced",
      notes: { resumes: 1 },
      status: "completed",
      output: "1",
      startedAt: T0,
      endedAt: T0 + 1,
    });
    await commitRuns(current(), run);
    const row = {
      id: run.id,
      env: "default",
      functionId: "function-a",
      eventIds: [idOf(1)],
      cron: "* * * * *",
      originalRunId: idOf(9),
      parent,
      flow: null,
      functionVersion: 4,
      status: "completed",
      reason: "replaced",
      notes: { resumes: 1 },
      createdAt: T0 + 1,
      startAt: T0 + 3,
      startedAt: T0,
      endedAt: T0 + 1,
      output: "1",
      error: null,
    };
    expect(await current().getRun("default", run.id)).toEqual(row);
    expect(await current().listRuns({ env: "default", limit: 5 })).toEqual([row]);
    expect(await current().getRun("other", run.id)).toBeNull();
    expect(await current().getRun("default", idOf(7))).toBeNull();
    expect(await current().listRuns({ env: "other", limit: 5 })).toEqual([]);
  });

  test("events come newest first, by name and time, internal ones only when asked for", async () => {
    await commit(current(), (batch) => {
      for (let number = 0; number < 10; number++) {
        const isInternal = number % 5 === 4;
        batch.events.push(
          makeEvent(number, {
            name: isInternal ? "inngest/function.failed" : number % 2 === 0 ? "a" : "b",
            isInternal,
          }),
        );
      }
    });
    const list = async (filter: object) =>
      (await current().listEvents({ env: "default", limit: 100, ...filter })).map((event) =>
        Number(event.id.slice(-6)),
      );
    expect(await list({})).toEqual([8, 7, 6, 5, 3, 2, 1, 0]);
    expect(await list({ includeInternal: true, limit: 3 })).toEqual([9, 8, 7]);
    expect(await list({ name: "a", limit: 2 })).toEqual([8, 6]);
    expect(await list({ name: "a", before: idOf(6) })).toEqual([2, 0]);
    expect(await list({ name: "inngest/function.failed" })).toEqual([]);
    expect(await list({ name: "inngest/function.failed", includeInternal: true })).toEqual([9, 4]);
    expect(await list({ receivedFrom: T0 + 2, receivedUntil: T0 + 6, before: idOf(5) })).toEqual([3, 2]);
    expect(await list({ env: "other" })).toEqual([]);
  });

  test("an event comes back as it was stored", async () => {
    const event = makeEvent(1, { idempotencyId: "mine", ts: T0 - 1, isInternal: true });
    await commit(current(), (batch) => batch.events.push(event));
    expect(await current().getEvent("default", event.id)).toEqual(event);
    expect(await current().getEvent("other", event.id)).toBeNull();
    expect(await current().getEvent("default", idOf(2))).toBeNull();
  });

  test("steps come in stack order, open ones last by the time they were queued", async () => {
    const run = makeRun(1);
    addStep(run, "open-late", { queuedAt: T0 + 9 });
    addStep(run, "open-early", { queuedAt: T0 + 3 });
    addStep(run, "second-by-name", { memo: "null", kind: "sleep" });
    addStep(run, "done-after", { memo: '{"data":2}' });
    await commitRuns(current(), run);
    const rows = await current().listSteps(run.id);
    expect(rows.map((row) => row.id)).toEqual(["second-by-name", "done-after", "open-early", "open-late"]);
    const { isStored: _isStored, ...expected } = run.steps.get("done-after")!;
    expect(rows[1]).toEqual({ ...expected, dueAt: null });
    expect(await current().listSteps(idOf(2))).toEqual([]);
  });

  test("an open step says when it goes on: by its own job, or by the discovery that repeats it", async () => {
    const run = makeRun(1);
    addStep(run, "asleep", { kind: "sleep", status: "sleeping" });
    addStep(run, "failed-inline", { status: "retrying", queuedAt: T0 + 1 });
    addStep(run, "done", { memo: "null" });
    addJob(run, "asleep", { kind: "sleep", dueAt: T0 + 60_000 });
    addJob(run, "main", { dueAt: T0 + 15_000 });
    await commitRuns(current(), run);
    const rows = await current().listSteps(run.id);
    expect(rows.map((row) => [row.id, row.dueAt])).toEqual([
      ["done", null],
      ["asleep", T0 + 60_000],
      ["failed-inline", T0 + 15_000],
    ]);
  });

  test("attempts and decisions are kept, every one, newest first", async () => {
    await commit(current(), (batch) => {
      batch.attempts.push(
        makeAttempt(idOf(1), 0),
        makeAttempt(idOf(2), 0),
        makeAttempt(idOf(1), 1, { status: null, slot: "s" }),
      );
      batch.decisions.push(makeDecision(idOf(1), "a"), makeDecision(idOf(2), "a"), makeDecision(idOf(1), "b"));
    });
    await commit(current(), (batch) => {
      batch.attempts.push(makeAttempt(idOf(1), 0));
      batch.decisions.push(makeDecision(idOf(1), "a", { outcome: "deduplicated", runId: idOf(9), at: T0 - 5 }));
    });
    expect(await current().listAttempts(idOf(1))).toEqual([
      makeAttempt(idOf(1), 0),
      makeAttempt(idOf(1), 1, { status: null, slot: "s" }),
      makeAttempt(idOf(1), 0),
    ]);
    expect(await current().listAttempts(idOf(1), ["s", "t"])).toEqual([
      makeAttempt(idOf(1), 1, { status: null, slot: "s" }),
    ]);
    expect(await current().listAttempts(idOf(1), [])).toEqual([]);
    expect(await current().listDecisions(idOf(1))).toEqual([
      makeDecision(idOf(1), "a", { outcome: "deduplicated", runId: idOf(9), at: T0 - 5 }),
      makeDecision(idOf(1), "b"),
      makeDecision(idOf(1), "a"),
    ]);
    expect(await current().listAttempts(idOf(5))).toEqual([]);
    expect(await current().listDecisions(idOf(5))).toEqual([]);
  });

  test("several runs come with their first steps and their attempts, as they are asked for one by one", async () => {
    const runs = [1, 2].map((number) => makeRun(number, { output: '"done"' }));
    for (const run of runs) for (const slot of ["a", "b", "c"]) addStep(run, slot, { memo: "{}" });
    await commit(current(), (batch) => {
      for (const run of runs) putRun(batch, run);
      batch.attempts.push(makeAttempt(idOf(2), 0));
    });
    const details = await current().listRunDetails("default", [idOf(2), idOf(9), idOf(1)], 2);
    expect(details.map(({ run }) => run.id)).toEqual([idOf(2), idOf(1)]);
    for (const { run, steps, attempts } of details) {
      expect(run).toEqual(await current().getRun("default", run.id));
      expect(steps).toEqual(await current().listSteps(run.id, { offset: 0, limit: 2 }));
      expect(attempts).toEqual(await current().listAttempts(run.id));
    }
    expect(await current().listRunDetails("other", [idOf(1)], 2)).toEqual([]);
  });

  test("counts count", async () => {
    await fill();
    await commit(current(), (batch) => batch.events.push(makeEvent(1)));
    expect(await current().counts()).toEqual({ events: 1, runs: 21, openRuns: 9, jobs: 0 });
  });

  test("open runs are counted no further than asked", async () => {
    await fill();
    expect(await current().countOpenRuns(100)).toBe(9);
    expect(await current().countOpenRuns(4)).toBe(4);
  });
}

function valueTests(current: () => Store): void {
  test("any text survives wherever users can put text", async () => {
    for (const [index, text] of STRANGE_TEXTS.entries()) {
      const event = makeEvent(index, { name: text, idempotencyId: text, json: JSON.stringify({ data: text }) });
      const run = makeRun(index, { events: [eventOf(event)], functionId: text, cron: text, output: text, error: text });
      addStep(run, text, { name: text, memo: JSON.stringify({ data: text }), options: text, editedInput: text });
      addStep(run, `${text} open`, { childRunId: text, queuedAt: EVER });
      addJob(run, text, { payload: text });
      addWait(run, text, { name: text, path: text, value: text, expression: text });
      const operation = makeOperation(index, { json: text });
      await commit(current(), (batch) => {
        batch.events.push(event);
        batch.flow.push(makeFact(text, EVER, { functionId: text, value: text }));
        batch.schedules.set(text, { functionId: text, json: text });
        batch.attempts.push(makeAttempt(run.id, 0, { slot: text, error: text }));
        batch.decisions.push(makeDecision(event.id, text, { reason: text, runId: text }));
        batch.functions.push(makeFunction(text, { name: text }));
        batch.operations.set(operation.id, operation);
        putRun(batch, run);
      });
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
      expect(await current().getEvent("default", event.id)).toEqual(event);
      const listed = await current().listEvents({ env: "default", name: text, limit: 9 });
      expect(listed).toEqual([event]);
      expect(await current().listRuns({ env: "default", functionIds: [text], limit: 9 })).toMatchObject([
        { id: run.id },
      ]);
      expect(await current().loadFlow([makeFact(text, 0, { functionId: text })], T0)).toMatchObject([
        { key: text, value: text },
      ]);
      const waits = { kinds: ["event"], name: text, keys: [{ path: text, value: text }], afterRunId: null } as const;
      expect(await current().loadWaits([{ ...waits, limit: 9 }])).toEqual([[run.id]]);
      expect(await current().listWaits(run.id)).toMatchObject([{ slot: text, expression: text }]);
      const past = { env: "default", names: [text], from: 0, until: EVER, limit: 9 };
      expect(await current().loadPastEvents(past)).toEqual([event]);
      expect(await current().loadEvents([event.id])).toEqual([event]);
      expect(await current().getOperation(operation.id)).toEqual(operation);
      expect(await current().listFunctionVersions(text, 9)).toMatchObject([{ config: { name: text } }]);
      expect(await current().listAttempts(run.id)).toEqual([makeAttempt(run.id, 0, { slot: text, error: text })]);
      expect(await current().listDecisions(event.id)).toEqual([
        makeDecision(event.id, text, { reason: text, runId: text }),
      ]);
    }
    const { schedules } = await current().loadRegistry();
    expect(schedules.map((schedule) => schedule.functionId)).toEqual([...STRANGE_TEXTS].sort());
    const hints = await current().loadJobs({ what: "calls", after: START, untilAt: EVER, limit: 99 });
    expect(hints.map((hint) => [hint.slot, hint.functionId])).toEqual(STRANGE_TEXTS.map((text) => [text, text]));
  });

  test("numbers survive up to the largest safe integer", async () => {
    for (const [index, value] of [0, 1, -1, EVER, -EVER, 2 ** 31, 2 ** 32 + 1, 1.5].entries()) {
      const run = makeRun(index, { createdAt: value, startedAt: value, endedAt: value, requestVersion: value });
      addStep(run, "s", { index: value, queuedAt: value, startedAt: value, endedAt: value, attempts: value });
      addJob(run, "main", { dueAt: value, attempt: value });
      await commitRuns(current(), run);
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
    }
  });

  test("values on either side of every size survive", async () => {
    const limit = LIMITS.blobBytesMin;
    const lengths = [limit / 3, limit / 3 + 1, limit / 2, limit / 2 + 1, limit - 2, limit - 1, limit, limit + 1];
    const values = ["x", "é", "世", "\u{10ffff}", "\ud800"].flatMap((unit) =>
      lengths.map((length) => unit.repeat(Math.floor(length / unit.length))),
    );
    for (const [number, value] of values.entries()) {
      const event = makeEvent(number, { json: value });
      const run = makeRun(number, {
        events: [eventOf(makeEvent(5_000, { json: value }))],
        output: value,
        error: value,
      });
      addStep(run, "s1", { memo: value, options: value, editedInput: value });
      addJob(run, "s1", { payload: value });
      await commit(current(), (batch) => {
        batch.events.push(event);
        batch.flow.push(makeFact("k", EVER, { value }));
        putRun(batch, run);
      });
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
      expect(await current().getEvent("default", event.id)).toEqual(event);
      expect(await current().listSteps(run.id)).toMatchObject([{ memo: value, options: value, editedInput: value }]);
      expect(await current().getRun("default", run.id)).toMatchObject({ output: value, error: value });
      expect(await current().loadFlow([makeFact("k", 0)], T0)).toMatchObject([{ value }]);
    }
  });

  test("a text that reads like a reference of the store survives", async () => {
    const reference = `\u{10ffff}#${"0123456789abcdef".repeat(4)}`;
    const run = makeRun(1, { output: reference, error: "x".repeat(LIMITS.blobBytesMin + 1) });
    addStep(run, "s1", { memo: reference });
    await commitRuns(current(), run);
    expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
  });

  test("large values survive", async () => {
    const large = JSON.stringify("é".repeat(2_000_000));
    const event = makeEvent(1, { json: large });
    const run = makeRun(1, { events: [eventOf(event)], output: large });
    addStep(run, "s1", { memo: large });
    addStep(run, "s2", { memo: large });
    await commit(current(), (batch) => {
      batch.events.push(event);
      putRun(batch, run);
    });
    expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
    expect((await current().listSteps(run.id))[1]?.memo).toBe(large);
    expect((await current().getRun("default", run.id))?.output).toBe(large);
  });

  test("text that begins as the store's own escape does survives", async () => {
    const texts = ['\u{10ffff}"x"', "\u{10ffff}", '\u{10ffff}\u{10ffff}"', "\udbff", "\udbffx"];
    for (const [index, text] of texts.entries()) {
      const run = makeRun(index, { output: text });
      await commitRuns(current(), run);
      expect(await loadRun(current(), run.id)).toEqual(asLoaded(run));
    }
  });
}

async function fillEverything(store: Store): Promise<unknown> {
  const fill = (batch: Batch) => {
    for (let number = 0; number < 50; number++) {
      const event = makeEvent(number);
      const run = makeRun(number, { events: [eventOf(event), eventOf(makeEvent(number + 1))] });
      addStep(run, "s1", { memo: '{"data":1}' });
      addStep(run, "s2");
      addJob(run, "s2", { dueAt: T0 + number });
      addWait(run, "s2", { value: `n:${number % 7}` });
      batch.messages.add(makeMessage(number));
      batch.operations.set(idOf(number), makeOperation(number, { status: number % 2 === 0 ? "running" : "completed" }));
      batch.events.push(event);
      batch.attempts.push(makeAttempt(run.id, number));
      batch.decisions.push(makeDecision(event.id, "function-b"));
      batch.flow.push(makeFact(`k${number}`, EVER));
      putRun(batch, run);
    }
    batch.apps.push(makeApp("a", "1"));
    batch.functions.push(makeFunction("f1"));
    batch.schedules.set("f1", { functionId: "f1", json: "{}" });
  };
  await commit(store, fill);
  return readEverything(store);
}

async function readLanes(store: Store): Promise<unknown> {
  const lanes = await store.findLanes({ after: "", before: null, limit: 1_000 });
  const after = { orderAt: -EVER, runId: "", slot: "" };
  const queries = lanes.map((lane) => ({ lane, after, untilAt: EVER, limit: 1_000 }));
  return { lanes, heads: await store.loadLanes(queries) };
}

/** All that the store gives back, through every load and every list. */
export async function readEverything(store: Store, numberMax = 60): Promise<unknown> {
  const ids = Array.from({ length: numberMax }, (_, number) => idOf(number));
  const facts = Array.from({ length: numberMax }, (_, number) => makeFact(`k${number}`, 0));
  return {
    registry: await store.loadRegistry(),
    versions: await readVersions(store),
    waits: await store.loadWaits(await everyWait(store)),
    waitCounts: sortedTexts([...(await store.loadWaitCounts())]),
    inbox: await store.loadInbox(null, 1_000),
    openOperations: await store.loadOpenOperations(),
    operations: await store.listOperations(1_000),
    byId: await store.loadEvents(ids),
    listedWaits: await Promise.all(ids.map((id) => store.listWaits(id))),
    runs: await store.loadRuns(ids),
    timers: await store.loadJobs({ what: "timers", after: START, untilAt: EVER, limit: 1_000 }),
    calls: await store.loadJobs({ what: "calls", after: START, untilAt: EVER, limit: 1_000 }),
    lanes: await readLanes(store),
    flow: await store.loadFlow(facts, T0),
    known: await store.loadKnownEvents(ids),
    events: await store.listEvents({ env: "default", includeInternal: true, limit: 1_000 }),
    rows: await store.listRuns({ env: "default", limit: 1_000 }),
    steps: await Promise.all(ids.map((id) => store.listSteps(id))),
    attempts: await Promise.all(ids.map((id) => store.listAttempts(id))),
    decisions: await Promise.all(ids.map((id) => store.listDecisions(id))),
    counts: await store.counts(),
  };
}

async function readVersions(store: Store): Promise<unknown> {
  const { functions } = await store.loadRegistry();
  return Promise.all(functions.map(({ fn }) => store.listFunctionVersions(fn.id, 100)));
}

/** A query for every name and path that is waited for. */
async function everyWait(store: Store): Promise<WaitQuery[]> {
  const counts = sortedTexts([...(await store.loadWaitCounts())]);
  const values = Array.from({ length: 7 }, (_, number) => `n:${number}`);
  return counts.map(({ kind, name, path }) => {
    return { kinds: [kind], name, keys: values.map((value) => ({ path, value })), afterRunId: null, limit: 1_000 };
  });
}

const sortedTexts = (counts: readonly WaitCount[]): WaitCount[] =>
  [...counts].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
