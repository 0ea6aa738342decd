import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { coalesce } from "./coalesce.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the first reason is followed at once, those that come meanwhile by one look more", async () => {
  const look = vi.fn(async () => {});
  const again = coalesce(look, 250);
  again();
  expect(look).toHaveBeenCalledTimes(1);
  for (let reasons = 0; reasons < 1_000; reasons++) again();
  await vi.advanceTimersByTimeAsync(250);
  expect(look).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(look).toHaveBeenCalledTimes(2);
});

test("there is one look at a time, and the gap after a slow one is as long as it took", async () => {
  let isBusy = 0;
  const look = vi.fn(async () => {
    expect(++isBusy).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    isBusy--;
  });
  const again = coalesce(look, 250);
  again();
  again();
  await vi.advanceTimersByTimeAsync(1_900);
  expect(look).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(look).toHaveBeenCalledTimes(2);
});

test("a look that fails does not end the looking", async () => {
  const look = vi.fn(() => Promise.reject(new Error("away")));
  const again = coalesce(look, 250);
  again();
  await vi.advanceTimersByTimeAsync(250);
  again();
  expect(look).toHaveBeenCalledTimes(2);
});

test("nothing is looked at once it has stopped", async () => {
  const look = vi.fn(async () => {});
  const again = coalesce(look, 250);
  again.stop();
  again();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).not.toHaveBeenCalled();
});
