import { describe, expect, test } from "vitest";
import { noFacts, recentOf } from "../../test/facts.ts";
import { config, done } from "../../test/run-rig.ts";
import type { IncomingEvent } from "../protocol/event.ts";
import { Core } from "./core.ts";
import type { CoreOptions } from "./core-options.ts";

const NOW = 1_000_000;

function coreOf(more: Partial<CoreOptions> = {}): Core {
  let chance = 0;
  const core = new Core(
    {
      env: "default",
      partition: 0,
      random: { uint32: () => chance++ },
      retry: { intervalMs: null },
      runLimits: { stepsPerRunMax: 100, runStateBytesMax: 10_000, stepOutputBytesMax: 1_000 },
      queueLimits: { hintsMax: 100, horizonMs: 1_000 },
      callsMax: 10,
      callsYoungMax: 10,
      callsPerAppMax: 10,
      residentRunsMax: 10,
      recent: recentOf(),
      quarantined: new Set(),
      ...more,
    },
    { apps: [], functions: [], schedules: [], waits: [], places: [], throttles: [], queued: [], lastStamp: 0 },
    NOW,
  );
  const app = { url: "inproc:", sdk: "test", framework: "", version: null };
  const triggers = [{ kind: "event" as const, event: "a", expression: null }];
  for (const id of ["one", "two"]) {
    const functions = [config(3, { id: `f-${id}`, appId: id, slug: `${id}-f`, triggers })];
    core.syncApp({ kind: "sync_app", app: { ...app, id, functions }, checksum: "1" }, NOW);
  }
  for (const request of core.queue.pageRequests(NOW)) core.queue.adoptPage(request, []);
  core.queue.adoptLanes(core.queue.laneRequest(NOW)!, { heads: [], found: [] });
  store(core);
  return core;
}

/** Closes the open batch as stored, and returns it. */
function store(core: Core) {
  const { number, batch } = core.takeBatch();
  core.batchRead(batch);
  core.batchStored(number);
  return batch;
}

/** An event that starts a run of both functions. */
function send(core: Core, id: string, ts = NOW): readonly string[] {
  const stored = { id, name: "a", ts, receivedAt: NOW, idempotencyId: null, json: "{}", isInternal: false };
  const event: IncomingEvent = { stored, parsed: {}, mayExist: false };
  return core.receiveEvents({ kind: "receive_events", events: [event] }, noFacts(), NOW)[0]!.runIds;
}

describe("calls", () => {
  test("one app never gets more calls than it may, and does not hold up another", () => {
    const core = coreOf({ callsPerAppMax: 1 });
    send(core, "e1");
    send(core, "e2");
    core.advance(NOW);
    expect(store(core).calls.map(({ call }) => call.functionId)).toEqual(["f-one", "f-two"]);
  });

  test("an answer frees its place, whatever it says and whether or not the run is still there", () => {
    const core = coreOf({ callsMax: 1 });
    const [first] = send(core, "e1");
    core.advance(NOW);
    const [effect] = store(core).calls;
    core.cancelRun({ kind: "cancel_run", runId: first!, reason: "" }, NOW);
    store(core);
    expect(core.isResident(first!)).toBe(false);
    const outcome = {
      kind: "ops" as const,
      ops: [done("s")],
      requestVersion: 2,
      retryAfterMs: null,
      status: null,
      unreached: [],
    };
    const { runId, slot, call } = effect!;
    core.reply(
      { kind: "reply", runId, slot, functionId: "f-one", generation: call.generation, outcome },
      noFacts(),
      NOW,
    );
    core.advance(NOW);
    expect(store(core).calls).toHaveLength(1);
  });

  test("a stored call that nobody wants any more is not claimed, and its place is free", () => {
    const core = coreOf();
    const [first] = send(core, "e1");
    core.advance(NOW);
    const { batch } = core.takeBatch();
    core.cancelRun({ kind: "cancel_run", runId: first!, reason: "" }, NOW);
    expect(batch.calls.map((effect) => core.claimCall(effect))).toEqual([false, true]);
    expect(core.stats.calls).toBe(1);
  });
});

describe("runs in memory", () => {
  test("a run that waits for something far leaves memory once it is stored, and not before", () => {
    const core = coreOf();
    const [runId] = send(core, "e1", NOW + 500);
    const { number, batch } = core.takeBatch();
    expect(core.isResident(runId!)).toBe(true);
    core.batchRead(batch);
    core.batchStored(number);
    expect(core.isResident(runId!)).toBe(false);
  });

  test("a run that is not there when its turn comes is asked for once", () => {
    const core = coreOf();
    const [first, second] = send(core, "e1", NOW + 500);
    store(core);
    core.advance(NOW + 500);
    expect(core.takeWanted()).toEqual([first, second]);
    core.advance(NOW + 501);
    expect(core.takeWanted()).toEqual([]);
  });

  test("a hint of a run that does not exist any more is dropped", () => {
    const core = coreOf();
    const ids = send(core, "e1", NOW + 500);
    store(core);
    core.advance(NOW + 500);
    core.adopt(core.takeWanted(), [], NOW + 500);
    expect(core.hasWork).toBe(false);
    expect(ids.some((id) => core.isResident(id))).toBe(false);
  });

  test("a run in quarantine is left alone, but can be cancelled", () => {
    const quarantined = new Set<string>();
    const core = coreOf({ quarantined });
    const [runId] = send(core, "e1");
    quarantined.add(runId!);
    core.advance(NOW);
    expect(store(core).calls.map((effect) => effect.runId)).not.toContain(runId);
    expect(core.cancelRun({ kind: "cancel_run", runId: runId!, reason: "" }, NOW).outcome).toBe("cancelled");
  });

  test("a command that concerns no run blames none", () => {
    const core = coreOf();
    send(core, "e1");
    core.advance(NOW);
    expect(core.subject).not.toBeNull();
    send(core, "e2");
    expect(core.subject).toBeNull();
  });
});

describe("schedules", () => {
  const cron = { kind: "cron" as const, cron: "* * * * *", jitterMs: 0, misfire: "once" as const };

  function ticking(overlap: "cancel" | "skip"): Core {
    const core = coreOf();
    const functions = [config(3, { id: "c", appId: "crons", slug: "c", triggers: [{ ...cron, overlap }] })];
    const app = { id: "crons", url: "", sdk: "", framework: "", version: null, functions };
    core.syncApp({ kind: "sync_app", app, checksum: "1" }, NOW);
    store(core);
    return core;
  }

  test("a tick replaces the run of the one before at once when that run is in memory", () => {
    const core = ticking("cancel");
    const minute = 60_000 * Math.ceil(NOW / 60_000);
    core.advance(minute);
    store(core);
    core.advance(minute + 60_000);
    expect(core.takeWanted()).toEqual([]);
    expect([...store(core).runs].map((run) => run.status)).toContain("cancelled");
  });

  test("a tick that is due wakes the core", () => {
    const core = ticking("skip");
    expect(core.nextDueAt()).toBeLessThanOrEqual(60_000 * Math.ceil(NOW / 60_000));
  });
});

test("the same commands, times and chance give the same rows", () => {
  const rows = () => {
    const core = coreOf();
    send(core, "e1");
    send(core, "e2", NOW + 5_000);
    core.advance(NOW);
    const { calls, runs } = store(core);
    return [calls, [...runs].map((run) => [run.id, run.status])];
  };
  expect(rows()).toEqual(rows());
});
