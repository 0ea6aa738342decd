import { describe, expect, test } from "vitest";
import { appOf, EngineRig } from "../../test/engine-rig.ts";
import {
  begun,
  complete,
  eventOf,
  fail,
  failedStep,
  HOUR,
  leftovers,
  loaded,
  memoOf,
  receive,
  report,
  restarted,
  rowOf,
  waiting,
} from "../../test/engine-runs.ts";
import { done, planned, sleeping } from "../../test/run-rig.ts";
import type { StartAnswer } from "../core/command.ts";
import { NO_FLOW, type SingletonRule } from "../protocol/flow.ts";
import type { Op } from "../protocol/op.ts";

async function rerun(rig: EngineRig, command: Parameters<typeof rig.engine.rerun>[0]): Promise<StartAnswer> {
  const answer = rig.engine.rerun(command);
  await rig.settle();
  return answer;
}

const idOf = (answer: StartAnswer): string => (answer as { readonly runId: string }).runId;

const fromStep = (stepId: string, input: string | null = null) => ({ stepId, input });

/** The nth repeat of a step in a loop. */
const repeat = (index: number): Op => ({ ...done(`loop-${index}`, `${index}`), displayName: "loop", index });

async function resume(rig: EngineRig, runId: string): Promise<StartAnswer> {
  const answer = rig.engine.resumeRun({ runId });
  await rig.settle();
  return answer;
}

describe("a run that is run again", () => {
  test("is a new run with the same event and nothing memoized; the old one stays as it is", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig, { n: 1 });
    await report(rig, done("s"));
    await complete(rig, '"old"');
    const before = await loaded(rig, old);
    const runId = idOf(await rerun(rig, { runId: old, fromStep: null }));
    expect(rig.calls.at(-1)!.call).toMatchObject({ runId, memos: [], events: [expect.stringContaining('"n":1')] });
    expect(await rowOf(rig, runId)).toMatchObject({ originalRunId: old, status: "running" });
    expect(await loaded(rig, old)).toEqual(before);
  });

  test("while it is running, with what it had by then", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    await report(rig, done("s", "7"));
    await report(rig, sleeping("z", "1h"));
    const runId = idOf(await rerun(rig, { runId: old, fromStep: fromStep("z") }));
    expect(rig.calls.at(-1)!.call).toMatchObject({ runId, memos: [{ id: "s", json: '{"data":7}' }] });
    await complete(rig);
    expect((await rowOf(rig, old)).status).toBe("running");
    await rig.pass(HOUR);
    expect(await memoOf(rig, old, "z")).toBe("null");
  });

  test("from the middle of a loop keeps the rounds before it", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    for (let index = 0; index < 4; index++) await report(rig, repeat(index));
    await complete(rig);
    await rerun(rig, { runId: old, fromStep: fromStep("loop:2") });
    expect(rig.calls.at(-1)!.call.memos.map((memo) => memo.json)).toEqual(['{"data":0}', '{"data":1}']);
    await rerun(rig, { runId: old, fromStep: fromStep("loop") });
    expect(rig.calls.at(-1)!.call.memos).toEqual([]);
  });

  test("from a step of a parallel group keeps what was complete before it", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    await report(rig, planned("a"), planned("b"), planned("c"));
    const [a, b, c] = rig.calls.slice(1);
    for (const call of [c!, a!, b!]) {
      call.answer({ kind: "ops", ops: [done(call.call.target!)] });
      await rig.settle();
    }
    await complete(rig);
    await rerun(rig, { runId: old, fromStep: fromStep("a") });
    expect(rig.calls.at(-1)!.call.memos.map((memo) => memo.id)).toEqual(["c"]);
    await rerun(rig, { runId: old, fromStep: fromStep("b") });
    expect(rig.calls.at(-1)!.call.memos.map((memo) => memo.id)).toEqual(["c", "a"]);
  });

  test("with other arguments for the step: they are in its call, and in the store", async () => {
    const before = await EngineRig.started();
    const old = await begun(before);
    await report(before, done("s"));
    await report(before, done("t"));
    await complete(before);
    const runId = idOf(await rerun(before, { runId: old, fromStep: fromStep("t", "[42]") }));
    const rig = await restarted(before);
    const { call } = rig.calls.at(-1)!;
    expect(call).toMatchObject({ runId, target: "t", inputs: [{ id: "t", json: '{"input":[42]}' }] });
    expect(call.memos.map((memo) => memo.id)).toEqual(["s"]);
    await report(rig, done("t", "43"));
    await complete(rig);
    expect([await memoOf(rig, runId, "t"), (await rowOf(rig, runId)).status]).toEqual(['{"data":43}', "completed"]);
    expect(await leftovers(rig)).toBe(0);
  });

  test("takes the result of a wait along, and arms no wait for it", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    await report(rig, waiting());
    await receive(rig, eventOf(rig, "reply", { n: 1 }));
    await report(rig, done("s"));
    await complete(rig);
    const runId = idOf(await rerun(rig, { runId: old, fromStep: fromStep("s") }));
    expect(await memoOf(rig, runId)).toContain('"n":1');
    expect(await rig.store.listWaits(runId)).toEqual([]);
  });

  test("for an operation is started once, also across a restart", async () => {
    const before = await EngineRig.started();
    const old = await begun(before);
    await complete(before);
    const command = { runId: old, fromStep: null, operationId: "operation" };
    const first = await rerun(before, command);
    const rig = await restarted(before);
    expect(await rerun(rig, command)).toEqual({ kind: "existing", runId: idOf(first) });
    expect(await rerun(rig, { ...command, operationId: "another" })).toMatchObject({ kind: "started" });
  });

  test("from an old run beyond its cancelled parent has no parent of its own", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    rig.engine.cancelRun({ runId: old, reason: "test" });
    await rig.settle();
    const runId = idOf(await rerun(rig, { runId: old, fromStep: null }));
    expect(await rowOf(rig, runId)).toMatchObject({ parent: null, status: "running" });
  });

  test.each([
    ["of a run that does not exist", "nothing", null, "not_found"],
    ["from a step that it never had", null, "nothing", "step_unknown"],
  ])("is refused %s", async (_, wrongRun, stepId, code) => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    await complete(rig);
    const command = { runId: wrongRun ?? old, fromStep: stepId === null ? null : fromStep(stepId) };
    expect(await rerun(rig, command)).toMatchObject({ kind: "refused", code });
    expect((await rig.store.counts()).runs).toBe(1);
  });

  test("is refused when its function is not served any more", async () => {
    const rig = await EngineRig.started();
    const old = await begun(rig);
    await complete(rig);
    rig.engine.removeApp("app");
    expect(await rerun(rig, { runId: old, fromStep: null })).toMatchObject({ code: "function_not_found" });
  });
});

describe("a run that is resumed", () => {
  /** A run that failed at `bad`, which `good` came before. */
  async function failed(rig: EngineRig): Promise<string> {
    const runId = await begun(rig);
    await report(rig, done("good"));
    await report(rig, failedStep("bad"));
    await fail(rig, "boom");
    expect((await rowOf(rig, runId)).status).toBe("failed");
    return runId;
  }

  test("goes on where it failed, with what it had, in whatever process", async () => {
    const before = await EngineRig.started();
    const runId = await failed(before);
    const rig = await restarted(before);
    expect(await resume(rig, runId)).toMatchObject({ kind: "started", runId });
    expect(rig.calls.at(-1)!.call).toMatchObject({ runId, attempt: 0, memos: [{ id: "good" }] });
    await report(rig, done("bad", "2"));
    await complete(rig, "3");
    expect(await rowOf(rig, runId)).toMatchObject({ status: "completed", output: "3", notes: { resumes: 1 } });
    expect(await leftovers(rig)).toBe(0);
  });

  test("just before the process dies goes on in the next one", async () => {
    const before = await EngineRig.started();
    const runId = await failed(before);
    before.store.isHolding = true;
    await resumeHeld(before, runId);
    const rig = await restarted(before);
    const run = await loaded(rig, runId);
    expect([run.stack, run.status, rig.calls.length]).toEqual([["good"], "running", 1]);
  });

  test("fails again as it did, and can be resumed again", async () => {
    const rig = await EngineRig.started();
    const runId = await failed(rig);
    for (let resumes = 1; resumes <= 2; resumes++) {
      await resume(rig, runId);
      await report(rig, failedStep("bad"));
      await fail(rig, "boom");
      expect(await rowOf(rig, runId)).toMatchObject({ status: "failed", notes: { resumes } });
    }
  });

  test.each(["running", "completed", "cancelled"] as const)("is refused while it is %s", async (status) => {
    const rig = await EngineRig.started();
    const runId = await begun(rig);
    if (status === "completed") await complete(rig);
    if (status === "cancelled") rig.engine.cancelRun({ runId, reason: "test" });
    expect(await resume(rig, runId)).toMatchObject({ kind: "refused", code: "run_not_failed", details: { status } });
  });

  test("twice at once is resumed once", async () => {
    const rig = await EngineRig.started();
    const runId = await failed(rig);
    const answers = [rig.engine.resumeRun({ runId }), rig.engine.resumeRun({ runId })];
    await rig.settle();
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(["started", "refused"]);
    expect(rig.calls).toHaveLength(4);
  });
});

describe("a run that is resumed among the runs of its key", () => {
  const KEY = "event.data.k";
  const singleton = (mode: SingletonRule["mode"]) => ({ flow: { ...NO_FLOW, singleton: { key: KEY, mode } } });
  const once = { key: KEY, periodMs: HOUR, releaseOnFailure: true };

  async function failedOf(rig: EngineRig): Promise<string> {
    const runId = await begun(rig, { k: 1 });
    await fail(rig, "boom");
    return runId;
  }

  test.each(["skip", "cancel"] as const)("of a singleton (%s) is refused while another has its place", async (mode) => {
    const rig = await EngineRig.started(singleton(mode));
    const runId = await failedOf(rig);
    const other = await begun(rig, { k: 1 });
    const refused = { kind: "refused", code: "run_place_taken", details: { run: runId, other } };
    expect(await resume(rig, runId)).toEqual(refused);
    const next = await restarted(rig);
    expect(await resume(next, runId)).toEqual(refused);
    expect((await rowOf(next, runId)).status).toBe("failed");
    await complete(next);
    expect(await resume(next, runId)).toMatchObject({ kind: "started" });
  });

  test("of a singleton has its place again, for whoever comes next", async () => {
    const before = await EngineRig.started(singleton("skip"));
    const runId = await failedOf(before);
    await resume(before, runId);
    const rig = await restarted(before);
    const event = eventOf(rig, "a", { k: 1 });
    expect((await receive(rig, event))[0]!.runIds).toEqual([]);
    expect(await rig.store.listDecisions(event.stored.id)).toMatchObject([{ outcome: "skipped" }]);
    await complete(rig);
    expect((await receive(rig, eventOf(rig, "a", { k: 1 })))[0]!.runIds).toHaveLength(1);
  });

  test("of a singleton that cancels is cancelled by the next of its key", async () => {
    const rig = await EngineRig.started(singleton("cancel"));
    const runId = await failedOf(rig);
    await resume(rig, runId);
    await begun(rig, { k: 1 });
    expect(await rowOf(rig, runId)).toMatchObject({ status: "cancelled", reason: "replaced" });
    expect((await rig.store.counts()).openRuns).toBe(1);
  });

  test("of a singleton that its function no longer has just goes on", async () => {
    const rig = await EngineRig.started(singleton("skip"));
    const runId = await failedOf(rig);
    await begun(rig, { k: 1 });
    rig.engine.sync(appOf(), "2");
    await rig.settle();
    expect(await resume(rig, runId)).toMatchObject({ kind: "started" });
  });

  test("where the latest waits, waits behind the one under way, unless another waits already", async () => {
    const rig = await EngineRig.started(singleton("queue-latest"));
    const runId = await failedOf(rig);
    const running = await begun(rig, { k: 1 });
    expect(await resume(rig, runId)).toMatchObject({ kind: "started" });
    expect(await rowOf(rig, runId)).toMatchObject({ status: "queued" });
    const waiting = await begun(rig, { k: 1 });
    expect(await rowOf(rig, runId)).toMatchObject({ status: "cancelled", reason: "replaced" });
    const late = await begun(rig, { k: 2 });
    await fail(rig, "boom");
    const held = await begun(rig, { k: 2 });
    const last = await begun(rig, { k: 2 });
    expect(await resume(rig, late)).toMatchObject({ code: "run_place_taken", details: { other: last } });
    expect([(await rowOf(rig, running)).status, (await rowOf(rig, waiting)).status]).toEqual(["running", "queued"]);
    expect((await rowOf(rig, held)).status).toBe("running");
  });

  test("where all wait in turn, waits for its turn whoever waits", async () => {
    const rig = await EngineRig.started(singleton("queue-all"));
    const runId = await failedOf(rig);
    await begun(rig, { k: 1 });
    await begun(rig, { k: 1 });
    expect(await resume(rig, runId)).toMatchObject({ kind: "started" });
    await complete(rig);
    expect(rig.calls.at(-1)!.call.runId).toBe(runId);
  });

  test("has the idempotency key again that its failure gave free", async () => {
    const rig = await EngineRig.started({ flow: { ...NO_FLOW, idempotency: once } });
    const runId = await failedOf(rig);
    await resume(rig, runId);
    expect((await receive(rig, eventOf(rig, "a", { k: 1 })))[0]!.runIds).toEqual([]);
    await complete(rig);
    await rig.pass(HOUR);
    expect((await receive(rig, eventOf(rig, "a", { k: 1 })))[0]!.runIds).toHaveLength(1);
  });

  test("is refused when another run has got its idempotency key, though that one has ended", async () => {
    const rig = await EngineRig.started({ flow: { ...NO_FLOW, idempotency: once } });
    const runId = await failedOf(rig);
    const other = await begun(rig, { k: 1 });
    await complete(rig);
    expect(await resume(rig, runId)).toMatchObject({ code: "run_place_taken", details: { other } });
    expect(await rerun(rig, { runId, fromStep: null })).toMatchObject({ kind: "started" });
  });

  test("is cancelled, not skipped, when the backlog drops it: it had begun", async () => {
    const backlog = { limit: 1, policy: "drop-oldest" } as const;
    const runConcurrency = [{ limit: 1, burst: null, guaranteed: 0, key: null, scope: "fn" as const }];
    const rig = await EngineRig.started({ flow: { ...NO_FLOW, runConcurrency, backlog } });
    const runId = await failedOf(rig);
    await begun(rig);
    await resume(rig, runId);
    await begun(rig);
    expect(await rowOf(rig, runId)).toMatchObject({ status: "cancelled", reason: "flow_control" });
    expect((await rig.store.counts()).openRuns).toBe(2);
  });
});

/** A resume that is stored and whose process then dies. */
async function resumeHeld(rig: EngineRig, runId: string): Promise<void> {
  rig.engine.resumeRun({ runId }).catch(() => {});
  await rig.settle();
  await rig.store.held[0]!.store();
  rig.store.isHolding = false;
}
