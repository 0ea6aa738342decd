import { describe, expect, test } from "vitest";
import { CallsOut, YOUNG_MS } from "./calls-out.ts";

const NOW = 1_800_000_000_000;

function outOf(max: number, youngMax: number, begun: readonly number[]): CallsOut {
  const calls = new CallsOut(max, youngMax);
  for (const at of begun) calls.began(at);
  return calls;
}

test("as many may be out as there may be at all, however old they are", () => {
  const calls = outOf(2, 10, [NOW, NOW]);
  expect(calls.hasRoom(NOW + 10 * YOUNG_MS)).toBe(false);
  expect(calls.nextRoomAt(NOW + 10 * YOUNG_MS)).toBe(null); // Only an end makes room.
  calls.ended(NOW);
  expect(calls.hasRoom(NOW + 10 * YOUNG_MS)).toBe(true);
});

describe("young calls", () => {
  test("stand in the way until they end", () => {
    const calls = outOf(100, 2, [NOW, NOW + 1]);
    expect(calls.hasRoom(NOW + 2)).toBe(false);
    calls.ended(NOW + 1);
    expect(calls.hasRoom(NOW + 2)).toBe(true);
    expect(calls.count).toBe(1);
  });

  test("or until they are older, which is told", () => {
    const calls = outOf(100, 2, [NOW, NOW + 30]);
    const at = calls.nextRoomAt(NOW + 31)!;
    expect(at).toBeGreaterThan(NOW + 31);
    expect(at).toBeLessThanOrEqual(NOW + YOUNG_MS);
    expect(calls.hasRoom(at - 1)).toBe(false);
    expect(calls.hasRoom(at)).toBe(true);
    expect(calls.nextRoomAt(at)).toBe(null);
    calls.began(at);
    expect(calls.hasRoom(at)).toBe(false); // The second one is young still.
    expect(calls.count).toBe(3);
  });

  test("are counted by when they began: the end of an old one makes no room for a young one", () => {
    const calls = outOf(100, 1, [NOW, NOW + 1_000]);
    calls.ended(NOW);
    expect(calls.hasRoom(NOW + 1_000)).toBe(false);
    calls.ended(NOW + 1_000);
    expect(calls.hasRoom(NOW + 1_000)).toBe(true);
  });

  test("a call whose beginning is named wrong makes room all the same", () => {
    const calls = outOf(100, 2, [NOW, NOW + 20]);
    calls.ended(NOW + 40);
    expect(calls.hasRoom(NOW + 40)).toBe(true);
    calls.ended(NOW + 10 * YOUNG_MS);
    expect(calls.count).toBe(0);
    calls.began(NOW + 41);
    expect(calls.hasRoom(NOW + 42)).toBe(true);
    calls.ended(NOW - 10 * YOUNG_MS); // As if an old one had ended: it is young until its time is over.
    expect(calls.hasRoom(NOW + 41 + YOUNG_MS)).toBe(true);
  });

  test("there is always room again, whatever happens", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const calls = new CallsOut(1_000, 3);
    const out: number[] = [];
    let now = NOW;
    for (let step = 0; step < 5_000; step++) {
      now += random(20);
      if (out.length > 0 && random(3) === 0) calls.ended(out.splice(random(out.length), 1)[0]!);
      else if (calls.hasRoom(now)) {
        calls.began(now);
        out.push(now);
      } else if (calls.count < 1_000) now = Math.max(now, calls.nextRoomAt(now)!);
      const young = out.filter((at) => at > now - YOUNG_MS / 2).length;
      expect(young).toBeLessThanOrEqual(3);
      expect(calls.count).toBe(out.length);
    }
  });
});
