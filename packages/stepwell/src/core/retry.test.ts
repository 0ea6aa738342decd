import fc from "fast-check";
import { expect, test } from "vitest";
import { RETRY_JITTER_MS, retryDelayMs } from "./retry.ts";

const CURVE = { intervalMs: null };
const least = { uint32: () => 0 };
const most = { uint32: () => 2 ** 32 - 1 };

test("the delays of the curve, exactly, without their jitter", () => {
  const delays = Array.from({ length: 12 }, (_, attempt) => retryDelayMs(attempt, null, CURVE, least) / 1_000);
  expect(delays).toEqual([15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200, 7_200, 7_200]);
});

test("the jitter is at least nothing and less than thirty seconds", () => {
  expect(RETRY_JITTER_MS).toBe(30_000);
  expect(retryDelayMs(0, null, CURVE, most)).toBe(15_000 + 29_999);
  fc.assert(
    fc.property(fc.nat(30), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (attempt, chance) => {
      const jitter =
        retryDelayMs(attempt, null, CURVE, { uint32: () => chance }) - retryDelayMs(attempt, null, CURVE, least);
      return jitter >= 0 && jitter < 30_000;
    }),
  );
});

test("a wish is kept between one second and a day, and has no jitter", () => {
  expect(retryDelayMs(5, 7_000, CURVE, most)).toBe(7_000);
  expect(retryDelayMs(5, 0, CURVE, most)).toBe(1_000);
  expect(retryDelayMs(5, 1e12, CURVE, most)).toBe(86_400_000);
});

test("a constant interval replaces the curve, but not a wish", () => {
  expect(retryDelayMs(9, null, { intervalMs: 250 }, most)).toBe(250);
  expect(retryDelayMs(9, 9_000, { intervalMs: 250 }, most)).toBe(9_000);
});
