import { expect, test } from "vitest";
import { eventIdFromSeed, isUlid, ulidTime } from "../protocol/ids.ts";
import { freshSeed, stepSeed } from "./seed.ts";

const RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const STEP = "ab".repeat(20);

test("a step's seed is its own, and the same whenever the step runs", () => {
  expect(stepSeed(RUN, STEP)).toBe(stepSeed(RUN, STEP));
  expect(stepSeed(RUN, STEP)).not.toBe(stepSeed(RUN, "cd".repeat(20)));
  expect(stepSeed(RUN, STEP)).not.toBe(stepSeed("01ARZ3NDEKTSV4RRFFQ69G5FAW", STEP));
});

test("servers make ids of it, with the time of the run", () => {
  const id = eventIdFromSeed(stepSeed(RUN, STEP), 0)!;
  expect(isUlid(id)).toBe(true);
  expect(ulidTime(id)).toBe(ulidTime(RUN));
});

test("a run id of an unknown form still gives a seed", () => {
  expect(eventIdFromSeed(stepSeed("run-1", STEP), 0)).not.toBeNull();
});

test("fresh seeds differ", () => {
  expect(freshSeed()).not.toBe(freshSeed());
});
