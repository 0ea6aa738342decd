import { describe, expect, test } from "vitest";
import { EngineRig } from "../../test/engine-rig.ts";
import { NO_FLOW } from "../protocol/flow.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import { LIMITS } from "../protocol/limits.ts";
import { failedCall } from "../protocol/reply.ts";

const REFUSED = {
  ...failedCall("app_unreachable", { url: "http://a", reason: "the connection was refused" }, null),
  isUnreached: true,
};
const SECOND = 1_000;

async function rigOf(fn: Partial<FunctionConfig> = {}): Promise<EngineRig> {
  return EngineRig.started(fn, { retryIntervalMs: 100 });
}

/** Answers every call that has not been answered; `answered` counts them. */
function answering(rig: EngineRig) {
  let answered = 0;
  return async (outcome: Parameters<EngineRig["calls"][number]["answer"]>[0]) => {
    const open = rig.calls.slice(answered);
    answered = rig.calls.length;
    for (const call of open) call.answer(outcome);
    await rig.settle();
    return open.length;
  };
}

async function sent(rig: EngineRig, count: number): Promise<void> {
  for (let index = 0; index < count; index++) rig.send();
  await rig.settle();
}

describe("an app that cannot be reached", () => {
  test("is left alone, and then probed by one call at a time, at growing intervals", async () => {
    const rig = await rigOf();
    const answer = answering(rig);
    await sent(rig, 3);
    expect(await answer(REFUSED)).toBe(3);
    await rig.pass(SECOND - 1);
    expect(rig.calls).toHaveLength(3);
    await rig.pass(1);
    expect(rig.calls).toHaveLength(4);
    await answer(REFUSED);
    await rig.pass(2 * SECOND - 1);
    expect(rig.calls).toHaveLength(4);
    await rig.pass(1);
    expect(rig.calls).toHaveLength(5);
  });

  test("is called by all that waited once a probe has reached it", async () => {
    const rig = await rigOf();
    const answer = answering(rig);
    await sent(rig, 3);
    await answer(REFUSED);
    await sent(rig, 2);
    expect(rig.calls).toHaveLength(3);
    await rig.pass(SECOND);
    expect(await answer({ kind: "returned", output: "1" })).toBe(1);
    expect(rig.calls).toHaveLength(8);
  });

  test("is called at once when it registers", async () => {
    const rig = await rigOf();
    const answer = answering(rig);
    await sent(rig, 1);
    await answer(REFUSED);
    await sent(rig, 1);
    expect(rig.calls).toHaveLength(1);
    void rig.engine.sync(rig.engine.apps.list()[0]!, "1");
    await rig.settle();
    expect(rig.calls).toHaveLength(2);
  });

  test("counts as reached when a probe is out for longer than connecting takes", async () => {
    const rig = await rigOf();
    const answer = answering(rig);
    await sent(rig, 2);
    await answer(REFUSED);
    await rig.pass(SECOND);
    expect(rig.calls).toHaveLength(3);
    await rig.pass(LIMITS.appProbeMs);
    expect(rig.calls).toHaveLength(4);
  });

  test("is probed by another call when the probe's run is cancelled", async () => {
    const rig = await rigOf();
    const answer = answering(rig);
    await sent(rig, 2);
    await answer(REFUSED);
    await rig.pass(SECOND);
    const probe = rig.calls[2]!;
    void rig.engine.cancelRun({ runId: probe.call.runId, reason: "enough" });
    await rig.settle();
    probe.answer(failedCall("app_unreachable", { url: "http://a", reason: "nobody waits" }, null));
    await rig.settle();
    expect(rig.calls).toHaveLength(4);
    expect(rig.calls[3]!.call.runId).not.toBe(probe.call.runId);
  });

  test("is not judged by calls that were out before", async () => {
    const rig = await rigOf();
    await sent(rig, 2);
    rig.calls[0]!.answer(REFUSED);
    await rig.settle();
    rig.calls[1]!.answer({ kind: "returned", output: "1" });
    await sent(rig, 1);
    expect(rig.calls).toHaveLength(2);
  });

  test("is called afresh by an engine that begins", async () => {
    const rig = await rigOf();
    const answer = answering(rig);
    await sent(rig, 2);
    await answer(REFUSED);
    await sent(rig, 2);
    expect(rig.calls).toHaveLength(2);
    const next = new EngineRig({ store: rig.store });
    await next.engine.start();
    await next.settle();
    expect(next.calls).toHaveLength(2);
  });
});

describe("attempts", () => {
  test("are used up by connections that were refused", async () => {
    const rig = await rigOf({ retries: 1 });
    const answer = answering(rig);
    await sent(rig, 1);
    await answer(REFUSED);
    await rig.pass(SECOND);
    expect(rig.calls[1]!.call.attempt).toBe(1);
    await answer(REFUSED);
    expect((await rig.store.getRun("default", rig.calls[0]!.call.runId))?.status).toBe("failed");
  });

  test("are kept by a function that would rather wait, however long", async () => {
    const rig = await rigOf({ retries: 0, flow: { ...NO_FLOW, whenUnreachable: "wait" } });
    const answer = answering(rig);
    await sent(rig, 1);
    const { runId } = rig.calls[0]!.call;
    for (let minute = 0; minute < 10; minute++) {
      await answer(REFUSED);
      await rig.pass(60 * SECOND);
    }
    expect(await answer({ kind: "returned", output: "1" })).toBe(1);
    expect(rig.calls.every(({ call }) => call.attempt === 0)).toBe(true);
    expect(await rig.store.getRun("default", runId)).toMatchObject({ status: "completed", output: "1" });
    expect(await rig.store.listAttempts(runId)).toEqual([]);
  });
});

test("the reason is told: since when, why, and when the next probe is", async () => {
  const rig = await rigOf();
  const answer = answering(rig);
  await sent(rig, 1);
  await answer(REFUSED);
  await sent(rig, 1);
  const since = rig.now;
  const [waiting] = await rig.store.listRuns({ env: "default", limit: 1 });
  const asked = rig.engine.explain(waiting!.id);
  await rig.settle();
  const [reason] = (await asked)!.reasons;
  expect(reason).toMatchObject({
    code: "app_unreachable",
    until: since + SECOND,
    gate: { kind: "app", down: { since, tries: 1, isProbing: false, nextProbeAt: since + SECOND } },
  });
  expect(reason!.sentence).toMatch(
    /^Its start waits because the app app does not answer since .*the connection was refused; the next probe is at .*\.$/,
  );
});
