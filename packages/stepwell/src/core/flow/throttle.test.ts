import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ThrottleRule } from "../../protocol/flow.ts";
import { afterChange, afterRefund, afterStart, allowedAt } from "./throttle.ts";

const rule = (limit: number, periodMs: number, burst = 0): ThrottleRule => ({ limit, periodMs, burst, key: null });

/** Start times of so many runs that wait, the clock in whole ms, as the loop has it. */
function startsOf(throttle: ThrottleRule, count: number, from = 0): number[] {
  let fullAt: number | null = null;
  let now = from;
  return Array.from({ length: count }, () => {
    now = Math.max(now, Math.ceil(allowedAt(throttle, fullAt, now)));
    fullAt = afterStart(throttle, fullAt, now);
    return now - from;
  });
}

describe("start times of runs that all wait", () => {
  test.each([
    { of: rule(1, 1_000), times: [0, 1_000, 2_000, 3_000] },
    { of: rule(1, 1_000, 1), times: [0, 0, 1_000, 2_000] },
    { of: rule(5, 60_000), times: [0, 0, 0, 0, 0, 12_000, 24_000, 36_000] },
    { of: rule(5, 60_000, 1), times: [0, 0, 0, 0, 0, 0, 12_000, 24_000, 36_000] },
    { of: rule(2, 10_000, 3), times: [0, 0, 0, 0, 0, 5_000, 10_000] },
    { of: rule(3, 1_000), times: [0, 0, 0, 334, 667, 1_000, 1_334, 1_667, 2_000] },
    { of: rule(7, 1_000, 2), times: [0, 0, 0, 0, 0, 0, 0, 0, 0, 143, 286, 429, 572, 715, 858, 1_000] },
  ])("$of.limit in $of.periodMs ms, burst $of.burst", ({ of, times }) => {
    expect(startsOf(of, times.length)).toEqual(times);
    expect(startsOf(of, times.length, 1_790_000_000_123)).toEqual(times);
  });

  test("an interval that is no whole number of ms drifts by nothing in a million starts", () => {
    expect(startsOf(rule(3, 1_000), 1_000_000).at(-1)).toBe(Math.ceil(((1_000_000 - 3) * 1_000) / 3));
  });
});

test.each([
  { from: rule(1, 86_400_000), to: rule(1, 1_000), next: 1_000 },
  { from: rule(1, 1_000), to: rule(1, 86_400_000), next: 86_400_000 },
  { from: rule(100, 60_000), to: rule(2, 10_000), next: 5_000 },
  { from: rule(2, 10_000), to: rule(4, 10_000), next: 0 },
])("a rule that changes counts at once, for what has started too: next at $next", ({ from, to, next }) => {
  let fullAt: number | null = null;
  for (let count = 0; count < from.limit; count++) fullAt = afterStart(from, fullAt, 0);
  expect(Math.max(0, allowedAt(to, afterChange(from, to, fullAt!, 0), 0))).toBe(next);
});

test("a start that did not happen gives its token back", () => {
  const throttle = rule(1, 1_000);
  const fullAt = afterStart(throttle, null, 500);
  expect(allowedAt(throttle, fullAt, 500)).toBe(1_500);
  expect(allowedAt(throttle, afterRefund(throttle, fullAt), 500)).toBe(500);
});

test("a bucket that was full long ago is as one that is full now", () => {
  expect(allowedAt(rule(4, 1_000), 10, 5_000)).toBe(allowedAt(rule(4, 1_000), null, 5_000));
});

test("whoever comes when: never more than limit + burst and one per interval in any time, and never later than needed", () => {
  const rules = fc.record({
    limit: fc.integer({ min: 1, max: 9 }),
    periodMs: fc.integer({ min: 1, max: 60 }).map((seconds) => seconds * 1_000),
    burst: fc.nat(5),
  });
  fc.assert(
    fc.property(rules, fc.array(fc.nat(20_000), { maxLength: 60 }), ({ limit, periodMs, burst }, gaps) => {
      const throttle = rule(limit, periodMs, burst);
      const starts: number[] = [];
      let [now, fullAt] = [0, null as number | null];
      for (const gap of gaps) {
        const asked = now + gap;
        now = Math.max(asked, Math.ceil(allowedAt(throttle, fullAt, asked)));
        fullAt = afterStart(throttle, fullAt, now);
        starts.push(now);
      }
      for (let first = 0; first < starts.length; first++) {
        for (let last = first; last < starts.length; last++) {
          const spanMs = starts[last]! - starts[first]!;
          expect(last - first + 1).toBeLessThanOrEqual(limit + burst + Math.floor((spanMs * limit) / periodMs));
        }
      }
    }),
    { numRuns: 200 },
  );
});
