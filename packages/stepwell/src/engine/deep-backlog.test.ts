/** What a backlog must not hold up, in memory and after a restart. */
import { expect, test } from "vitest";
import { appOf, EngineRig } from "../../test/engine-rig.ts";
import { begun, eventOf, HOUR, memoOf, receive, report, rowOf, waiting } from "../../test/engine-runs.ts";
import { config, sleeping } from "../../test/run-rig.ts";
import { NO_TIMEOUTS } from "../protocol/function.ts";

const OPTIONS = { limits: { jobHintsMax: 40 } };

/** Two functions: `f` listens on `a`, `g` on `b`. */
async function withTwo(): Promise<EngineRig> {
  const rig = await EngineRig.started({}, OPTIONS);
  const on = (event: string) => ({ triggers: [{ kind: "event" as const, event, expression: null }] });
  const functions = [config(3, on("a")), config(3, { id: "g", slug: "app-g", ...on("b") })];
  void rig.engine.sync({ ...appOf(), functions }, "2");
  await rig.settle();
  return rig;
}

async function restarted(before: EngineRig): Promise<EngineRig> {
  const rig = new EngineRig({ store: before.store, ...OPTIONS });
  Object.assign(rig, { store: before.store, now: before.now });
  await rig.engine.start();
  await rig.settle();
  return rig;
}

test.each(["live", "restarted"])("of a held function: others sleep, wake and start on time: %s", async (how) => {
  let rig = await withTwo();
  const [first] = await receive(rig, eventOf(rig, "b"));
  await report(rig, sleeping("z", "1h"));
  void rig.engine.pause({ kind: "function", id: "f", mode: "hold" });
  await rig.settle();
  for (let count = 0; count < 100; count++) await receive(rig, eventOf(rig, "a"));
  expect(rig.engine.stats.jobHints).toBeLessThan(20);
  if (how === "restarted") rig = await restarted(rig);
  await rig.pass(HOUR);
  await rig.pass(HOUR);
  expect(await memoOf(rig, first!.runIds[0]!, "z")).toBe("null");
  const calls = rig.calls.length;
  await receive(rig, eventOf(rig, "b"));
  expect(rig.calls.length).toBe(calls + 1);
});

test.each(["live", "restarted"])("of a held function: its runs start in order when it is released: %s", async (how) => {
  let rig = await withTwo();
  void rig.engine.pause({ kind: "function", id: "f", mode: "hold" });
  const runs: string[] = [];
  for (let count = 0; count < 50; count++) {
    rig.now++;
    const [receipt] = await receive(rig, eventOf(rig, "a"));
    runs.push(...receipt!.runIds);
  }
  if (how === "restarted") rig = await restarted(rig);
  void rig.engine.unpause({ kind: "function", id: "f" });
  await rig.settle();
  expect(rig.calls.map(({ call }) => call.runId)).toEqual(runs);
});

test("a start's timeout comes on time while its function is held", async () => {
  const rig = await EngineRig.started({ timeouts: { ...NO_TIMEOUTS, startMs: 60_000 } });
  void rig.engine.pause({ kind: "function", id: "f", mode: "hold" });
  const [receipt] = await receive(rig, eventOf(rig, "a"));
  await rig.pass(60_000);
  expect((await rowOf(rig, receipt!.runIds[0]!)).status).toBe("cancelled");
});

test("the timeouts of waits and of runs come on time while all calls are out", async () => {
  const timeouts = { ...NO_TIMEOUTS, finishMs: 60_000 };
  const rig = await EngineRig.started({ timeouts }, { limits: { callsMax: 1 } });
  const first = await begun(rig);
  await report(rig, waiting({ timeout: "30s" }));
  const second = await begun(rig);
  await rig.pass(30_000);
  expect(await memoOf(rig, first)).toBe("null");
  await rig.pass(30_000);
  expect((await rowOf(rig, second)).status).toBe("cancelled");
});

test("a call that was due stays due when a process begins by a clock that stands before", async () => {
  const rig = await withTwo();
  void rig.engine.pause({ kind: "function", id: "f", mode: "hold" });
  await receive(rig, eventOf(rig, "a"));
  rig.now -= HOUR;
  const next = await restarted(rig);
  void next.engine.unpause({ kind: "function", id: "f" });
  await next.settle();
  expect(next.calls).toHaveLength(1);
});
