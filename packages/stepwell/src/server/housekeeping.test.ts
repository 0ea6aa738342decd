import { expect, test } from "vitest";
import type { Clock } from "../engine/ports.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { createLog } from "./log.ts";

function setUp(counts: number[]) {
  let now = 0;
  const timers: { at: number; task: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    defer: (task) => task(),
    at(at, task) {
      const timer = { at, task };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const asked: number[] = [];
  const expireFlow = async (at: number) => {
    asked.push(at);
    const count = counts.shift();
    if (count === undefined) throw new Error("store away");
    return count;
  };
  const stop = startHousekeeping({
    clock,
    store: { expireFlow, expireRunStats: async () => 0, expireAudit: async () => 0 },
    access: { expire: async () => {} },
    log: createLog({ format: "human", level: "silent" }),
  });
  const tick = async () => {
    const timer = timers.shift()!;
    now = timer.at;
    timer.task();
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  };
  return { asked, timers, tick, stop };
}

test("what has expired goes once a minute, and at once again while there is more", async () => {
  const { asked, tick } = setUp([1_000, 3, 0]);
  await tick();
  await tick();
  await tick();
  expect(asked).toEqual([60_000, 60_100, 120_100]);
});

test("a failure is not the end of it", async () => {
  const { timers, tick } = setUp([]);
  await tick();
  expect(timers.map((timer) => timer.at)).toEqual([120_000]);
});

test("stopped means stopped", async () => {
  const { timers, stop } = setUp([1]);
  stop();
  expect(timers).toEqual([]);
});
