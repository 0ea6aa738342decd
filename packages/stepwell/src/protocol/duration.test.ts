import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("a duration text", () => {
  test.each([
    ["30s", 30_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["1w", 604_800_000],
    ["300ms", 300],
    ["1h30m", 5_400_000],
    ["1d2h", 93_600_000],
    ["1.5h", 5_400_000],
    ["1h 30m", 5_400_000],
    ["0s", 0],
    ["1500us", 2],
    ["1500000ns", 2],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    " ",
    "10",
    "1,5h",
    "1d foo 2h",
    "-5s",
    "5 minutes",
    "h",
    "1e3s",
    "NaN",
    "1h30",
    "∞",
    `${"9".repeat(400)}w`,
  ])("%j is none", (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  test("is never NaN, whatever the text", () => {
    fc.assert(fc.property(fc.string(), (text) => Number.isNaN(parseDuration(text) ?? 0) === false));
  });

  test("survives formatting", () => {
    fc.assert(fc.property(fc.nat({ max: 10 ** 12 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});
