import { describe, expect, test } from "vitest";
import { type Cron, isCronProblem, latestTicksBetween, nextTick, parseCron, ticksBetween } from "./cron.ts";

function cronOf(text: string): Cron {
  const cron = parseCron(text);
  if (isCronProblem(cron)) throw new Error(`${text}: ${cron.reason}`);
  return cron;
}

function reasonOf(text: string): string {
  const cron = parseCron(text);
  return isCronProblem(cron) ? cron.reason : "no problem";
}

/** The next ticks after an instant, as UTC texts to the minute. */
function ticksAfter(text: string, after: string, count: number): string[] {
  const ticks = ticksBetween(cronOf(text), Date.parse(after), Number.MAX_SAFE_INTEGER, count);
  return ticks.map((tick) => new Date(tick).toISOString().replace(":00.000Z", "Z"));
}

describe("reading", () => {
  test("five fields, six with seconds first, and descriptors", () => {
    expect(ticksAfter("*/5 * * * *", "2026-05-01T00:00:00Z", 2)).toEqual(["2026-05-01T00:05Z", "2026-05-01T00:10Z"]);
    expect(ticksAfter("30 0 9 * * *", "2026-05-01T00:00:00Z", 1)).toEqual(["2026-05-01T09:00:30.000Z"]);
    expect(ticksAfter("@hourly", "2026-05-01T00:00:00Z", 1)).toEqual(["2026-05-01T01:00Z"]);
    expect(ticksAfter("@daily", "2026-05-01T00:00:00Z", 1)).toEqual(["2026-05-02T00:00Z"]);
    expect(ticksAfter("@weekly", "2026-05-01T00:00:00Z", 1)).toEqual(["2026-05-03T00:00Z"]);
    expect(ticksAfter("@monthly", "2026-05-01T00:00:00Z", 1)).toEqual(["2026-06-01T00:00Z"]);
    expect(ticksAfter("@yearly", "2026-05-01T00:00:00Z", 1)).toEqual(["2027-01-01T00:00Z"]);
  });

  test("names, ranges, lists, steps and Sunday as 0 or 7", () => {
    expect(ticksAfter("0 9 * JAN MON", "2026-05-01T00:00:00Z", 1)).toEqual(["2027-01-04T09:00Z"]);
    expect(ticksAfter("0 9-17/4 * * 1-5", "2026-05-01T10:00:00Z", 2)).toEqual([
      "2026-05-01T13:00Z",
      "2026-05-01T17:00Z",
    ]);
    expect(ticksAfter("5/25 * * * *", "2026-05-01T00:00:00Z", 3)).toEqual([
      "2026-05-01T00:05Z",
      "2026-05-01T00:30Z",
      "2026-05-01T00:55Z",
    ]);
    expect(ticksAfter("0 0 * * 7", "2026-05-01T00:00:00Z", 1)).toEqual(
      ticksAfter("0 0 * * 0", "2026-05-01T00:00:00Z", 1),
    );
  });

  test("day of month or day of week: either is enough when both are given", () => {
    expect(ticksAfter("0 0 13 * 5", "2026-05-01T12:00:00Z", 3)).toEqual([
      "2026-05-08T00:00Z",
      "2026-05-13T00:00Z",
      "2026-05-15T00:00Z",
    ]);
  });

  test("a question mark means any, not the time of reading", () => {
    expect(ticksAfter("0 0 ? * 5", "2026-05-01T12:00:00Z", 1)).toEqual(["2026-05-08T00:00Z"]);
  });

  test("the registered text is kept to the byte", () => {
    const cron = cronOf("CRON_TZ=Europe/Paris  0  9 * * *");
    expect(cron).toMatchObject({ source: "CRON_TZ=Europe/Paris  0  9 * * *", zone: "Europe/Paris" });
  });

  test("both prefixes set the zone, and without one it is UTC", () => {
    expect(ticksAfter("TZ=Europe/Paris 0 9 * * *", "2026-07-01T00:00:00Z", 1)).toEqual(["2026-07-01T07:00Z"]);
    expect(ticksAfter("CRON_TZ=Asia/Kolkata 0 9 * * *", "2026-07-01T00:00:00Z", 1)).toEqual(["2026-07-01T03:30Z"]);
    expect(ticksAfter("0 9 * * *", "2026-07-01T00:00:00Z", 1)).toEqual(["2026-07-01T09:00Z"]);
  });
});

describe("refusing", () => {
  test("numbers of fields, values and words that are none", () => {
    for (const text of [
      "",
      "* * * *",
      "* * * * * * *",
      "60 * * * *",
      "* 24 * * *",
      "* * 0 * *",
      "* * * 13 *",
      "a * * * *",
    ]) {
      expect(reasonOf(text), text).not.toBe("no problem");
    }
    expect(reasonOf("* * * *")).toBe("it has 4 fields instead of 5, or 6 with seconds");
    expect(reasonOf("/5 * * * *")).toBe("a step needs something before it, as in */5");
    expect(reasonOf("*/0 * * * *")).not.toBe("no problem");
    expect(reasonOf("5-1 * * * *")).not.toBe("no problem");
  });

  test("descriptors that are unknown or have no calendar", () => {
    expect(reasonOf("@every 1h")).toContain("@every 1h is not one of @hourly");
    expect(reasonOf("@reboot")).toContain("is not one of");
  });

  test("dates that never come; the 29th of February does", () => {
    expect(reasonOf("0 0 31 2 *")).toBe("there is no such date");
    expect(reasonOf("0 0 30 2 *")).toBe("there is no such date");
    expect(ticksAfter("0 0 29 2 *", "2026-05-01T00:00:00Z", 1)).toEqual(["2028-02-29T00:00Z"]);
  });

  test("zones that are unknown, offsets, and the machine's own", () => {
    for (const zone of ["Europe/Atlantis", "+02:00", "Local", "UTC;x"]) {
      expect(reasonOf(`TZ=${zone} 0 9 * * *`), zone).toBe(`${zone} is not a time zone`);
    }
    expect(reasonOf("TZ=Europe/Paris")).not.toBe("no problem");
  });

  test("more than 255 characters", () => {
    expect(reasonOf(`${"1,".repeat(130)}1 * * * *`)).toBe("it has more than 255 characters");
  });
});

describe("ticks", () => {
  test("the next tick is strictly after the instant, also between seconds", () => {
    const cron = cronOf("* * * * *");
    const minute = Date.UTC(2026, 4, 1, 12, 1);
    expect(nextTick(cron, minute - 1)).toBe(minute);
    expect(nextTick(cron, minute)).toBe(minute + 60_000);
    expect(nextTick(cron, minute + 999)).toBe(minute + 60_000);
    expect(nextTick(cronOf("* * * * * *"), minute + 1)).toBe(minute + 1_000);
  });

  test("between two instants: the first excluded, the last included, the oldest or the newest of too many", () => {
    const cron = cronOf("* * * * *");
    const noon = Date.UTC(2026, 4, 1, 12);
    const minutes = (...numbers: number[]) => numbers.map((number) => noon + number * 60_000);
    expect(ticksBetween(cron, noon, noon + 180_000, 10)).toEqual(minutes(1, 2, 3));
    expect(ticksBetween(cron, noon, noon + 179_999, 10)).toEqual(minutes(1, 2));
    expect(ticksBetween(cron, noon, noon + 600_000, 2)).toEqual(minutes(1, 2));
    expect(latestTicksBetween(cron, noon, noon + 180_000, 10)).toEqual(minutes(1, 2, 3));
    expect(latestTicksBetween(cron, noon, noon + 179_999, 10)).toEqual(minutes(1, 2));
    expect(latestTicksBetween(cron, noon, noon + 600_001, 2)).toEqual(minutes(9, 10));
    expect(latestTicksBetween(cron, noon, noon + 1, 2)).toEqual([]);
  });
});

describe("clocks put forward", () => {
  test("a daily time that does not exist ticks once, right after the gap", () => {
    expect(ticksAfter("TZ=Europe/Berlin 30 2 * * *", "2025-03-29T12:00:00Z", 2)).toEqual([
      "2025-03-30T01:00Z",
      "2025-03-31T00:30Z",
    ]);
  });

  test("of several times a day only the missing one moves, and two that meet there tick once", () => {
    expect(ticksAfter("TZ=Europe/Berlin 30 2,14 * * *", "2025-03-29T14:00:00Z", 3)).toEqual([
      "2025-03-30T01:00Z",
      "2025-03-30T12:30Z",
      "2025-03-31T00:30Z",
    ]);
    expect(ticksAfter("TZ=Europe/Berlin 10,20 2 * * *", "2025-03-29T14:00:00Z", 2)).toEqual([
      "2025-03-30T01:00Z",
      "2025-03-31T00:10Z",
    ]);
  });

  test("an interval inside the gap does not tick that day", () => {
    expect(ticksAfter("TZ=Europe/Berlin */30 2 * * *", "2025-03-29T12:00:00Z", 2)).toEqual([
      "2025-03-31T00:00Z",
      "2025-03-31T00:30Z",
    ]);
  });

  test("an interval goes on evenly in real time", () => {
    expect(ticksAfter("TZ=Europe/Berlin */30 * * * *", "2025-03-30T00:10:00Z", 3)).toEqual([
      "2025-03-30T00:30Z",
      "2025-03-30T01:00Z",
      "2025-03-30T01:30Z",
    ]);
  });

  test("a gap of half an hour (Lord Howe)", () => {
    expect(ticksAfter("TZ=Australia/Lord_Howe 15 2 * * *", "2025-10-04T00:00:00Z", 2)).toEqual([
      "2025-10-04T15:30Z",
      "2025-10-05T15:15Z",
    ]);
  });
});

describe("clocks put back", () => {
  test("a daily time that exists twice ticks once, the first time", () => {
    expect(ticksAfter("TZ=Europe/Berlin 30 2 * * *", "2025-10-25T12:00:00Z", 2)).toEqual([
      "2025-10-26T00:30Z",
      "2025-10-27T01:30Z",
    ]);
  });

  test("several times a day tick once each", () => {
    expect(ticksAfter("TZ=Europe/Berlin 0,30 2 * * *", "2025-10-25T12:00:00Z", 3)).toEqual([
      "2025-10-26T00:00Z",
      "2025-10-26T00:30Z",
      "2025-10-27T01:00Z",
    ]);
  });

  test("an interval ticks in both hours", () => {
    expect(ticksAfter("TZ=Europe/Berlin */30 2 * * *", "2025-10-25T12:00:00Z", 5)).toEqual([
      "2025-10-26T00:00Z",
      "2025-10-26T00:30Z",
      "2025-10-26T01:00Z",
      "2025-10-26T01:30Z",
      "2025-10-27T01:00Z",
    ]);
  });

  test("half an hour that exists twice (Lord Howe)", () => {
    expect(ticksAfter("TZ=Australia/Lord_Howe */15 1 * * *", "2026-04-04T00:00:00Z", 7)).toEqual([
      "2026-04-04T14:00Z",
      "2026-04-04T14:15Z",
      "2026-04-04T14:30Z",
      "2026-04-04T14:45Z",
      "2026-04-04T15:00Z",
      "2026-04-04T15:15Z",
      "2026-04-05T14:30Z",
    ]);
  });

  test("going back over the change finds the same ticks as going forward", () => {
    for (const text of [
      "TZ=Europe/Berlin 30 2 * * *",
      "TZ=Europe/Berlin */20 * * * *",
      "TZ=Australia/Lord_Howe */15 1 * * *",
    ]) {
      const cron = cronOf(text);
      for (const day of ["2025-03-30", "2025-10-26", "2025-10-05", "2026-04-05"]) {
        const from = Date.parse(`${day}T00:00:00Z`) - 86_400_000;
        const until = from + 3 * 86_400_000;
        expect(latestTicksBetween(cron, from, until, 500), `${text} ${day}`).toEqual(
          ticksBetween(cron, from, until, 500),
        );
      }
    }
  });
});
