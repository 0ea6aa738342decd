import { describe, expect, test } from "vitest";
import { asking, done, planned, RunRig } from "../../../test/run-rig.ts";
import { copySteps, inputProblem } from "./rerun.ts";

/** A run of the steps a, b and c, one after the other. */
function original() {
  const rig = new RunRig();
  for (const id of ["a", "b", "c"]) rig.report("main", done(id, `"${id}"`));
  return rig.run;
}

function again(stepId: string, input: string | null): RunRig {
  const from = original();
  const rig = new RunRig();
  Object.assign(rig.run, { originalRunId: from.id });
  copySteps(rig.context, from, rig.run, from.steps.get(stepId)!, input);
  return rig;
}

describe("a rerun from a step", () => {
  test("keeps what was before it and discovers the rest", () => {
    const rig = again("b", null);
    expect([rig.run.stack, rig.slots, rig.problems]).toEqual([["a"], ["main"], []]);
    expect(rig.call()).toMatchObject({ target: null, memos: [{ id: "a", json: '{"data":"a"}' }], inputs: [] });
  });

  test("with other arguments calls that step by name first, and discovers once it has its result", () => {
    const rig = again("b", "[7]");
    expect([rig.run.stack, rig.slots, rig.problems]).toEqual([["a"], ["b"], []]);
    const call = rig.report("b", done("b", "8"));
    expect(call).toMatchObject({ target: "b", inputs: [{ id: "b", json: '{"input":[7]}' }] });
    expect([rig.run.stack, rig.slots, rig.problems]).toEqual([["a", "b"], ["main"], []]);
    expect(rig.call()).toMatchObject({ target: null, inputs: [] });
  });
});

describe("other arguments", () => {
  const stepOf = (op: Parameters<RunRig["report"]>[1]) => {
    const rig = new RunRig();
    rig.report("main", op);
    return rig.run.steps.get("s")!;
  };
  const http = (sdk: string) => ({ sdk, url: "http://app" });

  test("are for steps that have a body", () => {
    expect(inputProblem(stepOf(planned("s")), http("js:v4.1.0"))).toBeNull();
    const sleep = asking("Sleep", { id: "s", name: "1h", displayName: "s" });
    expect(inputProblem(stepOf(sleep), http("js:v4.1.0"))).toContain("no body");
  });

  test.each(["py:v0.5.19", "go:v0.15.1", "", "jsx:v1"])("are not for an app made with %j", (sdk) => {
    expect(inputProblem(stepOf(planned("s")), http(sdk))).toContain("takes no other arguments");
  });

  test("are for functions of this process, and for both TypeScript SDKs", () => {
    const step = stepOf(planned("s"));
    expect(inputProblem(step, { sdk: "", url: "inproc:" })).toBeNull();
    for (const sdk of ["js:v3.54.2", "inngest-js:v4.1.0", "stepwell:v0.1.0"]) {
      expect(inputProblem(step, http(sdk))).toBeNull();
    }
  });
});
