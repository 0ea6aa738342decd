import { expect, test } from "vitest";
import { done, planned, RunRig } from "../../../test/run-rig.ts";

test("a sound run has no problems", () => {
  const rig = new RunRig();
  rig.report("main", done("a"));
  rig.report("main", planned("b"), planned("c"));
  expect(rig.problems).toEqual([]);
});

test("an open run without a job hangs", () => {
  const rig = new RunRig();
  rig.run.jobs.clear();
  expect(rig.problems).toEqual(["R1: not ended, and nothing will move it"]);
});

test("an ended run with a job, or without an end, is wrong", () => {
  const rig = new RunRig();
  rig.run.status = "completed";
  expect(rig.problems).toEqual(["R2: completed with 1 jobs", "ended without an end time"]);
});

test("the stack and the memos must agree", () => {
  const rig = new RunRig();
  rig.report("main", done("a"));
  rig.run.stack.push("b");
  expect(rig.problems).toEqual(["R3: stack entry 1 has no memo"]);
  rig.run.stack.length = 0;
  rig.run.steps.get("a")!.seq = null;
  expect(rig.problems).toEqual(["R3: a has a memo but no place in the stack"]);
});

test("a job belongs to an open step", () => {
  const rig = new RunRig();
  rig.report("main", planned("a"));
  rig.run.steps.delete("a");
  expect(rig.problems).toEqual(["R5: job a has no step"]);
});
