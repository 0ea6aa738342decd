import { describe, expect, test } from "vitest";
import { isPlaceBefore, type JobHint } from "./hint.ts";
import { type PageRequest, TimeWindow, type TimeWindowLimits } from "./time-window.ts";

const hint = (runId: string, dueAt: number): JobHint => ({
  runId,
  dueAt,
  slot: "main",
  functionId: "f",
  orderAt: 0,
  isTimer: true,
  isStart: false,
  isRequest: false,
  flow: null,
  key: "",
});

const START = Number.NEGATIVE_INFINITY;

/** A window that begins now and holds everything up to the horizon. */
function opened(limits: TimeWindowLimits = { hintsMax: 100, horizonMs: 1_000 }): TimeWindow {
  const window = new TimeWindow("timers", START, limits);
  window.adoptPage(window.pageRequest(0)!, []);
  return window;
}

function takeAll(window: TimeWindow, now: number): string[] {
  window.release(now);
  const taken: string[] = [];
  for (let next = window.next(); next !== undefined; next = window.next()) taken.push(next.runId);
  return taken;
}

describe("the window", () => {
  test("the first page begins before all time and ends at the horizon", () => {
    const request = new TimeWindow("timers", START, { hintsMax: 100, horizonMs: 1_000 }).pageRequest(5_000)!;
    expect(request).toMatchObject({ untilAt: 6_000, limit: 25 });
    expect(request.after.dueAt).toBe(Number.NEGATIVE_INFINITY);
  });

  test("one page is read at a time", () => {
    const window = new TimeWindow("timers", START, { hintsMax: 100, horizonMs: 1_000 });
    expect(window.pageRequest(0)).not.toBeNull();
    expect(window.pageRequest(0)).toBeNull();
    expect(window.nextPageAt()).toBeNull();
  });

  test("the next page is due when half of the horizon is used, exactly when it says so", () => {
    const window = opened();
    const at = window.nextPageAt()!;
    expect(at).toBe(500);
    expect(window.pageRequest(at - 1)).toBeNull();
    expect(window.pageRequest(at)).not.toBeNull();
  });

  test("a full page ends at its last hint, and the next begins there", () => {
    const window = new TimeWindow("timers", START, { hintsMax: 8, horizonMs: 1_000 });
    const page = [hint("a", 1), hint("b", 2)];
    window.adoptPage(window.pageRequest(0)!, page);
    expect(window.pageRequest(0)!.after).toMatchObject({ dueAt: 2, runId: "b" });
  });

  test("a job beyond the window stays in the store", () => {
    const window = opened();
    window.add(hint("far", 5_000), 0);
    expect(window.size).toBe(0);
  });

  test("a job written while its page is being read is not lost between", () => {
    const window = opened();
    const request = window.pageRequest(500)!; // Read from the store now: the job below is not there yet.
    window.add(hint("between", 1_200), 0);
    window.batchStored(0);
    window.adoptPage(request, []);
    expect(takeAll(window, 1_200)).toEqual(["between"]);
  });

  test("a job beyond the window is kept until its batch is stored, should a page be read before", () => {
    const window = opened();
    window.add(hint("soon", 1_200), 0);
    const request = window.pageRequest(500)!; // The commit is under way: the page may not show it.
    window.adoptPage(request, []);
    window.batchStored(0);
    expect(takeAll(window, 1_200)).toEqual(["soon"]);
  });

  test("a job far beyond the window is kept through a page that ends before it, while its batch is not stored", () => {
    const window = opened();
    window.add(hint("far", 1_800), 0);
    window.adoptPage(window.pageRequest(500)!, []); // Up to 1,500.
    const request = window.pageRequest(1_000)!; // Up to 2,000; the commit is still under way.
    window.adoptPage(request, []);
    window.batchStored(0);
    expect(takeAll(window, 1_800)).toEqual(["far"]);
  });

  test("too many timers: the later half goes back to the store and is paged in again", () => {
    const window = opened({ hintsMax: 8, horizonMs: 1_000 });
    for (let at = 1; at <= 9; at++) window.add(hint(`r${at}`, at), 0);
    expect(window.size).toBeLessThanOrEqual(8);
    window.batchStored(0);
    const stored = Array.from({ length: 9 }, (_, index) => hint(`r${index + 1}`, index + 1));
    expect(drain(window, stored, 9)).toEqual(stored.map((job) => job.runId));
  });
});

/** Takes everything that is due, reading pages whenever the window wants one. */
function drain(window: TimeWindow, stored: readonly JobHint[], now: number): string[] {
  const taken: string[] = [];
  for (let count = 0; count < 50; count++) {
    taken.push(...takeAll(window, now));
    const request = window.pageRequest(now);
    if (request !== null) window.adoptPage(request, pageOf(stored, request));
  }
  return taken;
}

function pageOf(stored: readonly JobHint[], { after, untilAt, limit }: PageRequest): JobHint[] {
  return stored
    .filter((job) => job.dueAt <= untilAt && isPlaceBefore(after, job))
    .sort((left, right) => (isPlaceBefore(left, right) ? -1 : 1))
    .slice(0, limit);
}
