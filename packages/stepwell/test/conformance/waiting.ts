/** What every store must do for runs that wait, for messages between runs, and for what the engine keeps beside runs. */
import { expect, test } from "vitest";
import type { StoredFunction } from "../../src/core/batch.ts";
import type { InboxContent } from "../../src/core/inbox.ts";
import type { Run, StepKind } from "../../src/core/run/run.ts";
import type { Store, WaitQuery } from "../../src/store/store.ts";
import { placeOf, type WaitingFilter } from "../../src/store/waiting.ts";
import {
  addJob,
  addStep,
  addWait,
  asLoaded,
  commit,
  commitRuns,
  idOf,
  makeEvent,
  makeFact,
  makeFunction,
  makeMessage,
  makeOperation,
  makeRun,
  T0,
} from "./batches.ts";

const EVER = Number.MAX_SAFE_INTEGER;

export function waitTests(current: () => Store): void {
  const query = (fields: Partial<WaitQuery> = {}): WaitQuery => ({
    kinds: ["event"],
    name: "order/paid",
    keys: [{ path: "data.id", value: "s:1" }],
    afterRunId: null,
    limit: 100,
    ...fields,
  });
  const numbers = async (fields: Partial<WaitQuery> = {}) => {
    const [ids] = await current().loadWaits([query(fields)]);
    return ids!.map((id) => Number(id.slice(-6)));
  };

  test("a run comes back with its waits, by slot, in their order", async () => {
    const run = makeRun(1);
    addWait(run, "zz", { kind: "signal", name: "go", path: "", value: "", untilAt: T0 + 5 });
    for (let index = 0; index < 12; index++) addWait(run, "aa", { name: `n${index}`, expression: "async.data.x == 1" });
    addWait(run, "@cancel:0");
    const other = makeRun(2);
    addWait(other, "aa");
    await commitRuns(current(), run, other, makeRun(3));
    const loaded = await current().loadRuns([1, 2, 3].map(idOf));
    expect(loaded).toEqual([asLoaded(run), asLoaded(other), asLoaded(makeRun(3))]);
    expect([...loaded[0]!.waits.keys()]).toEqual(["@cancel:0", "aa", "zz"]);
    expect(await current().listWaits(run.id)).toEqual([...loaded[0]!.waits.values()].flat());
    expect(await current().listWaits(idOf(3))).toEqual([]);
  });

  test("the order of waits is that of their positions, whenever they were put; a later put of one counts", async () => {
    const run = makeRun(1);
    const waits = [addWait(run, "a"), addWait(run, "a"), addWait(run, "a", { value: "s:last" })];
    await commit(current(), (batch) => {
      batch.runs.add(run);
      for (const wait of [...waits].reverse()) batch.putWait(wait);
    });
    const moved = { ...waits[1]!, value: "s:moved", expression: "true" };
    run.waits.set("a", [waits[0]!, moved, waits[2]!]);
    await commit(current(), (batch) => batch.putWait(moved));
    expect(await current().loadRuns([run.id])).toEqual([asLoaded(run)]);
    expect(await numbers({ keys: [{ path: "data.id", value: "s:moved" }] })).toEqual([1]);
    expect((await current().listWaits(run.id)).map((wait) => wait.seq)).toEqual([0, 1, 2]);
  });

  test("runs are found by any of the entries, each once, ascending", async () => {
    const runs = [5, 3, 9, 1].map((number) => makeRun(number));
    const [five, three, nine, one] = runs as [(typeof runs)[0], (typeof runs)[0], (typeof runs)[0], (typeof runs)[0]];
    addWait(five, "a");
    addWait(five, "a", { path: "data.other", value: "n:2" });
    addWait(five, "b");
    addWait(three, "a", { path: "", value: "" });
    addWait(nine, "a", { value: "s:2" });
    addWait(nine, "@cancel:0");
    addWait(one, "a", { name: "order/placed" });
    await commitRuns(current(), ...runs);
    expect(await numbers()).toEqual([5]);
    const keys = [
      { path: "", value: "" },
      { path: "data.id", value: "s:1" },
      { path: "data.other", value: "n:2" },
    ];
    expect(await numbers({ keys })).toEqual([3, 5]);
    expect(await numbers({ keys, kinds: ["cancel", "event"] })).toEqual([3, 5, 9]);
    expect(await numbers({ kinds: ["signal"] })).toEqual([]);
    expect(await numbers({ keys: [], kinds: ["event"] })).toEqual([]);
    expect(await numbers({ kinds: [] })).toEqual([]);
    expect(await numbers({ name: "order/placed" })).toEqual([1]);
    expect(await numbers({ name: "order" })).toEqual([]);
    expect(await numbers({ keys: [{ path: "data.id", value: "s:" }] })).toEqual([]);
  });

  test("pages of any size make up the whole", async () => {
    const runs = Array.from({ length: 30 }, (_, number) => makeRun(number));
    for (const [number, run] of runs.entries()) {
      addWait(run, "a", number % 3 === 0 ? { path: "", value: "" } : {});
      if (number % 2 === 0) addWait(run, "b");
    }
    await commitRuns(current(), ...runs);
    const keys = [
      { path: "data.id", value: "s:1" },
      { path: "", value: "" },
    ];
    for (const limit of [1, 7, 30, 31]) {
      const pages: string[] = [];
      for (let afterRunId: string | null = null; pages.length <= runs.length; ) {
        const [page]: string[][] = await current().loadWaits([query({ keys, afterRunId, limit })]);
        if (page!.length === 0) break;
        expect(page!.length).toBeLessThanOrEqual(limit);
        pages.push(...page!);
        afterRunId = page!.at(-1)!;
      }
      expect(pages).toEqual(runs.map((run) => run.id));
    }
  });

  test("many queries are answered each for itself, in their order", async () => {
    const runs = Array.from({ length: 300 }, (_, number) => makeRun(number));
    for (const [number, run] of runs.entries()) addWait(run, "a", { value: `n:${number}` });
    await commitRuns(current(), ...runs);
    const queries = runs.map((_, number) => query({ keys: [{ path: "data.id", value: `n:${299 - number}` }] }));
    expect(await current().loadWaits(queries)).toEqual(runs.map((run) => [run.id]).reverse());
    expect(await current().loadWaits([])).toEqual([]);
  });

  test("waits are counted by kind, name and path, those for signals together", async () => {
    expect([...(await current().loadWaitCounts())]).toEqual([]);
    const run = makeRun(1);
    for (const value of ["s:1", "s:2", "s:3"]) addWait(run, "a", { value });
    addWait(run, "b", { path: "" });
    addWait(run, "@cancel:0");
    for (const name of ["go", "stop"]) addWait(run, "c", { name, kind: "signal", path: "" });
    await commitRuns(current(), run);
    const counts = [...(await current().loadWaitCounts())];
    const lines = counts.map(({ kind, name, path, count }) => `${kind} ${name} ${path} ${count}`).sort();
    expect(lines).toEqual([
      "cancel order/paid data.id 1",
      "event order/paid  1",
      "event order/paid data.id 3",
      "signal   2",
    ]);
  });

  test("ST4: waits that are disarmed are gone, and a slot armed again has the new ones only", async () => {
    const run = makeRun(1);
    const old = [addWait(run, "a"), addWait(run, "a", { value: "s:2" }), addWait(run, "a", { value: "s:3" })];
    addWait(run, "b");
    await commitRuns(current(), run);
    run.waits.delete("a");
    const fresh = addWait(run, "a", { value: "s:9", untilAt: T0 + 9, expression: "true" });
    await commit(current(), (batch) => {
      batch.putWait(fresh);
      for (const wait of old) batch.deleteWait(wait);
    });
    expect(await current().loadRuns([run.id])).toEqual([asLoaded(run)]);
    expect(await numbers({ keys: [{ path: "data.id", value: "s:2" }] })).toEqual([]);
    expect(await numbers({ keys: [{ path: "data.id", value: "s:9" }] })).toEqual([1]);
    run.waits.clear();
    await commit(current(), (batch) => {
      batch.deleteWait(fresh);
      batch.deleteWait({ ...fresh, slot: "b" });
    });
    expect(await current().loadRuns([run.id])).toEqual([asLoaded(run)]);
    expect([...(await current().loadWaitCounts())]).toEqual([]);
  });
}

export function inboxTests(current: () => Store): void {
  test("messages come in the order of their ids, page by page, and go when they are dealt with", async () => {
    const messages = [3, 1, 2].map((number) => makeMessage(number));
    await commit(current(), (batch) => {
      for (const message of messages) batch.messages.add(message);
    });
    const [three, one, two] = messages;
    expect(await current().loadInbox(null, 10)).toEqual([one, two, three]);
    expect(await current().loadInbox(null, 2)).toEqual([one, two]);
    expect(await current().loadInbox(idOf(2), 2)).toEqual([three]);
    expect(await current().loadInbox(idOf(3), 2)).toEqual([]);
    await commit(current(), (batch) => batch.deletedMessages.push(idOf(1), idOf(3), idOf(77)));
    expect(await current().loadInbox(null, 10)).toEqual([two]);
  });

  test("ST4: a message put and deleted under one id in one batch stays, as it was put", async () => {
    await commit(current(), (batch) => batch.messages.add(makeMessage(1)));
    const further = makeMessage(1, { after: idOf(50) });
    await commit(current(), (batch) => {
      batch.messages.add(further);
      batch.deletedMessages.push(idOf(1));
    });
    expect(await current().loadInbox(null, 10)).toEqual([further]);
    await commit(current(), (batch) => batch.messages.add(makeMessage(1)));
    expect(await current().loadInbox(null, 10)).toEqual([makeMessage(1)]);
  });

  test("every kind of message comes back as it was, large ones too", async () => {
    const data = JSON.stringify(`\ud800${"é".repeat(100_000)}\u0000`);
    const contents: readonly InboxContent[] = [
      { kind: "child_ended", runId: "r", slot: "s", childId: "c", memo: data, status: "failed" },
      { kind: "cancel", parentRunId: "p", runId: "r", reason: "cancelled_by_parent", message: "lone \udfff" },
      { kind: "drop_wait", runId: "r", slot: "s" },
      { kind: "event", eventId: "e", starts: true, at: 3, after: null },
      {
        kind: "look_back",
        runId: "r",
        slot: "s",
        names: ["a", "b"],
        since: 5,
        isOptional: false,
        until: 6,
        timeoutAt: 7,
        after: null,
        seen: 0,
      },
      { kind: "signal", signal: "go\u0000", data, ttlMs: null },
    ];
    const messages = contents.map((content, number) => ({ id: idOf(number), content }));
    await commit(current(), (batch) => {
      for (const message of messages) batch.messages.add(message);
    });
    expect(await current().loadInbox(null, 10)).toEqual(messages);
  });

  test("a page larger than any chunk is complete", async () => {
    const messages = Array.from({ length: 1_600 }, (_, number) => makeMessage(number));
    await commit(current(), (batch) => {
      for (const message of messages) batch.messages.add(message);
    });
    expect(await current().loadInbox(idOf(9), 1_550)).toEqual(messages.slice(10, 1_560));
    expect(await current().loadInbox(null, 5_000)).toEqual(messages);
  });
}

export function pastEventTests(current: () => Store): void {
  const past = async (names: readonly string[], from: number, until: number, limit = 100) => {
    const events = await current().loadPastEvents({ env: "default", names, from, until, limit });
    return events.map((event) => Number(event.id.slice(-6)));
  };

  test("events are loaded by id, each once, as they were stored", async () => {
    const events = [1, 2, 3].map((number) => makeEvent(number, { idempotencyId: "x", isInternal: number === 2 }));
    await commit(current(), (batch) => batch.events.push(...events));
    expect(await current().loadEvents([idOf(3), idOf(9), idOf(2), idOf(3)])).toEqual([events[2], events[1]]);
    expect(await current().loadEvents([])).toEqual([]);
  });

  test("a look-back finds what was received in its time, in the order of its arrival", async () => {
    await commit(current(), (batch) => {
      for (let number = 0; number < 20; number++) {
        batch.events.push(makeEvent(number, { name: ["a", "b", "c"][number % 3]!, isInternal: number === 6 }));
      }
    });
    expect(await past(["a"], T0, T0 + 100)).toEqual([0, 3, 6, 9, 12, 15, 18]);
    expect(await past(["a", "c"], T0 + 3, T0 + 9)).toEqual([3, 5, 6, 8, 9]);
    expect(await past(["c", "a", "c"], T0 + 3, T0 + 100, 3)).toEqual([3, 5, 6]);
    expect(await past(["b"], T0 + 2, T0 + 3)).toEqual([]);
    expect(await past([], T0, EVER)).toEqual([]);
    expect(await past(["a"], 0, EVER, 2)).toEqual([0, 3]);
    const after = { env: "default", names: ["a", "c"], from: T0 + 3, until: T0 + 100, limit: 3 };
    for (const [id, wanted] of [
      [5, [6, 8, 9]],
      [0, [3, 5, 6]],
      [18, []],
    ] as const) {
      const events = await current().loadPastEvents({ ...after, after: { receivedAt: T0 + id, id: idOf(id) } });
      expect(events.map((event) => Number(event.id.slice(-6)))).toEqual(wanted);
    }
    const elsewhere = { env: "other", names: ["a"], from: 0, until: EVER, limit: 9 };
    expect(await current().loadPastEvents(elsewhere)).toEqual([]);
  });

  test("when an event was received decides, also when its id tells another time", async () => {
    const minutes = (count: number) => count * 60_000;
    const received = (number: number, receivedAt: number) => makeEvent(number, { name: "a", receivedAt });
    await commit(current(), (batch) => {
      batch.events.push(received(0, T0 + minutes(9)), received(minutes(20), T0 + minutes(12)), received(5, T0 + 5));
    });
    expect(await past(["a"], T0 + minutes(8), T0 + minutes(13))).toEqual([0, 200_000]);
    expect(await past(["a"], T0 + minutes(8), T0 + minutes(9))).toHaveLength(1);
    expect(await past(["a"], T0 + minutes(11), T0 + minutes(12))).toHaveLength(1);
    expect(await past(["a"], T0, T0 + 9)).toEqual([5]);
  });

  test("the order of a look-back is that of arrival, however far the ids are from it, page by page", async () => {
    const days = (count: number) => count * 86_400_000;
    const received = [4, 1, 3, 1, 2].map((minute) => T0 + days(30) + minute * 60_000);
    const events = received.map((receivedAt, number) => makeEvent(number, { name: "a", receivedAt }));
    await commit(current(), (batch) => batch.events.push(...events));
    const query = { env: "default", names: ["a"], from: T0 + days(30), until: T0 + days(31), limit: 2 };
    const seen: number[] = [];
    for (let after: { receivedAt: number; id: string } | null = null; seen.length <= events.length; ) {
      const page = await current().loadPastEvents({ ...query, after });
      if (page.length === 0) break;
      seen.push(...page.map((event) => Number(event.id.slice(-6))));
      after = page.at(-1)!;
    }
    expect(seen).toEqual([1, 3, 4, 2, 0]);
    expect(await past(["a"], T0, T0 + days(29))).toEqual([]);
  });

  test("a look-back ends with the event that makes it as long as it may be", async () => {
    const json = JSON.stringify({ data: "x".repeat(1_000) });
    const events = Array.from({ length: 60 }, (_, number) => makeEvent(number, { name: "a", json }));
    await commit(current(), (batch) => batch.events.push(...events));
    const count = async (charsMax: number) => {
      const query = { env: "default", names: ["a"], from: T0, until: T0 + 100, limit: 50, charsMax };
      return (await current().loadPastEvents(query)).length;
    };
    const sizes = [1, json.length, json.length + 1, 30 * json.length, 31 * json.length - 1, 1_000_000];
    expect(await Promise.all(sizes.map(count))).toEqual([1, 1, 2, 30, 31, 50]);
  });

  test("a look-back larger than any chunk is complete and in order", async () => {
    const events = Array.from({ length: 4_200 }, (_, number) => {
      return makeEvent(number, { name: number % 2 === 0 ? "a" : "b", receivedAt: T0 + (number % 7) });
    });
    await commit(current(), (batch) => batch.events.push(...events));
    const query = { env: "default", names: ["a", "b"], from: T0 + 1, until: T0 + 5, limit: 2_900 };
    const wanted = events.filter(({ receivedAt }) => receivedAt >= T0 + 1 && receivedAt <= T0 + 5);
    wanted.sort((left, right) => left.receivedAt - right.receivedAt);
    expect(await current().loadPastEvents(query)).toEqual(wanted.slice(0, 2_900));
  });
}

export function recordTests(current: () => Store): void {
  test("what sleeps and waits is listed by when it goes on, with for what, in pages", async () => {
    const runs = [1, 2, 3].map((number) => makeRun(number, { functionId: number === 2 ? "other" : "mine" }));
    const [first, second, third] = [runs[0]!, runs[1]!, runs[2]!];
    const open = (run: Run, id: string, kind: StepKind, dueAt: number) => {
      addStep(run, id, { kind, status: kind === "sleep" ? "sleeping" : "waiting", queuedAt: T0 + 3 });
      addJob(run, id, { kind: kind === "sleep" ? "sleep" : "timeout", dueAt });
    };
    open(first, "nap", "sleep", T0 + 50);
    open(first, "paid", "wait", T0 + 40);
    for (const name of ["b/paid", "b/paid", "a/paid"]) addWait(first, "paid", { name, expression: "async.n > 1" });
    open(second, "nap", "sleep", T0 + 50);
    open(third, "child", "invoke", T0 + 90);
    addJob(third, "@finish", { kind: "finish_timeout", dueAt: T0 + 10 });
    addJob(third, "main", { dueAt: T0 + 5 });
    await commitRuns(current(), ...runs, makeRun(9, { env: "other" }));
    const list = async (filter: Partial<WaitingFilter> = {}) => {
      const { rows, next } = await current().listWaiting({ env: "default", limit: 10, ...filter });
      expect(next).toBeNull();
      return rows;
    };
    const brief = async (filter: Partial<WaitingFilter> = {}) =>
      (await list(filter)).map(({ runId, stepId }) => `${Number(runId.slice(-6))} ${stepId}`);
    expect(await brief()).toEqual(["1 paid", "1 nap", "2 nap", "3 child"]);
    expect((await list())[0]).toEqual({
      ...{ runId: idOf(1), functionId: "mine", stepId: "paid", name: "step paid", index: 0, kind: "wait" },
      ...{ queuedAt: T0 + 3, dueAt: T0 + 40, childRunId: null },
      ...{ names: ["b/paid", "a/paid"], expression: "async.n > 1" },
    });
    expect(await brief({ kinds: ["sleep"], functionIds: ["mine"] })).toEqual(["1 nap"]);
    const [, last] = await list({ limit: 2 });
    expect(await brief({ after: placeOf(last!) })).toEqual(["2 nap", "3 child"]);
    expect(await brief({ env: "other" })).toEqual([]);
  });

  test("operations: the last put counts, open ones are found, lists are newest first", async () => {
    const put = (...operations: readonly ReturnType<typeof makeOperation>[]) =>
      commit(current(), (batch) => {
        for (const operation of operations) batch.operations.set(operation.id, operation);
      });
    const [one, two, three] = [makeOperation(1), makeOperation(2, { kind: "replay" }), makeOperation(3)] as const;
    await put(three, one, two);
    expect(await current().loadOpenOperations()).toEqual([one, two, three]);
    const ended = { ...two, status: "completed", json: '{"done":7}' } as const;
    await put(ended);
    expect(await current().loadOpenOperations()).toEqual([one, three]);
    expect(await current().getOperation(two.id)).toEqual(ended);
    expect(await current().getOperation(idOf(9))).toBeNull();
    expect(await current().listOperations(2)).toEqual([three, ended]);
    expect(await current().listOperations(9, idOf(3))).toEqual([ended, one]);
  });

  test("every configuration of a function is kept, under the time of its first put", async () => {
    const put = (stored: StoredFunction) => commit(current(), (batch) => batch.functions.push(stored));
    const first = makeFunction("f");
    const second = { ...makeFunction("f", { retries: 9 }), version: 2, changedAt: T0 + 5 };
    const paused = { ...second, paused: "skip", changedAt: T0 + 9 } as const;
    for (const stored of [first, second, paused]) await put(stored);
    await put(makeFunction("g"));
    expect((await current().loadRegistry()).functions).toEqual([paused, makeFunction("g")]);
    const newest = { version: 2, changedAt: T0 + 5, config: second.fn };
    const oldest = { version: 1, changedAt: T0, config: first.fn };
    expect(await current().listFunctionVersions("f", 10)).toEqual([newest, oldest]);
    expect(await current().listFunctionVersions("f", 1)).toEqual([newest]);
    expect(await current().listFunctionVersions("h", 10)).toEqual([]);
  });

  test("ST4: a deleted fact is gone, and one made again in the same batch is the new one", async () => {
    const facts = [
      makeFact("k1", EVER),
      makeFact("k1", EVER, { kind: "signal", functionId: "" }),
      makeFact("k2", EVER),
    ];
    const fresh = makeFact("k2", EVER, { value: "fresh" });
    await commit(current(), (batch) => batch.flow.push(...facts));
    await commit(current(), (batch) => {
      batch.flow.push(fresh);
      batch.deletedFlow.push(facts[0]!, facts[2]!, makeFact("none", 0));
    });
    expect(await current().loadFlow(facts, T0)).toEqual([facts[1], fresh]);
  });

  test("steps are listed page by page, in the order of the whole", async () => {
    const run = makeRun(1);
    for (let index = 0; index < 40; index++) {
      const isOpen = index % 4 === 0;
      addStep(run, `s${(index * 7) % 40}`, isOpen ? { queuedAt: T0 + 50 - index } : { memo: '{"data":1}' });
    }
    await commitRuns(current(), run, makeRun(2));
    const whole = await current().listSteps(run.id);
    for (const limit of [1, 7, 40, 50]) {
      const pages = [];
      for (let offset = 0; offset < 40; offset += limit) {
        pages.push(...(await current().listSteps(run.id, { offset, limit })));
      }
      expect(pages).toEqual(whole);
    }
    expect(await current().listSteps(run.id, { offset: 40, limit: 5 })).toEqual([]);
    expect(await current().listSteps(run.id, { offset: 0, limit: 0 })).toEqual([]);
    expect(await current().listSteps(idOf(2), { offset: 0, limit: 5 })).toEqual([]);
  });
  test("the last stamp is that of the event or run that was stored last", async () => {
    expect(await current().loadLastStamp()).toBe(0);
    await commitRuns(current(), makeRun(1, { createdAt: T0 + 5 }));
    expect(await current().loadLastStamp()).toBe(T0 + 5);
    await commit(current(), (batch) => batch.events.push(makeEvent(2, { receivedAt: T0 + 7 })));
    await commitRuns(current(), makeRun(3, { createdAt: T0 + 6 }));
    expect(await current().loadLastStamp()).toBe(T0 + 7);
  });
}
