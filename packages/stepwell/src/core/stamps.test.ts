import { expect, test } from "vitest";
import { Stamps } from "./stamps.ts";

test("a stamp is the time", () => {
  const stamps = new Stamps(0);
  expect([5, 5, 9].map((now) => stamps.at(now))).toEqual([5, 5, 9]);
});

test("where the clock was set back, stamps go on from the last one until it has caught up", () => {
  const stamps = new Stamps(100);
  expect([90, 90, 91, 99, 103, 104].map((now) => stamps.at(now))).toEqual([101, 101, 102, 103, 103, 104]);
});
