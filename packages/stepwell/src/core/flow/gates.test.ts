import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobHint } from "../schedule/hint.ts";
import { type Lane, ReadyQueue } from "../schedule/ready-queue.ts";
import { type Blocked, type GateSpec, Gates } from "./gates.ts";
import type { Guarantee, Party, Turn, Waiter } from "./open-gate.ts";

class Someone implements Waiter, Party {
  readonly party = this;
  gaveWayAt = -1;
  readonly turns: Turn[] = [];
  turn: Turn | null = null;
  wakes = 0;
  wake(): void {
    this.wakes++;
  }
}

const at = (name: string, holder: string, limit = 1): GateSpec => ({ name, holder, limit });
const full = (gate: string, limit: number | null = 1, guarantees: readonly Guarantee[] = []): Blocked => ({
  gate,
  limit,
  guarantees,
});

describe("places", () => {
  test("as many as the limit, and no more", () => {
    const gates = new Gates();
    expect(gates.enter([at("g", "a", 2)], 0, null)).toBeNull();
    expect(gates.enter([at("g", "b", 2)], 0, null)).toBeNull();
    expect(gates.enter([at("g", "c", 2)], 0, null)).toMatchObject({ name: "g" });
    expect(gates.count("g")).toBe(2);
  });

  test("are taken at all gates or at none", () => {
    const gates = new Gates();
    gates.enter([at("wide", "a")], 0, null);
    expect(gates.enter([at("narrow", "b"), at("wide", "b")], 0, null)).toMatchObject({ name: "wide" });
    expect(gates.count("narrow")).toBe(0);
  });

  test("a limit that is lowered lets nobody in until enough have left", () => {
    const gates = new Gates();
    for (const holder of ["a", "b", "c"]) gates.enter([at("g", holder, 3)], 0, null);
    gates.leave("a");
    expect(gates.enter([at("g", "d", 2)], 0, null)).not.toBeNull();
    gates.leave("b");
    expect(gates.enter([at("g", "d", 2)], 0, null)).toBeNull();
  });

  test("functions that share a gate each go by their own limit", () => {
    const gates = new Gates();
    gates.enter([at("g", "a", 1)], 0, null);
    expect(gates.enter([at("g", "b", 1)], 0, null)).not.toBeNull();
    expect(gates.enter([at("g", "b", 2)], 0, null)).toBeNull();
  });

  test("a gate that nobody holds and nobody waits at is forgotten", () => {
    const gates = new Gates();
    const one = new Someone();
    gates.enter([at("g", "a")], 0, null);
    gates.wait(one, full("g"));
    gates.leave("a");
    expect(gates.size).toBe(1); // Its place is kept for who was woken.
    gates.settled(one);
    expect(gates.size).toBe(0);
  });
});

describe("turns", () => {
  /** A gate with one place that is taken, and three that wait for it in order. */
  function queued(limit: number | null = 1) {
    const gates = new Gates();
    const waiters = [new Someone(), new Someone(), new Someone()] as const;
    if (limit !== null) gates.enter([at("g", "holder", limit)], 0, null);
    for (const waiter of waiters) gates.wait(waiter, full("g", limit));
    const woken = () => waiters.map(({ wakes }) => wakes);
    return { gates, waiters, woken };
  }

  test("a freed place wakes one, who waited longest, and is kept for it", () => {
    const { gates, waiters, woken } = queued();
    gates.leave("holder");
    expect(woken()).toEqual([1, 0, 0]);
    expect(gates.enter([at("g", "newcomer")], 0, new Someone())).not.toBeNull();
    expect(gates.enter([at("g", "first")], 0, waiters[0])).toBeNull();
  });

  test("who is woken and does not take the place passes it on", () => {
    const { gates, waiters, woken } = queued();
    gates.leave("holder");
    gates.settled(waiters[0]);
    expect(woken()).toEqual([1, 1, 0]);
  });

  test("who finds the same gate full again keeps its turn", () => {
    const { gates, waiters, woken } = queued(null);
    gates.open("g");
    gates.wait(waiters[0], full("g", null));
    gates.open("g");
    expect(woken()).toEqual([2, 0, 0]);
  });

  test("where nothing is counted one is woken at a time, and the next when it got through", () => {
    const { gates, waiters, woken } = queued(null);
    gates.open("g");
    gates.open("g");
    expect(woken()).toEqual([1, 0, 0]);
    gates.settled(waiters[0]);
    expect(woken()).toEqual([1, 1, 0]);
  });

  test("parties with turns at each other's gates do not pass them on for ever", () => {
    const gates = new Gates();
    const [z, y, x] = [new Someone(), new Someone(), new Someone()] as const;
    gates.enter([at("left", "a")], 0, null);
    gates.enter([at("right", "b")], 0, null);
    gates.wait(z, full("left"));
    gates.wait(y, full("right"));
    gates.wait(x, full("left"));
    gates.leave("a");
    gates.leave("b");
    const tries: Someone[] = [];
    for (const who of [z, y, x, z, y, x]) {
      const spec = gates.enter([at("left", "c"), at("right", "c")], 0, who);
      tries.push(who);
      if (spec === null) break;
      gates.wait(who, full(spec.name));
    }
    expect(tries).toHaveLength(4);
    expect(gates.count("left") + gates.count("right")).toBe(2);
  });

  test("a changed limit makes everybody try again, in order", () => {
    const { gates, woken } = queued();
    gates.retry();
    expect(woken()).toEqual([1, 1, 1]);
    expect(gates.gate("g")).toMatchObject({ waiting: 0 });
  });

  test("who has less than is guaranteed goes first, and who has it waits its turn", () => {
    const gates = new Gates();
    const [early, poor] = [new Someone(), new Someone()];
    gates.enter([at("all", "x", 2)], 0, null);
    gates.enter([at("of poor", "y", 9), at("all", "y", 2)], 0, null);
    gates.wait(early, full("all", 2));
    gates.wait(poor, full("all", 2, [{ gate: "of poor", count: 1 }]));
    expect([...gates.waitersAt("all")]).toEqual([early, poor]);
    gates.leave("y"); // Now it has none.
    expect([early.wakes, poor.wakes]).toEqual([0, 1]);
  });

  test("who is guaranteed places does not keep the others waiting for ever", () => {
    const gates = new Gates();
    gates.enter([at("g", "holder")], 0, null);
    const patient = new Someone();
    gates.wait(patient, full("g"));
    let turns = 0;
    for (let holder = "holder"; patient.wakes === 0; turns++) {
      const rich = new Someone();
      gates.wait(rich, full("g", 1, [{ gate: "own", count: 1_000 }]));
      gates.leave(holder);
      holder = `rich ${turns}`;
      if (rich.wakes > 0) gates.enter([at("g", holder)], 0, rich);
    }
    expect(turns).toBe(17);
  });

  test("a hundred thousand that wait cost no more than ten", () => {
    const gates = new Gates();
    gates.enter([at("g", "0")], 0, null);
    const waiters = Array.from({ length: 100_000 }, () => new Someone());
    for (const waiter of waiters) gates.wait(waiter, full("g"));
    for (const [index, waiter] of waiters.entries()) {
      gates.leave(String(index));
      expect(waiter.wakes).toBe(1);
      gates.enter([at("g", String(index + 1))], 0, waiter);
      gates.settled(waiter);
    }
    expect(gates.gate("g")).toMatchObject({ waiting: 0 });
  });
});

// --- Any workload ---------------------------------------------------------------------------------------------

const KEYS = ["a", "b", "c"] as const;
type Deed =
  | { readonly kind: "add"; readonly key: (typeof KEYS)[number]; readonly isStart: boolean }
  | { readonly kind: "end" | "limits"; readonly number: number };

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("add" as const), key: fc.constantFrom(...KEYS), isStart: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("end" as const), number: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("limits" as const), number: fc.nat(20) }) },
);

/** Jobs of three keys under a limit of each key and one of all, whose limits change. */
class Workload {
  readonly gates = new Gates();
  readonly ready = new ReadyQueue(this.gates, () => 1);
  readonly waiting = new Map<string, JobHint>();
  readonly under: JobHint[] = [];
  limits = { key: 1, all: 2 };
  #count = 0;

  specsOf({ key, runId }: JobHint): GateSpec[] {
    return [at(`key ${key}`, runId, this.limits.key), at("all", runId, this.limits.all)];
  }

  do(deed: Deed): void {
    if (deed.kind === "add") this.#add(deed.key, deed.isStart);
    else if (deed.kind === "end") {
      const [ended] = this.under.splice(deed.number % Math.max(1, this.under.length), 1);
      if (ended !== undefined) this.gates.leave(ended.runId);
    } else {
      this.limits = { key: (deed.number % 3) + 1, all: (deed.number % 4) + 1 };
      this.gates.retry();
    }
    for (let hint = this.#next(); hint !== undefined; hint = this.#next()) {
      this.waiting.delete(hint.runId);
      this.under.push(hint);
    }
  }

  #next(): JobHint | undefined {
    return this.ready.next((hint, lane: Lane) => {
      const spec = this.gates.enter(this.specsOf(hint), 0, lane);
      return spec === null ? null : full(spec.name, spec.limit);
    }, 0);
  }

  #add(key: string, isStart: boolean): void {
    const runId = `r${String(this.#count++).padStart(4, "0")}`;
    const hint: JobHint = {
      runId,
      slot: "main",
      dueAt: 0,
      functionId: "f",
      orderAt: this.#count,
      isTimer: false,
      isRequest: false,
      isStart,
      flow: null,
      key,
    };
    this.waiting.set(runId, hint);
    this.ready.push(this.ready.lane(hint) ?? this.ready.open(hint), hint);
  }

  /** A job that waits although every one of its gates has room. */
  idle(): JobHint | undefined {
    return [...this.waiting.values()].find((hint) =>
      this.specsOf(hint).every(({ name, limit }) => this.gates.count(name) < limit),
    );
  }
}

test("whatever comes and goes: no limit is exceeded, no place stays free that somebody waits for, nothing is left over", () => {
  fc.assert(
    fc.property(fc.array(deeds, { maxLength: 120 }), (list) => {
      const work = new Workload();
      const before = new Map<string, number>();
      for (const deed of list) {
        work.do(deed);
        for (const gate of ["all", ...KEYS.map((key) => `key ${key}`)]) {
          const limit = gate === "all" ? work.limits.all : work.limits.key;
          const count = work.gates.count(gate);
          expect(count).toBeLessThanOrEqual(Math.max(limit, before.get(gate) ?? 0)); // A lowered limit drains.
          before.set(gate, count);
        }
        expect(work.idle()).toBeUndefined();
      }
      while (work.under.length > 0) work.do({ kind: "end", number: 0 });
      expect([work.waiting.size, work.gates.size, work.ready.size]).toEqual([0, 0, 0]);
    }),
    { numRuns: 300 },
  );
});
