import { expect, test } from "vitest";
import { clockText, durationText, exactText, relativeText } from "./time.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("durations have the two units that matter", () => {
  const texts = [-5, 0, 840, 3_240, 45_900, 4 * MINUTE + 12 * SECOND, 2 * HOUR, 3 * DAY + 4 * HOUR].map(durationText);
  expect(texts).toEqual(["0 ms", "0 ms", "840 ms", "3.2 s", "45 s", "4 m 12 s", "2 h", "3 d 4 h"]);
});

test("distances from now, before and after it", () => {
  const now = Date.UTC(2026, 5, 1, 12);
  const texts = [now, now - 12 * SECOND, now - 3 * HOUR, now + 5 * MINUTE, now + 6 * DAY, now + 7 * DAY - MINUTE].map(
    (at) => relativeText(at, now),
  );
  expect(texts).toEqual(["just now", "12 s ago", "3 h ago", "in 5 m", "in 6 d", "in 6 d 23 h"]);
  expect(relativeText(now - 90 * DAY, now)).toBe("2026-03-03");
});

test("an hour of today stands alone, one of another day has its date", () => {
  const noon = new Date(2026, 5, 1, 12, 5).getTime();
  expect(clockText(noon, noon + HOUR)).toBe("12:05");
  expect(clockText(noon, noon + 2 * DAY)).toBe("06-01 12:05");
  expect(exactText(noon)).toBe("2026-06-01 12:05:00.000");
});
