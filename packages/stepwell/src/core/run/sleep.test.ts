import { describe, expect, test } from "vitest";
import { RunRig, START, sleeping } from "../../../test/run-rig.ts";
import { sleepUntil } from "./sleep.ts";

const endOf = (text: string, now = START) => sleepUntil(sleeping("z", text), now);

describe("when a sleep ends", () => {
  test("a duration counts from now", () => {
    expect(endOf("1h30m")).toEqual({ problem: null, at: START + 5_400_000 });
  });

  test("the duration among the options comes first", () => {
    const op = { ...sleeping("z", "1h"), opts: { duration: "5s" } };
    expect(sleepUntil(op, START)).toEqual({ problem: null, at: START + 5_000 });
  });

  test("a date is a moment", () => {
    expect(endOf("1970-01-01T01:00:00.000Z")).toEqual({ problem: null, at: 3_600_000 });
  });

  test("the past has already come", () => {
    expect(endOf("1970-01-01T00:00:01.000Z")).toEqual({ problem: null, at: START });
  });

  test("what cannot be read, and more than a year and a day, are problems", () => {
    expect(endOf("soon")).toMatchObject({ problem: "duration_invalid" });
    expect(endOf("367d")).toMatchObject({ problem: "sleep_too_long" });
  });
});

describe("a run that sleeps", () => {
  test("wakes when it is due, once, with null", () => {
    const rig = new RunRig();
    rig.report("main", sleeping("z", "10s"));
    expect(rig.slots).toEqual(["z"]);
    rig.now = START + 10_000;
    rig.wake("z");
    rig.wake("z");
    expect(rig.memo("z")).toBe("null");
    expect(rig.run.stack).toEqual(["z"]);
    expect(rig.slots).toEqual(["main"]);
  });

  test("does not wake early, whoever says so", () => {
    const rig = new RunRig();
    rig.report("main", sleeping("z", "10s"));
    rig.now = START + 9_999;
    rig.wake("z");
    expect(rig.memo("z")).toBeNull();
  });

  test("does not wake after it was cancelled", () => {
    const rig = new RunRig();
    rig.report("main", sleeping("z", "10s"));
    rig.cancel();
    rig.now = START + 10_000;
    rig.wake("z");
    expect(rig.run).toMatchObject({ status: "cancelled", stack: [] });
    expect(rig.ended).toEqual(["cancelled"]);
  });

  test("fails when its duration makes no sense", () => {
    const rig = new RunRig();
    rig.report("main", sleeping("z", "soon"));
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "duration_invalid" });
  });
});
