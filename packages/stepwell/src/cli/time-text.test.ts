import { expect, test } from "vitest";
import { relativeText, tookText } from "./time-text.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

test("durations have one unit, or two", () => {
  expect(tookText(0)).toBe("0 ms");
  expect(tookText(999.4)).toBe("999 ms");
  expect(tookText(1_234)).toBe("1.2 s");
  expect(tookText(59_960)).toBe("1 min");
  expect(tookText(184 * SECOND)).toBe("3 min 4 s");
  expect(tookText(2 * HOUR)).toBe("2 h");
  expect(tookText(50.5 * HOUR)).toBe("2 d 2 h");
});

test("times are told by their distance", () => {
  const now = Date.parse("2030-01-01T00:00:00Z");
  expect(relativeText(now - 400, now)).toBe("now");
  expect(relativeText(now - 59 * SECOND, now)).toBe("59 s ago");
  expect(relativeText(now - 90 * SECOND, now)).toBe("1 min ago");
  expect(relativeText(now + 3 * HOUR, now)).toBe("in 3 h");
  expect(relativeText(now - 75 * HOUR, now)).toBe("3 d ago");
});
