import { describe, expect, test } from "vitest";
import { EngineRig } from "../../test/engine-rig.ts";
import { asking, done, planned } from "../../test/run-rig.ts";
import type { Op } from "../protocol/op.ts";

const HOUR = 3_600_000;

function waiting(signal = "go", opts: Op["opts"] = {}, id = "w"): Op {
  return asking("WaitForSignal", { id, displayName: id, name: signal, opts: { signal, timeout: "1h", ...opts } });
}

/** The last call is answered with these operations. */
async function report(rig: EngineRig, ...ops: Op[]): Promise<void> {
  rig.calls.at(-1)!.answer({ kind: "ops", ops });
  await rig.settle();
}

/** A run that has begun; its call is the last one. */
async function begun(rig: EngineRig): Promise<string> {
  const sent = rig.send();
  await rig.settle();
  return (await sent)[0]!.runIds[0]!;
}

async function signal(rig: EngineRig, data = "1", ttlMs: number | null = null, name = "go") {
  const answer = rig.engine.sendSignal({ signal: name, data, ttlMs });
  await rig.settle();
  return answer;
}

async function memoOf(rig: EngineRig, runId: string, id = "w"): Promise<string | null | undefined> {
  const [run] = await rig.store.loadRuns([runId]);
  return run!.steps.get(id)?.memo;
}

async function statusOf(rig: EngineRig, runId: string) {
  const row = await rig.store.getRun("default", runId);
  return [row!.status, row!.error === null ? null : (JSON.parse(row!.error) as { code?: string }).code];
}

describe("a signal", () => {
  test("resumes the run that waits for it, once, wherever that run is", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    expect(rig.engine.coreForTests.isResident(runId)).toBe(false);
    expect(await signal(rig, '{"ok":true}')).toEqual({ runId, isBuffered: false });
    expect(await memoOf(rig, runId)).toBe('{"data":{"data":{"ok":true},"signal":"go"}}');
    expect(await signal(rig)).toEqual({ runId: null, isBuffered: false });
    expect(rig.calls).toHaveLength(2);
  });

  test("twice in one batch resumes once, and the second reaches nobody", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    const answers = [1, 2].map((n) => rig.engine.sendSignal({ signal: "go", data: `${n}`, ttlMs: null }));
    await rig.settle();
    expect(await Promise.all(answers)).toEqual([
      { runId, isBuffered: false },
      { runId: null, isBuffered: false },
    ]);
    expect(await memoOf(rig, runId)).toContain('"data":1');
  });

  test("that nobody waits for is gone, unless it is to be kept", async () => {
    const rig = await EngineRig.started();
    await signal(rig);
    const runId = await begun(rig);
    await report(rig, waiting());
    expect(await memoOf(rig, runId)).toBeNull();
    await rig.pass(HOUR);
    expect(await memoOf(rig, runId)).toBe("null");
  });

  test("that is kept is taken by the next waiter at once, and by no other", async () => {
    const rig = await EngineRig.started();
    expect(await signal(rig, '"early"', HOUR)).toEqual({ runId: null, isBuffered: true });
    const first = await begun(rig);
    await report(rig, waiting());
    expect(await memoOf(rig, first)).toContain('"early"');
    const second = await begun(rig);
    await report(rig, waiting());
    expect(await memoOf(rig, second)).toBeNull();
  });

  test("that is kept and taken in one batch is gone, for the next waiter of that batch too", async () => {
    const rig = await EngineRig.started();
    const [first, second] = [await begun(rig), await begun(rig)];
    rig.store.isHolding = true;
    rig.send();
    await rig.settle();
    rig.engine.sendSignal({ signal: "go", data: "1", ttlMs: HOUR });
    await rig.settle();
    for (const call of rig.calls) {
      call.answer({ kind: "ops", ops: [waiting()] });
      await rig.settle();
    }
    rig.store.isHolding = false;
    await rig.store.held[0]!.store();
    await rig.settle();
    expect(await memoOf(rig, first)).toContain('"data":1');
    expect(await memoOf(rig, second)).toBeNull();
    const key = { kind: "signal", functionId: "", key: "go" } as const;
    expect(await rig.store.loadFlow([key], rig.now)).toEqual([]);
  });

  test("is kept no longer than it was to be", async () => {
    const rig = await EngineRig.started();
    await signal(rig, "1", 1_000);
    await rig.pass(1_000);
    const runId = await begun(rig);
    await report(rig, waiting());
    expect(await memoOf(rig, runId)).toBeNull();
  });

  test("and the timeout in one instant: whichever comes first", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    rig.now += HOUR;
    const answer = await signal(rig);
    expect([answer.runId, await memoOf(rig, runId)]).toEqual([runId, '{"data":{"data":1,"signal":"go"}}']);
    const late = await begun(rig);
    await report(rig, waiting());
    await rig.pass(HOUR);
    expect([(await signal(rig)).runId, await memoOf(rig, late)]).toEqual([null, "null"]);
  });

  test("sent by a step is on its way with the step's result", async () => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    await report(rig, waiting());
    await begun(rig);
    await report(rig, { ...done("s"), sends: { events: [], signals: [{ signal: "go", data: "7", ttlMs: null }] } });
    expect(await memoOf(rig, runId)).toContain('"data":7');
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });
});

describe("two runs that wait for one signal", () => {
  test("the second fails, and the first still gets it", async () => {
    const rig = await EngineRig.started();
    const first = await begun(rig);
    await report(rig, waiting());
    const second = await begun(rig);
    await report(rig, waiting());
    expect(await statusOf(rig, second)).toEqual(["failed", "signal_conflict"]);
    expect((await signal(rig)).runId).toBe(first);
  });

  test("the second takes over when it says so; the first gets nothing but its timeout", async () => {
    const rig = await EngineRig.started();
    const first = await begun(rig);
    await report(rig, waiting());
    const second = await begun(rig);
    await report(rig, waiting("go", { conflict: "replace" }));
    expect(await signal(rig)).toEqual({ runId: second, isBuffered: false });
    expect((await signal(rig)).runId).toBeNull();
    await rig.pass(HOUR);
    expect(await memoOf(rig, first)).toBe("null");
    expect(await memoOf(rig, second)).toContain('"signal":"go"');
  });

  test("in one batch, the second fails all the same", async () => {
    const rig = await EngineRig.started();
    const [first, second] = [await begun(rig), await begun(rig)];
    for (const held of rig.calls) held.answer({ kind: "ops", ops: [waiting()] });
    await rig.settle();
    const statuses = await Promise.all([first, second].map((id) => statusOf(rig, id)));
    expect(statuses.map(([status]) => status).sort()).toEqual(["failed", "running"]);
  });

  test("a run that is cancelled frees the name", async () => {
    const rig = await EngineRig.started();
    const first = await begun(rig);
    await report(rig, waiting());
    rig.engine.cancelRun({ runId: first, reason: "test" });
    await rig.settle();
    const second = await begun(rig);
    await report(rig, waiting());
    expect((await signal(rig)).runId).toBe(second);
  });
});

test("a restart changes nothing: who waits, and what is kept", async () => {
  const before = await EngineRig.started();
  const runId = await begun(before);
  await report(before, waiting("held"), planned("other"));
  await signal(before, "5", HOUR, "kept");
  const rig = new EngineRig({ store: before.store });
  rig.now = before.now;
  await rig.engine.start();
  await rig.settle();
  expect((await signal(rig, "1", null, "held")).runId).toBe(runId);
  const later = await begun(rig);
  await report(rig, waiting("kept"));
  const [run] = await before.store.loadRuns([later]);
  expect(run!.steps.get("w")!.memo).toContain('"data":5');
});

test.each(["x".repeat(10_000), "nul\u0000"])("a name that cannot be is refused with a code: %#", async (name) => {
  const rig = await EngineRig.started();
  const runId = await begun(rig);
  await report(rig, waiting(name));
  expect(await statusOf(rig, runId)).toEqual(["failed", "wait_invalid"]);
});
