import { describe, expect, test } from "vitest";
import type { Clock } from "../engine/ports.ts";
import { StepwellError } from "../protocol/errors.ts";
import { Discovery, type DiscoveryOptions, discoveryPorts } from "./discovery.ts";
import type { ServerLog } from "./log.ts";

function setUp(more: Partial<DiscoveryOptions> = {}) {
  const asked: string[] = [];
  const probed: string[] = [];
  const lines: string[] = [];
  const timers: { at: number; task: () => void }[] = [];
  const note = (message: string, details?: Readonly<Record<string, unknown>>) =>
    void lines.push(details === undefined ? message : `${message} ${Object.values(details).join(" ")}`);
  const log: ServerLog = { debug: () => {}, info: note, warn: note, error: note };
  const clock: Clock = {
    now: () => 0,
    defer: (task) => task(),
    at(at, task) {
      const timer = { at, task };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const state = { failing: new Set<string>(), apps: new Set<string>(), open: new Set<number>() };
  const discovery = new Discovery({
    clock,
    sync: async (url) => {
      asked.push(url);
      if (state.failing.has(url)) throw new StepwellError("sync_failed", { url, reason: "down" });
      return { kind: "in_band", isModified: false, appId: "shop" };
    },
    probe: async (url) => {
      probed.push(url);
      if (state.apps.has(url)) return "app";
      return state.open.has(Number(new URL(url).port)) ? "other" : "closed";
    },
    log,
    appUrls: [],
    registeredUrls: () => [],
    isSearching: false,
    ports: [],
    pollIntervalMs: 5_000,
    isPolling: true,
    ...more,
  });
  return { discovery, asked, probed, lines, timers, state };
}

describe("known addresses", () => {
  test("are asked again and again, each app once a round", async () => {
    const { discovery, asked } = setUp({
      appUrls: ["http://127.0.0.1:3000/api"],
      registeredUrls: () => ["http://localhost:3000/api", "http://localhost:4000/api"],
    });
    await discovery.round();
    await discovery.round();
    expect(asked).toEqual([
      "http://127.0.0.1:3000/api",
      "http://localhost:4000/api",
      "http://127.0.0.1:3000/api",
      "http://localhost:4000/api",
    ]);
  });

  test("a change of state is mentioned once", async () => {
    const url = "http://localhost:3000/api";
    const { discovery, lines, state } = setUp({ appUrls: [url] });
    state.failing.add(url);
    await discovery.round();
    await discovery.round();
    expect(lines).toEqual([`The app at ${url} could not be synced: down.`]);
    state.failing.clear();
    await discovery.round();
    await discovery.round();
    expect(lines.slice(1)).toEqual([`app is reachable again ${url}`]);
  });

  test("without polling, each is asked until it answered once", async () => {
    const [first, second] = ["http://localhost:1/api", "http://localhost:2/api"];
    const { discovery, asked, state } = setUp({ appUrls: [first, second], isPolling: false });
    state.failing.add(second);
    await discovery.round();
    await discovery.round();
    state.failing.clear();
    await discovery.round();
    await discovery.round();
    expect(asked).toEqual([first, second, second, second]);
  });
});

describe("the search", () => {
  test("tries the usual paths of an open port and stops at the first app", async () => {
    const { discovery, probed, asked, state, lines } = setUp({ isSearching: true, ports: [3000, 3001] });
    state.open.add(3000);
    state.apps.add("http://localhost:3000/api/inngest");
    await discovery.round();
    expect(probed).toEqual([
      "http://localhost:3000/api/stepwell",
      "http://localhost:3001/api/stepwell",
      "http://localhost:3000/api/inngest",
    ]);
    expect(asked).toEqual(["http://localhost:3000/api/inngest"]);
    expect(lines).toEqual(["app found http://localhost:3000/api/inngest"]);
  });

  test("leaves ports alone on which an app is known", async () => {
    const { discovery, probed } = setUp({
      isSearching: true,
      ports: [3000, 80],
      appUrls: ["http://localhost:3000/x", "http://localhost/x"],
    });
    await discovery.round();
    expect(probed).toEqual([]);
  });

  test("never looks at the server's own port, and at $PORT too", () => {
    expect(discoveryPorts(3000, "4567")).toContain(4567);
    expect(discoveryPorts(3000, "4567")).not.toContain(3000);
    expect(discoveryPorts(8288, "nonsense")).not.toContain(Number.NaN);
  });
});

describe("rounds", () => {
  test("follow each other after the interval, until it is stopped", async () => {
    const { discovery, timers } = setUp({ appUrls: ["http://localhost:3000/api"] });
    discovery.start();
    expect(timers.map((timer) => timer.at)).toEqual([0]);
    timers.shift()!.task();
    await expect.poll(() => timers.map((timer) => timer.at)).toEqual([5_000]);
    discovery.stop();
    expect(timers).toEqual([]);
  });
});
