import { describe, expect, test } from "vitest";
import { done, planned, RunRig, START, sleeping } from "../../../test/run-rig.ts";
import { NO_TIMEOUTS, type RunTimeouts } from "../../protocol/function.ts";
import { runTimeout } from "./timeouts.ts";

const MINUTE = 60_000;

function rigWith(timeouts: Partial<RunTimeouts>, startAt = START): RunRig {
  return new RunRig({ startAt, config: { timeouts: { ...NO_TIMEOUTS, ...timeouts } } });
}

/** The function's limits are others from now on. */
function configure(rig: RunRig, timeouts: Partial<RunTimeouts>): void {
  rig.fn = { ...rig.fn!, timeouts: { ...NO_TIMEOUTS, ...timeouts } };
}

/** A limit's job comes due, at an instant after the start. */
function due(rig: RunRig, slot: "@start" | "@finish", afterMs: number): void {
  rig.now = START + afterMs;
  const job = rig.job(slot);
  if (job !== undefined) runTimeout(rig.context, rig.run, job);
}

describe("a limit on the start", () => {
  test("cancels a run that was not called in time, with a reason", () => {
    const rig = rigWith({ startMs: MINUTE });
    due(rig, "@start", MINUTE - 1);
    expect(rig.run.status).toBe("queued");
    due(rig, "@start", MINUTE);
    expect(rig.run).toMatchObject({ status: "cancelled", reason: "timed_out" });
    expect(JSON.parse(rig.run.error!).message).toBe("The run did not start within 1m.");
    expect([rig.slots, rig.problems]).toEqual([[], []]);
  });

  test("counts from the planned start", () => {
    const rig = rigWith({ startMs: MINUTE }, START + 5 * MINUTE);
    due(rig, "@start", 2 * MINUTE);
    expect(rig.run.status).toBe("queued");
    expect(rig.job("@start")!.dueAt).toBe(START + 6 * MINUTE);
  });

  test("ends with the first call, which the limit on the finish begins with", () => {
    const rig = rigWith({ startMs: MINUTE, finishMs: 2 * MINUTE });
    rig.now = START + 1_000;
    rig.call();
    expect(rig.slots).toEqual(["main", "@finish"]);
    expect(rig.job("@finish")!.dueAt).toBe(START + 1_000 + 2 * MINUTE);
  });

  test("keeps a first call that comes too late from being made, though its job has not come due yet", () => {
    const rig = rigWith({ startMs: MINUTE });
    rig.now = START + MINUTE;
    expect(rig.call()).toBeUndefined();
    expect(rig.run).toMatchObject({ status: "cancelled", reason: "timed_out" });
  });
});

describe("a limit on the finish", () => {
  test.each([
    ["asleep", (rig: RunRig) => void rig.report("main", sleeping("z", "1h"))],
    ["in the middle of a call", (rig: RunRig) => void rig.call()],
    ["in a group", (rig: RunRig) => void rig.report("main", planned("a"), planned("b"))],
  ])("ends a run that is %s, at its time", (_, act) => {
    const rig = rigWith({ finishMs: MINUTE });
    act(rig);
    due(rig, "@finish", MINUTE);
    expect(rig.run).toMatchObject({ status: "cancelled", reason: "timed_out" });
    expect([rig.slots, rig.problems]).toEqual([[], []]);
  });

  test("tells the call that is out to stop, and takes nothing from it", () => {
    const rig = rigWith({ finishMs: MINUTE });
    const call = rig.call()!;
    due(rig, "@finish", MINUTE);
    expect(rig.batch.aborts).toEqual([{ runId: "run", slot: "main", generation: call.generation }]);
    rig.answer(call, rig.returned("1"));
    expect([rig.run.status, rig.run.output]).toEqual(["cancelled", null]);
  });

  test("counts as a failure when the function says so", () => {
    const rig = rigWith({ finishMs: MINUTE, asFailure: true });
    rig.call();
    due(rig, "@finish", MINUTE);
    expect(rig.run).toMatchObject({ status: "failed", reason: "timed_out" });
  });

  test("leaves with a run that ends in time", () => {
    const rig = rigWith({ finishMs: MINUTE });
    rig.answer(rig.call()!, rig.returned("1"));
    expect(rig.slots).toEqual([]);
  });

  test("does not keep a run alive: a reply that asks for nothing is still a failure", () => {
    const rig = rigWith({ finishMs: MINUTE });
    rig.answer(rig.call()!, rig.ops());
    expect(rig.batch.attempts).toHaveLength(1);
  });
});

describe("a limit that changes while a run is under way", () => {
  test("raised, holds until the later time", () => {
    const rig = rigWith({ finishMs: MINUTE });
    rig.report("main", sleeping("z", "1h"));
    configure(rig, { finishMs: 3 * MINUTE });
    due(rig, "@finish", MINUTE);
    expect([rig.run.status, rig.job("@finish")!.dueAt]).toEqual(["running", START + 3 * MINUTE]);
    due(rig, "@finish", 3 * MINUTE);
    expect(rig.run.reason).toBe("timed_out");
  });

  test("removed, holds no more", () => {
    const rig = rigWith({ finishMs: MINUTE });
    rig.report("main", sleeping("z", "1h"));
    configure(rig, {});
    due(rig, "@finish", MINUTE);
    expect([rig.run.status, rig.slots]).toEqual(["running", ["z"]]);
  });

  test("removed with its function, leaves the end to the next call", () => {
    const rig = rigWith({ finishMs: MINUTE });
    rig.report("main", sleeping("z", "1h"));
    rig.fn = undefined;
    due(rig, "@finish", MINUTE);
    expect(rig.slots).toEqual(["z"]);
  });

  test("lowered or new, holds from the next call on", () => {
    for (const before of [null, 10 * MINUTE]) {
      const rig = rigWith({ finishMs: before });
      rig.report("main", done("s"));
      configure(rig, { finishMs: MINUTE });
      rig.now = START + 2 * MINUTE;
      expect(rig.call()).toBeUndefined();
      expect(rig.run).toMatchObject({ status: "cancelled", reason: "timed_out" });
    }
  });

  test("on the start, lowered while the run is queued, holds at its first call", () => {
    const rig = rigWith({ startMs: 10 * MINUTE });
    configure(rig, { startMs: MINUTE });
    rig.now = START + 2 * MINUTE;
    expect(rig.call()).toBeUndefined();
    expect(rig.run.reason).toBe("timed_out");
  });
});
