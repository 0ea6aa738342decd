import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Gates } from "../flow/gates.ts";
import { isOlder, isPlaceBefore, type JobHint, laneOf } from "./hint.ts";
import { JobQueue, type JobQueueLimits } from "./job-queue.ts";
import type { LanePage, LaneRequest } from "./lane-heads.ts";
import { AGING_MS, type Lane, ReadyQueue } from "./ready-queue.ts";
import type { PageRequest } from "./time-window.ts";

const hint = (runId: string, dueAt: number, more: Partial<JobHint> = {}): JobHint => ({
  runId,
  dueAt,
  slot: "main",
  functionId: "f",
  orderAt: 0,
  isTimer: false,
  isStart: false,
  isRequest: false,
  flow: null,
  key: "",
  ...more,
});

const anyone = () => null;
const at = (gate: string) => ({ gate, limit: null, guarantees: [] });

interface Row {
  readonly hint: JobHint;
  readonly isDelayed: boolean;
}

/** What the store would answer. */
class Rows {
  readonly jobs = new Map<string, Row>();

  page({ what, after, untilAt, limit }: PageRequest): JobHint[] {
    return this.#all(({ hint: job, isDelayed }) => {
      const isOfKind = what === "timers" ? job.isTimer : !job.isTimer && isDelayed;
      return isOfKind && job.dueAt <= untilAt && isPlaceBefore(after, job);
    })
      .sort((left, right) => (isPlaceBefore(left, right) ? -1 : 1))
      .slice(0, limit);
  }

  lanes({ heads, walk }: LaneRequest): LanePage {
    const calls = this.#all(({ hint: job }) => !job.isTimer);
    const ids = [...new Set(calls.map(laneOf))].sort();
    return {
      heads: heads.map(({ lane, after, untilAt, limit }) =>
        calls
          .filter((job) => laneOf(job) === lane && job.dueAt <= untilAt && isOlder(after, job))
          .sort((left, right) => (isOlder(left, right) ? -1 : 1))
          .slice(0, limit),
      ),
      found:
        walk === null
          ? []
          : ids.filter((id) => id > walk.after && (walk.before === null || id < walk.before)).slice(0, walk.limit),
    };
  }

  #all(isWanted: (row: Row) => boolean): JobHint[] {
    return [...this.jobs.values()].filter(isWanted).map((row) => row.hint);
  }
}

/**
 * The queue and a store: commits and pages are under way for as long as a test wants, a page shows what was stored when
 * it was read, and what is taken is done.
 */
class World {
  readonly gates = new Gates();
  readonly ready = new ReadyQueue(this.gates, () => 1);
  readonly rows = new Rows();
  readonly taken: JobHint[] = [];
  readonly early: string[] = [];
  readonly blocked = new Set<string>();
  now = 0;
  sizeMax = 0;
  queue: JobQueue;
  readonly #limits: JobQueueLimits;
  #open: Row[] = [];
  #committing: { readonly batch: number; readonly jobs: Row[] } | null = null;
  #arriving: (() => void)[] = [];

  constructor(limits: JobQueueLimits = { hintsMax: 40_000, horizonMs: 1_000 }) {
    this.#limits = limits;
    this.queue = new JobQueue(this.ready, this.now, limits);
  }

  /** A process that begins with what is stored. */
  restarted(): World {
    const next = new World(this.#limits);
    next.now = this.now;
    next.queue = new JobQueue(next.ready, next.now, this.#limits);
    for (const [key, row] of this.rows.jobs) next.rows.jobs.set(key, row);
    return next;
  }

  write(job: JobHint): void {
    this.#open.push({ hint: job, isDelayed: job.dueAt > this.now });
    this.queue.add(job, this.now);
    this.sizeMax = Math.max(this.sizeMax, this.queue.size);
  }

  commit(): void {
    if (this.#committing !== null) return;
    this.#committing = { batch: this.queue.closeBatch(), jobs: this.#open };
    this.#open = [];
  }

  stored(): void {
    if (this.#committing === null) return;
    const done = new Set(this.taken.map(nameOf));
    for (const row of this.#committing.jobs) {
      if (!done.has(nameOf(row.hint))) this.rows.jobs.set(nameOf(row.hint), row);
    }
    this.queue.batchStored(this.#committing.batch);
    this.#committing = null;
  }

  read(): void {
    for (const request of this.queue.pageRequests(this.now)) {
      const page = this.rows.page(request);
      this.#arriving.push(() => this.queue.adoptPage(request, page));
    }
    const request = this.queue.laneRequest(this.now);
    if (request === null) return;
    const page = this.rows.lanes(request);
    this.#arriving.push(() => this.queue.adoptLanes(request, page));
  }

  arrive(): void {
    for (const adopt of this.#arriving.splice(0)) adopt();
    this.sizeMax = Math.max(this.sizeMax, this.queue.size);
  }

  /** Takes what may go now, up to so many; hints of what is done already count for nothing. */
  take(countMax = Number.POSITIVE_INFINITY): JobHint[] {
    const done = new Set(this.taken.map(nameOf));
    const before = this.taken.length;
    this.queue.release(this.now);
    const admit = (job: JobHint, lane: Lane) => {
      if (done.has(nameOf(job))) return "stale";
      return this.blocked.has(lane.id) ? at(`of ${lane.id}`) : null;
    };
    while (this.taken.length - before < countMax) {
      const next = this.queue.nextTimer() ?? this.queue.next(admit, this.now);
      if (next === undefined) break;
      if (done.has(nameOf(next))) continue;
      if (next.dueAt > this.now) this.early.push(next.runId);
      done.add(nameOf(next));
      this.taken.push(next);
      this.rows.jobs.delete(nameOf(next));
    }
    return this.taken.slice(before);
  }

  /** The lane may go, or may not any more. */
  toggle(lane: string): void {
    if (!this.blocked.delete(lane)) this.blocked.add(lane);
    else this.gates.open(`of ${lane}`);
  }

  /** Every commit and page arrives. */
  quiet(): void {
    for (let round = 0; round < 8; round++) {
      this.commit();
      this.stored();
      this.read();
      this.arrive();
    }
  }

  /** Until nothing more comes. */
  drain(): string[] {
    const ids: string[] = [];
    for (let idle = 0; idle < 3; ) {
      this.quiet();
      const part = this.take().map((job) => job.runId);
      idle = part.length === 0 ? idle + 1 : 0;
      ids.push(...part);
    }
    return ids;
  }
}

const nameOf = ({ runId, slot }: JobHint): string => `${runId} ${slot}`;
const idOf = (number: number): string => `r${String(number).padStart(5, "0")}`;

/** A world whose store has been looked through. */
function ready(limits?: JobQueueLimits): World {
  const world = new World(limits);
  world.quiet();
  return world;
}

const ids = (jobs: readonly JobHint[]): string[] => jobs.map((job) => job.runId);

describe("when and in which order", () => {
  test("a hint never leaves before its time", () => {
    const world = ready();
    world.write(hint("a", 10));
    world.now = 9;
    expect(world.take()).toEqual([]);
    expect(world.queue.nextDueAt()).toBe(10);
    world.now = 10;
    expect(ids(world.take())).toEqual(["a"]);
  });

  test("within a function, older runs go first, whenever their jobs became due", () => {
    const world = ready();
    world.write(hint("young", 1, { orderAt: 9 }));
    world.write(hint("old", 5, { orderAt: 2 }));
    world.now = 5;
    expect(ids(world.take())).toEqual(["old", "young"]);
  });

  test("runs that have begun go before runs that have not, until one of those is older and has waited for a minute", () => {
    const world = ready();
    const all = () => {
      world.write(hint("start", 0, { orderAt: 1, isStart: true }));
      world.write(hint("begun", 0, { orderAt: 2, slot: `s${world.now}` }));
      const order = ids(world.take());
      world.taken.length = 0;
      return order;
    };
    expect(all()).toEqual(["begun", "start"]);
    world.now = AGING_MS;
    expect(all()).toEqual(["start", "begun"]);
  });

  test("functions take turns, and so do the keys of a function, so a long backlog delays nobody else", () => {
    const world = ready();
    for (const runId of ["a1", "a2", "a3"]) world.write(hint(runId, 0, { functionId: "a" }));
    for (const runId of ["b1", "b2"]) world.write(hint(runId, 0, { functionId: "b", key: "hot" }));
    world.write(hint("b3", 0, { functionId: "b", key: "cold" }));
    expect(ids(world.take())).toEqual(["a1", "b1", "a2", "b3", "a3", "b2"]);
  });

  test("a function of weight 3 gets three turns where others get one", () => {
    const queue = new JobQueue(new ReadyQueue(new Gates(), (id) => (id === "a" ? 3 : 1)), -1);
    queue.adoptLanes(queue.laneRequest(-1)!, { heads: [], found: [] });
    for (let number = 0; number < 8; number++) {
      for (const functionId of ["a", "b"]) queue.add(hint(`${functionId}${number}`, 0, { functionId }), 0);
    }
    const order = Array.from({ length: 12 }, () => queue.next(anyone, 0)!.functionId).join("");
    expect(order).toBe("aaabaaabaabb");
  });

  test("a lane that is blocked keeps its work, and goes on when its gate opens", () => {
    const world = ready();
    world.write(hint("a1", 0, { functionId: "a" }));
    world.write(hint("b1", 0, { functionId: "b" }));
    world.blocked.add(laneOf(hint("", 0, { functionId: "a" })));
    expect(ids(world.take())).toEqual(["b1"]);
    const [gate] = world.gates.names();
    world.blocked.clear();
    world.gates.open(gate!);
    expect(ids(world.take())).toEqual(["a1"]);
  });

  test("priority is age: 60 s overtake what was created in the last 60 s, and nothing older; negative ones wait", () => {
    const world = ready();
    world.now = 100_000;
    for (let number = 0; number < 100; number++) {
      world.write(hint(idOf(number), number * 1_000, { orderAt: number * 1_000, isStart: true }));
    }
    world.write(hint("urgent", 99_500, { orderAt: 99_500 - 60_000, isStart: true }));
    world.write(hint("patient", 10_500, { orderAt: 10_500 + 20_000, isStart: true }));
    const order = ids(world.take());
    expect([order.indexOf("urgent"), order.indexOf("patient")]).toEqual([41, 31]);
  });
});

describe("a deep backlog", () => {
  /** So many jobs of one lane, all due. */
  function backlog(count: number, world = ready()): World {
    world.now = count;
    for (let number = 0; number < count; number++) world.write(hint(idOf(number), number, { orderAt: number }));
    world.commit();
    world.stored();
    return world;
  }

  const LIMITS = { hintsMax: 2_000, horizonMs: 1_000 };
  const inOrder = (count: number) => Array.from({ length: count }, (_, number) => idOf(number));

  test("keeps only its head in memory, and comes in order", () => {
    const world = backlog(1_000, ready(LIMITS));
    expect(world.sizeMax).toBeLessThanOrEqual(21);
    expect(world.drain()).toEqual(inOrder(1_000));
  });

  test("comes in order after a restart too, and what is new lines up behind it", () => {
    const world = backlog(1_000, ready(LIMITS)).restarted();
    world.write(hint(idOf(1_000), 1_000, { orderAt: 1_000 }));
    expect(world.drain()).toEqual(inOrder(1_001));
    expect(world.sizeMax).toBeLessThanOrEqual(40);
  });

  test("is overtaken by who has priority, as long as that is in the store too", () => {
    const world = backlog(1_000, ready(LIMITS));
    world.write(hint("urgent", 1_000, { orderAt: 500.5 }));
    const order = world.drain();
    expect(order.indexOf("urgent")).toBe(501);
  });

  test.each(["live", "restarted"])("that is blocked holds up nobody: %s", (how) => {
    let world = backlog(1_000, ready(LIMITS));
    world.write(hint("timer", 1_500, { isTimer: true }));
    world.write(hint("retry", 1_500, { orderAt: 1_000, functionId: "h" }));
    world.write(hint("other", 1_000, { orderAt: 1_000, functionId: "g" }));
    world.write(hint("begun", 1_000, { orderAt: 1_000, key: "k" }));
    world.commit();
    world.stored();
    if (how === "restarted") world = world.restarted();
    world.blocked.add(laneOf(hint("", 0)));
    expect(world.drain().sort()).toEqual(["begun", "other"]);
    world.now = 1_500;
    expect(world.drain().sort()).toEqual(["retry", "timer"]);
  });

  test("of delayed calls passes through their lane without filling memory", () => {
    const world = ready(LIMITS);
    for (let number = 0; number < 1_000; number++) world.write(hint(idOf(number), 5_000, { orderAt: number }));
    world.commit();
    world.stored();
    world.now = 5_000;
    world.blocked.add(laneOf(hint("", 0)));
    expect(world.drain()).toEqual([]);
    expect(world.queue.size).toBeLessThanOrEqual(21);
    world.blocked.clear();
    world.gates.retry();
    expect(world.drain()).toEqual(inOrder(1_000));
  });

  test("of more keys than memory may have: all of them get their turn, and few are in memory", () => {
    const limits = { hintsMax: 40, horizonMs: 1_000 }; // So a function may have 100 lanes of each phase.
    for (const isRestarted of [false, true]) {
      let world = ready(limits);
      for (let number = 0; number < 2_000; number++) world.write(hint(idOf(number), 0, { key: `k${number % 1_000}` }));
      world.commit();
      world.stored();
      if (isRestarted) world = world.restarted();
      expect(world.drain().sort()).toEqual(inOrder(2_000));
      expect(world.ready.laneCount).toBe(0);
      expect(world.sizeMax).toBeLessThanOrEqual(300);
    }
  });

  test("of keys does not keep a run that has begun from going on", () => {
    const world = ready({ hintsMax: 40, horizonMs: 1_000 });
    for (let number = 0; number < 500; number++)
      world.write(hint(idOf(number), 0, { key: `k${number}`, isStart: true }));
    for (let number = 0; number < 500; number++)
      world.blocked.add(laneOf(hint("", 0, { key: `k${number}`, isStart: true })));
    world.write(hint("begun", 0, { key: "k499" }));
    expect(world.drain()).toEqual(["begun"]);
  });
});

describe("more keys than memory may have", () => {
  const few = { hintsMax: 4, horizonMs: 1_000, lanesMin: 3 };
  const laneOfKey = (key: string) => laneOf(hint("", 0, { key }));
  const keys = (count: number) => Array.from({ length: count }, (_, number) => `k${String(number).padStart(2, "0")}`);

  /** Each key has one job that waits, but for those that are free. */
  function blockedBut(count: number, ...free: string[]): World {
    const world = ready(few);
    for (const key of keys(count)) {
      world.write(hint(`run ${key}`, 0, { key }));
      if (!free.includes(key)) world.blocked.add(laneOfKey(key));
    }
    return world;
  }

  function unblock(world: World, key: string): void {
    world.blocked.delete(laneOfKey(key));
    world.gates.open(`of ${laneOfKey(key)}`);
  }

  test.each([false, true])("that all wait hold up no other one (restarted: %s)", (isRestarted) => {
    let world = blockedBut(300, "k30", "k299");
    world.quiet();
    if (isRestarted) {
      const { blocked } = world;
      world = world.restarted();
      for (const lane of blocked) world.blocked.add(lane);
    }
    expect(world.drain().sort()).toEqual(["run k299", "run k30"]);
    world.drain();
    world.quiet();
    expect(world.ready.laneCount).toBeLessThanOrEqual(104);
  });

  test("one that was left to the store goes when its limit has room, and nothing is read for the others", () => {
    const world = blockedBut(50);
    expect(world.drain()).toEqual([]);
    let read = 0;
    const { rows } = world;
    const lanes = rows.lanes.bind(rows);
    rows.lanes = (request) => {
      read += request.heads.length + (request.walk === null ? 0 : 1);
      return lanes(request);
    };
    for (const key of ["k40", "k07", "k21"]) {
      unblock(world, key);
      expect(world.drain()).toEqual([`run ${key}`]);
    }
    expect(read).toBeLessThanOrEqual(9);
  });

  test("that always have more to do do not keep the turns to themselves", () => {
    const world = ready(few);
    for (let number = 0; number < 300; number++) world.write(hint(idOf(number), 0, { key: `hot${number % 3}` }));
    world.quiet();
    world.take(3);
    world.write(hint("cold", 0, { key: "cold" }));
    const turns: string[] = [];
    while (!turns.includes("cold") && turns.length < 300) {
      world.quiet();
      turns.push(...world.take(1).map((job) => job.runId));
    }
    expect(turns.length).toBeLessThanOrEqual(12);
    expect(world.drain()).toHaveLength(297 - (turns.length - 1));
  });
});

type Move =
  | { readonly kind: "write"; readonly inMs: number; readonly lane: number; readonly is: "timer" | "start" | "call" }
  | { readonly kind: "commit" | "stored" | "read" | "arrive" }
  | { readonly kind: "take"; readonly count: number }
  | { readonly kind: "turn"; readonly lane: number }
  | { readonly kind: "pass"; readonly ms: number };

const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      inMs: fc.oneof(fc.constant(0), fc.nat(3_000)),
      lane: fc.nat(11),
      is: fc.constantFrom("timer" as const, "start" as const, "call" as const, "call" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("commit" as const, "stored" as const, "read" as const, "arrive" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("take" as const), count: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("turn" as const), lane: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(400) }) },
);

test("whatever the store does when: no job is lost, none is early, and with nothing under way lanes go in order", () => {
  const limits = fc.record({
    hintsMax: fc.constantFrom(4, 40, 400),
    horizonMs: fc.constantFrom(500, 2_000),
    lanesMin: fc.constantFrom(1, 2, 100),
  });
  const keyOf = (lane: number) => (lane % 2 === 0 ? "" : `k${lane >> 2}`);
  const functionOf = (lane: number) => (lane % 4 < 2 ? "f" : "g");
  fc.assert(
    fc.property(limits, fc.array(moves, { maxLength: 80 }), fc.boolean(), (chosen, list, isRestarted) => {
      let world = new World(chosen);
      const written: JobHint[] = [];
      for (const move of list) {
        if (move.kind === "write") {
          const { lane, is, inMs } = move;
          const more = {
            functionId: functionOf(lane),
            key: keyOf(lane),
            isTimer: is === "timer",
            isStart: is === "start",
            orderAt: (written.length * 7) % 50,
          };
          const job = hint(idOf(written.length), world.now + inMs, more);
          written.push(job);
          world.write(job);
        } else if (move.kind === "take") world.take(move.count);
        else if (move.kind === "pass") world.now += move.ms;
        else if (move.kind === "turn")
          for (const isStart of [false, true])
            world.toggle(laneOf(hint("", 0, { functionId: functionOf(move.lane), key: keyOf(move.lane), isStart })));
        else world[move.kind]();
      }
      const before = world.taken;
      if (isRestarted) {
        world.commit();
        world.stored();
        world.commit();
        world.stored();
        world = world.restarted();
      }
      for (const lane of [...world.blocked]) world.toggle(lane);
      world.now += 4_000;
      world.quiet();
      for (const lane of world.ready.lanes()) {
        const head = lane.heap.peek();
        const oldest = [...world.rows.jobs.values()]
          .filter((row) => !row.hint.isTimer && laneOf(row.hint) === lane.id && row.hint.dueAt <= world.now)
          .map((row) => row.hint)
          .sort((left, right) => (isOlder(left, right) ? -1 : 1))[0];
        if (head !== undefined && oldest !== undefined) expect(isOlder(oldest, head)).toBe(false);
      }
      world.drain();
      const done = new Set([...before, ...world.taken].map(nameOf));
      expect(written.filter((job) => !done.has(nameOf(job)))).toEqual([]);
      expect(world.early).toEqual([]);
      expect([world.queue.size, world.ready.laneCount, world.gates.size]).toEqual([0, 0, 0]);
    }),
    { numRuns: 500 },
  );
});
