import { describe, expect, test } from "vitest";
import { config } from "../../../test/run-rig.ts";
import { type ConcurrencyRule, type FlowConfig, NO_FLOW, type RunFlow } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { hintOf, type JobHint } from "../schedule/hint.ts";
import { type Lane, ReadyQueue } from "../schedule/ready-queue.ts";
import { Admission } from "./admission.ts";

const rule = (limit: number, more: Partial<ConcurrencyRule> = {}): ConcurrencyRule => {
  return { limit, key: null, scope: "fn", guaranteed: 0, burst: null, ...more };
};

/** Functions under limits, and what starts when. Every start takes a call that lasts until `end`. */
class World {
  readonly functions = new Map<string, FunctionConfig>();
  readonly paused = new Set<string>();
  readonly admission: Admission;
  readonly ready: ReadyQueue;
  readonly out = new Map<string, JobHint>();
  now = 0;
  #count = 0;

  constructor(flow: Partial<FlowConfig> = {}, appLimit = 1_000) {
    this.configure("f", flow);
    this.admission = new Admission({
      functionOf: (id) => this.functions.get(id),
      appIdOf: () => "app",
      isPaused: (id) => this.paused.has(id),
      appLimit: () => appLimit,
    });
    this.ready = new ReadyQueue(this.admission.gates, () => 1);
  }

  configure(id: string, flow: Partial<FlowConfig>): void {
    this.functions.set(id, config(3, { id, slug: `app-${id}`, flow: { ...NO_FLOW, ...flow } }));
  }

  /** A run waits for its first call (or, begun, for its next); answers its id. */
  wait(flow: RunFlow | null = null, functionId = "f", isQueued = true): string {
    const runId = `r${String(this.#count++).padStart(3, "0")}`;
    const source = {
      runId,
      slot: "main",
      dueAt: this.now,
      kind: "discover",
      functionId,
      createdAt: this.#count,
    } as const;
    const hint = hintOf({ ...source, isQueued, flow });
    this.ready.push(this.ready.lane(hint) ?? this.ready.open(hint), hint);
    return runId;
  }

  /** Everything that may start now. */
  start(): string[] {
    this.admission.wakeDue(this.now);
    const started: string[] = [];
    const admit = (hint: JobHint, lane: Lane) => this.admission.enter(hint, lane, this.now);
    for (let hint = this.ready.next(admit, this.now); hint !== undefined; hint = this.ready.next(admit, this.now)) {
      this.out.set(hint.runId, hint);
      started.push(hint.runId);
    }
    return started;
  }

  end(runId: string, isRunOver = true): void {
    this.admission.callEnded(this.out.get(runId)!.functionId, runId, "main");
    if (isRunOver) this.admission.runEnded(runId);
  }

  /** Start times of all that wait, the clock going from wake to wake. */
  table(): number[] {
    const times: number[] = [];
    while (this.ready.size > 0) {
      times.push(...this.start().map(() => this.now));
      const at = this.admission.nextWakeAt();
      if (this.ready.size > 0 && at === null) throw new Error("it waits for nothing");
      this.now = at ?? this.now;
    }
    return times;
  }
}

describe("concurrency", () => {
  test("a freed place goes to the next in the same instant", () => {
    const world = new World({ concurrency: [rule(1)] });
    const [first, second] = [world.wait(), world.wait()];
    expect(world.start()).toEqual([first]);
    world.end(first);
    expect(world.start()).toEqual([second]);
  });

  test("a key shared in the environment is one limit for two functions", () => {
    const shared = rule(1, { scope: "env", key: "event.data.k" });
    const world = new World({ concurrency: [shared] });
    world.configure("g", { concurrency: [shared] });
    const flow = { keys: { "call env event.data.k": "1" } };
    const [one, other] = [world.wait(flow), world.wait(flow, "g")];
    expect(world.start()).toEqual([one]);
    world.end(one);
    expect(world.start()).toEqual([other]);
  });

  test("a limit that is raised lets the waiting in at once; one that is lowered lets nobody in until enough have ended", () => {
    const world = new World({ concurrency: [rule(1)] });
    const ids = Array.from({ length: 5 }, () => world.wait());
    expect(world.start()).toEqual(ids.slice(0, 1));
    world.configure("f", { concurrency: [rule(3)] });
    world.admission.gates.retry();
    expect(world.start()).toEqual(ids.slice(1, 3));
    world.configure("f", { concurrency: [rule(1)] });
    world.admission.gates.retry();
    world.end(ids[0]!);
    world.end(ids[1]!);
    expect(world.start()).toEqual([]);
    world.end(ids[2]!);
    expect(world.start()).toEqual([ids[3]]);
  });

  test("calls leave and runs stay: a run holds its place until it is over", () => {
    const world = new World({ runConcurrency: [rule(1)] });
    const flow = { keys: { "run fn ": "" } };
    const [first, second] = [world.wait(flow), world.wait(flow)];
    world.start();
    world.end(first, false);
    expect(world.start()).toEqual([]);
    world.admission.runEnded(first);
    expect(world.start()).toEqual([second]);
  });

  test("a guaranteed place of a key goes before who waited longer, for calls and for whole runs", () => {
    for (const kind of ["call", "run"] as const) {
      const rules = [rule(2), rule(2, { key: "event.data.k", guaranteed: 1 })];
      const world = new World(kind === "call" ? { concurrency: rules } : { runConcurrency: rules });
      const of = (value: string) => ({ keys: { [`${kind} fn `]: "", [`${kind} fn event.data.k`]: value } });
      const hot = [world.wait(of("hot")), world.wait(of("hot")), world.wait(of("hot"))];
      world.start();
      const warm = world.wait(of("hot"));
      world.start();
      const cold = world.wait(of("cold"));
      world.start();
      world.end(hot[0]!);
      expect(world.start()).toEqual([cold]);
      world.end(cold);
      world.end(hot[1]!);
      expect(world.start()).toEqual([hot[2], warm]);
    }
  });

  test("the app's own limit counts the calls of all its functions", () => {
    const world = new World({}, 2);
    world.configure("g", {});
    const ids = [world.wait(), world.wait(null, "g"), world.wait(), world.wait(null, "g")];
    expect(world.start()).toEqual(ids.slice(0, 2));
    world.end(ids[0]!);
    expect(world.start()).toHaveLength(1);
  });

  test("a function whose starts wait at the app's limit has one turn there with its other calls, as any other", () => {
    const world = new World({}, 1);
    world.configure("g", {});
    const first = world.wait();
    expect(world.start()).toEqual([first]);
    world.wait();
    const other = world.wait(null, "g");
    expect(world.start()).toEqual([]);
    const begun = world.wait(null, "f", false);
    world.end(first);
    expect(world.start()).toEqual([begun]);
    world.wait(null, "f", false);
    world.end(begun);
    expect(world.start()).toEqual([other]);
  });
});

describe("throttle", () => {
  test.each([
    {
      throttle: { limit: 5, periodMs: 60_000, burst: 1, key: null },
      times: [0, 0, 0, 0, 0, 0, 12_000, 24_000, 36_000],
    },
    { throttle: { limit: 1, periodMs: 10_000, burst: 0, key: null }, times: [0, 10_000, 20_000, 30_000] },
    { throttle: { limit: 3, periodMs: 1_000, burst: 0, key: null }, times: [0, 0, 0, 334, 667, 1_000] },
  ])(
    "$throttle.limit in $throttle.periodMs ms with burst $throttle.burst: exact start times",
    ({ throttle, times }) => {
      const world = new World({ throttle });
      for (const _time of times) world.wait();
      expect(world.table()).toEqual(times);
    },
  );

  test("each key has a bucket of its own", () => {
    const world = new World({ throttle: { limit: 1, periodMs: 1_000, burst: 0, key: "event.data.k" } });
    for (const throttle of ["a", "a", "b", "b", "b"]) world.wait({ keys: {}, throttle });
    expect(world.table()).toEqual([0, 0, 1_000, 1_000, 2_000]);
  });

  test("calls of runs that have begun take no token", () => {
    const world = new World({ throttle: { limit: 1, periodMs: 1_000, burst: 0, key: null } });
    const ids = [world.wait(), world.wait(null, "f", false), world.wait(null, "f", false)];
    expect(world.start().sort()).toEqual(ids);
  });

  test("a start that did not happen gives token and places back", () => {
    const world = new World({ throttle: { limit: 1, periodMs: 1_000, burst: 0, key: null }, concurrency: [rule(1)] });
    const [gone, next] = [world.wait(), world.wait()];
    world.start();
    world.admission.undone(world.out.get(gone)!, false);
    expect(world.start()).toEqual([next]);
  });
});

test("a paused function waits without taking anything, and goes on in order", () => {
  const world = new World({ concurrency: [rule(2)] });
  world.paused.add("f");
  const ids = [world.wait(), world.wait(), world.wait()];
  expect(world.start()).toEqual([]);
  expect(world.admission.gates.count("f call fn  = ")).toBe(0);
  world.paused.clear();
  world.admission.gates.retry();
  expect(world.start()).toEqual(ids.slice(0, 2));
});

test("priority: the younger run with 60 s of it overtakes what was created in the 60 s before, and nothing older", () => {
  const world = new World({ concurrency: [rule(1)] });
  const running = world.wait();
  world.start();
  const made: string[] = [];
  for (let second = 0; second < 100; second++) made.push(world.wait({ keys: {}, priorityMs: -second * 1_000 }));
  const urgent = world.wait({ keys: {}, priorityMs: -99_000 + 60_000 });
  const order: string[] = [];
  for (let last = running; ; ) {
    world.end(last);
    const [next] = world.start();
    if (next === undefined) break;
    order.push(next);
    last = next;
  }
  expect(order.indexOf(urgent)).toBe(40);
});
