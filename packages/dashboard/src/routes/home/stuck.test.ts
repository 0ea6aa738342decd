import { expect, test } from "vitest";
import type { App, Fn, Queue, SyncFailure } from "../../api/records.ts";
import { stuckThings } from "./stuck.ts";

const AT = "2026-01-01T12:00:00.000Z";
const queue = (fields: Partial<Queue> = {}): Queue => {
  return { calls: 0, calls_max: 10, functions: [], function_count: 0, lanes: [], jobs: [], waited_names: 0, ...fields };
};
const app = (fields: Partial<App> = {}) => ({ name: "shop", down: null, ...fields }) as App;
const fn = (fields: Partial<Fn> = {}) => ({ slug: "shop-a", name: "A", paused: null, ...fields }) as Fn;
const nothing = { queue: queue(), apps: [app()], functions: [fn()], failures: [] };

test("nothing is stuck where all work goes on", () => {
  expect(stuckThings(nothing)).toEqual([]);
});

test("an app that cannot be reached comes first, with the next try", () => {
  const down = { since: AT, reason: "connection refused", tries: 3, is_probing: false, next_probe_at: AT };
  const things = stuckThings({ ...nothing, apps: [app({ down })], functions: [fn({ paused: "hold" })] });
  expect(things.map(({ title }) => title)).toEqual(["shop cannot be reached", "A is paused"]);
  expect(things[0]).toMatchObject({ tone: "bad", expectedAt: AT, to: { view: "app", id: "shop" } });
});

test("work at a limit tells the limit and when it goes on", () => {
  const gate = { rule: "throttle 2 in 1m", kind: "throttle", limit: 2, holders: [], holder_count: 0, waiting_lanes: 1 };
  const lane = { key: "acme", phase: "start", jobs: 3, next_run_id: "1", waiting_since: AT, expected_at: AT, gate };
  const lanes = [{ ...lane, function_id: "f", function_slug: "shop-a" }] as Queue["lanes"];
  const [thing] = stuckThings({ ...nothing, queue: queue({ lanes }) });
  expect(thing).toMatchObject({
    title: "3 jobs of A (acme) wait",
    reason: "Waits at the limit: throttle 2 in 1m.",
    expectedAt: AT,
  });
});

test("a sync that failed says what to do", () => {
  const failure = { url: "http://h/x", app: null, first_at: AT, message: "Nobody answers.", fix: "Start it." };
  const [thing] = stuckThings({ ...nothing, failures: [failure as SyncFailure] });
  expect(thing).toMatchObject({ title: "http://h/x could not be synced", reason: "Nobody answers. Start it." });
});

test("a server at its limit is said to be", () => {
  expect(stuckThings({ ...nothing, queue: queue({ calls: 10 }) })[0]).toMatchObject({ key: "busy" });
});
