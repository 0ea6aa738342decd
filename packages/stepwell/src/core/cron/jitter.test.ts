import fc from "fast-check";
import { expect, test } from "vitest";
import { jitterDelayMs } from "./jitter.ts";

test("the delay lies between one second and the jitter", () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: 1_001, max: 300_000 }),
      (id, tick, jitter) => {
        const delay = jitterDelayMs(id, tick, jitter);
        expect(Number.isInteger(delay) && delay >= 1_000 && delay < jitter).toBe(true);
      },
    ),
  );
});

test("no jitter is no delay, and the smallest jitter is its own delay", () => {
  expect(jitterDelayMs("fn", 0, 0)).toBe(0);
  expect(jitterDelayMs("fn", 0, 1_000)).toBe(1_000);
});

test("the same function and tick have the same delay on every server", () => {
  expect(jitterDelayMs("5f0c", 1_777_636_800_000, 60_000)).toBe(jitterDelayMs("5f0c", 1_777_636_800_000, 60_000));
  expect(jitterDelayMs("5f0c", 1_777_636_800_000, 60_000)).toMatchInlineSnapshot(`55252`);
});

test("functions and ticks spread evenly", () => {
  const slots = new Array<number>(10).fill(0);
  for (let index = 0; index < 10_000; index++) {
    const delay = jitterDelayMs(`fn-${index % 100}`, 60_000 * Math.floor(index / 100), 61_000);
    slots[Math.floor((delay - 1_000) / 6_000)]! += 1;
  }
  expect(Math.min(...slots)).toBeGreaterThan(850);
  expect(Math.max(...slots)).toBeLessThan(1_150);
});
