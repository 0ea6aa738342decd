import { describe, expect, test } from "vitest";
import { asking, done, failing, planned, RunRig, START, sleeping } from "../../../test/run-rig.ts";

describe("a call returns", () => {
  test("a returned value ends the run", () => {
    const rig = new RunRig();
    rig.answer(rig.call()!, rig.returned('"done"'));
    expect(rig.run).toMatchObject({ status: "completed", output: '"done"', endedAt: START });
    expect(rig.slots).toEqual([]);
    expect(rig.ended).toEqual(["completed"]);
  });

  test("an answer to an older call changes nothing", () => {
    const rig = new RunRig();
    const first = rig.call()!;
    rig.answer(first, rig.ops(done("a")));
    const second = rig.call()!;
    rig.answer(first, rig.returned('"late"'));
    expect(rig.run.status).toBe("running");
    expect(rig.job()!.call!.generation).toBe(second.generation);
  });

  test("an answer after the end changes nothing", () => {
    const rig = new RunRig();
    const call = rig.call()!;
    rig.cancel();
    rig.answer(call, rig.returned("1"));
    expect(rig.run).toMatchObject({ status: "cancelled", output: null });
  });

  test("a step's result is recorded and the discovery goes on at once", () => {
    const rig = new RunRig();
    rig.report("main", done("a", "7"));
    expect(rig.memo("a")).toBe('{"data":7}');
    expect(rig.run.stack).toEqual(["a"]);
    expect(rig.job()).toMatchObject({ attempt: 0, dueAt: START, call: null });
    expect(rig.call()!.memos).toEqual([{ id: "a", json: '{"data":7}' }]);
  });

  test("a doubled call that went on with another value plans nothing; the discovery goes on", () => {
    const rig = new RunRig();
    const call = rig.call()!;
    rig.save(call.generation, done("a", "1"));
    rig.answer(call, rig.ops(done("a", "2"), planned("b"), planned("c")));
    expect([rig.memo("a"), rig.slots, rig.run.steps.has("b")]).toEqual(['{"data":1}', ["main"], false]);
    expect(rig.job()).toMatchObject({ attempt: 0, call: null });
  });

  test("a call that threw says nothing about steps that it did not reach", () => {
    const rig = new RunRig();
    rig.report("main", done("a"));
    rig.answer(rig.call()!, { ...rig.failed("boom"), unreached: ["a"] });
    expect(rig.run.notes).toBeNull();
    rig.now += 60_000;
    rig.answer(rig.call()!, { ...rig.returned("1"), unreached: ["a"] });
    expect(rig.run.notes?.codeChange?.steps).toEqual(["a"]);
  });

  test("the job of a run that has begun is written once, as such, and not again for the next steps", () => {
    const rig = new RunRig();
    rig.store();
    const written = ["a", "b", "c"].map((id) => {
      rig.report("main", done(id));
      return rig.store().jobs.size;
    });
    expect(written).toEqual([1, 0, 0]);
  });

  test("a result behind the end in one reply is recorded, too", () => {
    const rig = new RunRig();
    rig.report("main", asking("RunComplete", { data: "2" }), done("a"));
    expect(rig.run).toMatchObject({ status: "completed", output: "2", stack: ["a"] });
  });

  test("a targeted call that did its step and failed another leaves no job behind", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    rig.store();
    rig.report("a", done("a"), failing("other"));
    expect(rig.slots.sort()).toEqual(["b", "main"]);
    expect([...rig.store().jobs].map((job) => job.slot)).toEqual(["main"]);
  });

  test("arguments of a step beyond their limit fail the run", () => {
    const rig = new RunRig({ limits: { runStateBytesMax: 100_000_000 } });
    rig.report("main", planned("a", { input: ["x".repeat(5 * 1024 * 1024)] }), planned("b"));
    expect(rig.run.status).toBe("failed");
    expect(rig.run.error).toContain("step_input_too_large");
  });

  test("results come before the end in one reply", () => {
    const rig = new RunRig();
    rig.report("main", done("a"), asking("RunComplete", { data: "2" }));
    expect(rig.run).toMatchObject({ status: "completed", output: "2", stack: ["a"] });
  });

  test("nothing new and nothing to wait for is a failed attempt, not a hang", () => {
    const rig = new RunRig();
    rig.report("main", asking("None"));
    expect(rig.job()).toMatchObject({ attempt: 1, dueAt: START + 15_000 });
    expect(rig.problems).toEqual([]);
  });

  test("nothing new without attempts left fails the run", () => {
    const rig = new RunRig({ retries: 0 });
    rig.report("main");
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "reply_invalid" });
  });

  test("what its own checkpoint saved already is no failed attempt", () => {
    const rig = new RunRig({ retries: 0 });
    const call = rig.call()!;
    rig.save(call.generation, done("a"));
    rig.answer(call, rig.ops(done("a")));
    expect(rig.run.status).toBe("running");
    expect(rig.job()).toMatchObject({ attempt: 0, dueAt: START });
  });

  test.each(["DeferAdd", "DeferAbort"] as const)("%s, which is experimental, fails the run with its name", (op) => {
    const rig = new RunRig();
    rig.report("main", done("a"), asking(op), asking("RunComplete", { data: "1" }));
    expect([rig.run.status, rig.memo("a")]).toEqual(["failed", '{"data":1}']);
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "op_unsupported", message: expect.stringContaining(op) });
  });
});

describe("a function fails", () => {
  test("it is called again after the delay of the curve, as the next attempt", () => {
    const rig = new RunRig();
    rig.answer(rig.call()!, rig.failed("boom"));
    expect(rig.job()).toMatchObject({ attempt: 1, dueAt: START + 15_000, call: null });
    expect(rig.batch.attempts).toMatchObject([{ slot: "main", attempt: 0 }]);
  });

  test("watchers are told at once of an attempt that is made again, with the step that failed", () => {
    const rig = new RunRig();
    rig.report("main", failing("a"));
    const notice = { kind: "attempt_failed", id: rig.run.steps.get("a")!.id, name: "a", status: "retrying" };
    expect(rig.batch.notices.at(-1)).toMatchObject(notice);
    const other = new RunRig();
    other.answer(other.call()!, other.failed("boom"));
    expect(other.batch.notices.at(-1)).toMatchObject({ kind: "attempt_failed", id: other.run.id, name: "" });
  });

  test("a wish for the delay replaces the curve", () => {
    const rig = new RunRig();
    rig.answer(rig.call()!, rig.failed("boom", { retryAfterMs: 7_000 }));
    expect(rig.job()!.dueAt).toBe(START + 7_000);
  });

  test("a final failure ends the run at once", () => {
    const rig = new RunRig();
    rig.answer(rig.call()!, rig.failed("boom", { noRetry: true }));
    expect(rig.run.status).toBe("failed");
    expect(JSON.parse(rig.run.error!)).toMatchObject({ message: "boom" });
  });

  test("the run fails with its last error when the attempts are used up", () => {
    const rig = new RunRig({ retries: 1 });
    rig.answer(rig.call()!, rig.failed("first"));
    rig.now += 60_000;
    rig.answer(rig.call()!, rig.failed("second"));
    expect(rig.run.status).toBe("failed");
    expect(JSON.parse(rig.run.error!)).toMatchObject({ message: "second" });
    expect(rig.batch.attempts.map((attempt) => attempt.attempt)).toEqual([0, 1]);
  });

  test("a success gives the discovery its attempts back", () => {
    const rig = new RunRig();
    rig.answer(rig.call()!, rig.failed("boom"));
    rig.now += 60_000;
    rig.report("main", done("a"));
    expect(rig.job()).toMatchObject({ attempt: 0, dueAt: rig.now });
  });

  test("a call that was told to stop does not fail the run", () => {
    const rig = new RunRig({ retries: 0 });
    const call = rig.call()!;
    rig.save(call.generation, done("a", "1"));
    expect(rig.save(call.generation, done("a", "2"))).toMatchObject({ kind: "refused", code: "stale_dispatch" });
    rig.answer(call, rig.failed("superseded", { noRetry: true }));
    expect(rig.run.status).toBe("running");
    expect(rig.job()).toMatchObject({ attempt: 0, dueAt: START });
  });
});

describe("a step fails", () => {
  test("the call that met it is made again", () => {
    const rig = new RunRig();
    rig.report("main", failing("a"));
    expect(rig.job()).toMatchObject({ attempt: 1, dueAt: START + 15_000 });
    expect(rig.run.steps.get("a")).toMatchObject({ status: "retrying", attempts: 1, memo: null });
    expect(rig.batch.attempts).toMatchObject([{ slot: "a", attempt: 0 }]);
  });

  test("its error is its result when the attempts are used up, and the function may catch it", () => {
    const rig = new RunRig({ retries: 0 });
    rig.report("main", failing("a"));
    expect(JSON.parse(rig.memo("a")!)).toEqual({ error: { name: "Error", message: "a failed", data: null } });
    expect(rig.run.status).toBe("running");
    expect(rig.job()).toMatchObject({ attempt: 0, dueAt: START });
  });

  test("a final error is its result at once", () => {
    const rig = new RunRig();
    rig.report("main", failing("a", { noRetry: true }));
    expect(rig.run.steps.get("a")).toMatchObject({ status: "failed" });
  });

  test("only the failing branch of a group waits", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    rig.report("a", failing("a"));
    rig.report("b", done("b"));
    expect(rig.job("a")).toMatchObject({ attempt: 1, dueAt: START + 15_000 });
    expect(rig.slots).toEqual(["a"]);
  });
});

describe("parallel steps", () => {
  test("each planned step becomes a call of its own, and the discovery waits", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    expect(rig.slots).toEqual(["a", "b"]);
    expect(rig.call("a")).toMatchObject({ target: "a", attempt: 0, disableImmediateExecution: true });
  });

  test("version 2: one discovery follows the whole group", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"), sleeping("c", "10s"));
    rig.report("b", done("b"));
    rig.report("a", done("a"));
    expect(rig.slots).toEqual(["c"]);
    rig.now += 10_000;
    rig.wake("c");
    expect(rig.slots).toEqual(["main"]);
    expect(rig.call()!.memos.map((memo) => memo.id)).toEqual(["b", "a", "c"]);
  });

  test("version 1: a discovery follows each step, and only plans", () => {
    const rig = new RunRig({ version: 1 });
    rig.report("main", planned("a"), planned("b"));
    rig.report("b", done("b"));
    expect(rig.slots).toEqual(["a", "main"]);
    expect(rig.call()).toMatchObject({ disableImmediateExecution: true });
    expect(rig.run.forcePlan).toBe(true);
  });

  test("a race: a discovery follows each of its steps, while the others go on", () => {
    const rig = new RunRig();
    rig.report("main", planned("a", { parallelMode: "race" }), planned("b", { parallelMode: "race" }));
    rig.report("a", done("a"));
    expect(rig.slots).toEqual(["b", "main"]);
  });

  test("a step that ends while a discovery is out causes one more", () => {
    const rig = new RunRig({ version: 1 });
    rig.report("main", planned("a"), planned("b"));
    rig.report("a", done("a"));
    const discovery = rig.call()!;
    rig.report("b", done("b"));
    rig.answer(discovery, rig.ops(asking("None")));
    expect(rig.job()).toMatchObject({ again: false, attempt: 0, dueAt: START });
    expect(rig.call()!.memos).toHaveLength(2);
  });

  test("a step that was reported before is not opened twice", () => {
    const rig = new RunRig({ version: 1 });
    rig.report("main", planned("a"), planned("b"));
    rig.report("a", done("a"));
    rig.report("main", planned("b"), planned("c"));
    expect(rig.slots).toEqual(["b", "c"]);
  });

  test("a targeted call may report other steps: they are taken, and its own is tried again", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    rig.report("a", done("b"));
    expect(rig.run.stack).toEqual(["b"]);
    expect(rig.job("a")).toMatchObject({ attempt: 0, dueAt: START, call: null });
  });

  test("a targeted call may end the run: its siblings' jobs go with it", () => {
    const rig = new RunRig();
    rig.report("main", planned("a"), planned("b"));
    rig.answer(rig.call("a")!, rig.returned("1"));
    expect(rig.slots).toEqual([]);
    expect(rig.run.status).toBe("completed");
  });
});

describe("limits", () => {
  test("a result that is too large fails the run and names the step", () => {
    const rig = new RunRig({ limits: { stepOutputBytesMax: 20 } });
    rig.report("main", done("a", `"${"x".repeat(30)}"`));
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "step_output_too_large" });
    expect(rig.memo("a")).toBeUndefined();
  });

  test("the state of a run is limited as a whole", () => {
    const rig = new RunRig({ limits: { runStateBytesMax: 60 } });
    rig.report("main", done("a", `"${"x".repeat(30)}"`));
    rig.report("main", done("b", `"${"x".repeat(30)}"`));
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "run_state_too_large" });
  });

  test("the steps of a run are limited", () => {
    const rig = new RunRig({ limits: { stepsPerRunMax: 1 } });
    rig.report("main", planned("a"), planned("b"));
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "too_many_steps" });
    expect(rig.problems).toEqual([]);
  });
});
