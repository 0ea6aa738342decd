import { describe, expect, test } from "vitest";
import { appOf, EngineRig } from "../../test/engine-rig.ts";
import {
  begun,
  codeOf,
  complete,
  eventOf,
  fail,
  failedStep,
  HOUR,
  invoking,
  leftovers,
  loaded,
  memoOf,
  receive,
  report,
  restarted,
  rowOf,
} from "../../test/engine-runs.ts";
import { config, planned } from "../../test/run-rig.ts";
import { NO_FLOW } from "../protocol/flow.ts";
import type { JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Op } from "../protocol/op.ts";

/** The run of the last call. */
const lastRun = (rig: EngineRig): string => rig.calls.at(-1)!.call.runId;

const errorOf = async (rig: EngineRig, runId: string): Promise<JsonObject> =>
  (JSON.parse((await memoOf(rig, runId, "i"))!) as { error: JsonObject }).error;

/** A parent whose child has begun; the child's call is the last one. */
async function family(rig: EngineRig, opts: JsonObject = {}): Promise<{ parent: string; child: string }> {
  const parent = await begun(rig);
  await report(rig, invoking(opts));
  return { parent, child: lastRun(rig) };
}

describe("a child", () => {
  test("begins in the transaction that opens the step, linked to its parent", async () => {
    const rig = await EngineRig.started();
    const parent = await begun(rig);
    const before = rig.store.commits;
    await report(rig, invoking({ payload: { data: { n: 1 }, user: { id: "u" }, v: "2", meta: { m: 1 } } }));
    expect(rig.store.commits).toBe(before + 1);
    const child = lastRun(rig);
    expect(await rowOf(rig, child)).toMatchObject({ parent: { runId: parent, slot: "i", depth: 1 } });
    const event = JSON.parse(rig.calls.at(-1)!.call.events[0]!) as JsonObject;
    expect(event).toMatchObject({ name: "inngest/function.invoked", user: { id: "u" }, v: "2", meta: { m: 1 } });
    expect(event["data"]).toMatchObject({ n: 1, _inngest: { fn_id: "app-f", correlation_id: `${parent}.i` } });
  });

  test("that ends resumes a parent that is not in memory, in whatever process", async () => {
    const before = await EngineRig.started();
    const { parent, child } = await family(before);
    expect(before.engine.coreForTests.isResident(parent)).toBe(false);
    const rig = await restarted(before);
    expect(lastRun(rig)).toBe(child);
    await complete(rig, "42");
    expect(await memoOf(rig, parent, "i")).toBe('{"data":42}');
    await complete(rig);
    expect(await leftovers(rig)).toBe(0);
  });

  test("that ends just before the process does is told to the parent by the next one", async () => {
    const before = await EngineRig.started();
    const { parent } = await family(before);
    before.store.isHolding = true;
    await complete(before, "42");
    await before.store.held[0]!.store();
    before.store.isHolding = false;
    expect(await before.store.loadInbox(null, 10)).toMatchObject([{ content: { kind: "child_ended" } }]);
    const rig = await restarted(before);
    expect(await memoOf(rig, parent, "i")).toBe('{"data":42}');
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });

  test("that fails fails the step, without another attempt", async () => {
    const rig = await EngineRig.started();
    const { parent } = await family(rig);
    await fail(rig, "boom");
    expect(await errorOf(rig, parent)).toMatchObject({ name: "Error", message: "boom" });
    expect([lastRun(rig), rig.calls.at(-1)!.call.attempt]).toEqual([parent, 0]);
  });

  test("that is cancelled fails the step", async () => {
    const rig = await EngineRig.started();
    const { parent, child } = await family(rig);
    rig.engine.cancelRun({ runId: child, reason: "enough" });
    await rig.settle();
    expect(await errorOf(rig, parent)).toMatchObject({ code: "invoke_cancelled" });
  });

  test("that takes too long fails the step and goes on", async () => {
    const rig = await EngineRig.started();
    const { parent, child } = await family(rig, { timeout: "1h" });
    const call = rig.calls.at(-1)!;
    await rig.pass(HOUR);
    expect(await errorOf(rig, parent)).toMatchObject({ name: "InngestInvokeTimeoutError" });
    call.answer({ kind: "returned", output: "42" });
    await rig.settle();
    expect((await rowOf(rig, child)).status).toBe("completed");
    expect((await errorOf(rig, parent))["name"]).toBe("InngestInvokeTimeoutError");
  });

  test.each([
    ["that nobody knows", "no-such", "function_not_found"],
    ["with a name of 10,000 characters", "x".repeat(10_000), "function_not_found"],
    ["with a NUL", "app\u0000f", "function_not_found"],
  ])("%s fails the step at once", async (_, functionId, code) => {
    const rig = await EngineRig.started();
    const parent = await begun(rig);
    await report(rig, invoking({ function_id: functionId }));
    expect(await errorOf(rig, parent)).toMatchObject({ code });
    expect(lastRun(rig)).toBe(parent);
  });

  test("of a child of a child ends in an error before it goes round for ever", async () => {
    const rig = await EngineRig.started();
    await begun(rig);
    for (let depth = 0; depth <= LIMITS.invokeDepthMax; depth++) await report(rig, invoking());
    expect((await rig.store.counts()).runs).toBe(LIMITS.invokeDepthMax + 1);
    expect(await errorOf(rig, lastRun(rig))).toMatchObject({ code: "invoke_too_deep" });
  });
});

describe("a parent that is cancelled", () => {
  async function cancelled(rig: EngineRig, runId: string): Promise<void> {
    rig.engine.cancelRun({ runId, reason: "test" });
    await rig.settle();
    expect((await rowOf(rig, runId)).status).toBe("cancelled");
  }

  test("leaves its child alone, and takes nothing from it", async () => {
    const rig = await EngineRig.started();
    const { parent, child } = await family(rig);
    await cancelled(rig, parent);
    await complete(rig);
    expect([(await rowOf(rig, child)).status, await memoOf(rig, parent, "i")]).toEqual(["completed", null]);
    expect(await leftovers(rig)).toBe(0);
  });

  test("takes its child along when the step says so, through generations, in memory or not", async () => {
    const rig = await EngineRig.started();
    const opts = { on_parent_cancel: "cancel" };
    const { parent, child } = await family(rig, opts);
    await report(rig, invoking(opts));
    const grandchild = lastRun(rig);
    expect(rig.engine.coreForTests.isResident(child)).toBe(false);
    await cancelled(rig, parent);
    for (const runId of [child, grandchild])
      expect(await rowOf(rig, runId)).toMatchObject({ status: "cancelled", reason: "cancelled_by_parent" });
    expect(await leftovers(rig)).toBe(0);
  });

  test.each(["parent", "child"])(
    "in the batch in which its child completes (%s first): both end once",
    async (first) => {
      const rig = await EngineRig.started();
      const { parent, child } = await family(rig, { on_parent_cancel: "cancel" });
      rig.store.isHolding = true;
      rig.send();
      await rig.settle();
      const acts = [
        () => rig.engine.cancelRun({ runId: parent, reason: "test" }),
        () => rig.calls[1]!.answer({ kind: "returned", output: "42" }),
      ];
      for (const act of first === "parent" ? acts : acts.reverse()) {
        void act();
        await rig.settle();
      }
      rig.store.isHolding = false;
      await rig.store.held[0]!.store();
      await rig.settle();
      expect((await rowOf(rig, parent)).status).toBe("cancelled");
      expect(["completed", "cancelled"]).toContain((await rowOf(rig, child)).status);
      expect(await rig.store.loadInbox(null, 10)).toEqual([]);
      expect((await rig.store.counts()).openRuns).toBe(1);
    },
  );
});

describe("a resumed parent", () => {
  test("waits for its new child; the first one, which ends late, tells it nothing; also after a restart", async () => {
    const before = await EngineRig.started({ retries: 0 });
    const { parent } = await family(before, { timeout: "1h" });
    const first = before.calls.at(-1)!;
    await before.pass(HOUR);
    await fail(before, "Timed out waiting for invoked function to complete");
    expect((await rowOf(before, parent)).status).toBe("failed");
    before.engine.resumeRun({ runId: parent });
    await before.settle();
    await report(before, invoking({ on_parent_cancel: "cancel" }));
    const second = lastRun(before);
    first.answer({ kind: "returned", output: '"old"' });
    await before.settle();
    expect(await memoOf(before, parent, "i")).toBeNull();
    const rig = await restarted(before);
    expect(lastRun(rig)).toBe(second);
    await complete(rig, '"new"');
    expect(await memoOf(rig, parent, "i")).toBe('{"data":"new"}');
  });

  const race = { parallelMode: "race" };
  const other = { triggers: [], slug: "app-g", id: "g" };

  /** A parent that failed by its own step while its child was under way. */
  async function failedBeside(opts: Op["opts"] = {}) {
    const rig = await EngineRig.started({ retries: 0 });
    const parent = await begun(rig);
    await report(rig, invoking({ ...opts, ...race }), { ...planned("bad"), opts: race });
    const calls = rig.calls.slice(1);
    const child = calls.find(({ call }) => call.target !== "bad")!;
    calls.find(({ call }) => call.target === "bad")!.answer({ kind: "ops", ops: [failedStep("bad")] });
    await rig.settle();
    await fail(rig, "boom");
    expect((await rowOf(rig, parent)).status).toBe("failed");
    return { rig, parent, child };
  }

  async function resumed(rig: EngineRig, parent: string, opts: Op["opts"] = {}): Promise<void> {
    rig.engine.resumeRun({ runId: parent }).catch(() => {});
    await rig.settle();
    await report(rig, invoking({ ...opts, ...race }));
  }

  test("failed by its own step has the child that is under way still", async () => {
    const { rig, parent, child } = await failedBeside();
    await resumed(rig, parent);
    expect((await rig.store.counts()).runs).toBe(2);
    child.answer({ kind: "returned", output: "2" });
    await rig.settle();
    expect(await memoOf(rig, parent, "i")).toBe('{"data":2}');
  });

  test.each(["completed", "failed"])("gets what its child %s with while it had failed itself", async (how) => {
    const { rig: before, parent, child } = await failedBeside();
    child.answer(
      how === "completed"
        ? { kind: "returned", output: "2" }
        : { kind: "failed", noRetry: true, error: { name: "Error", message: "of the child" } },
    );
    await before.settle();
    expect(await memoOf(before, parent, "i")).toBeNull();
    const rig = await restarted(before);
    await resumed(rig, parent);
    expect((await rig.store.counts()).runs).toBe(2);
    expect(await memoOf(rig, parent, "i")).toContain(how === "completed" ? '{"data":2}' : '"message":"of the child"');
  });

  test("whose child ends before it is asked for again has the result, and goes on", async () => {
    const { rig, parent, child } = await failedBeside();
    rig.engine.resumeRun({ runId: parent }).catch(() => {});
    await rig.settle();
    child.answer({ kind: "returned", output: "2" });
    await rig.settle();
    await report(rig, invoking(race));
    expect(await memoOf(rig, parent, "i")).toBe('{"data":2}');
    expect(rig.calls.at(-1)!.call).toMatchObject({ runId: parent, memos: [{ id: "i" }] });
  });

  test("that is cancelled before it asked again takes its child along", async () => {
    const opts = { on_parent_cancel: "cancel" };
    const { rig, parent, child } = await failedBeside(opts);
    rig.engine.resumeRun({ runId: parent }).catch(() => {});
    rig.engine.cancelRun({ runId: parent, reason: "test" }).catch(() => {});
    await rig.settle();
    expect(await rowOf(rig, child.call.runId)).toMatchObject({ reason: "cancelled_by_parent" });
    expect(await leftovers(rig)).toBe(0);
  });

  test("begins another child when it now invokes another function, and when retention took the one it had", async () => {
    const { rig, parent } = await failedBeside();
    rig.engine.sync({ ...appOf({ retries: 0 }), functions: [...appOf().functions, config(0, other)] }, "2");
    await resumed(rig, parent, { function_id: "app-g" });
    expect([rig.calls.at(-1)!.call.functionId, (await rig.store.counts()).runs]).toEqual(["g", 3]);

    const gone = await failedBeside();
    gone.child.answer({ kind: "returned", output: "2" });
    await gone.rig.settle();
    const tables = gone.rig.store.snapshot();
    tables.runs.delete(gone.child.call.runId);
    gone.rig.store.restore(tables);
    await resumed(gone.rig, gone.parent);
    expect((await loaded(gone.rig, gone.parent)).steps.get("i")!.childRunId).not.toBe(gone.child.call.runId);
  });
});

describe("a child that was started for the same before", () => {
  const idempotency = { key: "event.data.k", periodMs: HOUR, releaseOnFailure: false };
  const once = { flow: { ...NO_FLOW, idempotency } };
  const g = config(0, { triggers: [{ kind: "event", event: "g", expression: null }], slug: "app-g", id: "g" });

  /** Two functions: `f` starts once for each `k`, `g` whenever. */
  async function started(): Promise<EngineRig> {
    const rig = await EngineRig.started();
    rig.engine.sync({ ...appOf(once), functions: [...appOf(once).functions, g] }, "2");
    await rig.settle();
    return rig;
  }

  const invokingK = (k: number, more: JsonObject = {}) => invoking({ payload: { data: { k } }, ...more });

  async function begunG(rig: EngineRig): Promise<string> {
    const [receipt] = await receive(rig, eventOf(rig, "g"));
    return receipt!.runIds[0]!;
  }

  test("gives its result to both, and goes on when the one that joined is cancelled", async () => {
    const rig = await started();
    const first = await begun(rig, { k: 1 });
    const call = rig.calls.at(-1)!;
    for (const opts of [{ on_parent_cancel: "cancel" }, {}]) {
      await begunG(rig);
      await report(rig, invokingK(1, opts));
    }
    const [cancelled, kept] = rig.calls.slice(-2).map(({ call: { runId } }) => runId);
    for (const runId of [cancelled!, kept!]) expect((await loaded(rig, runId)).steps.get("i")!.childRunId).toBe(first);
    rig.engine.cancelRun({ runId: cancelled!, reason: "test" });
    await rig.settle();
    expect((await rowOf(rig, first)).status).toBe("running");
    call.answer({ kind: "returned", output: "42" });
    await rig.settle();
    expect(await memoOf(rig, kept!, "i")).toBe('{"data":42}');
  });

  test("by the run itself fails the step at once, instead of waiting for itself", async () => {
    const rig = await started();
    const runId = await begun(rig, { k: 1 });
    await report(rig, invokingK(1));
    expect(await errorOf(rig, runId)).toMatchObject({ code: "invoke_cycle" });
    await complete(rig);
    expect(await leftovers(rig)).toBe(0);
  });

  test("by a run that waits for this one fails the step, in whatever process", async () => {
    const before = await started();
    const first = await begun(before, { k: 1 });
    await report(before, invoking({ function_id: "app-g" }));
    const rig = await restarted(before);
    const child = lastRun(rig);
    expect([child === first, rig.engine.coreForTests.isResident(first)]).toEqual([false, false]);
    await report(rig, invokingK(1));
    expect(await errorOf(rig, child)).toMatchObject({ code: "invoke_cycle" });
    await complete(rig, "7");
    expect(await memoOf(rig, first, "i")).toBe('{"data":7}');
  });

  test("by a run that joined this one fails the step", async () => {
    const rig = await started();
    const one = await begun(rig, { k: 1 });
    const callOfOne = rig.calls.at(-1)!;
    const two = await begun(rig, { k: 2 });
    await report(rig, invokingK(1)); // Run two waits for run one.
    expect((await loaded(rig, two)).steps.get("i")!.childRunId).toBe(one);
    callOfOne.answer({ kind: "ops", ops: [invokingK(2)] });
    await rig.settle();
    expect(await errorOf(rig, one)).toMatchObject({ code: "invoke_cycle" });
  });

  test("by a run that has stopped waiting for this one is joined", async () => {
    const rig = await started();
    const first = await begun(rig, { k: 1 });
    await report(rig, invoking({ function_id: "app-g", timeout: "1m", parallelMode: "race" }), planned("other"));
    const child = rig.calls.map(({ call }) => call).find(({ functionId }) => functionId === "g")!.runId;
    await rig.pass(60_000);
    rig.calls.find(({ call }) => call.runId === child)!.answer({ kind: "ops", ops: [invokingK(1)] });
    await rig.settle();
    expect((await loaded(rig, child)).steps.get("i")).toMatchObject({ childRunId: first, memo: null });
  });
});

describe("a child that could begin only after its parent", () => {
  const limit = { limit: 1, burst: null, guaranteed: 0, key: "event.data.k", scope: "fn" as const };
  const limited = { flow: { ...NO_FLOW, runConcurrency: [limit] } };
  const invokingK = (k: number, functionId = "app-f") =>
    invoking({ function_id: functionId, payload: { data: { k } } });

  test.each([
    ["under a limit on whole runs", limited],
    [
      "of a singleton that queues",
      { flow: { ...NO_FLOW, singleton: { key: "event.data.k", mode: "queue-all" as const } } },
    ],
  ])("%s fails the step at once, and begins with another key", async (_, fn) => {
    const rig = await EngineRig.started(fn);
    const runId = await begun(rig, { k: 1 });
    await report(rig, invokingK(1));
    expect(await errorOf(rig, runId)).toMatchObject({ code: "invoke_blocked" });
    await report(rig, { ...invokingK(2), id: "j" });
    expect([lastRun(rig) === runId, (await rig.store.counts()).runs]).toEqual([false, 2]);
  });

  test("through another function, in whatever process", async () => {
    const before = await EngineRig.started();
    const g = config(0, { slug: "app-g", id: "g" });
    before.engine.sync({ ...appOf(limited), functions: [...appOf(limited).functions, g] }, "2");
    await before.settle();
    const runId = await begun(before, { k: 1 });
    await report(before, invokingK(1, "app-g"));
    const rig = await restarted(before);
    const child = lastRun(rig);
    expect(child).not.toBe(runId);
    await report(rig, invokingK(1));
    expect(await errorOf(rig, child)).toMatchObject({ code: "invoke_blocked" });
  });

  test("waits where another one is under way, which does not wait for it", async () => {
    const rig = await EngineRig.started();
    const g = config(0, { triggers: [{ kind: "event", event: "g", expression: null }], slug: "app-g", id: "g" });
    rig.engine.sync({ ...appOf(limited), functions: [...appOf(limited).functions, g] }, "2");
    await rig.settle();
    await begun(rig, { k: 1 });
    const first = rig.calls.at(-1)!;
    const [receipt] = await receive(rig, eventOf(rig, "g"));
    await report(rig, invokingK(1));
    expect(await memoOf(rig, receipt!.runIds[0]!, "i")).toBeNull();
    first.answer({ kind: "returned", output: "1" });
    await rig.settle();
    await complete(rig, "2");
    expect(await memoOf(rig, receipt!.runIds[0]!, "i")).toBe('{"data":2}');
  });
});

test("a run whose child takes its place has ended, and leaves nothing", async () => {
  const rig = await EngineRig.started({ flow: { ...NO_FLOW, singleton: { key: null, mode: "cancel" } } });
  const runId = await begun(rig);
  await report(rig, invoking());
  expect(await rowOf(rig, runId)).toMatchObject({ status: "cancelled", reason: "replaced" });
  const child = lastRun(rig);
  expect((await rowOf(rig, child)).status).toBe("running");
  await complete(rig);
  expect([await leftovers(rig), rig.errors]).toEqual([0, []]);
});

describe("an invoke from outside", () => {
  async function invoke(rig: EngineRig, functionId: string, key: string | null = null) {
    const event = eventOf(rig, "ignored", { n: 1 });
    const answer = rig.engine.invoke({ functionId, event, idempotencyKey: key });
    await rig.settle();
    return answer;
  }

  test("starts the function by slug or id, whatever its triggers say", async () => {
    const rig = await EngineRig.started({ triggers: [] });
    for (const functionId of ["app-f", "f"]) expect(await invoke(rig, functionId)).toMatchObject({ kind: "started" });
    expect(rig.calls).toHaveLength(2);
    expect(await invoke(rig, "other")).toMatchObject({ kind: "refused", code: "function_not_found" });
  });

  test("with a key starts one run for a day", async () => {
    const rig = await EngineRig.started();
    const first = await invoke(rig, "app-f", "key");
    const { runId } = first as { runId: string };
    expect(await invoke(rig, "app-f", "key")).toEqual({ kind: "existing", runId });
    rig.now += LIMITS.dedupeMs;
    expect(await invoke(rig, "app-f", "key")).toMatchObject({ kind: "started" });
  });

  test("at the same time with one key starts one run", async () => {
    const rig = await EngineRig.started();
    const answers = [1, 2].map(() =>
      rig.engine.invoke({ functionId: "f", event: eventOf(rig, "x"), idempotencyKey: "key" }),
    );
    await rig.settle();
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(["started", "existing"]);
    expect(rig.calls).toHaveLength(1);
  });
});

test("the parent is not told twice when both its step and an event wait for the end of the child", async () => {
  const rig = await EngineRig.started();
  const { parent } = await family(rig);
  await complete(rig, "42");
  await receive(rig, eventOf(rig, "inngest/function.finished"));
  expect(await codeOf(rig, parent)).toBeNull();
  expect(rig.calls).toHaveLength(3);
});
