import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { config } from "../../../test/run-rig.ts";
import { type ConcurrencyRule, type FlowConfig, NO_FLOW } from "../../protocol/flow.ts";
import { callGates, guarantees, laneKey, runGates } from "./rules.ts";
import { runFlow } from "./run-flow.ts";

const rule = (limit: number, more: Partial<ConcurrencyRule> = {}): ConcurrencyRule => {
  return { limit, key: null, scope: "fn", guaranteed: 0, burst: null, ...more };
};
const fnWith = (flow: Partial<FlowConfig>) => config(3, { flow: { ...NO_FLOW, ...flow } });
const flowOf = (flow: Partial<FlowConfig>, data: object) =>
  runFlow({ ...NO_FLOW, ...flow }, JSON.stringify({ name: "a", data }), 0);
const named = (gates: readonly { readonly name: string; readonly limit: number }[]) =>
  gates.map(({ name, limit }) => [name, limit]);

describe("the gates of a run", () => {
  const byUser = rule(2, { key: "event.data.user" });

  test("keys are fixed when it is created, limits are those of now", () => {
    const flow = flowOf({ concurrency: [byUser] }, { user: "u1" });
    expect(named(callGates(fnWith({ concurrency: [byUser] }), flow, "h"))).toEqual([
      ["f call fn event.data.user = u1", 2],
    ]);
    const raised = fnWith({ concurrency: [{ ...byUser, limit: 9 }] });
    expect(named(callGates(raised, flow, "h"))).toEqual([["f call fn event.data.user = u1", 9]]);
  });

  test("a rule whose key changed counts for earlier runs by the value that they have", () => {
    const byTeam = rule(4, { key: "event.data.team" });
    const flow = flowOf({ concurrency: [byUser] }, { user: "u1", team: "t1" });
    expect(named(callGates(fnWith({ concurrency: [byTeam] }), flow, "h"))).toEqual([
      ["f call fn event.data.user = u1", 4],
    ]);
    const later = flowOf({ concurrency: [byTeam] }, { user: "u1", team: "t1" });
    expect(named(callGates(fnWith({ concurrency: [byTeam] }), later, "h"))).toEqual([
      ["f call fn event.data.team = t1", 4],
    ]);
    expect(named(callGates(fnWith({ concurrency: [byUser, byTeam] }), flow, "h"))).toEqual([
      ["f call fn event.data.user = u1", 2],
    ]);
    const whole = flowOf({ runConcurrency: [rule(1)] }, { user: "u1" });
    expect(named(runGates(fnWith({ runConcurrency: [byUser] }), whole, "r"))).toEqual([["f run fn  = ", 2]]);
  });

  test("a rule without a key counts for every run, whole-run rules only for runs made under them", () => {
    const fn = fnWith({ concurrency: [rule(3)], runConcurrency: [rule(1)] });
    expect(named(callGates(fn, null, "h"))).toEqual([["f call fn  = ", 3]]);
    expect(runGates(fn, null, "r")).toEqual([]);
    expect(named(runGates(fn, flowOf({ runConcurrency: [rule(1)] }, {}), "r"))).toEqual([["f run fn  = ", 1]]);
  });

  test("come from narrow to wide, and of two with the same scope and key the lower counts", () => {
    const rules = [rule(9), rule(5, { key: "event.data.user" }), rule(3, { key: "event.data.user" })];
    const gates = callGates(fnWith({ concurrency: rules }), flowOf({ concurrency: rules }, { user: 1 }), "h");
    expect(gates.map(({ limit }) => limit)).toEqual([3, 9]);
  });

  test("what is guaranteed counts at wider gates, not at the key's own", () => {
    const rules = [rule(9), rule(2, { key: "event.data.user", burst: 8 })];
    const [fn, flow] = [fnWith({ concurrency: rules }), flowOf({ concurrency: rules }, { user: 1 })];
    const own = "f call fn event.data.user = 1";
    expect(guarantees(fn, flow, "f call fn  = ")).toEqual([{ gate: own, count: 2 }]);
    expect(guarantees(fn, flow, own)).toEqual([]);
  });
});

describe("priority", () => {
  test.each([
    ["120", 120_000],
    ["-30", -30_000],
    ["99999999", 43_200_000],
    ["-99999999", -43_200_000],
    ["1.5", undefined],
    ["event.data.none", undefined],
    ["'text'", undefined],
    ["0", undefined],
  ])("%s is %s ms", (priority, ms) => {
    expect(flowOf({ priority }, {})?.priorityMs).toBe(ms);
  });
});

describe("lanes", () => {
  test("different key values are different lanes, whatever they contain", () => {
    const values = fc.record({ a: fc.string({ unit: "binary" }), b: fc.string({ unit: "binary" }) });
    fc.assert(
      fc.property(values, values, (left, right) => {
        const isSame = left.a === right.a && left.b === right.b;
        const well = [left.a, left.b, right.a, right.b].every((text) => text.isWellFormed());
        fc.pre(well);
        expect(laneKey({ keys: left }) === laneKey({ keys: right })).toBe(isSame);
      }),
    );
  });

  test("a long key is short in its lane, and a throttle's value belongs to it", () => {
    expect(laneKey({ keys: { a: "x".repeat(500) } }).length).toBeLessThan(100);
    expect(laneKey({ keys: {}, throttle: "1" })).not.toBe(laneKey({ keys: {}, throttle: "2" }));
  });
});
