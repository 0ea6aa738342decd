import { describe, expect, test } from "vitest";
import { appOf, EngineRig } from "../../test/engine-rig.ts";
import {
  begun,
  codeOf,
  complete,
  eventOf,
  HOUR,
  invoking,
  leftovers,
  memoOf,
  receive,
  report,
  restarted,
  rowOf,
  waiting,
} from "../../test/engine-runs.ts";
import { done, sleeping } from "../../test/run-rig.ts";
import type { PauseMode } from "../core/batch.ts";
import { NO_TIMEOUTS } from "../protocol/function.ts";

const FUNCTION = { kind: "function", id: "app-f" } as const;

async function pause(
  rig: EngineRig,
  mode: PauseMode | null,
  target: Parameters<typeof rig.engine.unpause>[0] = FUNCTION,
) {
  const paused = mode === null ? rig.engine.unpause(target) : rig.engine.pause({ ...target, mode });
  await rig.settle();
  return paused;
}

async function start(rig: EngineRig): Promise<string | undefined> {
  const [receipt] = await receive(rig, eventOf(rig, "a"));
  return receipt!.runIds[0];
}

describe("a paused function", () => {
  test("on hold: its runs wait, and begin in their order when it is resumed", async () => {
    const rig = await EngineRig.started();
    expect(await pause(rig, "hold")).toBe(true);
    const runs = [await start(rig), await start(rig)];
    expect(rig.calls).toEqual([]);
    expect(await pause(rig, null)).toBe(true);
    expect(rig.calls.map(({ call }) => call.runId)).toEqual(runs);
  });

  test("stays paused through a restart and a sync", async () => {
    const before = await EngineRig.started();
    await pause(before, "hold");
    const runId = await start(before);
    const rig = await restarted(before);
    rig.engine.sync(appOf({ name: "changed" }), "2");
    await rig.settle();
    expect(rig.calls).toEqual([]);
    await pause(rig, null);
    expect(rig.calls.map(({ call }) => call.runId)).toEqual([runId]);
  });

  test("that is not served any more can be resumed, by slug and id, and not be paused", async () => {
    const rig = await EngineRig.started();
    for (const id of ["app-f", "f"]) {
      rig.engine.sync(appOf(), `served ${id}`);
      await rig.settle();
      await pause(rig, "hold");
      rig.engine.removeApp("app");
      await rig.settle();
      expect(await pause(rig, "hold", { kind: "function", id })).toBe(false);
      expect(await pause(rig, null, { kind: "function", id })).toBe(true);
    }
    rig.engine.sync(appOf(), "again");
    await rig.settle();
    await start(rig);
    expect(rig.calls).toHaveLength(1);
    expect(await pause(rig, null, { kind: "function", id: "nobody" })).toBe(false);
  });

  test("finishes the step that is being executed, and goes on from it when it is resumed", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await pause(rig, "hold");
    await report(rig, done("s"));
    expect([await memoOf(rig, runId, "s"), rig.calls.length]).toEqual(['{"data":1}', 1]);
    await pause(rig, null);
    expect(rig.calls.at(-1)!.call.memos).toHaveLength(1);
  });

  test("to skip: an event leaves a skipped run and a decision, and nothing else", async () => {
    const rig = await EngineRig.started();
    await pause(rig, "skip");
    const event = eventOf(rig, "a");
    const [receipt] = await receive(rig, event);
    expect(receipt!.runIds).toEqual([]);
    const [decision] = await rig.store.listDecisions(event.stored.id);
    expect(decision).toMatchObject({ outcome: "skipped", functionId: "f" });
    expect(await rowOf(rig, decision!.runId!)).toMatchObject({ status: "skipped", reason: "paused" });
    expect(await leftovers(rig)).toBe(0);
  });

  test("to reject: an event leaves a decision and no run", async () => {
    const rig = await EngineRig.started();
    await pause(rig, "reject");
    const event = eventOf(rig, "a");
    await receive(rig, event);
    expect(await rig.store.listDecisions(event.stored.id)).toMatchObject([{ outcome: "rejected", runId: null }]);
    expect((await rig.store.counts()).runs).toBe(0);
  });

  test("answers who invokes it: with a run that waits, or at once with an error", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await pause(rig, "reject", { kind: "function", id: "f" });
    await report(rig, invoking());
    expect(JSON.parse((await memoOf(rig, runId, "i"))!).error).toMatchObject({ code: "function_paused" });
    const invoke = () => rig.engine.invoke({ functionId: "app-f", event: eventOf(rig, "x"), idempotencyKey: null });
    const refused = invoke();
    await rig.settle();
    expect(await refused).toMatchObject({ kind: "refused", code: "function_paused" });
    await pause(rig, "hold");
    const held = invoke();
    await rig.settle();
    expect(await held).toMatchObject({ kind: "started" });
  });

  test("can be cancelled run by run", async () => {
    const rig = await EngineRig.started();
    await pause(rig, "hold");
    const runId = await start(rig);
    rig.engine.cancelRun({ runId: runId!, reason: "test" });
    await rig.settle();
    expect((await rowOf(rig, runId!)).status).toBe("cancelled");
    expect(await leftovers(rig)).toBe(0);
  });

  test("takes events for its waits meanwhile, and goes on with them later", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    await pause(rig, "hold");
    await receive(rig, eventOf(rig, "reply"));
    expect([await memoOf(rig, runId), rig.calls.length]).toEqual([expect.stringContaining("reply"), 1]);
    await pause(rig, null);
    expect(rig.calls).toHaveLength(2);
  });

  test("whose start is limited: a run that waits too long ends at its time, not when it is resumed", async () => {
    const rig = await EngineRig.started({ timeouts: { ...NO_TIMEOUTS, startMs: 60_000 } });
    await pause(rig, "hold");
    const runId = await start(rig);
    await rig.pass(59_999);
    expect((await rowOf(rig, runId!)).status).toBe("queued");
    await rig.pass(1);
    expect(await rowOf(rig, runId!)).toMatchObject({ status: "cancelled", reason: "timed_out", startedAt: null });
    await pause(rig, null);
    expect(rig.calls).toEqual([]);
    expect(await leftovers(rig)).toBe(0);
  });

  test("lets time pass: sleeps and waits end while nothing is called", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, sleeping("z", "1h"), waiting({ timeout: "30m" }));
    await pause(rig, "hold");
    await rig.pass(HOUR);
    expect([await memoOf(rig, runId, "z"), await memoOf(rig, runId)]).toEqual(["null", "null"]);
    expect(rig.calls).toHaveLength(1);
  });
});

test("what time ends does not wait for a place, however many calls are out", async () => {
  const limits = { callsMax: 1 };
  const rig = await EngineRig.started({ timeouts: { ...NO_TIMEOUTS, finishMs: 60_000 } }, { limits });
  const asleep = await begun(rig);
  await report(rig, waiting({ timeout: "30s" }));
  const hanging = await begun(rig);
  await rig.pass(30_000);
  expect(await memoOf(rig, asleep)).toBe("null");
  await rig.pass(30_000);
  expect(await rowOf(rig, hanging)).toMatchObject({ status: "cancelled", reason: "timed_out" });
});

describe("a paused app", () => {
  test("pauses all its functions, and resumes them", async () => {
    const rig = await EngineRig.started();
    expect(await pause(rig, "hold", { kind: "app", id: "app" })).toBe(true);
    await start(rig);
    expect(rig.calls).toEqual([]);
    await pause(rig, null, { kind: "app", id: "app" });
    expect(rig.calls).toHaveLength(1);
  });

  test("that does not exist is not paused", async () => {
    const rig = await EngineRig.started();
    expect(await pause(rig, "hold", { kind: "app", id: "other" })).toBe(false);
    expect(await pause(rig, "hold", { kind: "function", id: "other" })).toBe(false);
  });
});

describe("a function that is removed while it is paused", () => {
  test("ends its runs with a reason: nobody could resume it", async () => {
    const rig = await EngineRig.started();
    const running = await begun(rig);
    await report(rig, sleeping("z", "1h"));
    await pause(rig, "hold");
    const held = await start(rig);
    rig.engine.removeApp("app");
    await rig.settle();
    expect(await codeOf(rig, held!)).toBe("function_removed");
    await rig.pass(HOUR);
    expect(await codeOf(rig, running)).toBe("function_removed");
    expect(await leftovers(rig)).toBe(0);
  });

  test("is paused again when it comes back", async () => {
    const rig = await EngineRig.started();
    await pause(rig, "hold");
    rig.engine.removeApp("app");
    rig.engine.sync(appOf(), "2");
    await rig.settle();
    await start(rig);
    expect(rig.calls).toEqual([]);
  });
});

describe("the schedule of a paused function", () => {
  const cron = { kind: "cron" as const, cron: "* * * * *", jitterMs: 0, misfire: "once" as const };

  async function ticking(overlap: "cancel" | "allow"): Promise<EngineRig> {
    const rig = await EngineRig.started({ triggers: [{ ...cron, overlap }] });
    await rig.pass(60_000);
    expect(rig.calls).toHaveLength(1);
    return rig;
  }

  test.each(["skip", "reject"] as const)(
    "to %s: a tick does not cancel the run that it would replace",
    async (mode) => {
      const rig = await ticking("cancel");
      const { runId } = rig.calls[0]!.call;
      await pause(rig, mode);
      await rig.pass(60_000);
      expect((await rowOf(rig, runId)).status).toBe("running");
      await complete(rig);
      expect((await rowOf(rig, runId)).status).toBe("completed");
    },
  );

  test("on hold starts nothing, and makes up for what it missed by its policy", async () => {
    const rig = await ticking("allow");
    await pause(rig, "hold");
    await rig.pass(HOUR);
    expect((await rig.store.counts()).runs).toBe(1);
    await pause(rig, null);
    expect((await rig.store.counts()).runs).toBe(2);
  });
});
