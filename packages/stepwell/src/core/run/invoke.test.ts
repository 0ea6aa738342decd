import { describe, expect, test } from "vitest";
import { asking, done, planned, RunRig, START } from "../../../test/run-rig.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Op } from "../../protocol/op.ts";
import type { InvokeStart } from "./context.ts";
import { childEnded, memoOfChild } from "./invoke.ts";
import { resumeFailed } from "./resume.ts";
import type { Run } from "./run.ts";

function invoking(opts: Op["opts"] = {}, id = "i"): Op {
  return asking("InvokeFunction", { id, displayName: id, opts: { function_id: "app-f", ...opts } });
}

function refusing(code: "function_not_found" | "function_paused"): () => InvokeStart {
  return () => ({ kind: "refused", code, details: { function: "app-f" } });
}

function ended(changes: Partial<Run>): Run {
  return { ...new RunRig().run, ...changes };
}

describe("a step that invokes", () => {
  test("starts a child, waits for it, and gets its result", () => {
    const rig = new RunRig();
    rig.report("main", invoking({ payload: { data: { n: 1 } }, timeout: "1h" }));
    expect(rig.invoked).toEqual([
      {
        parent: { runId: "run", slot: "i", onCancel: "abandon", depth: 1 },
        request: { functionId: "app-f", payload: { data: { n: 1 } }, untilAt: START + 3_600_000, earlier: null },
      },
    ]);
    expect(rig.run.steps.get("i")).toMatchObject({ kind: "invoke", status: "waiting", childRunId: "child-1" });
    childEnded(rig.context, rig.run, "i", "child-1", '{"data":2}', "completed");
    expect([rig.memo("i"), rig.slots, rig.problems]).toEqual(['{"data":2}', ["main"], []]);
  });

  test("without a timeout waits for a year", () => {
    const rig = new RunRig();
    rig.report("main", invoking());
    expect(rig.job("i")!.dueAt).toBe(START + LIMITS.waitMsDefault);
  });

  test("that is asked for again starts nothing", () => {
    const rig = new RunRig();
    rig.report("main", invoking(), planned("a"));
    rig.report("a", invoking());
    expect(rig.invoked).toHaveLength(1);
  });

  test("fails when its patience is over, with the name that the wire has for it; the child comes too late", () => {
    const rig = new RunRig();
    rig.report("main", invoking({ timeout: "1s" }));
    rig.now = START + 1_000;
    rig.wake("i");
    childEnded(rig.context, rig.run, "i", "child-1", '{"data":2}', "completed");
    expect(JSON.parse(rig.memo("i")!).error).toMatchObject({ name: "InngestInvokeTimeoutError" });
    expect([rig.run.steps.get("i")!.status, rig.run.stack]).toEqual(["timed_out", ["i"]]);
  });

  test("fails when the child's result is larger than a step's may be; the run goes on", () => {
    const rig = new RunRig({ limits: { stepOutputBytesMax: 100 } });
    rig.report("main", invoking());
    childEnded(rig.context, rig.run, "i", "child-1", JSON.stringify({ data: "x".repeat(100) }), "completed");
    expect(JSON.parse(rig.memo("i")!).error).toMatchObject({ code: "step_output_too_large" });
    expect([rig.run.status, rig.slots]).toEqual(["running", ["main"]]);
  });

  test.each(["function_not_found", "function_paused"] as const)("fails at once when the answer is %s", (code) => {
    const rig = new RunRig({ invoke: refusing(code) });
    rig.report("main", invoking());
    expect(JSON.parse(rig.memo("i")!).error).toMatchObject({ name: code, code });
    expect([rig.slots, rig.run.status]).toEqual([["main"], "running"]);
  });

  test("that fails at once is followed by a discovery of its own in a race, and by the group's otherwise", () => {
    const alone = new RunRig({ invoke: refusing("function_paused") });
    alone.report("main", invoking(), planned("a"));
    expect(alone.slots).toEqual(["a"]);
    const race = new RunRig({ invoke: refusing("function_paused") });
    race.report("main", invoking({ parallelMode: "race" }), planned("a", { parallelMode: "race" }));
    expect(race.slots.sort()).toEqual(["a", "main"]);
  });

  test("is refused beyond the depth of a cycle", () => {
    const parent = { runId: "p", slot: "s", onCancel: "abandon", depth: LIMITS.invokeDepthMax } as const;
    const rig = new RunRig({ parent });
    rig.report("main", invoking());
    expect(JSON.parse(rig.memo("i")!).error).toMatchObject({ code: "invoke_too_deep" });
    expect(rig.invoked).toEqual([]);
  });

  test.each([
    ["no function", { function_id: null }],
    ["a function that is no text", { function_id: { toString: 1 } }],
  ])("with %s fails as a function that is not there", (_, opts) => {
    const rig = new RunRig();
    rig.report("main", invoking(opts));
    expect(JSON.parse(rig.memo("i")!).error).toMatchObject({ code: "function_not_found" });
  });

  test("passes an empty payload when it is no object", () => {
    const rig = new RunRig();
    rig.report("main", invoking({ payload: [1] }));
    expect(rig.invoked[0]!.request.payload).toEqual({});
  });
});

describe("when the parent ends", () => {
  test("cancelled, it cancels the children of open steps that say so, and no others", () => {
    const rig = new RunRig();
    const both = { on_parent_cancel: "cancel" };
    rig.report("main", invoking(both, "x"), invoking({ on_parent_cancel: "kill" }, "y"), invoking(both, "z"));
    childEnded(rig.context, rig.run, "z", "child-3", '{"data":2}', "completed");
    rig.cancel();
    expect(rig.told).toEqual(["cancel child-1: cancelled_by_parent"]);
    childEnded(rig.context, rig.run, "x", "child-1", '{"data":1}', "completed");
    expect([rig.run.status, rig.run.stack, rig.problems]).toEqual(["cancelled", ["z"], []]);
  });

  test("failed or completed, it leaves its children alone", () => {
    const rig = new RunRig();
    const race = { parallelMode: "race" };
    rig.report("main", invoking({ on_parent_cancel: "cancel", ...race }), { ...done("a"), opts: race });
    rig.answer(rig.call()!, rig.returned("1"));
    expect([rig.run.status, rig.told]).toEqual(["completed", []]);
  });
});

describe("a resumed run", () => {
  /** A run that failed because its child did, and was resumed and has asked again. */
  function resumed(): RunRig {
    const rig = new RunRig();
    rig.report("main", invoking());
    childEnded(rig.context, rig.run, "i", "child-1", '{"error":{"message":"boom","name":"Error"}}', "failed");
    rig.answer(rig.call()!, rig.failed("boom", { noRetry: true }));
    expect(rig.run.status).toBe("failed");
    resumeFailed(rig.context, rig.run);
    rig.report("main", invoking());
    return rig;
  }

  test("waits for the child that it has now, and not for the one before", () => {
    const rig = resumed();
    childEnded(rig.context, rig.run, "i", "child-1", '{"data":"old"}', "completed");
    expect(rig.memo("i")).toBeNull();
    childEnded(rig.context, rig.run, "i", "child-2", '{"data":"new"}', "completed");
    expect([rig.memo("i"), rig.problems]).toEqual(['{"data":"new"}', []]);
  });

  test("has its step waiting again, and says so to the store", () => {
    const rig = resumed();
    const step = rig.run.steps.get("i")!;
    expect(step).toMatchObject({ status: "waiting", childRunId: "child-2" });
    expect(rig.batch.steps.has(step)).toBe(true);
  });
});

describe("what a step gets when its child ends", () => {
  test("completed: the output, null for none", () => {
    expect(memoOfChild(ended({ status: "completed", output: '{"a":1}' })).memo).toBe('{"data":{"a":1}}');
    expect(memoOfChild(ended({ status: "completed", output: null })).memo).toBe('{"data":null}');
  });

  test("failed: its error as it is, with a name and a message at any rate", () => {
    const { memo, status } = memoOfChild(ended({ status: "failed", error: '{"data":{"n":1},"message":"boom"}' }));
    expect([JSON.parse(memo), status]).toEqual([
      { error: { name: "Error", message: "boom", data: { n: 1 } } },
      "failed",
    ]);
  });

  test.each([
    ["cancelled", "invoke_cancelled"],
    ["skipped", "invoke_skipped"],
  ] as const)("%s: an error with the code %s", (status, code) => {
    expect(JSON.parse(memoOfChild(ended({ status, error: null })).memo).error).toMatchObject({ name: code, code });
  });
});
