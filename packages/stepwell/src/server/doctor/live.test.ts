/** What a running server finds in its own memory, once it is damaged on purpose. */
import { expect, test } from "vitest";
import { EngineRig } from "../../../test/engine-rig.ts";
import { begun, report, waiting } from "../../../test/engine-runs.ts";
import { asking } from "../../../test/run-rig.ts";
import { NO_FLOW } from "../../protocol/flow.ts";
import { checkLive } from "./live.ts";

const NAP = asking("Sleep", { id: "s", name: "1h", displayName: "nap" });
const ONE = { limit: 1, key: null, scope: "fn", guaranteed: 0, burst: null } as const;

/** An engine at work: one run is called, one sleeps with its place, one waits for an event. */
async function atWork(): Promise<EngineRig> {
  const rig = await EngineRig.started({
    flow: { ...NO_FLOW, runConcurrency: [{ ...ONE, limit: 9 }], concurrency: [{ ...ONE, limit: 9 }] },
  });
  await begun(rig);
  await report(rig, NAP);
  await begun(rig);
  await report(rig, waiting());
  await begun(rig);
  return rig;
}

async function checked(rig: EngineRig) {
  const asked = checkLive({ store: rig.store, look: rig.engine.look.bind(rig.engine) });
  for (let round = 0; round < 20; round++) await rig.settle();
  return asked;
}

test("a server at work has no findings", async () => {
  expect(await checked(await atWork())).toMatchObject({ isHealthy: true, findings: [] });
});

test("a place that nobody uses is found, of a call and of a run", async () => {
  const rig = await atWork();
  const { gates } = rig.engine.coreForTests.view.admission;
  gates.hold({ name: "call fn ", limit: 9, holder: "01HZZZZZZZZZZZZZZZZZZZZZZZ main" }, rig.now);
  gates.hold({ name: "run fn ", limit: 9, holder: "run 01HZZZZZZZZZZZZZZZZZZZZZZZ" }, rig.now);
  const { findings } = await checked(rig);
  expect(findings).toMatchObject([{ code: "leaked_place", count: 2 }]);
});

test("a wait that memory does not know of, or knows of too much, is found", async () => {
  const rig = await atWork();
  const { waitNames } = rig.engine.coreForTests;
  waitNames.remove({ kind: "event", name: "reply", path: "" });
  waitNames.add({ kind: "signal", name: "go", path: "" });
  const { findings } = await checked(rig);
  expect(findings).toMatchObject([{ code: "wrong_count", count: 2 }]);
  expect(findings[0]!.examples).toEqual(expect.arrayContaining(["waits for event reply: 0 known, 1 stored"]));
});

test("a run in quarantine is found", async () => {
  const rig = await atWork();
  const [runId] = [...(await rig.store.listRuns({ env: "default", limit: 9 }))].map(({ id }) => id).slice(-1);
  rig.store.damage = runId!;
  await rig.pass(3_600_000);
  rig.store.damage = null;
  expect((await checked(rig)).findings).toMatchObject([{ code: "quarantined_run", examples: [`run ${runId}`] }]);
});
