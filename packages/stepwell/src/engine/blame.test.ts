import { describe, expect, test } from "vitest";
import { appOf, EngineRig, HandStore } from "../../test/engine-rig.ts";
import {
  begun,
  complete,
  eventOf,
  invoking,
  memoOf,
  receive,
  report,
  restarted,
  waiting,
} from "../../test/engine-runs.ts";
import { StepwellError } from "../protocol/errors.ts";

/** A rig whose store hands out one run with an event that cannot be read: rules that look at it throw. */
async function rigWithBroken(): Promise<{ readonly rig: EngineRig; damage(runId: string): void }> {
  let broken: string | null = null;
  class BreakingStore extends HandStore {
    override async loadRuns(ids: readonly string[]) {
      const runs = await super.loadRuns(ids);
      return runs.map((run) => {
        if (run.id !== broken) return run;
        return { ...run, events: run.events.map((event) => ({ ...event, json: "{" })) };
      });
    }
  }
  const store = new BreakingStore();
  const rig = new EngineRig({ store });
  Object.assign(rig, { store });
  await rig.engine.start();
  rig.engine.sync(appOf(), "1");
  await rig.settle();
  return {
    rig,
    damage(runId) {
      broken = runId;
    },
  };
}

const CONDITION = { if: "async.data.n == 1 && event.data.m == null" };

describe("an event that reaches a run whose rules throw", () => {
  test("is refused once; the run is left alone, and the others get it when it is sent again", async () => {
    const { rig, damage } = await rigWithBroken();
    const first = await begun(rig);
    await report(rig, waiting(CONDITION));
    const second = await begun(rig);
    await report(rig, waiting(CONDITION));
    damage(first);
    await expect(receive(rig, eventOf(rig, "reply", { n: 1 }))).rejects.toMatchObject({ code: "internal_error" });
    await rig.pass(100);
    await receive(rig, eventOf(rig, "reply", { n: 1 }));
    expect([await memoOf(rig, first), await memoOf(rig, second)]).toEqual([null, expect.stringContaining("reply")]);
    expect(rig.engine.stats.reloads).toBe(1);
  });

  test("by message, does not make the engine begin again for ever", async () => {
    const { rig, damage } = await rigWithBroken();
    const waiter = await begun(rig);
    await report(rig, {
      ...waiting({ if: "async.data.result == 1 && event.data.m == null" }),
      name: "inngest/function.finished",
    });
    damage(waiter);
    await begun(rig);
    await complete(rig);
    await rig.pass(60_000);
    expect(rig.engine.stats.reloads).toBe(1);
    expect(await rig.store.loadInbox(null, 10)).toEqual([]);
  });
});

test("a turn that fails tells everybody whose command it had taken, also those it had not come to", async () => {
  const rig = await EngineRig.started();
  await begun(rig);
  for (const run of rig.engine.coreForTests.residentRuns())
    Object.assign(run, { events: run.events.map((event) => ({ ...event, json: "{" })) });
  rig.calls[0]!.answer({ kind: "ops", ops: [waiting(CONDITION)] });
  for (let tick = 0; tick < 10; tick++) await Promise.resolve();
  const sent = rig.engine.receive([eventOf(rig, "unheard")]);
  sent.catch(() => {});
  await rig.settle();
  await expect(sent).rejects.toMatchObject({ code: "internal_error" });
  await rig.pass(100);
  expect(rig.calls).toHaveLength(1); // The run is left alone.
});

test("a message to a run in quarantine is kept for whoever starts again with the run repaired", async () => {
  const rig = await EngineRig.started();
  const parent = await begun(rig);
  await report(rig, invoking());
  rig.store.damage = parent;
  await receive(rig, eventOf(rig, "none"));
  await complete(rig, "42");
  expect(rig.errors.join()).toContain("not sound");
  expect(await rig.store.loadInbox(null, 10)).toHaveLength(1);
  rig.store.damage = null;
  const next = await restarted(rig);
  expect(await memoOf(next, parent, "i")).toBe('{"data":42}');
  expect(await next.store.loadInbox(null, 10)).toEqual([]);
});

test("a command for which something is loaded when the engine stops is refused, and not applied after all", async () => {
  const rig = await EngineRig.started();
  await begun(rig);
  let answer = () => {};
  const load = rig.store.loadFlow.bind(rig.store);
  rig.store.loadFlow = async (...query) => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return load(...query);
  };
  const event = eventOf(rig, "a");
  const sent = rig.engine.receive([{ ...event, stored: { ...event.stored, idempotencyId: "key" } }]);
  sent.catch(() => {});
  await rig.settle();
  const stopped = rig.engine.stop(1_000);
  await rig.settle();
  answer();
  await rig.settle();
  await expect(sent).rejects.toThrow(new StepwellError("server_stopping").message);
  await rig.pass(1_000);
  await stopped;
  expect(await rig.store.getEvent("default", event.stored.id)).toBeNull();
});
