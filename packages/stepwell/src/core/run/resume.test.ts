import { describe, expect, test } from "vitest";
import { asking, done, planned, RunRig, START, sleeping } from "../../../test/run-rig.ts";
import { NO_FLOW } from "../../protocol/flow.ts";
import { NO_TIMEOUTS } from "../../protocol/function.ts";
import type { Op } from "../../protocol/op.ts";
import { resumeFailed } from "./resume.ts";

const FINAL = { noRetry: true };

function failedStep(id: string, message = "boom") {
  return asking("StepFailed", { id, displayName: id, error: { name: "Error", message } });
}

/** A run of one good and one bad step, ended by the bad one's error. */
function failedRig(...more: ConstructorParameters<typeof RunRig>): RunRig {
  const rig = new RunRig(...more);
  rig.report("main", done("good"));
  rig.report("main", failedStep("bad"));
  rig.answer(rig.call()!, rig.failed("boom", FINAL));
  rig.store();
  return rig;
}

describe("a failed run that is resumed", () => {
  test("asks for the step that ended it again, and keeps the results of the others", () => {
    const rig = failedRig();
    resumeFailed(rig.context, rig.run);
    expect(rig.run).toMatchObject({ status: "running", error: null, endedAt: null, notes: { resumes: 1 } });
    const call = rig.call()!;
    expect([call.memos.map((memo) => memo.id), call.attempt]).toEqual([["good"], 0]);
    rig.answer(call, rig.ops(done("bad", "2")));
    expect([rig.run.stack, rig.memo("bad"), rig.problems]).toEqual([["good", "bad"], '{"data":2}', []]);
    rig.answer(rig.call()!, rig.returned("3"));
    expect(rig.run).toMatchObject({ status: "completed", output: "3" });
  });

  test("takes the failed step out of the middle, and the steps after it move up, in the rows too", () => {
    const rig = new RunRig();
    rig.report("main", planned("bad"), planned("late"));
    rig.report("bad", failedStep("bad"));
    rig.report("late", done("late"));
    rig.answer(rig.call()!, rig.failed("boom", FINAL));
    rig.store();
    resumeFailed(rig.context, rig.run);
    expect([rig.run.stack, rig.problems]).toEqual([["late"], []]);
    expect([...rig.batch.steps].map((step) => [step.id, step.seq])).toEqual([
      ["late", 0],
      ["bad", null],
    ]);
  });

  test("asks for every step that failed beside the others again, one after the other, and for none that was caught", () => {
    const rig = new RunRig();
    rig.report("main", failedStep("caught", "down"));
    rig.report("main", planned("a"), planned("b"), planned("c"));
    for (const id of ["a", "b", "c"]) rig.report(id, id === "b" ? done("b") : failedStep(id, "down"));
    rig.answer(rig.call()!, rig.failed("down", FINAL));
    resumeFailed(rig.context, rig.run);
    expect([rig.run.stack, rig.run.notes?.oldResults]).toEqual([["caught", "a", "b"], 3]);
    rig.report("main", done("c")); // Only now does the code throw the error of `a`.
    rig.answer(rig.call()!, rig.failed("down", FINAL));
    expect([rig.run.status, rig.run.stack, rig.problems]).toEqual(["running", ["caught", "b", "c"], []]);
    rig.report("main", done("a"));
    rig.answer(rig.call()!, rig.returned("1"));
    expect([rig.run.status, rig.memo("caught")]).toEqual(["completed", expect.stringContaining("down")]);
  });

  test("fails again with an error of its steps that is new, though it says the same", () => {
    const rig = failedRig();
    resumeFailed(rig.context, rig.run);
    expect(rig.run.notes).toEqual({ resumes: 1 });
    rig.report("main", failedStep("bad"));
    rig.answer(rig.call()!, rig.failed("boom", FINAL));
    expect([rig.run.status, rig.memo("bad")]).toEqual(["failed", expect.stringContaining("boom")]);
  });

  test("fails when a step fails anew, though one whose error was caught before said the same", () => {
    const rig = new RunRig();
    rig.report("main", failedStep("caught", "down"));
    rig.report("main", failedStep("bad", "down"));
    rig.answer(rig.call()!, rig.failed("down", FINAL));
    resumeFailed(rig.context, rig.run);
    rig.report("main", failedStep("bad", "down"));
    rig.answer(rig.call()!, rig.failed("down", FINAL));
    expect([rig.run.status, rig.run.stack]).toEqual(["failed", ["caught", "bad"]]);
  });

  test("asks again also when a call for another step throws the old error", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    for (const id of ["a", "b"]) rig.report(id, failedStep(id, "down"));
    rig.answer(rig.call()!, rig.failed("down", FINAL));
    resumeFailed(rig.context, rig.run);
    rig.report("main", planned("b"), planned("z"));
    rig.answer(rig.call("b")!, rig.failed("down", FINAL));
    expect([rig.run.status, rig.run.stack, rig.job("b")?.attempt]).toEqual(["running", [], 0]);
    rig.report("b", done("b"));
    expect([rig.memo("b"), rig.problems]).toEqual(['{"data":1}', []]);
  });

  test("whose error is of no step is discovered again with all its results", () => {
    const rig = new RunRig();
    rig.report("main", failedStep("caught", "other"));
    rig.answer(rig.call()!, rig.failed("boom", FINAL));
    resumeFailed(rig.context, rig.run);
    expect(rig.call()!.memos.map((memo) => memo.id)).toEqual(["caught"]);
  });

  test("opens the steps again that were open when it failed", () => {
    const rig = new RunRig();
    const wait = asking("WaitForEvent", { id: "w", name: "reply", opts: { timeout: "1h", parallelMode: "race" } });
    rig.report("main", wait, { ...planned("bad"), opts: { parallelMode: "race" } });
    rig.report("bad", failedStep("bad"));
    rig.answer(rig.call()!, rig.failed("boom", FINAL));
    expect(rig.armed.size).toBe(0);
    resumeFailed(rig.context, rig.run);
    rig.report("main", wait, { ...planned("bad"), opts: { parallelMode: "race" } });
    expect([rig.slots.sort(), rig.armed.size, rig.problems]).toEqual([["bad", "w"], 1, []]);
  });

  /** A run whose step `id` was open when it failed, resumed ten seconds later, and asked for the step again. */
  function reopened(op: Op): RunRig {
    const rig = new RunRig();
    const race = { opts: { ...op.opts, parallelMode: "race" } };
    rig.report("main", { ...op, ...race }, { ...planned("bad"), opts: { parallelMode: "race" } });
    rig.report("bad", failedStep("bad"));
    rig.answer(rig.call()!, rig.failed("boom", FINAL));
    rig.now += 10_000;
    resumeFailed(rig.context, rig.run);
    rig.report("main", { ...op, ...race });
    return rig;
  }

  test("has a sleep end when it would have ended, and not before now", () => {
    expect(reopened(sleeping("s", "1m")).job("s")!.dueAt).toBe(START + 60_000);
    expect(reopened(sleeping("s", "3s")).job("s")!.dueAt).toBe(START + 10_000);
  });

  test("sees the events that came since its step waited; the patience counts anew", () => {
    const opts = { timeout: "1m" };
    const rig = reopened(asking("WaitForEvent", { id: "w", name: "reply", opts }));
    expect(rig.told).toEqual([`look back w reply ${START}, until ${START + 70_000}, if it can`]);
    const asked = reopened(asking("WaitForEvent", { id: "w", name: "reply", opts: { ...opts, since: "run" } }));
    expect(asked.told.at(-1)).toBe(`look back w reply ${START}, until ${START + 70_000}`);
  });

  test("waits for its signal again, and makes its request again with all attempts", () => {
    const signal = reopened(asking("WaitForSignal", { id: "s", opts: { signal: "go", timeout: "1m" } }));
    expect([signal.armed.size, signal.job("s")!.dueAt]).toEqual([1, START + 70_000]);
    const request = reopened(asking("Gateway", { id: "g", opts: { url: "https://example.com/" } }));
    expect(request.job("g")).toMatchObject({ kind: "request", attempt: 0, dueAt: START + 10_000 });
  });

  test("asked for another kind of step than before, has that kind from then on, and notes the change", () => {
    const rig = failedRig();
    resumeFailed(rig.context, rig.run);
    rig.store();
    rig.report("main", sleeping("bad", "1h"));
    const step = rig.run.steps.get("bad")!;
    expect(step).toMatchObject({ kind: "sleep", status: "sleeping" });
    expect([rig.batch.steps.has(step), rig.run.notes?.codeChange?.steps]).toEqual([true, ["bad"]]);
  });

  test("is under its cancel rules and its limit of time again, the rules counted from its creation", () => {
    const config = {
      cancelOn: [
        { event: "stop", expression: null, timeout: "1h" },
        { event: "halt", expression: null, timeout: null },
      ],
      timeouts: { ...NO_TIMEOUTS, finishMs: 60_000 },
    };
    const rig = failedRig({ config });
    expect([rig.armed.size, rig.slots]).toEqual([0, []]);
    rig.now = START + 1_000;
    resumeFailed(rig.context, rig.run);
    expect([...rig.armed].map((wait) => [wait.name, wait.untilAt])).toEqual([
      ["stop", START + 3_600_000],
      ["halt", START + 365 * 86_400_000],
    ]);
    expect(rig.job("@finish")!.dueAt).toBe(START + 61_000);
    rig.cancel();
    expect([rig.armed.size, rig.slots, rig.problems]).toEqual([0, [], []]);
  });

  test("waits for the turn of its throttle like a run that starts", () => {
    const throttle = { limit: 1, periodMs: 60_000, burst: 0, key: null };
    const rig = failedRig({
      config: { flow: { ...NO_FLOW, throttle }, timeouts: { ...NO_TIMEOUTS, finishMs: 60_000 } },
    });
    resumeFailed(rig.context, rig.run);
    expect([rig.run.status, rig.run.startedAt, rig.job("@finish")]).toEqual(["queued", null, undefined]);
    rig.now += 5_000;
    expect(rig.call()!.memos.map((memo) => memo.id)).toEqual(["good"]);
    expect([rig.run.status, rig.run.startedAt, rig.job("@finish")!.dueAt]).toEqual([
      "running",
      rig.now,
      rig.now + 60_000,
    ]);
  });

  test("takes nothing from a call that was out when it failed, even in the same millisecond", () => {
    const rig = new RunRig({ version: 1 });
    rig.report("main", planned("a"), planned("bad"));
    rig.report("a", done("a"));
    const old = rig.call()!;
    rig.answer(rig.call("bad")!, rig.failed("boom", FINAL));
    expect(rig.run.status).toBe("failed");
    resumeFailed(rig.context, rig.run);
    const next = rig.call()!;
    rig.answer(old, rig.returned('"old"'));
    expect([rig.run.status, next.generation > old.generation]).toEqual(["running", true]);
    expect(rig.save(old.generation, done("x"))).toMatchObject({ code: "stale_dispatch" });
    rig.answer(next, rig.returned('"new"'));
    expect(rig.run.output).toBe('"new"');
  });

  test("counts each of its resumes", () => {
    const rig = failedRig();
    for (let count = 1; count <= 3; count++) {
      resumeFailed(rig.context, rig.run);
      expect(rig.run.notes).toEqual({ resumes: count });
      rig.report("main", failedStep("bad"));
      rig.answer(rig.call()!, rig.failed("boom", FINAL));
    }
  });

  test("has the size that a load would find", () => {
    const rig = failedRig();
    const before = rig.run.stateSize;
    const size = rig.memo("bad")!.length;
    resumeFailed(rig.context, rig.run);
    expect(rig.run.stateSize).toBe(before - size);
  });
});
