import { expect, test } from "vitest";
import { done, planned, RunRig, START, sleeping } from "../../../test/run-rig.ts";

test("the current call may save results, and goes on", () => {
  const rig = new RunRig();
  const call = rig.call()!;
  expect(rig.save(call.generation, done("a"))).toEqual({ kind: "saved" });
  expect(rig.run.stack).toEqual(["a"]);
  expect(rig.job()!.call).not.toBeNull();
});

test("a call that was superseded is refused and changes nothing", () => {
  const rig = new RunRig();
  const first = rig.call()!;
  rig.answer(first, rig.failed("gone"));
  rig.now += 60_000;
  rig.call();
  expect(rig.save(first.generation, done("a"))).toMatchObject({ kind: "refused", code: "stale_dispatch" });
  expect(rig.run.stack).toEqual([]);
});

test("before the job is called again, whoever saves is welcome", () => {
  const rig = new RunRig();
  const call = rig.call()!;
  rig.answer(call, rig.failed("the connection broke"));
  expect(rig.save(call.generation, done("a"))).toEqual({ kind: "saved" });
  expect(rig.job()).toMatchObject({ attempt: 0 });
  rig.now += 60_000;
  expect(rig.call()!.memos).toHaveLength(1);
});

test("an app that does not say its generation is believed", () => {
  const rig = new RunRig();
  rig.call();
  expect(rig.save(null, done("a"))).toEqual({ kind: "saved" });
});

test("the same result twice is fine, another one is refused", () => {
  const rig = new RunRig();
  const { generation } = rig.call()!;
  rig.save(generation, done("a", "1"));
  expect(rig.save(generation, done("a", "1"))).toEqual({ kind: "saved" });
  expect(rig.save(generation, done("a", "2"))).toMatchObject({ code: "stale_dispatch" });
  expect(rig.memo("a")).toBe('{"data":1}');
});

test("only results are taken", () => {
  const rig = new RunRig();
  const { generation } = rig.call()!;
  expect(rig.save(generation, sleeping("a", "1s"))).toMatchObject({ code: "op_unsupported" });
  expect(rig.save(generation, planned("b"))).toEqual({ kind: "saved" });
  expect(rig.run.steps.size).toBe(0);
});

test("a success gives the job its attempts back", () => {
  const rig = new RunRig();
  rig.answer(rig.call()!, rig.failed("boom"));
  rig.now = START + 60_000;
  const { generation } = rig.call()!;
  rig.save(generation, done("a"));
  expect(rig.job()!.attempt).toBe(0);
});

test("an ended run takes nothing", () => {
  const rig = new RunRig();
  const { generation } = rig.call()!;
  rig.cancel();
  expect(rig.save(generation, done("a"))).toMatchObject({ code: "stale_dispatch" });
});

test("a result that is too large is refused with its size, and fails the run", () => {
  const rig = new RunRig({ limits: { stepOutputBytesMax: 20 } });
  const { generation } = rig.call()!;
  expect(rig.save(generation, done("a", `"${"x".repeat(30)}"`))).toMatchObject({ code: "step_output_too_large" });
  expect(rig.run.status).toBe("failed");
});
