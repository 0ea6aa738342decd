import { expect, test } from "vitest";
import { done, planned, RunRig, START } from "../../../test/run-rig.ts";
import { jobId, parseJobId } from "./dispatch.ts";

test("the first call shows the run as running, and is the only one", () => {
  const rig = new RunRig();
  expect(rig.call()).toMatchObject({ runId: "run", target: null, attempt: 0, attemptsMax: 4, requestVersion: -1 });
  expect(rig.run).toMatchObject({ status: "running", startedAt: START });
  expect(rig.call()).toBeUndefined();
});

test("a job is not called before it is due", () => {
  const rig = new RunRig({ startAt: START + 5 });
  rig.now = START + 4;
  expect(rig.call()).toBeUndefined();
  rig.now = START + 5;
  expect(rig.call()).toBeDefined();
});

test("every call of a job has a higher generation, and at least the time", () => {
  const rig = new RunRig();
  const first = rig.report("main", done("a"));
  const second = rig.report("main", done("b"));
  expect(first.generation).toBe(START);
  expect(second.generation).toBe(START + 1);
});

test("nothing but the start of the run is written for a call", () => {
  const rig = new RunRig();
  rig.store();
  rig.report("main", done("a"));
  rig.store();
  rig.call();
  expect(rig.batch.hasRows).toBe(false);
});

test("the version the app answered with travels in later calls", () => {
  const rig = new RunRig({ version: 1 });
  rig.report("main", done("a"));
  expect(rig.call()!.requestVersion).toBe(1);
});

test("the run of a function that was removed fails with its name", () => {
  const rig = new RunRig();
  rig.fn = undefined;
  expect(rig.call()).toBeUndefined();
  expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "function_removed" });
});

test("a run with too many steps fails before its next discovery", () => {
  const rig = new RunRig({ limits: { stepsPerRunMax: 2 } });
  rig.report("main", done("a"));
  rig.report("main", done("b"));
  expect(rig.call()).toBeUndefined();
  expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "too_many_steps" });
});

test("a job's name on the wire leads back to it", () => {
  const rig = new RunRig();
  rig.report("main", planned("a"));
  expect(parseJobId(jobId(rig.job("a")!))).toEqual({ runId: "run", slot: "a" });
  expect(parseJobId("nonsense")).toBeNull();
});
