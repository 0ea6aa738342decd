import { expect, test } from "vitest";
import { gapsOf, timeScale } from "./time-scale.ts";

const DAY = 86_400_000;
const busy = [
  { from: 0, until: 1_000 },
  { from: 3 * DAY, until: 3 * DAY + 1_000 },
];

test("a scale only grows, folded or not", () => {
  for (const isFolding of [true, false]) {
    const scale = timeScale(0, 3 * DAY + 1_000, busy, isFolding);
    const places = Array.from({ length: 101 }, (_, step) => scale.position(((3 * DAY + 1_000) * step) / 100));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBe(0);
    expect(places.at(-1)).toBeCloseTo(1);
  }
});

test("days of sleep are folded, so that work of a second can be seen", () => {
  const scale = timeScale(0, 3 * DAY + 1_000, busy, true);
  expect(scale.folds).toHaveLength(1);
  expect(scale.position(1_000)).toBeGreaterThan(0.4);
  expect(timeScale(0, 3 * DAY + 1_000, busy, false).position(1_000)).toBeLessThan(0.001);
});

test("where nothing executes at all, nothing is folded", () => {
  expect(timeScale(0, DAY, [], true).folds).toEqual([]);
});

test("what lies outside stands at the edge", () => {
  const scale = timeScale(100, 200, [], true);
  expect([scale.position(0), scale.position(1_000)]).toEqual([0, 1]);
});

test("gaps are what no interval covers, also where those overlap", () => {
  const gaps = gapsOf(0, 10, [
    { from: 6, until: 8 },
    { from: 2, until: 5 },
    { from: 3, until: 4 },
  ]);
  expect(gaps).toEqual([
    { from: 0, until: 2 },
    { from: 5, until: 6 },
    { from: 8, until: 10 },
  ]);
});
