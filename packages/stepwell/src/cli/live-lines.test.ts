import pc from "picocolors";
import { expect, test } from "vitest";
import type { Notice } from "../core/batch.ts";
import { LiveLines } from "./live-lines.ts";

const AT = Date.parse("2030-01-01T00:00:00Z");
const names = { functionName: (id: string) => `shop-${id}`, functionCount: () => 2 };
const lines = () => new LiveLines(names, pc.createColors(false));

function notice(fields: Partial<Notice>): Notice {
  return {
    kind: "run_started",
    id: "01J",
    runId: "01J",
    functionId: "pay",
    name: "order/placed",
    status: "running",
    at: AT,
    ...fields,
  };
}

/** The line without its time of day, which is local. */
const text = (all: readonly string[]) => all.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""));

test("a run is told when it starts and when it ends, with how long it took", () => {
  const live = lines();
  expect(text(live.lines(notice({})))).toEqual(["▸ shop-pay started by order/placed  01J"]);
  const ended = notice({ kind: "run_ended", status: "completed", at: AT + 1_200 });
  expect(text(live.lines(ended))).toEqual(["✓ shop-pay completed in 1.2 s  01J"]);
});

test("a failed run is told with its error, also when its start was not seen", () => {
  const failed = notice({ kind: "run_ended", status: "failed" });
  expect(text(lines().lines(failed, "Error: no luck"))).toEqual(["✗ shop-pay failed: Error: no luck  01J"]);
});

test("an app is told with the number of its functions; events and steps are not told", () => {
  expect(text(lines().lines(notice({ kind: "app_synced", id: "shop", name: "shop" })))).toEqual([
    "● app shop synced, 2 functions",
  ]);
  expect(lines().lines(notice({ kind: "event_received" }))).toEqual([]);
  expect(lines().lines(notice({ kind: "step_completed" }))).toEqual([]);
});

test("a flood is counted, not printed", () => {
  const live = lines();
  const printed = Array.from({ length: 100 }, (_, index) => live.lines(notice({ id: String(index) }))).flat();
  expect(printed).toHaveLength(30);
  expect(live.lines(notice({ at: AT + 1_000 }))[0]).toContain("and 70 more");
});

test("an attempt that failed is told when it fails, with its step and its error", () => {
  const failed = notice({ kind: "attempt_failed", id: "hash", name: "charge", status: "retrying" });
  expect(text(lines().lines(failed, "Error: no luck"))).toEqual([
    "↻ shop-pay failed at charge, and tries it again: Error: no luck  01J",
  ]);
  const ofFunction = notice({ kind: "attempt_failed", name: "", status: "retrying" });
  expect(text(lines().lines(ofFunction))).toEqual(["↻ shop-pay failed, and tries it again  01J"]);
});

test("what would not be printed need not be looked up", () => {
  const live = lines();
  for (let count = 0; count < 30; count++) live.lines(notice({}));
  expect([live.hasRoom(AT), live.hasRoom(AT + 1_000)]).toEqual([false, true]);
});
