import { describe, expect, test } from "vitest";
import { asking, done, planned, RunRig, START } from "../../../test/run-rig.ts";
import type { IncomingEvent } from "../../protocol/event.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { Op } from "../../protocol/op.ts";
import { arrive, lookBack } from "./arrive.ts";

const HOUR = 3_600_000;

/** A step that waits for `reply`, for an hour. */
function waiting(id: string, opts: Op["opts"] = {}): Op {
  return asking("WaitForEvent", { id, name: "reply", displayName: id, opts: { timeout: "1h", ...opts } });
}

function event(data: JsonObject = {}, name = "reply", id = "arrived"): IncomingEvent {
  const parsed = { data, id, name, ts: START, user: {} };
  const base = { id, name, ts: START, receivedAt: START, idempotencyId: null, isInternal: false };
  return { stored: { ...base, json: JSON.stringify(parsed) }, parsed, mayExist: false };
}

function arriveAt(rig: RunRig, incoming: IncomingEvent, at = rig.now): void {
  arrive(rig.context, rig.run, incoming, at);
}

function errorOf(rig: RunRig): unknown {
  return rig.run.error === null ? null : JSON.parse(rig.run.error);
}

describe("a wait", () => {
  test("is resolved by the first event of its name; the memo is the bare event", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"));
    expect(rig.slots).toEqual(["w"]);
    arriveAt(rig, event({}, "other"));
    expect(rig.memo("w")).toBeNull();
    const first = event({ n: 1 });
    arriveAt(rig, first);
    arriveAt(rig, event({ n: 2 }, "reply", "later"));
    expect(rig.memo("w")).toBe(first.stored.json);
    expect([rig.slots, rig.run.stack, rig.armed.size, rig.problems]).toEqual([["main"], ["w"], 0, []]);
  });

  test("that a clock armed which has been set back since is resolved; one that is armed after the event is not", () => {
    const ahead = new RunRig();
    ahead.report("main", waiting("w"));
    ahead.now -= HOUR;
    arriveAt(ahead, event());
    expect(ahead.memo("w")).not.toBeNull();
    const late = new RunRig();
    late.report("main", waiting("w"));
    arriveAt(late, event(), START - 1);
    expect(late.memo("w")).toBeNull();
  });

  test("takes the event whose data fit the trigger of the run", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { if: "async.data.id == 7 && event.data.id == null" }));
    arriveAt(rig, event({ id: 8 }));
    expect(rig.memo("w")).toBeNull();
    arriveAt(rig, event({ id: 7 }));
    expect(rig.memo("w")).not.toBeNull();
  });

  test("may name several events, each once, and any of them resolves it", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { events: ["yes", "no", "yes"] }));
    expect([...rig.armed].map((wait) => wait.name)).toEqual(["yes", "no"]);
    arriveAt(rig, event({}, "no"));
    expect(rig.memo("w")).toContain('"name":"no"');
    expect(rig.armed.size).toBe(0);
  });

  test("of another name for the event than the operation's name is named by its options", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { event: "named" }));
    expect([...rig.armed].map((wait) => wait.name)).toEqual(["named"]);
  });

  test("is not resolved by what came before it was armed, but by what came in the same millisecond", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"));
    arriveAt(rig, event(), START - 1);
    expect(rig.memo("w")).toBeNull();
    arriveAt(rig, event(), START);
    expect(rig.memo("w")).not.toBeNull();
  });

  test("is not resolved by the event that started the run", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"));
    arriveAt(rig, event({}, "reply", "event"));
    expect(rig.memo("w")).toBeNull();
  });

  test("whose condition the trigger makes false for ever waits for its timeout alone", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { if: "event.data.id == 1 && async.data.id == 1" }));
    expect([rig.armed.size, rig.slots]).toEqual([0, ["w"]]);
  });
});

describe("event and timeout", () => {
  test("in one instant, the event first: the timeout changes nothing", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"));
    rig.now = START + HOUR;
    arriveAt(rig, event());
    rig.wake("w");
    expect(rig.memo("w")).toContain('"name":"reply"');
    expect(rig.run.stack).toEqual(["w"]);
  });

  test("in one instant, the timeout first: the event changes nothing", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"));
    rig.now = START + HOUR;
    rig.wake("w");
    arriveAt(rig, event());
    expect([rig.memo("w"), rig.run.steps.get("w")!.status]).toEqual(["null", "timed_out"]);
    expect([rig.run.stack, rig.armed.size, rig.slots]).toEqual([["w"], 0, ["main"]]);
  });

  test("the patience is not over a millisecond early", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"));
    rig.now = START + HOUR - 1;
    rig.wake("w");
    expect(rig.memo("w")).toBeNull();
  });

  test("a wait without a timeout, and one until a date in the past, is over at once", () => {
    for (const timeout of [null, "", "1970-01-01T00:00:00.000Z"]) {
      const rig = new RunRig();
      rig.report("main", waiting("w", { timeout }));
      rig.wake("w");
      expect(rig.memo("w")).toBe("null");
    }
  });
});

describe("waits of one run", () => {
  test("one event resolves all that fit, and one discovery follows the group", () => {
    const rig = new RunRig();
    rig.report("main", waiting("x"), waiting("y"), planned("z"));
    arriveAt(rig, event());
    expect([rig.run.stack, rig.slots]).toEqual([["x", "y"], ["z"]]);
    rig.report("z", done("z"));
    expect(rig.slots).toEqual(["main"]);
  });

  test("with request version 1 a discovery follows each, and plans from then on", () => {
    const rig = new RunRig({ version: 1 });
    rig.report("main", waiting("x"), waiting("y", { if: "async.data.id == 7" }));
    expect([rig.slots, rig.run.forcePlan]).toEqual([["x", "y"], true]);
    arriveAt(rig, event());
    expect(rig.slots).toEqual(["y", "main"]);
    expect(rig.call()!.disableImmediateExecution).toBe(true);
  });

  test("in a race go on when the first is there", () => {
    const rig = new RunRig();
    const race = { parallelMode: "race" };
    rig.report("main", waiting("x", race), waiting("y", { ...race, if: "async.data.id == 7" }));
    arriveAt(rig, event());
    expect(rig.slots).toEqual(["y", "main"]);
    rig.answer(rig.call()!, rig.returned("1"));
    expect([rig.run.status, rig.armed.size, rig.problems]).toEqual(["completed", 0, []]);
  });

  test("are armed before their siblings begin, wherever they stand in the reply", () => {
    const order: string[] = [];
    const rig = new RunRig({
      invoke: () => {
        order.push(`${rig.armed.size} armed`);
        return { kind: "started", runId: "child" };
      },
    });
    const invoke = asking("InvokeFunction", { id: "i", opts: { function_id: "app-f" } });
    rig.report("main", invoke, waiting("x"), waiting("y"));
    expect(order).toEqual(["2 armed"]);
  });

  test("reported by a call that was made for another step are opened, and the step is called again", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    rig.report("a", waiting("w"));
    expect([rig.slots.sort(), rig.armed.size]).toEqual([["a", "b", "w"], 1]);
    expect(rig.call("a")).toBeDefined();
    expect(rig.problems).toEqual([]);
  });

  test("are asked for again without any effect", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w"), planned("a"));
    const [wait] = rig.armed;
    rig.report("a", waiting("w"), done("a"));
    expect([...rig.armed]).toEqual([wait]);
    expect(rig.slots).toEqual(["w"]);
  });

  test("a discovery that is out when a wait is resolved is followed by another", () => {
    const rig = new RunRig({ version: 1 });
    rig.report("main", waiting("x"), planned("a"));
    rig.report("a", done("a"));
    const call = rig.call()!;
    arriveAt(rig, event());
    rig.answer(call, rig.ops());
    expect(rig.slots).toEqual(["main"]);
    expect(rig.call()!.memos.map((memo) => memo.id)).toEqual(["a", "x"]);
  });
});

describe("a checkpoint", () => {
  test("saves results while waits are open, and cannot open one", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { parallelMode: "race" }), planned("a", { parallelMode: "race" }));
    rig.report("a", done("a"));
    const call = rig.call()!;
    expect(rig.save(call.generation, done("b"))).toEqual({ kind: "saved" });
    expect(rig.save(call.generation, waiting("v"))).toMatchObject({ kind: "refused", code: "op_unsupported" });
    expect([rig.run.stack, rig.armed.size, rig.problems]).toEqual([["a", "b"], 1, []]);
  });
});

describe("looking back", () => {
  test("is asked for from the run's beginning or a date, and takes the first event that fits", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { since: "run", if: "async.data.id == 7" }));
    expect(rig.told).toEqual([`look back w reply ${START}, until ${START + HOUR}`]);
    lookBack(rig.context, rig.run, "w", [event({ id: 8 }), event({ id: 7, n: 1 }), event({ id: 7, n: 2 })]);
    expect(JSON.parse(rig.memo("w")!)).toMatchObject({ data: { n: 1 } });
  });

  test("finds neither the run's own trigger nor anything for a wait that is over", () => {
    const rig = new RunRig();
    rig.report("main", waiting("w", { since: "1970-01-01T00:00:00.000Z" }));
    expect(rig.told).toEqual([`look back w reply 0, until ${START + HOUR}`]);
    lookBack(rig.context, rig.run, "w", [event({}, "reply", "event")]);
    expect(rig.memo("w")).toBeNull();
    rig.now = START + HOUR;
    rig.wake("w");
    expect(rig.memo("w")).toBeNull(); // Not before the look back has an answer.
    arriveAt(rig, event({ n: 1 }));
    lookBack(rig.context, rig.run, "w", [event({ n: 2 })]);
    expect(rig.memo("w")).toContain('"n":1');
  });
});

describe("what cannot be", () => {
  const long = "n".repeat(10_000);
  const hostile: readonly (readonly [string, Partial<Op>, string])[] = [
    ["an expression that does not compile", { opts: { timeout: "1h", if: "async.data.id ==" } }, "expression_invalid"],
    ["an expression of 100,000 characters", { opts: { timeout: "1h", if: "(".repeat(100_000) } }, "expression_invalid"],
    ["a timeout that is no duration", { opts: { timeout: "soon" } }, "duration_invalid"],
    ["a timeout that is a huge number", { opts: { timeout: 1e308 } }, "duration_invalid"],
    ["a timeout that hides its text", { opts: { timeout: { toString: 1, valueOf: 1 } } }, "duration_invalid"],
    ["a timeout whose cut leaves half a pair", { opts: { timeout: `${"x".repeat(99)}\u{1f600}` } }, "duration_invalid"],
    ["a timeout beyond a year and a day", { opts: { timeout: "367d" } }, "timeout_too_long"],
    ["no name at all", { name: "", opts: { timeout: "1h" } }, "wait_invalid"],
    ["a name of 10,000 characters", { name: long, opts: { timeout: "1h" } }, "wait_invalid"],
    ["a name that is no text", { opts: { timeout: "1h", event: { a: 1 } } }, "wait_invalid"],
    ["eleven names", { opts: { timeout: "1h", events: [..."abcdefghijk"] } }, "wait_invalid"],
    ["a look back to nowhere", { opts: { timeout: "1h", since: "yesterday" } }, "wait_invalid"],
    ["a look back to a number", { opts: { timeout: "1h", since: 1e300 } }, "wait_invalid"],
  ];

  test.each(hostile)("%s ends the run with a code", (_, op, code) => {
    const rig = new RunRig({ limits: { runStateBytesMax: 1_000_000 } });
    rig.report("main", { ...waiting("w"), ...op }, planned("a"));
    expect(errorOf(rig)).toMatchObject({ code });
    expect([rig.run.status, rig.slots, rig.armed.size, rig.told]).toEqual(["failed", [], 0, []]);
  });

  test("an event that makes the run's state too large ends the run", () => {
    const rig = new RunRig({ limits: { runStateBytesMax: 1_000 } });
    rig.report("main", waiting("w"));
    arriveAt(rig, event({ text: "x".repeat(1_000) }));
    expect(errorOf(rig)).toMatchObject({ code: "run_state_too_large" });
    expect([rig.armed.size, rig.problems]).toEqual([0, []]);
  });
});
