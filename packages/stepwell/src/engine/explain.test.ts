import { describe, expect, test } from "vitest";
import { appOf, EngineRig } from "../../test/engine-rig.ts";
import { begun, eventOf, fail, HOUR, invoking, receive, report, waiting } from "../../test/engine-runs.ts";
import { asking, planned } from "../../test/run-rig.ts";
import type { Reason } from "../core/explain/explanation.ts";
import { type ConcurrencyRule, type FlowConfig, NO_FLOW } from "../protocol/flow.ts";
import type { JsonObject } from "../protocol/json.ts";
import { explainEvent, explainFunction, explainQueues } from "./explain.ts";

const rule = (limit: number, more: Partial<ConcurrencyRule> = {}): ConcurrencyRule => {
  return { limit, key: null, scope: "fn", guaranteed: 0, burst: null, ...more };
};
const withFlow = (flow: Partial<FlowConfig>) => EngineRig.started({ flow: { ...NO_FLOW, ...flow } });

/** Asks, and lets the engine answer. */
async function told<T>(rig: EngineRig, asked: Promise<T>): Promise<T> {
  await rig.settle();
  return asked;
}

async function why(rig: EngineRig, runId: string): Promise<readonly Reason[]> {
  return (await told(rig, rig.engine.explain(runId)))!.reasons;
}

const queuedOf = async (rig: EngineRig, data: JsonObject = {}): Promise<string> =>
  (await receive(rig, eventOf(rig, "a", data)))[0]!.runIds[0]!;

describe("a run that is called", () => {
  test("is executing since then", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    const [reason] = await why(rig, runId);
    expect(reason).toMatchObject({ code: "executing", since: rig.now, attempt: 1 });
    expect(reason!.sentence).toContain("The app executes the function since 20");
  });

  test("is explained without anything being stored or loaded", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    const before = rig.store.commits;
    await why(rig, runId);
    expect(rig.store.commits).toBe(before);
  });

  test("is told only once what it shows is stored", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    void rig.send();
    await rig.settle();
    let isTold = false;
    const asked = rig.engine
      .look(() => 1)
      .then(() => {
        isTold = true;
      });
    await rig.settle();
    expect(isTold).toBe(false);
    for (const commit of rig.store.held) await commit.store();
    await rig.settle();
    for (const commit of rig.store.held.slice(1)) await commit.store();
    await told(rig, asked);
  });
});

describe("a run that waits for its turn", () => {
  test("names the limit, who holds it, and how many go before it", async () => {
    const rig = await withFlow({ concurrency: [rule(1, { key: "event.data.user" })] });
    const first = await queuedOf(rig, { user: 42 });
    await queuedOf(rig, { user: 42 });
    const third = await queuedOf(rig, { user: 42 });
    const other = await queuedOf(rig, { user: 7 });
    const [reason] = await why(rig, third);
    expect(reason).toMatchObject({
      code: "concurrency",
      gate: {
        kind: "concurrency",
        rule: "concurrency 1 per event.data.user = 42, of this function",
        scope: "fn",
        limit: 1,
        holders: [{ runId: first, slot: "main", function: "app-f", since: rig.now }],
        holderCount: 1,
        waitingLanes: 1,
      },
      lane: { jobsBefore: 1, lanesBefore: 0 },
    });
    expect(reason!.sentence).toContain(`1 of 1 places are taken: run ${first} since`);
    expect(reason!.sentence).toContain("behind 1 job of its lane");
    expect((await why(rig, other))[0]!.code).toBe("executing");
  });

  test("names a limit on whole runs, and the run that holds it while it sleeps", async () => {
    const rig = await withFlow({ runConcurrency: [rule(1)] });
    const first = await begun(rig);
    await report(rig, asking("Sleep", { id: "s", name: "1h", displayName: "nap" }));
    const second = await queuedOf(rig);
    const [reason] = await why(rig, second);
    expect(reason).toMatchObject({ code: "run_concurrency", gate: { holders: [{ runId: first }] } });
    expect(reason!.gate!.holders[0]).not.toHaveProperty("slot");
  });

  test("knows when its token of a throttle comes", async () => {
    const rig = await withFlow({ throttle: { limit: 2, periodMs: 60_000, burst: 0, key: null } });
    await queuedOf(rig);
    await queuedOf(rig);
    const third = await queuedOf(rig);
    const fourth = await queuedOf(rig);
    expect((await why(rig, third))[0]).toMatchObject({ code: "throttled", until: rig.now + 30_000 });
    const [reason] = await why(rig, fourth);
    expect(reason).toMatchObject({ code: "throttled", until: rig.now + 60_000, lane: { jobsBefore: 1 } });
    expect(reason!.sentence).toContain("throttle 2 in 1m, expected at");
    await rig.pass(30_000);
    expect((await why(rig, third))[0]!.code).toBe("executing");
    await rig.pass(30_000);
    expect((await why(rig, fourth))[0]!.code).toBe("executing");
  });

  test("tells the app's limit and the server's", async () => {
    const app = await EngineRig.started({}, { limits: { callsPerAppMax: 1 } });
    await begun(app);
    expect((await why(app, await queuedOf(app)))[0]).toMatchObject({
      code: "app_busy",
      gate: { kind: "app", limit: 1 },
    });
    const server = await EngineRig.started({}, { limits: { callsMax: 1 } });
    await begun(server);
    expect((await why(server, await queuedOf(server)))[0]!.code).toBe("server_busy");
  });

  test("tells the pause, whoever is paused", async () => {
    const rig = await EngineRig.started();
    const paused = rig.engine.pause({ kind: "app", id: "app", mode: "hold" });
    await told(rig, paused);
    const reasons = await why(rig, await queuedOf(rig));
    expect(reasons.map(({ code }) => code)).toEqual(["paused", "held"]);
    expect(reasons[0]).toMatchObject({ pause: { target: "app", name: "app", mode: "hold" } });
  });

  test("is planned for later", async () => {
    const rig = await EngineRig.started();
    const [receipt] = await told(rig, rig.send({ ts: rig.now + HOUR }));
    const [reason] = await why(rig, receipt!.runIds[0]!);
    expect(reason).toMatchObject({ code: "scheduled", until: rig.now + HOUR });
    expect(reason!.sentence).toContain("(in 1h)");
  });
});

describe("a run that waits for something else", () => {
  test("has one reason for each open step, what comes first first", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig, { id: 7 });
    await report(
      rig,
      waiting({ if: "event.data.id == async.data.id" }),
      asking("Sleep", { id: "s", name: "5m", displayName: "nap" }),
      planned("p"),
    );
    const reasons = await why(rig, runId);
    expect(reasons.map(({ code, step }) => [code, step?.name])).toEqual([
      ["executing", "p"],
      ["sleeping", "nap"],
      ["waiting_for_event", "w"],
    ]);
    expect(reasons[2]).toMatchObject({
      until: rig.now + HOUR,
      wait: {
        names: ["reply"],
        expression: "event.data.id == async.data.id",
        key: "data.id = 7",
      },
    });
  });

  test.each([
    ["text", 'data.id = "o-1"', "o-1"],
    ["a text of many characters", "data.id = a long text", "x".repeat(2_000)],
    ["a truth", "data.id = true", true],
  ])("shows %s by which an event is found as people write it", async (_what, key, id) => {
    const rig = await EngineRig.started();
    const runId = await begun(rig, { id });
    await report(rig, waiting({ if: "event.data.id == async.data.id" }));
    const [reason] = await why(rig, runId);
    expect(reason!.wait).toMatchObject({ key });
    expect(reason!.sentence).toContain(`it is found by ${key}`);
  });

  test("says that every event has to be looked at when no key could be taken", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig, { id: 7 });
    await report(rig, waiting({ if: "async.data.n > event.data.id" }));
    const [reason] = await why(rig, runId);
    expect(reason!.wait).not.toHaveProperty("key");
    expect(reason!.sentence).toContain("every event of the name is looked at");
  });

  test("names its signal", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, asking("WaitForSignal", { id: "g", displayName: "ok", opts: { signal: "go", timeout: "1h" } }));
    expect((await why(rig, runId))[0]).toMatchObject({ code: "waiting_for_signal", wait: { names: ["go"] } });
  });

  test("tells the error after which it is tried again", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    rig.calls.at(-1)!.answer({ kind: "failed", noRetry: false, error: { name: "Error", message: "no luck" } });
    await rig.settle();
    const [reason] = await why(rig, runId);
    expect(reason).toMatchObject({ code: "retrying", attempt: 2, error: { message: "no luck" } });
    expect(reason!.sentence).toContain("attempt 2, after Error: no luck");
  });

  test("explains the run that it invoked, down to five of them", async () => {
    const rig = await EngineRig.started();
    const parent = await begun(rig);
    for (let depth = 0; depth < 7; depth++) await report(rig, invoking());
    const [reason] = await why(rig, parent);
    expect(reason).toMatchObject({ code: "waiting_for_run", child: { status: "running" } });
    let depth = 0;
    for (let at: Reason | undefined = reason; at?.child !== undefined; at = at.child.reasons[0]) depth++;
    expect(depth).toBe(5);
  });
});

describe("a run that does not go on at all", () => {
  test("has ended, and why", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await fail(rig, "boom");
    const [reason] = await why(rig, runId);
    expect(reason).toMatchObject({ code: "ended", error: { message: "boom" }, since: rig.now });
    expect(reason!.sentence).toContain(": failed: Error: boom.");
  });

  test("is in quarantine, with what is broken", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, asking("Sleep", { id: "s", name: "1h", displayName: "nap" }));
    rig.store.damage = runId;
    await rig.pass(HOUR);
    const [reason] = await why(rig, runId);
    expect(reason!.code).toBe("quarantined");
    expect(reason!.problems![0]).toMatch(/^R3: stack entry \d has no memo$/);
  });

  test("does not exist", async () => {
    const rig = await EngineRig.started();
    expect(await told(rig, rig.engine.explain("no such run"))).toBeNull();
  });
});

describe("an event", () => {
  const tell = async (rig: EngineRig, id: string) => (await told(rig, explainEvent(rig.engine, id)))!;

  test("that nobody listens on has names that may have been meant", async () => {
    const rig = await EngineRig.started({ triggers: [{ kind: "event", event: "order/placed", expression: null }] });
    const [receipt] = await receive(rig, eventOf(rig, "order/place"));
    const explained = await tell(rig, receipt!.eventId);
    expect(explained.closestNames).toEqual(["order/placed"]);
    expect(explained.summary).toBe(
      "Nothing started, because no function listens on order/place. Did you mean order/placed?",
    );
  });

  test("that was filtered names the condition", async () => {
    const trigger = { kind: "event", event: "a", expression: "event.data.n > 3" } as const;
    const rig = await EngineRig.started({ triggers: [trigger] });
    const [receipt] = await receive(rig, eventOf(rig, "a", { n: 1 }));
    const explained = await tell(rig, receipt!.eventId);
    expect(explained.outcomes).toMatchObject([{ code: "filtered", function: "app-f" }]);
    expect(explained.summary).toBe("Nothing started: app-f was filtered out: event.data.n > 3 is false.");
  });

  test("that started a run tells how the run is", async () => {
    const rig = await EngineRig.started();
    const [receipt] = await receive(rig, eventOf(rig, "a"));
    const explained = await tell(rig, receipt!.eventId);
    expect(explained.outcomes).toMatchObject([{ code: "started", runId: receipt!.runIds[0], runStatus: "running" }]);
    expect(explained.summary).toBe("It started 1 run.");
  });

  test("that came before its function was registered says so", async () => {
    const rig = await EngineRig.started();
    const [receipt] = await receive(rig, eventOf(rig, "later"));
    rig.now += 1_000;
    await told(rig, rig.engine.sync(appOf({ triggers: [{ kind: "event", event: "later", expression: null }] }), "2"));
    const explained = await tell(rig, receipt!.eventId);
    expect(explained.outcomes[0]).toMatchObject({ code: "not_recorded" });
    expect(explained.summary).toContain("after the event came; an event like it would start it now");
  });
});

describe("a function", () => {
  test("tells its lanes by depth, its limits and who holds them", async () => {
    const rig = await withFlow({ concurrency: [rule(1, { key: "event.data.user" })] });
    for (const user of [1, 1, 1, 2, 2]) await queuedOf(rig, { user });
    const explained = (await told(rig, explainFunction(rig.engine, "app-f")))!;
    expect(explained).toMatchObject({ waitingStarts: 3, waitingCalls: 0, laneCount: 2 });
    expect(explained.lanes).toMatchObject([
      { key: "event.data.user = 1", phase: "start", jobs: 2, gate: { holderCount: 1 } },
      { key: "event.data.user = 2", phase: "start", jobs: 1 },
    ]);
    expect(explained.gates.filter(({ kind }) => kind === "concurrency")).toHaveLength(2);
  });

  test("tells of one key only what has it, and its limits also while nothing waits", async () => {
    const rig = await withFlow({ concurrency: [rule(1, { key: "event.data.user" })] });
    for (const user of [1, 1, 2]) await queuedOf(rig, { user });
    const one = (await told(rig, explainFunction(rig.engine, "app-f", "1")))!;
    expect(one).toMatchObject({ laneCount: 1, waitingStarts: 1, lanes: [{ key: "event.data.user = 1" }] });
    const two = (await told(rig, explainFunction(rig.engine, "app-f", "2")))!;
    expect(two).toMatchObject({ laneCount: 0, lanes: [], summary: "Nothing of app-f waits for its turn." });
    expect(two.gates.find(({ kind }) => kind === "concurrency")).toMatchObject({
      rule: "concurrency 1 per event.data.user = 2, of this function",
      holderCount: 1,
    });
  });

  test("with a throttle says when its next run starts", async () => {
    const rig = await withFlow({ throttle: { limit: 1, periodMs: 60_000, burst: 0, key: null } });
    for (let n = 0; n < 3; n++) await queuedOf(rig);
    expect(await told(rig, explainFunction(rig.engine, "app-f"))).toMatchObject({ nextStartAt: rig.now + 60_000 });
  });

  test("stands in the overview of all, beside what sleeps", async () => {
    const rig = await withFlow({ concurrency: [rule(1)] });
    const first = await begun(rig);
    await queuedOf(rig);
    await queuedOf(rig);
    expect(await told(rig, explainQueues(rig.engine))).toMatchObject({
      calls: 1,
      functions: [{ function: "app-f", waitingStarts: 2, lanes: 1, blockedLanes: 1 }],
      lanes: [{ function: "app-f", jobs: 2, gate: { holders: [{ runId: first }] } }],
      jobs: [{ kind: "discover", count: 3, due: 3, isMore: false }],
    });
  });
});

test("a run that a debounce or a batch holds back gathers events until then", async () => {
  const batch = { sizeMax: 9, timeoutMs: 60_000, key: null, condition: null, bytesMax: 1_000 };
  const rig = await withFlow({ batch });
  await receive(rig, eventOf(rig, "a"));
  const [row] = await rig.engine.store.listRuns({ env: "default", limit: 1 });
  const held = await told(rig, rig.engine.explain(row!.id));
  expect(held!.reasons).toMatchObject([{ code: "gathering", until: rig.now + 60_000 }]);
  expect(held!.summary).toContain("It gathers events (batch of up to 9 in 1m), 1 so far, until");
});
