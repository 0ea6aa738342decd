import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

test("whatever goes in comes out in order, however pushes and pops are mixed", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: null })), (moves) => {
      const heap = new Heap<number>((left, right) => left < right);
      const model: number[] = [];
      for (const move of moves) {
        if (move === null) expect(heap.pop()).toBe(model.shift());
        else {
          heap.push(move);
          model.push(move);
          model.sort((left, right) => left - right);
        }
        expect(heap.size).toBe(model.length);
        expect(heap.peek()).toBe(model[0]);
      }
    }),
  );
});

test("draining empties it", () => {
  const heap = new Heap<number>((left, right) => left < right);
  for (const item of [3, 1, 2]) heap.push(item);
  expect(heap.drain().sort()).toEqual([1, 2, 3]);
  expect(heap.pop()).toBeUndefined();
});
