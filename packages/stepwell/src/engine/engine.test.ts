import { describe, expect, test } from "vitest";
import { appOf, EngineRig } from "../../test/engine-rig.ts";
import { done } from "../../test/run-rig.ts";
import { YOUNG_MS } from "../core/schedule/calls-out.ts";
import { StepwellError } from "../protocol/errors.ts";

const busy = new StepwellError("store_busy");

/** True while a promise has not settled. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  return (await Promise.race([promise, Promise.resolve(open)])) === open;
}

describe("commits and effects", () => {
  test("an event starts a run, and its call carries what is stored", async () => {
    const rig = await EngineRig.started();
    const sent = rig.send();
    await rig.settle();
    const [receipt] = await sent;
    expect(rig.calls).toHaveLength(1);
    expect(rig.calls[0]!.call).toMatchObject({ runId: receipt!.runIds[0], attempt: 0, memos: [] });
  });

  test("no answer, no call and no notice before the commit is done", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    rig.notices.length = 0;
    const sent = rig.send();
    await rig.settle();
    expect(await isPending(sent)).toBe(true);
    expect(rig.calls).toEqual([]);
    expect(rig.notices).toEqual([]);
    await rig.store.held[0]!.store();
    expect(await isPending(sent)).toBe(false);
    expect(rig.calls).toHaveLength(1);
    expect(rig.notices.map((notice) => notice.kind)).toEqual(["event_received", "run_created", "run_started"]);
  });

  test("what arrives during a commit is one batch", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    for (let count = 0; count < 5; count++) {
      rig.send();
      await rig.settle();
    }
    expect(rig.store.held).toHaveLength(1);
    await rig.store.held[0]!.store();
    await rig.settle();
    expect(rig.store.held).toHaveLength(2);
    expect(rig.store.held[1]!.batch.events).toHaveLength(5);
  });

  test("a step that is done is one commit, and the next call carries its result", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    const before = rig.store.commits;
    rig.calls[0]!.answer({ kind: "ops", ops: [done("s")] });
    await rig.settle();
    expect(rig.store.commits).toBe(before + 1);
    expect(rig.calls[1]!.call.memos).toEqual([{ id: "s", json: '{"data":1}' }]);
  });

  test("a call of a run that was cancelled before its commit was done is not made", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    const [run] = rig.store.held[0]!.batch.runs;
    const cancelled = rig.engine.cancelRun({ runId: run!.id, reason: "test" });
    await rig.settle();
    await rig.store.held[0]!.store();
    await rig.settle();
    await rig.store.held[1]!.store();
    expect(await cancelled).toEqual({ outcome: "cancelled", status: "cancelled" });
    expect(rig.calls).toEqual([]);
    expect(rig.engine.stats.calls).toBe(0);
  });

  test("a checkpoint is answered when it is stored", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    rig.store.isHolding = true;
    const saved = rig.calls[0]!.save([done("s")]);
    await rig.settle();
    expect(await isPending(saved)).toBe(true);
    await rig.store.held[0]!.store();
    expect(await saved).toBe("saved");
  });
});

describe("a commit fails", () => {
  test("whoever waits is told, and memory is loaded again from the store", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    const first = rig.send();
    await rig.settle();
    const second = rig.send();
    await rig.settle();
    await rig.store.held[0]!.fail(busy);
    await expect(first).rejects.toMatchObject({ code: "store_busy" });
    await expect(second).rejects.toMatchObject({ code: "store_busy" });
    expect(rig.calls).toEqual([]);
    rig.store.isHolding = false;
    await rig.pass(100);
    rig.send();
    await rig.settle();
    expect(rig.calls).toHaveLength(1);
    expect(rig.engine.stats.reloads).toBe(1);
  });

  test("calls that were out are made again, and their old answers count for nothing", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    await rig.store.held[0]!.fail(busy);
    rig.store.isHolding = false;
    await rig.pass(100);
    expect(rig.calls).toHaveLength(2);
    expect(rig.calls[1]!.call.runId).toBe(rig.calls[0]!.call.runId);
    expect(rig.calls[1]!.call.generation).toBeGreaterThan(rig.calls[0]!.call.generation);
    rig.calls[0]!.answer({ kind: "returned", output: '"old"' });
    await rig.settle();
    expect(await rig.store.counts()).toMatchObject({ openRuns: 1 });
  });

  test("a load that fails during a commit: memory is loaded again only when the commit has settled", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    rig.store.failNextLoad = busy;
    await rig.pass(400_000); // Half of the horizon: the next page is read, and fails.
    expect(rig.engine.stats.reloads).toBe(1);
    expect(rig.calls).toEqual([]);
    await rig.store.held[0]!.store();
    await rig.settle();
    expect(rig.calls).toHaveLength(1);
    expect(rig.engine.stats.reloads).toBe(1);
  });

  test("a store that says there is no point ends the engine and calls onFatal", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    const sent = rig.send();
    await rig.settle();
    await rig.store.held[0]!.fail(new StepwellError("store_full"));
    await expect(sent).rejects.toMatchObject({ code: "store_full" });
    expect(rig.fatal).toMatchObject([{ code: "store_full" }]);
    await expect(rig.send()).rejects.toMatchObject({ code: "server_stopping" });
  });
});

describe("events that repeat", () => {
  test("the same event twice starts one run, also while the first is being stored", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    const first = rig.send({ id: "same", mayExist: true });
    await rig.settle();
    const second = rig.send({ id: "same", mayExist: true });
    await rig.settle();
    await rig.store.held[0]!.store();
    await rig.settle();
    expect((await first)[0]).toMatchObject({ isNew: true });
    expect((await second)[0]).toMatchObject({ eventId: "same", isNew: false, runIds: [] });
    expect(rig.calls).toHaveLength(1);
  });

  test("a producer's id starts a function once, and the decision names the run", async () => {
    const rig = await EngineRig.started();
    const first = rig.send({ id: "e1", idempotencyId: "p" });
    await rig.settle();
    rig.send({ id: "e2", idempotencyId: "p" });
    await rig.settle();
    const [receipt] = await first;
    expect(await rig.store.listDecisions("e2")).toMatchObject([{ outcome: "deduplicated", runId: receipt!.runIds[0] }]);
    expect(rig.calls).toHaveLength(1);
  });
});

describe("time", () => {
  test("a future event waits for its time", async () => {
    const rig = await EngineRig.started();
    rig.send({ ts: rig.now + 5_000 });
    await rig.pass(4_999);
    expect(rig.calls).toEqual([]);
    await rig.pass(1);
    expect(rig.calls).toHaveLength(1);
  });

  test("a clock that steps back does not turn the core's time back", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    const { generation } = rig.calls[0]!.call;
    rig.now -= 3_600_000;
    rig.calls[0]!.answer({ kind: "ops", ops: [done("s")] });
    await rig.settle();
    expect(rig.calls[1]!.call.generation).toBeGreaterThan(generation);
    expect(await rig.store.listSteps(rig.calls[0]!.call.runId)).toMatchObject([{ endedAt: generation }]);
  });

  test("runs beyond what may be called wait for a place, and get it at once when one is free", async () => {
    const rig = await EngineRig.started({}, { limits: { callsMax: 2 } });
    for (let count = 0; count < 3; count++) rig.send();
    await rig.settle();
    expect(rig.calls).toHaveLength(2);
    rig.calls[0]!.answer({ kind: "returned", output: "1" });
    await rig.settle();
    expect(rig.calls).toHaveLength(3);
  });

  test("room for calls is looked at again when runs have been loaded: a restart calls no more at once", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = false;
    for (let count = 0; count < 20; count++) rig.send({ ts: rig.now + 60_000 });
    await rig.settle();
    await rig.engine.stop(0);
    const again = new EngineRig({ store: rig.store, limits: { callsMax: 5, callsPerAppMax: 2 } });
    again.now = rig.now + 120_000;
    await again.engine.start();
    await again.settle();
    expect(again.calls).toHaveLength(2);
    for (let count = 0; count < 20; count++) {
      again.calls[count]!.answer({ kind: "returned", output: "1" });
      await again.settle();
    }
    expect(await rig.store.counts()).toMatchObject({ openRuns: 0, jobs: 0 });
  });

  test("a call waits while those that are out are young, and goes as soon as they are older", async () => {
    const rig = await EngineRig.started({}, { limits: { callsYoungMax: 2 } });
    for (let count = 0; count < 5; count++) rig.send();
    await rig.settle();
    expect(rig.calls).toHaveLength(2);
    await rig.pass(YOUNG_MS);
    expect(rig.calls).toHaveLength(4);
    rig.calls[3]!.answer({ kind: "returned", output: "1" });
    await rig.settle();
    expect(rig.calls).toHaveLength(5);
  });

  test("runs beyond what may stay in memory are loaded when it is their turn", async () => {
    const rig = await EngineRig.started({}, { limits: { residentRunsMax: 0, callsMax: 1 } });
    for (let count = 0; count < 5; count++) rig.send();
    await rig.settle();
    expect(rig.engine.stats.residentRuns).toBe(1);
    for (let count = 0; count < 5; count++) {
      rig.calls[count]!.answer({ kind: "returned", output: "1" });
      await rig.settle();
    }
    expect(await rig.store.counts()).toMatchObject({ runs: 5, openRuns: 0, jobs: 0 });
  });
});

describe("what others break", () => {
  test("a stored run that is not sound is left alone, loudly, and the others go on", async () => {
    const rig = await EngineRig.started({}, { limits: { residentRunsMax: 0, callsMax: 1 } });
    for (let count = 0; count < 3; count++) rig.send();
    await rig.settle();
    const [damaged] = (await rig.store.listRuns({ env: "default", limit: 3 })).filter((run) => run.status === "queued");
    rig.store.damage = damaged!.id;
    for (let count = 0; count < 2; count++) {
      rig.calls[count]!.answer({ kind: "returned", output: "1" });
      await rig.settle();
    }
    expect(rig.errors).toEqual([expect.stringContaining("not sound")]);
    expect(rig.engine.stats.reloads).toBe(0);
    expect(await rig.store.counts()).toMatchObject({ runs: 3, openRuns: 1 });
    expect(rig.calls.map(({ call }) => call.runId)).not.toContain(damaged!.id);
  });

  test("a watcher that throws harms nobody", async () => {
    const rig = await EngineRig.started();
    rig.engine.watch(() => {
      throw new Error("mine");
    });
    rig.send();
    await rig.settle();
    expect(rig.calls).toHaveLength(1);
    expect(rig.engine.stats.reloads).toBe(0);
    expect(rig.errors).toEqual(["a watcher failed"]);
  });
});

describe("stopping", () => {
  test("takes nothing more, waits for the calls that are out, and stores what they say", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    const stopped = rig.engine.stop(10_000);
    await expect(rig.send()).rejects.toMatchObject({ code: "server_stopping" });
    await rig.settle();
    expect(await isPending(stopped)).toBe(true);
    rig.calls[0]!.answer({ kind: "ops", ops: [done("s")] });
    await rig.settle();
    await stopped;
    expect(await rig.store.listSteps(rig.calls[0]!.call.runId)).toMatchObject([{ memo: '{"data":1}' }]);
    expect(rig.calls).toHaveLength(1);
  });

  test("makes no call whose commit was under way; whoever starts next makes it", async () => {
    const rig = await EngineRig.started();
    rig.store.isHolding = true;
    const sent = rig.send();
    await rig.settle();
    const stopped = rig.engine.stop(0);
    await rig.pass(0);
    await rig.store.held[0]!.store();
    await stopped;
    expect(await sent).toHaveLength(1);
    expect(rig.calls).toEqual([]);
    expect(await rig.store.counts()).toMatchObject({ openRuns: 1, jobs: 1 });
  });

  test("does not wait longer than its grace, also with something left to store", async () => {
    const rig = await EngineRig.started();
    rig.send();
    rig.send();
    await rig.settle();
    const stopped = rig.engine.stop(1_000);
    rig.store.isHolding = true;
    rig.calls[0]!.answer({ kind: "returned", output: "1" });
    await rig.pass(1_000);
    expect(await isPending(stopped)).toBe(true);
    await rig.store.held[0]!.store();
    await rig.settle();
    await stopped;
    expect(await rig.store.counts()).toMatchObject({ openRuns: 1 });
  });

  test("a clock that stepped back does not make the grace longer", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    rig.now -= 3_600_000;
    const stopped = rig.engine.stop(1_000);
    await rig.pass(1_000);
    await stopped;
    expect(rig.engine.isAccepting).toBe(false);
  });

  test("after a failed commit, nothing that was dropped is written any more", async () => {
    const rig = await EngineRig.started();
    rig.send();
    await rig.settle();
    rig.store.isHolding = true;
    rig.calls[0]!.answer({ kind: "ops", ops: [done("first")] });
    await rig.settle();
    rig.send();
    await rig.settle();
    const stopped = rig.engine.stop(0);
    await rig.store.held[0]!.fail(busy);
    await rig.pass(10_000);
    await stopped;
    expect(rig.store.held).toHaveLength(1);
    expect(await rig.store.counts()).toMatchObject({ events: 1, openRuns: 1, jobs: 1 });
  });

  test("leaves a job that is due to whoever starts next, and does not spin on it", async () => {
    const rig = await EngineRig.started({}, { limits: { callsMax: 1 } });
    rig.send();
    rig.send();
    await rig.settle();
    const stopped = rig.engine.stop(60_000);
    const commits = rig.store.commits;
    await rig.pass(1_000);
    expect(rig.calls).toHaveLength(1);
    expect(rig.store.commits).toBe(commits);
    expect(rig.timers).toBe(1); // The grace, and nothing that wakes the loop.
    rig.calls[0]!.answer({ kind: "returned", output: "1" });
    await rig.settle();
    await stopped;
  });

  test("twice is once", async () => {
    const rig = await EngineRig.started();
    await Promise.all([rig.engine.stop(0), rig.engine.stop(0)]);
    expect(rig.engine.isAccepting).toBe(false);
  });
});

describe("limits and bugs", () => {
  test("commands that wait for a slow commit count, too", async () => {
    const rig = await EngineRig.started({}, { limits: { commandsMax: 10 } });
    rig.store.isHolding = true;
    const sent: Promise<unknown>[] = [];
    for (let count = 0; count < 30; count++) {
      sent.push(rig.send().then(String, (error: unknown) => (error as StepwellError).code));
      await rig.settle();
    }
    for (const commit of rig.store.held) await commit.store();
    await rig.settle();
    for (const commit of rig.store.held) await commit.store();
    expect((await Promise.all(sent)).filter((outcome) => outcome === "server_overloaded")).toHaveLength(20);
  });

  test("commands beyond the limit are refused", async () => {
    const rig = await EngineRig.started({}, { limits: { commandsMax: 1 } });
    rig.send();
    await expect(rig.send()).rejects.toMatchObject({ code: "server_overloaded" });
  });

  test("what is not there is not found", async () => {
    const rig = await EngineRig.started();
    const cancelled = rig.engine.cancelRun({ runId: "nobody", reason: "" });
    const saved = rig.engine.saveCheckpoint({ runId: "nobody", slot: "main", generation: null, ops: [done("s")] });
    await rig.settle();
    expect(await cancelled).toEqual({ outcome: "not_found", status: null });
    expect(await saved).toMatchObject({ kind: "refused", code: "not_found" });
  });

  test("an app that is removed takes no more events, and its runs fail with its name", async () => {
    const rig = await EngineRig.started();
    rig.send({ ts: rig.now + 1_000 });
    await rig.settle();
    const removed = rig.engine.removeApp("app");
    await rig.settle();
    expect(await removed).toBe(true);
    const sent = rig.send();
    await rig.pass(1_000);
    expect((await sent)[0]!.runIds).toEqual([]);
    expect(await rig.store.listRuns({ env: "default", limit: 9 })).toMatchObject([{ status: "failed" }]);
  });

  test("starting twice loads once", async () => {
    const rig = await EngineRig.started();
    await rig.engine.start();
    expect(rig.engine.apps.list()).toHaveLength(1);
  });

  test("a sync that says the same again stores nothing", async () => {
    const rig = await EngineRig.started();
    const commits = rig.store.commits;
    const again = rig.engine.sync(appOf(), "1");
    await rig.settle();
    expect(await again).toEqual({ isModified: false });
    expect(rig.store.commits).toBe(commits);
  });
});
