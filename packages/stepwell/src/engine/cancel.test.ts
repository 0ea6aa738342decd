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
  receive,
  report,
  restarted,
  rowOf,
  waiting,
} from "../../test/engine-runs.ts";
import { asking, done, planned, sleeping } from "../../test/run-rig.ts";
import type { CancelRule } from "../protocol/function.ts";

function rule(more: Partial<CancelRule> = {}): CancelRule {
  return { event: "stop", expression: null, timeout: null, ...more };
}

async function cancel(rig: EngineRig, runId: string) {
  const answer = rig.engine.cancelRun({ runId, reason: "test" });
  await rig.settle();
  return answer;
}

async function expectCancelled(rig: EngineRig, runId: string, reason = "cancelled_by_request"): Promise<void> {
  expect(await rowOf(rig, runId)).toMatchObject({ status: "cancelled", reason });
  expect(await leftovers(rig)).toBe(0);
}

describe("a run is cancelled", () => {
  test("while it is queued: it is never called", async () => {
    const rig = await EngineRig.started();
    const [receipt] = await receive(rig, later(rig, HOUR));
    const [runId] = receipt!.runIds;
    expect(await cancel(rig, runId!)).toEqual({ outcome: "cancelled", status: "cancelled" });
    await rig.pass(HOUR);
    expect(rig.calls).toEqual([]);
    await expectCancelled(rig, runId!);
  });

  test.each([
    ["sleeping", sleeping("z", "1h")],
    ["waiting for an event", waiting()],
    ["waiting for a signal", asking("WaitForSignal", { id: "s", name: "go", opts: { timeout: "1h" } })],
  ])("while it is %s, and nothing wakes it afterwards", async (_, op) => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, op);
    expect((await cancel(rig, runId)).outcome).toBe("cancelled");
    await receive(rig, eventOf(rig, "reply"));
    await rig.pass(HOUR);
    expect(rig.calls).toHaveLength(1);
    await expectCancelled(rig, runId);
  });

  test("in the middle of a step: the call is told to stop, and its result is dropped", async () => {
    let isStopped = false;
    const rig = await EngineRig.started();
    const transport = {
      call: (
        _call: unknown,
        _save: unknown,
        signal: { addEventListener(type: "abort", listener: () => void): void },
      ) => {
        signal.addEventListener("abort", () => {
          isStopped = true;
        });
        return new Promise<never>(() => {});
      },
      close: async () => {},
    };
    const other = new EngineRig({ store: rig.store, transport });
    Object.assign(other, { store: rig.store });
    await other.engine.start();
    const runId = await begun(other);
    await cancel(other, runId);
    expect(isStopped).toBe(true);
    await expectCancelled(other, runId);
    const late = await begun(rig);
    await cancel(rig, late);
    await report(rig, done("s"));
    expect((await loaded(rig, late)).stack).toEqual([]);
  });

  test("while its end is being stored: it has completed", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    rig.store.isHolding = true;
    await complete(rig);
    const cancelled = rig.engine.cancelRun({ runId, reason: "test" });
    await rig.settle();
    rig.store.isHolding = false;
    await rig.store.held[0]!.store();
    await rig.settle();
    expect(await cancelled).toEqual({ outcome: "ended", status: "completed" });
    expect((await rowOf(rig, runId)).status).toBe("completed");
  });

  test.each(["cancel", "complete"])("in the batch in which it completes: the first wins (%s)", async (first) => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    const cancelling = () => rig.engine.cancelRun({ runId, reason: "test" });
    const completing = () => rig.calls[0]!.answer({ kind: "returned", output: "1" });
    const order = first === "cancel" ? [cancelling, completing] : [completing, cancelling];
    for (const act of order) {
      void act();
      await rig.settle();
    }
    rig.store.isHolding = false;
    await rig.store.held[0]!.store();
    await rig.settle();
    expect((await rowOf(rig, runId)).status).toBe(first === "cancel" ? "cancelled" : "completed");
  });

  test("twice, and when it does not exist: the answer says so", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await cancel(rig, runId);
    expect(await cancel(rig, runId)).toEqual({ outcome: "ended", status: "cancelled" });
    expect(await cancel(rig, "no such run")).toEqual({ outcome: "not_found", status: null });
  });
});

describe("a cancel rule", () => {
  test("ends the run when its event comes, whatever the run does, also after a restart", async () => {
    const before = await EngineRig.started({ cancelOn: [rule()] });
    const running = await begun(before);
    await begun(before);
    await report(before, sleeping("z", "1h"));
    const rig = await restarted(before);
    await receive(rig, eventOf(rig, "stop"));
    await expectCancelled(rig, running, "cancelled_by_event");
    expect((await rig.store.counts()).openRuns).toBe(0);
  });

  test("compares the event with the trigger of the run", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule({ expression: "event.data.id == async.data.id" })] });
    const [one, two] = [await begun(rig, { id: 1 }), await begun(rig, { id: 2 })];
    await receive(rig, eventOf(rig, "stop", { id: 2 }));
    expect([(await rowOf(rig, one)).status, (await rowOf(rig, two)).status]).toEqual(["running", "cancelled"]);
  });

  test("does not concern what came before the run, nor the event that started it", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule({ event: "a" })] });
    const first = await begun(rig);
    expect((await rowOf(rig, first)).status).toBe("running");
    const second = await begun(rig);
    expect([(await rowOf(rig, first)).status, (await rowOf(rig, second)).status]).toEqual(["cancelled", "running"]);
  });

  test("cancels a run that an event of the same request started before", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule()] });
    const [receipt] = await receive(rig, eventOf(rig, "a"), eventOf(rig, "stop"));
    await expectCancelled(rig, receipt!.runIds[0]!, "cancelled_by_event");
    expect(rig.calls).toEqual([]);
  });

  test("holds as long as it says, from the creation of the run on", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule({ timeout: "1m" })] });
    const [early, late] = [await begun(rig), await begun(rig)];
    rig.now += 59_999;
    const again = await begun(rig);
    rig.now += 1;
    await receive(rig, eventOf(rig, "stop"));
    const statuses = await Promise.all([early, late, again].map(async (id) => (await rowOf(rig, id)).status));
    expect(statuses).toEqual(["running", "running", "cancelled"]);
  });

  test("wins over a wait for the same event", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule({ event: "reply" })] });
    const runId = await begun(rig);
    await report(rig, waiting());
    await receive(rig, eventOf(rig, "reply"));
    await expectCancelled(rig, runId, "cancelled_by_event");
    expect((await loaded(rig, runId)).stack).toEqual([]);
  });

  test("holds again for a run that failed and is resumed", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule()], retries: 0 });
    const runId = await begun(rig);
    rig.calls[0]!.answer({ kind: "failed", noRetry: true, error: { name: "Error", message: "boom" } });
    await rig.settle();
    await receive(rig, eventOf(rig, "stop"));
    expect((await rowOf(rig, runId)).status).toBe("failed");
    rig.engine.resumeRun({ runId });
    await rig.settle();
    await receive(rig, eventOf(rig, "stop"));
    await expectCancelled(rig, runId, "cancelled_by_event");
  });

  test("leaves with a run that ends by itself", async () => {
    const rig = await EngineRig.started({ cancelOn: [rule(), rule({ event: "halt" })] });
    const runId = await begun(rig);
    expect(await rig.store.listWaits(runId)).toHaveLength(2);
    await complete(rig);
    expect(await leftovers(rig)).toBe(0);
    expect(rig.engine.coreForTests.stats.residentRuns).toBe(0);
  });
});

test("a run that fails because of a limit leaves no open step of its group", async () => {
  const rig = await EngineRig.started({}, { limits: { stepsPerRunMax: 3 } });
  const runId = await begun(rig);
  await report(rig, waiting(), planned("a"), planned("b"), planned("c"));
  expect(await codeOf(rig, runId)).toBe("too_many_steps");
  expect(await leftovers(rig)).toBe(0);
});

/** An event whose run begins later. */
function later(rig: EngineRig, ms: number) {
  const event = eventOf(rig, "a");
  return { ...event, stored: { ...event.stored, ts: rig.now + ms } };
}
