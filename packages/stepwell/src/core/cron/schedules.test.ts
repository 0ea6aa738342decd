import { describe, expect, test } from "vitest";
import { config } from "../../../test/run-rig.ts";
import type { CronTrigger, FunctionConfig } from "../../protocol/function.ts";
import type { Schedule } from "../batch.ts";
import { CronSchedules, type FiredTick } from "./schedules.ts";

const T0 = Date.UTC(2026, 5, 1, 12, 0, 30);
const minute = (count: number) => Date.UTC(2026, 5, 1, 12, count);

const cron = (text: string, more: Partial<CronTrigger> = {}): CronTrigger => ({
  kind: "cron",
  cron: text,
  jitterMs: 0,
  misfire: "once",
  overlap: "allow",
  ...more,
});

const fn = (...triggers: CronTrigger[]): FunctionConfig => config(3, { triggers });

/** Schedules with a hand on the clock; a tick's run is named after its nominal minute. */
class Rig {
  schedules: CronSchedules;
  readonly fired: string[] = [];
  readonly cancelled: string[] = [];
  #stored: Schedule[] = [];
  #active: FunctionConfig[];
  readonly fn: FunctionConfig;

  constructor(...triggers: CronTrigger[]) {
    this.fn = fn(...triggers);
    this.#active = [this.fn];
    this.schedules = new CronSchedules([], [], T0);
    this.#stored = this.schedules.replaceApp("app", [this.fn], T0);
  }

  /** What is due at an instant starts. Returns the minutes that fired. */
  at(now: number): string[] {
    const before = this.fired.length;
    const start = (_functionId: string, tick: FiredTick) => {
      if (tick.cancelRunId !== null) this.cancelled.push(tick.cancelRunId);
      this.fired.push(tick.publicId.slice(11, 16));
      return tick.publicId.slice(11, 16);
    };
    for (const { functionId } of this.schedules.due(now)) {
      this.schedules.fire(functionId, now, start);
      this.#stored = [this.schedules.stateOf(functionId)];
    }
    for (const functionId of this.schedules.fireWaiting(now, start))
      this.#stored = [this.schedules.stateOf(functionId)];
    return this.fired.slice(before);
  }

  ended(runId: string): void {
    const state = this.schedules.runEnded("f", runId);
    if (state !== null) this.#stored = [state];
  }

  restart(now: number): void {
    this.schedules = new CronSchedules(this.#stored, this.#active, now);
  }

  sync(functions: FunctionConfig[], now: number): void {
    this.#active = functions;
    this.#stored = this.schedules.replaceApp("app", functions, now);
  }
}

describe("on time", () => {
  test("the first tick is the first after the registration, and each fires once", () => {
    const rig = new Rig(cron("* * * * *"));
    expect(rig.schedules.nextDueAt()).toBe(minute(1));
    expect(rig.at(minute(1) - 1)).toEqual([]);
    expect(rig.at(minute(1))).toEqual(["12:01"]);
    expect(rig.at(minute(1))).toEqual([]);
    expect(rig.schedules.nextDueAt()).toBe(minute(2));
  });

  test("two crons that name the same minute start one run", () => {
    const rig = new Rig(cron("* * * * *"), cron("*/2 * * * *"));
    rig.at(minute(1));
    expect(rig.at(minute(2))).toEqual(["12:02"]);
  });

  test("jitter delays the run, never the tick, and is the same after a restart", () => {
    const rig = new Rig(cron("* * * * *", { jitterMs: 30_000 }));
    const dueAt = rig.schedules.nextDueAt()!;
    expect(dueAt).toBeGreaterThanOrEqual(minute(1) + 1_000);
    expect(dueAt).toBeLessThan(minute(1) + 30_000);
    rig.restart(T0);
    expect(rig.schedules.nextDueAt()).toBe(dueAt);
    expect(rig.at(dueAt)).toEqual(["12:01"]);
  });

  test("a time that the clocks skip in spring fires once that day, after the gap", () => {
    const schedules = new CronSchedules([], [fn(cron("TZ=Europe/Paris 30 2 * * *"))], Date.UTC(2026, 2, 28, 12));
    expect(schedules.nextDueAt()).toBe(Date.UTC(2026, 2, 29, 1));
  });
});

describe("after a downtime", () => {
  test("once: the most recent tick stands for all that passed", () => {
    const rig = new Rig(cron("* * * * *"));
    rig.restart(minute(10) + 1);
    expect(rig.at(minute(10) + 1)).toEqual(["12:10"]);
    expect(rig.schedules.nextDueAt()).toBe(minute(11));
  });

  test("all: every tick fires, oldest first", () => {
    const rig = new Rig(cron("* * * * *", { misfire: "all" }));
    rig.restart(minute(4) + 1);
    expect(rig.at(minute(4) + 1)).toEqual(["12:01", "12:02", "12:03", "12:04"]);
  });

  test("skip: what is older than a minute is left out", () => {
    const rig = new Rig(cron("*/5 * * * *", { misfire: "skip" }));
    rig.restart(minute(12));
    expect(rig.at(minute(12))).toEqual([]);
    expect(rig.schedules.nextDueAt()).toBe(minute(15));
  });

  test("a tick that fired before the restart does not fire again", () => {
    const rig = new Rig(cron("* * * * *", { misfire: "all" }));
    rig.at(minute(1));
    rig.restart(minute(1) + 1);
    expect(rig.at(minute(1) + 1)).toEqual([]);
  });
});

describe("while an earlier run is open", () => {
  test("allow: the next tick starts beside it", () => {
    const rig = new Rig(cron("* * * * *"));
    rig.at(minute(1));
    expect(rig.at(minute(2))).toEqual(["12:02"]);
  });

  test("skip: the next tick is left out until the run has ended", () => {
    const rig = new Rig(cron("* * * * *", { overlap: "skip" }));
    rig.at(minute(1));
    expect(rig.at(minute(2))).toEqual([]);
    rig.ended("12:01");
    expect(rig.at(minute(3))).toEqual(["12:03"]);
  });

  test("cancel: the next tick replaces the run", () => {
    const rig = new Rig(cron("* * * * *", { overlap: "cancel" }));
    rig.at(minute(1));
    expect(rig.at(minute(2))).toEqual(["12:02"]);
    expect(rig.cancelled).toEqual(["12:01"]);
  });

  test("queue: ticks wait for their turn, one run after the other, also across a restart", () => {
    const rig = new Rig(cron("* * * * *", { overlap: "queue" }));
    rig.at(minute(1));
    expect([...rig.at(minute(2)), ...rig.at(minute(3))]).toEqual([]);
    rig.restart(minute(3) + 1);
    rig.ended("12:01");
    expect(rig.at(minute(3) + 2)).toEqual(["12:02"]);
    rig.ended("12:02");
    expect(rig.at(minute(3) + 3)).toEqual(["12:03"]);
  });

  test("ticks of the same moment see each other", () => {
    const skipping = new Rig(cron("* * * * *", { misfire: "all", overlap: "skip" }));
    skipping.restart(minute(4) + 1);
    expect(skipping.at(minute(4) + 1)).toEqual(["12:01"]);
    const replacing = new Rig(cron("* * * * *", { misfire: "all", overlap: "cancel" }));
    replacing.restart(minute(3) + 1);
    replacing.at(minute(3) + 1);
    expect(replacing.cancelled).toEqual(["12:01", "12:02"]);
  });

  test("the end of another run changes nothing", () => {
    const rig = new Rig(cron("* * * * *", { overlap: "skip" }));
    rig.at(minute(1));
    expect(rig.schedules.runEnded("f", "another")).toBeNull();
    expect(rig.at(minute(2))).toEqual([]);
  });
});

describe("registrations", () => {
  test("a cron that stays keeps its place", () => {
    const rig = new Rig(cron("*/10 * * * *"));
    rig.sync([rig.fn], minute(9));
    expect(rig.schedules.nextDueAt()).toBe(minute(10));
  });

  test("a cron that comes back begins now, and makes up for nothing", () => {
    const rig = new Rig(cron("* * * * *", { misfire: "all" }));
    rig.sync([], minute(2));
    expect(rig.schedules.nextDueAt()).toBeNull();
    rig.restart(minute(3));
    rig.sync([rig.fn], minute(30) + 1);
    expect(rig.at(minute(31))).toEqual(["12:31"]);
  });

  test("a run that ended while its function had no cron blocks nothing when the cron is back", () => {
    const rig = new Rig(cron("* * * * *", { overlap: "skip" }));
    rig.at(minute(1));
    rig.sync([], minute(1) + 1);
    rig.ended("12:01");
    rig.sync([rig.fn], minute(2) + 1);
    expect(rig.at(minute(3))).toEqual(["12:03"]);
  });

  test("a run that is still open when the cron is back counts", () => {
    const rig = new Rig(cron("* * * * *", { overlap: "skip" }));
    rig.at(minute(1));
    rig.sync([], minute(1) + 1);
    rig.sync([rig.fn], minute(1) + 2);
    expect(rig.at(minute(2))).toEqual([]);
  });

  test("an unreadable cron leaves the others alone", () => {
    const rig = new Rig(cron("nonsense"), cron("* * * * *"));
    expect(rig.at(minute(1))).toEqual(["12:01"]);
  });
});
