import { describe, expect, test } from "vitest";
import { EngineRig } from "../../test/engine-rig.ts";
import {
  begun,
  codeOf,
  complete,
  eventOf,
  HOUR,
  leftovers,
  loaded,
  memoOf,
  receive,
  report,
  restarted,
  waiting,
} from "../../test/engine-runs.ts";
import { config, done, planned } from "../../test/run-rig.ts";
import { LIMITS } from "../protocol/limits.ts";

describe("an event", () => {
  test("resumes the run that waits for it, whether or not the run is in memory", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    expect(rig.engine.coreForTests.isResident(runId)).toBe(false);
    await receive(rig, eventOf(rig, "reply", { n: 1 }));
    expect(await memoOf(rig, runId)).toContain('"n":1');
    expect(rig.calls).toHaveLength(2);
    await complete(rig);
    expect(await leftovers(rig)).toBe(0);
  });

  test("a millisecond before the wait is missed, in its millisecond and later is not", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await receive(rig, eventOf(rig, "reply", { n: 0 }));
    rig.now++;
    await report(rig, waiting());
    expect(await memoOf(rig, runId)).toBeNull();
    await receive(rig, eventOf(rig, "reply", { n: 1 }));
    expect(await memoOf(rig, runId)).toContain('"n":1');
  });

  test("resumes every run whose condition it fulfils, and no other", async () => {
    const rig = await EngineRig.started();
    const runs: string[] = [];
    for (const id of [1, 1, 2]) {
      runs.push(await begun(rig, { id }));
      await report(rig, waiting({ if: "event.data.id == async.data.id" }));
    }
    await receive(rig, eventOf(rig, "reply", { id: 1 }));
    const memos = await Promise.all(runs.map((runId) => memoOf(rig, runId)));
    expect(memos.map((memo) => memo !== null)).toEqual([true, true, false]);
  });

  test("that comes while the wait is being stored resumes it", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    rig.store.isHolding = true;
    await report(rig, waiting());
    const received = rig.engine.receive([eventOf(rig, "reply")]);
    await rig.settle();
    rig.store.isHolding = false;
    await rig.store.held[0]!.store();
    await rig.settle();
    await received;
    expect(await memoOf(rig, runId)).toContain('"name":"reply"');
  });

  test("and a wait that it resumes in one batch leave nothing behind", async () => {
    const rig = await EngineRig.started();
    await begun(rig);
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    rig.calls[0]!.answer({ kind: "ops", ops: [waiting()] });
    await rig.settle();
    rig.engine.receive([eventOf(rig, "reply")]);
    await rig.settle();
    await rig.store.held[0]!.store();
    await rig.settle();
    const [, held] = rig.store.held;
    expect([held!.batch.waits.size, held!.batch.deletedWaits.size]).toEqual([0, 0]);
  });

  test("that comes while the run is being loaded for another resumes its step too", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting({ event: "one" }, "x"), waiting({ event: "two" }, "y"));
    const received = [rig.engine.receive([eventOf(rig, "one")]), rig.engine.receive([eventOf(rig, "two")])];
    await rig.settle();
    await Promise.all(received);
    expect((await loaded(rig, runId)).stack).toEqual(["x", "y"]);
    expect(rig.calls).toHaveLength(2);
  });

  test("and the timeout in one instant: whichever is applied first", async () => {
    const rig = await EngineRig.started();
    const early = await begun(rig);
    await report(rig, waiting());
    rig.now += HOUR;
    await receive(rig, eventOf(rig, "reply"));
    expect(await memoOf(rig, early)).toContain('"name":"reply"');
    const late = await begun(rig);
    await report(rig, waiting());
    await rig.pass(HOUR);
    await receive(rig, eventOf(rig, "reply"));
    expect(await memoOf(rig, late)).toBe("null");
  });

  test("resumes a run that waited before a restart", async () => {
    const before = await EngineRig.started();
    const runId = await begun(before, { id: 7 });
    await report(before, waiting({ if: "event.data.id == async.data.id" }));
    const rig = await restarted(before);
    await receive(rig, eventOf(rig, "reply", { id: 8 }), eventOf(rig, "reply", { id: 7 }));
    expect(await memoOf(rig, runId)).toContain('"id":7');
    expect(rig.calls.map(({ call }) => call.runId)).toEqual([runId]);
  });

  test("that a step sends resumes who waits for it, and starts what it triggers, once", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    await begun(rig);
    const [reply, start] = [eventOf(rig, "reply", {}, { mayExist: true }), eventOf(rig, "a", {}, { mayExist: true })];
    await report(rig, { ...done("s"), sends: { events: [reply, start], signals: [] } });
    expect(await memoOf(rig, runId)).toContain('"name":"reply"');
    expect(rig.calls).toHaveLength(5); // Two runs, both again, and the one that was started.
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });
});

describe("what a step sends", () => {
  test("is not sent again when an earlier attempt sent it in a request of its own", async () => {
    const rig = await EngineRig.started();
    const event = eventOf(rig, "a", {}, { mayExist: true });
    await begun(rig);
    const call = rig.calls[0]!;
    await receive(rig, event);
    call.answer({ kind: "ops", ops: [{ ...done("s"), sends: { events: [event], signals: [] } }] });
    await rig.settle();
    expect((await rig.store.counts()).runs).toBe(2);
  });

  test("twice in two steps of one batch happens once, saved by a checkpoint or reported", async () => {
    const rig = await EngineRig.started();
    await begun(rig);
    const event = eventOf(rig, "a", {}, { mayExist: true });
    const op = { ...done("s"), sends: { events: [event], signals: [] } };
    const saved = rig.calls[0]!.save([op]);
    await rig.settle();
    expect(await saved).toBe("saved");
    rig.calls[0]!.answer({ kind: "ops", ops: [{ ...op, id: "t" }] });
    await rig.settle();
    expect((await rig.store.counts()).runs).toBe(2);
  });
});

describe("more runs than one transaction resumes", () => {
  const COUNT = LIMITS.resumedRunsPerBatchMax + 5;

  /** Runs that wait for `reply`, or for `other` when `isOther`; none of them is called any more. */
  async function crowd(count: number, isOther: (index: number) => boolean = () => false): Promise<EngineRig> {
    const rig = await EngineRig.started({}, { limits: { residentRunsMax: 0 } });
    const sent = rig.engine.receive(Array.from({ length: count }, () => eventOf(rig, "a")));
    await rig.settle();
    await sent;
    for (let from = 0; from < rig.calls.length; ) {
      const calls = rig.calls.slice(from);
      from = rig.calls.length;
      for (const [index, call] of calls.entries())
        call.answer({ kind: "ops", ops: [waiting(isOther(index) ? { event: "other" } : {})] });
      await rig.settle();
    }
    expect(rig.engine.stats.residentRuns).toBe(0);
    return rig;
  }

  const resumed = (rig: EngineRig) =>
    [...rig.store.snapshot().steps.values()].filter((steps) => steps.get("w")!.memo !== null).length;

  test("are all resumed, page by page, by messages", async () => {
    const rig = await crowd(COUNT);
    await receive(rig, eventOf(rig, "reply"));
    await rig.settle();
    expect(resumed(rig)).toBe(COUNT);
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });

  test("are all resumed when the process dies between two pages", async () => {
    const before = await crowd(COUNT);
    before.store.isHolding = true;
    const received = before.engine.receive([eventOf(before, "reply")]);
    received.catch(() => {});
    await before.settle();
    await before.store.held[0]!.store(); // The event and its message; nothing after it.
    before.store.isHolding = false;
    expect(resumed(before)).toBe(0);
    const rig = await restarted(before);
    await rig.settle();
    expect(resumed(rig)).toBe(COUNT);
  });

  test("a duplicate among the events leaves the others what they need", async () => {
    const rig = await crowd(1_200, (index) => index % 2 === 0);
    const first = eventOf(rig, "unheard", {}, { mayExist: true });
    await receive(rig, first);
    const duplicate = { ...first, stored: { ...first.stored, name: "other" } };
    await receive(rig, duplicate, eventOf(rig, "reply"));
    await rig.settle();
    expect(resumed(rig)).toBe(600);
  });
});

describe("looking back", () => {
  test("finds what came before the wait, however short its patience", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await receive(rig, eventOf(rig, "reply", { n: 1 }), eventOf(rig, "reply", { n: 2 }));
    rig.now += 1_000;
    await report(rig, waiting({ since: "run", timeout: "", if: "async.data.n > 1" }));
    expect(await memoOf(rig, runId)).toContain('"n":2');
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });

  test("finds nothing from before the run, or before its date; then its time counts from when it began", async () => {
    const rig = await EngineRig.started();
    await receive(rig, eventOf(rig, "reply", { n: 1 }));
    rig.now += 1_000;
    const runId = await begun(rig);
    await report(rig, waiting({ since: "run" }));
    expect((await loaded(rig, runId)).jobs.get("w")!.dueAt).toBe(rig.now + HOUR);
    const since = new Date(rig.now).toISOString();
    const other = await begun(rig);
    await report(rig, waiting({ since }));
    expect([await memoOf(rig, runId), await memoOf(rig, other)]).toEqual([null, null]);
    await rig.pass(HOUR);
    expect([await memoOf(rig, runId), await memoOf(rig, other)]).toEqual(["null", "null"]);
  });

  test("finds an event whose id has another time, as those have that a step of an old run sends", async () => {
    const rig = await EngineRig.started();
    const sent = eventOf(rig, "reply", { n: 1 });
    rig.now += 24 * HOUR;
    const runId = await begun(rig);
    rig.now += 1_000;
    await receive(rig, { ...sent, stored: { ...sent.stored, receivedAt: rig.now } });
    await report(rig, waiting({ since: "run" }));
    expect(await memoOf(rig, runId)).toContain('"n":1');
  });

  test("finds what came after the machine's clock was set back", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    rig.now -= HOUR;
    await receive(rig, eventOf(rig, "reply", { n: 1 }));
    await report(rig, waiting({ since: "run" }));
    expect(await memoOf(rig, runId)).toContain('"n":1');
  });

  test("finds what came after a restart by a clock that was set back, and nothing from before the run", async () => {
    const before = await EngineRig.started();
    await receive(before, eventOf(before, "reply", { n: 1 }));
    before.now += HOUR / 2;
    const old = await begun(before);
    before.now += HOUR / 2;
    await receive(before, eventOf(before, "other"));
    before.now -= 3 * HOUR;
    const rig = await restarted(before);
    rig.now += 1_000;
    await receive(rig, eventOf(rig, "reply", { n: 2 }));
    rig.now += 1_000;
    const young = await begun(rig);
    await report(rig, waiting({ since: "run" }));
    expect((await rig.store.listWaits(young)).length).toBe(1);
    rig.now += 1_000;
    await receive(rig, eventOf(rig, "reply", { n: 3 }));
    expect(await memoOf(rig, young)).toContain('"n":3');
    rig.calls.find(({ call }) => call.runId === old)!.answer({ kind: "ops", ops: [waiting({ since: "run" })] });
    await rig.settle();
    expect(await memoOf(rig, old)).toContain('"n":2');
  });

  test("that finds nothing and has no patience is over", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting({ since: "run", timeout: "" }));
    expect(await memoOf(rig, runId)).toBe("null");
  });

  test("goes on after a restart that came before it", async () => {
    const before = await EngineRig.started();
    const runId = await begun(before);
    await receive(before, eventOf(before, "reply", { n: 1 }));
    before.store.isHolding = true;
    await report(before, waiting({ since: "run", timeout: "1s" }));
    await before.store.held[0]!.store();
    before.store.isHolding = false;
    before.now += HOUR;
    const rig = await restarted(before);
    expect(await memoOf(rig, runId)).toContain('"n":1');
  });

  test("goes through the events page by page, also across a restart", async () => {
    const before = await EngineRig.started();
    const runId = await begun(before);
    await receive(before, ...Array.from({ length: 600 }, (_, n) => eventOf(before, "reply", { n })));
    before.store.isHolding = true;
    await report(before, waiting({ since: "run", timeout: "1s", if: "async.data.n >= 550" }));
    await before.store.held[0]!.store();
    await before.settle();
    await before.store.held[1]!.store(); // The first page is done, and a message says where to go on.
    before.store.isHolding = false;
    expect(await before.store.loadInbox(null, 10)).toMatchObject([{ content: { kind: "look_back", seen: 250 } }]);
    before.now += HOUR;
    const rig = await restarted(before);
    expect(await memoOf(rig, runId)).toContain('"n":550');
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });

  test("too far is an error of the run", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    const many = Array.from({ length: LIMITS.lookBackEventsMax + 1 }, () => eventOf(rig, "reply"));
    await receive(rig, ...many);
    await report(rig, waiting({ since: "run", if: "async.data.n == 1" }));
    expect(await codeOf(rig, runId)).toBe("look_back_too_far");
    expect(await leftovers(rig)).toBe(0);
  });
});

describe("the end of a run", () => {
  test("can be waited for by name and condition", async () => {
    const rig = await EngineRig.started();
    const waiter = await begun(rig);
    const name = "inngest/function.finished";
    const condition = "async.data.function_id == 'app-f' && async.data.result == 42";
    await report(rig, { ...waiting({ if: condition }), name });
    await begun(rig);
    await complete(rig, "41");
    expect(await memoOf(rig, waiter)).toBeNull();
    await begun(rig);
    await complete(rig, "42");
    expect(JSON.parse((await memoOf(rig, waiter))!)).toMatchObject({ name, data: { result: 42 } });
  });

  test("leaves no event when nobody waits for it any more", async () => {
    const rig = await EngineRig.started();
    await begun(rig);
    await report(rig, { ...waiting(), name: "inngest/function.finished" });
    await rig.pass(HOUR);
    await complete(rig);
    expect([...rig.store.snapshot().events.values()].filter((event) => event.isInternal)).toEqual([]);
  });
});

describe("a function that is gone", () => {
  test("ends its waiting run with a reason when the event comes, and leaves nothing", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting(), planned("a"));
    await report(rig, done("a"));
    rig.engine.removeApp("app");
    await rig.settle();
    await receive(rig, eventOf(rig, "reply"));
    expect(await codeOf(rig, runId)).toBe("function_removed");
    expect(await leftovers(rig)).toBe(0);
  });

  test("is there again when its app comes back before the event", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    rig.engine.removeApp("app");
    await rig.settle();
    const functions = [config(3, { triggers: [{ kind: "event", event: "a", expression: null }] })];
    const app = { id: "app", url: "inproc:", sdk: "test", framework: "", version: null, functions };
    rig.engine.sync(app, "2");
    await receive(rig, eventOf(rig, "reply"));
    expect(rig.calls.at(-1)!.call).toMatchObject({ runId, memos: [{ id: "w" }] });
  });
});
