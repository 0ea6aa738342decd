import { expect, test } from "vitest";
import { EngineRig } from "../../test/engine-rig.ts";
import { eventOf, receive, report } from "../../test/engine-runs.ts";
import { done } from "../../test/run-rig.ts";
import { type BacklogRule, NO_FLOW } from "../protocol/flow.ts";
import { explainEvent } from "./explain.ts";

const ONE = { limit: 1, key: null, scope: "fn", guaranteed: 0, burst: null } as const;
const withBacklog = (backlog: BacklogRule) =>
  EngineRig.started({ flow: { ...NO_FLOW, runConcurrency: [ONE], backlog } });
const OLDEST: BacklogRule = { limit: 2, policy: "drop-oldest" };

const send = async (rig: EngineRig) => (await receive(rig, eventOf(rig, "a")))[0]!;
const statuses = async (rig: EngineRig) =>
  (await rig.store.listRuns({ env: "default", limit: 50 })).map(({ status }) => status).reverse();

test("the run that waits longest is found in the store after a restart, and dropped with the new one's creation", async () => {
  const before = await withBacklog(OLDEST);
  const receipts = [await send(before), await send(before), await send(before)];
  const rig = new EngineRig({ store: before.store });
  rig.now++;
  await rig.engine.start();
  await rig.settle();
  const { store } = before;
  store.isHolding = true;
  void rig.engine.receive([eventOf(rig, "a")]);
  await rig.settle();
  expect([...store.held[0]!.batch.runs].map(({ status }) => status)).toEqual(["skipped", "queued"]);
  await store.held[0]!.store();
  expect(await statuses(before)).toEqual(["running", "skipped", "queued", "queued"]);
  expect(await store.getRun("default", receipts[1]!.runIds[0]!)).toMatchObject({
    reason: "flow_control",
    error: expect.stringContaining("2 may wait, and it waited longest"),
  });
});

test("requests that arrive together drop one run each, whatever has been stored of them", async () => {
  const rig = await withBacklog(OLDEST);
  for (let index = 0; index < 3; index++) await send(rig);
  rig.store.isHolding = true;
  for (let index = 0; index < 4; index++) void rig.engine.receive([eventOf(rig, "a")]);
  await rig.settle();
  rig.store.isHolding = false;
  for (const commit of rig.store.held) await commit.store();
  await rig.settle();
  for (const commit of rig.store.held.splice(0)) await commit.store();
  await rig.settle();
  expect(await statuses(rig)).toEqual(["running", ...Array(4).fill("skipped"), "queued", "queued"]);
});

test("the event of a dropped run says why", async () => {
  const rig = await withBacklog(OLDEST);
  const receipts = [await send(rig), await send(rig), await send(rig), await send(rig)];
  const asked = explainEvent(rig.engine, receipts[1]!.eventId);
  await rig.settle();
  const { outcomes, summary } = (await asked)!;
  expect(outcomes).toMatchObject([{ code: "skipped", runId: receipts[1]!.runIds[0] }]);
  expect(summary).toContain("a newer run takes its place: 2 may wait");
});

test("a limit that was lowered is met by the next run", async () => {
  const rig = await withBacklog({ ...OLDEST, limit: 4 });
  for (let index = 0; index < 5; index++) await send(rig);
  const [app] = rig.engine.apps.list();
  const functions = app!.functions.map((fn) => ({ ...fn, flow: { ...fn.flow, backlog: OLDEST } }));
  void rig.engine.sync({ ...app!, functions }, "2");
  await rig.settle();
  await send(rig);
  expect(await statuses(rig)).toEqual(["running", "skipped", "skipped", "skipped", "queued", "queued"]);
});

test("what a step sends meets the limit too", async () => {
  const rig = await withBacklog({ limit: 1, policy: "reject" });
  for (let index = 0; index < 2; index++) await send(rig);
  await report(rig, { ...done("s"), sends: { events: [eventOf(rig, "a")], signals: [] } });
  expect(await statuses(rig)).toEqual(["running", "queued"]);
});
