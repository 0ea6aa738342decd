import { describe, expect, test } from "vitest";
import type { RateLimitRule } from "../../protocol/flow.ts";
import { rateLimit } from "./rate-limit.ts";

type Numbers = Pick<RateLimitRule, "algorithm" | "limit" | "periodMs">;

/** Which of the events at these times are admitted, each under the rule of its time. */
function admitted(...events: readonly (readonly [at: number, rule: Numbers])[]): number[] {
  let state: string | null = null;
  return events.flatMap(([at, numbers]) => {
    const verdict = rateLimit({ ...numbers, key: null }, state, at);
    if (!verdict.isAdmitted) return [];
    expect(verdict.expiresAt).toBeGreaterThan(at);
    ({ state } = verdict);
    return [at];
  });
}

const hour = 3_600_000;
const slow: Numbers = { algorithm: "gcra", limit: 1, periodMs: 24 * hour };
const fast: Numbers = { algorithm: "gcra", limit: 60, periodMs: 60_000 };
const window: Numbers = { algorithm: "window", limit: 2, periodMs: 60_000 };

describe("a rule that changes counts at once", () => {
  test("what has not been made up for is made up for at the new pace", () => {
    expect(admitted([0, slow], [1_000, slow], [2_000, fast], [3_000, fast])).toEqual([0, 2_000, 3_000]);
    expect(admitted([0, fast], [1, slow], [24 * hour, slow], [25 * hour, slow])).toEqual([0, 24 * hour]);
  });

  test("from a window to even spacing: what the window remembers has been started", () => {
    const spread: Numbers = { algorithm: "gcra", limit: 2, periodMs: 60_000 };
    expect(admitted([0, window], [0, window], [1, spread], [59_999, spread], [60_000, spread])).toEqual([0, 0, 60_000]);
  });

  test("from even spacing to a window: it begins anew, and holds", () => {
    expect(admitted([0, slow], [1, window], [2, window], [3, window], [60_001, window])).toEqual([0, 1, 2, 60_001]);
  });

  test("a window's limit that is lowered lets in none before fewer are left than that", () => {
    const one: Numbers = { ...window, limit: 1 };
    expect(admitted([0, window], [10, window], [60_005, one], [60_010, one])).toEqual([0, 10, 60_010]);
  });
});
