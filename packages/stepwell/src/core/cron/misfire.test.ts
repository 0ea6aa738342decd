import { describe, expect, test } from "vitest";
import { type Cron, isCronProblem, parseCron } from "./cron.ts";
import { dueTicks, MISFIRE_DROPPED_COUNTED_MAX, MISFIRE_TICKS_MAX } from "./misfire.ts";

function cronOf(text: string): Cron {
  const cron = parseCron(text);
  if (isCronProblem(cron)) throw new Error(cron.reason);
  return cron;
}

const everyMinute = cronOf("* * * * *");
const noon = Date.UTC(2026, 4, 1, 12);
const minute = (number: number) => noon + number * 60_000;

describe("in ordinary operation", () => {
  test("a tick that has just come due is fired by every policy", () => {
    const expected = { fire: [minute(1)], dropped: 0, next: minute(2) };
    expect(dueTicks(everyMinute, "skip", noon, minute(1) + 5)).toEqual(expected);
    expect(dueTicks(everyMinute, "once", noon, minute(1) + 5)).toEqual(expected);
    expect(dueTicks(everyMinute, "all", noon, minute(1) + 5)).toEqual(expected);
  });

  test("at the very instant of the tick it is due, before it not", () => {
    expect(dueTicks(everyMinute, "once", noon, minute(1))).toMatchObject({ fire: [minute(1)], next: minute(2) });
    expect(dueTicks(everyMinute, "once", noon, minute(1) - 1)).toMatchObject({ fire: [], next: minute(1) });
  });

  test("a clock that stepped back fires nothing twice", () => {
    expect(dueTicks(everyMinute, "all", minute(5), minute(2))).toEqual({ fire: [], dropped: 0, next: minute(6) });
  });
});

describe("after ten minutes of downtime", () => {
  const now = minute(10) + 30_000;

  test("once fires the most recent tick only", () => {
    expect(dueTicks(everyMinute, "once", noon, now)).toEqual({ fire: [minute(10)], dropped: 0, next: minute(11) });
  });

  test("all fires every tick, oldest first", () => {
    const fire = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(minute);
    expect(dueTicks(everyMinute, "all", noon, now)).toEqual({ fire, dropped: 0, next: minute(11) });
  });

  test("skip fires what is at most a minute old", () => {
    expect(dueTicks(everyMinute, "skip", noon, now)).toEqual({ fire: [minute(10)], dropped: 0, next: minute(11) });
    expect(dueTicks(cronOf("5 12 * * *"), "skip", noon, now).fire).toEqual([]);
    expect(dueTicks(cronOf("5 12 * * *"), "skip", noon, minute(6)).fire).toEqual([minute(5)]);
    expect(dueTicks(cronOf("5 12 * * *"), "skip", noon, minute(6) + 1).fire).toEqual([]);
  });

  test("a daily schedule that was missed is made up for by once and all, not by skip", () => {
    const daily = cronOf("0 12 * * *");
    const evening = noon + 6 * 3_600_000;
    expect(dueTicks(daily, "once", noon - 1, evening).fire).toEqual([noon]);
    expect(dueTicks(daily, "all", noon - 1, evening).fire).toEqual([noon]);
    expect(dueTicks(daily, "skip", noon - 1, evening).fire).toEqual([]);
  });
});

describe("after a year of downtime", () => {
  test("all fires the newest ticks and counts the rest up to a limit", () => {
    const now = noon + 365 * 86_400_000;
    const { fire, dropped } = dueTicks(everyMinute, "all", noon, now);
    expect(fire).toHaveLength(MISFIRE_TICKS_MAX);
    expect(fire.at(-1)).toBe(now);
    expect(dropped).toBe(MISFIRE_DROPPED_COUNTED_MAX);
  });

  test("just over the limit the count of the rest is exact", () => {
    const { fire, dropped } = dueTicks(everyMinute, "all", noon, minute(MISFIRE_TICKS_MAX + 7));
    expect(fire[0]).toBe(minute(8));
    expect(dropped).toBe(7);
  });
});
