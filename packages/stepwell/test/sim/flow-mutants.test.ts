/** Builds in which flow control is broken on purpose (mutant-rig.ts): each must be caught within a few worlds of it. */
import { describe, expect, test } from "vitest";
import { Batch } from "../../src/core/batch.ts";
import { Admission } from "../../src/core/flow/admission.ts";
import { Gates } from "../../src/core/flow/gates.ts";
import { OpenGate, Turn } from "../../src/core/flow/open-gate.ts";
import { Chain, type Chained } from "../../src/core/schedule/chain.ts";
import { LaneVisits } from "../../src/core/schedule/lane-visits.ts";
import { type Lane, ReadyQueue } from "../../src/core/schedule/ready-queue.ts";
import type { FlowConfig } from "../../src/protocol/flow.ts";
import type { BatchRecords } from "../../src/store/records.ts";
import { every, MUTANT_MS_MAX, patch, ruleBrokenBy, simulatorWith } from "./mutant-rig.ts";
import { runSeed } from "./run-seed.ts";
import type { Mutation } from "./world.ts";

const patience = { timeout: MUTANT_MS_MAX };
type Rule = (...args: never[]) => unknown;
type Spec = { readonly limit: number };

const inFlow =
  (run: typeof runSeed) =>
  (seed: number, mutation: Mutation = {}) =>
    run(seed, mutation, "flow");

const brokenBy = (mutation: Mutation, seedsMax: number, run = runSeed, hint: number | null = null) =>
  ruleBrokenBy(mutation, seedsMax, inFlow(run), hint);

async function withModule(path: string, name: string, make: (original: Rule) => Rule) {
  return simulatorWith(path, (original) => ({ [name]: make(original[name] as Rule) }));
}

const inTurnsBrokenBy = (mutation: Mutation, seedsMax: number, run = runSeed, hint: number | null = null) =>
  ruleBrokenBy(mutation, seedsMax, (seed, broken = {}) => run(seed, broken, "turns"), hint);

const RULES = "../../src/core/flow/rules.ts";
const THROTTLE = "../../src/core/flow/throttle.ts";

describe("limits", () => {
  test("a limit on calls lets one more", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).map((spec) => ({ ...spec, limit: spec.limit + 1 }));
    expect(await brokenBy({}, 100, await withModule(RULES, "callGates", more))).toBe("FL1");
  });

  test("a limit on runs lets one more", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).map((spec) => ({ ...spec, limit: spec.limit + 1 }));
    expect(await brokenBy({}, 100, await withModule(RULES, "runGates", more))).toBe("FL2");
  });

  test("a limit lets one less", patience, async () => {
    const less =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).map((spec) => ({ ...spec, limit: Math.max(1, spec.limit - 1) }));
    expect(await brokenBy({}, 100, await withModule(RULES, "callGates", less))).toBe("QC1");
  });

  test("the last of the rules is left out", patience, async () => {
    const fewer =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).slice(0, 1);
    expect(await brokenBy({}, 100, await withModule(RULES, "callGates", fewer), 76)).toBe("FL1");
  });

  test("a place is not given back", patience, async () => {
    const isHit = every(20);
    patch(
      Gates,
      "leave",
      (leave) =>
        function (this: Gates, holder) {
          if (!isHit()) leave.call(this, holder);
        },
    );
    expect(await brokenBy({}, 50)).toMatch(/QC1|FL3|liveness/);
  });

  test("a turn that was not used is not passed on", patience, async () => {
    patch(Gates, "settled", () => () => {});
    expect(await brokenBy({}, 50)).toMatch(/QC1|FL3|liveness/);
  });

  test("whole runs have no place after a restart", patience, async () => {
    patch(Admission, "holdAgain", () => () => {});
    expect(await brokenBy({}, 100)).toBe("FL2");
  });
});

describe("order", () => {
  test("the youngest goes first", patience, async () => {
    const swapped =
      (original: Rule): Rule =>
      (left, right) =>
        original(right, left);
    expect(await brokenBy({}, 100, await withModule("../../src/core/schedule/hint.ts", "isOlder", swapped))).toBe(
      "OR1",
    );
  });

  test("priority is not asked", patience, async () => {
    const plain =
      (original: Rule): Rule =>
      (of: { flow: object | null }) => {
        const flow = of.flow === null ? null : { ...of.flow, priorityMs: 0 };
        return original({ ...of, flow } as never);
      };
    expect(
      await brokenBy({}, 100, await withModule("../../src/core/schedule/hint.ts", "hintOf", plain as never)),
    ).toMatch(/OR1|QC1/);
  });
});

describe("turns", () => {
  test("who had the last turn goes first", patience, async () => {
    patch(
      Chain<Chained>,
      "push",
      () =>
        function (this: Chain<Chained>, item) {
          this.insertBefore(item, this.first);
        },
    );
    expect(await inTurnsBrokenBy({}, 100)).toBe("FA1");
  });

  test("a function keeps its turn", patience, async () => {
    patch(
      ReadyQueue,
      "offer",
      (offer) =>
        function (this: ReadyQueue, fn) {
          offer.call(this, fn);
          fn.credit = Number.POSITIVE_INFINITY;
        },
    );
    expect(await inTurnsBrokenBy({}, 100)).toBe("FA2");
  });

  test("deep lanes go first where they wait", patience, async () => {
    const depthOf = (turn: Turn) => (turn.waiters[0] as Lane).heap.size;
    patch(
      Chain<Chained>,
      "insertBefore",
      (insertBefore) =>
        function (this: Chain<Chained>, item, next) {
          const others = item instanceof Turn && next === null ? [...(this as Chain<Turn>)] : [];
          const shallower = others.find((other) => depthOf(other) < depthOf(item as Turn));
          insertBefore.call(this, item, shallower ?? next);
        },
    );
    expect(await inTurnsBrokenBy({}, 200)).toBe("FA1");
  });
});

describe("what is guaranteed", () => {
  test("nobody goes first", patience, async () => {
    patch(OpenGate, "prefer", () => () => {});
    expect(await inTurnsBrokenBy({}, 150)).toBe("FA3");
  });

  test("a burst guarantees nothing", patience, async () => {
    const none =
      (original: Rule): Rule =>
      (fn: { flow: FlowConfig }, ...rest) =>
        fn.flow.concurrency.some(({ burst }) => burst !== null) ? [] : original(fn as never, ...rest);
    expect(await inTurnsBrokenBy({}, 150, await withModule(RULES, "guarantees", none as never))).toBe("FA3");
  });

  test("a burst is not lent", patience, async () => {
    const never =
      (original: Rule): Rule =>
      (fn: { flow: FlowConfig }, ...rest) => {
        const concurrency = fn.flow.concurrency.map((rule) => ({ ...rule, burst: null }));
        return original({ ...fn, flow: { ...fn.flow, concurrency } } as never, ...rest);
      };
    expect(await inTurnsBrokenBy({}, 100, await withModule(RULES, "callGates", never as never))).toBe("QC1");
  });
});

describe("deploys and other causes", () => {
  test("a throttle that changed goes on with what was owed before", patience, async () => {
    const same = (): Rule => (_before, _rule, fullAt) => fullAt;
    expect(await brokenBy({}, 400, await withModule(THROTTLE, "afterChange", same))).toMatch(/QC1|TR1/);
  });

  test("a rerun from a step is not taken for a start", patience, async () => {
    const onlyMain =
      (original: Rule): Rule =>
      (of: { slot: string; isQueued: boolean }) =>
        original({ ...of, isQueued: of.isQueued && of.slot === "main" } as never);
    expect(
      await brokenBy({}, 400, await withModule("../../src/core/schedule/hint.ts", "hintOf", onlyMain as never)),
    ).toMatch(/FL2|TR1/);
  });
});

describe("keys beyond memory", () => {
  test("who is left to the store at a gate is forgotten", patience, async () => {
    patch(Gates, "takeFreed", () => () => []);
    expect(await brokenBy({}, 400)).toMatch(/QC1|liveness/);
  });

  test("a lane that appears while memory is full is not visited", patience, async () => {
    patch(LaneVisits, "ask", () => () => true);
    expect(await brokenBy({}, 400)).toMatch(/QC1|liveness/);
  });
});

describe("throttles", () => {
  test("who came last starts first", patience, async () => {
    patch(
      Chain<Chained>,
      "insertBefore",
      (insertBefore) =>
        function (this: Chain<Chained>, item, next) {
          const isThrottled = item instanceof Turn && item.gate.name.startsWith("throttle");
          insertBefore.call(this, item, isThrottled && next === null ? this.first : next);
        },
    );
    expect(await inTurnsBrokenBy({}, 150)).toBe("FA1");
  });

  test("a start costs nothing", patience, async () => {
    const free = (): Rule => (_rule, fullAt, now) => Math.max(fullAt ?? now, now);
    expect(await brokenBy({}, 50, await withModule(THROTTLE, "afterStart", free), 22)).toBe("TR1");
  });

  test("a start costs twice", patience, async () => {
    const dear =
      (original: Rule): Rule =>
      (rule, fullAt, now) =>
        original(rule, original(rule, fullAt, now) as never, now);
    expect(await brokenBy({}, 50, await withModule(THROTTLE, "afterStart", dear))).toBe("QC1");
  });

  test("one more may come at once", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (rule: { burst: number }, fullAt, now) =>
        original({ ...rule, burst: rule.burst + 1 } as never, fullAt, now);
    expect(await brokenBy({}, 50, await withModule(THROTTLE, "allowedAt", more as never), 22)).toBe("TR1");
  });

  test("what was charged is forgotten at a restart", patience, async () => {
    patch(Admission, "restoreThrottle", () => () => {});
    expect(await brokenBy({}, 150, undefined, 25)).toBe("TR1");
  });

  test("nobody is told of the next start", patience, async () => {
    patch(Gates, "open", () => () => {});
    expect(await brokenBy({}, 50)).toMatch(/QC1|liveness/);
  });
});

const STARTING = "../../src/core/flow/starting.ts";
const COLLECTING = "../../src/core/flow/collecting.ts";
type Verdict = { readonly kind: string; readonly replaces?: string | null };

describe("what an event starts", () => {
  test("a window counts one stretch less", patience, async () => {
    const early =
      (original: Rule): Rule =>
      (rule: { periodMs: number }, state, now) =>
        original({ ...rule, periodMs: rule.periodMs - 1 } as never, state, now);
    expect(
      await brokenBy({}, 100, await withModule("../../src/core/flow/rate-limit.ts", "rateLimit", early as never), 68),
    ).toBe("SM5");
  });

  test("a window admits one more", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (rule: { limit: number }, state, now) =>
        original({ ...rule, limit: rule.limit + 1 } as never, state, now);
    expect(
      await brokenBy({}, 100, await withModule("../../src/core/flow/rate-limit.ts", "rateLimit", more as never), 23),
    ).toBe("SM5");
  });

  test("idempotency keys are forgotten with the memory", patience, async () => {
    const change = (records: BatchRecords) => ({
      ...records,
      flow: records.flow.filter(({ kind }) => kind !== "idempotency"),
    });
    expect(await brokenBy({ store: { change } }, 100)).toMatch(/SM2|LG4/);
  });

  test("a failed run keeps its idempotency key", patience, async () => {
    patch(
      Batch,
      "deleteFlow",
      (deleteFlow) =>
        function (this: Batch, key, ifValue) {
          if (key.kind !== "idempotency") deleteFlow.call(this, key, ifValue);
        },
    );
    expect(await brokenBy({}, 150)).toBe("SM2");
  });

  test("a singleton looks at nothing that is under way", patience, async () => {
    const blind =
      (original: Rule): Rule =>
      (world: object, request) =>
        original({ ...world, stateOf: () => "over" } as never, request);
    expect(await brokenBy({}, 100, await withModule(STARTING, "decideStart", blind as never))).toMatch(/SM3|CM1/);
  });

  test("a singleton starts the new run and leaves the old one", patience, async () => {
    const both =
      (original: Rule): Rule =>
      (...args) => ({ ...(original(...args) as Verdict), replaces: null });
    expect(await brokenBy({}, 100, await withModule(STARTING, "decideStart", both))).toBe("SM3");
  });

  test("a debounce loses the last event", patience, async () => {
    const change = (records: BatchRecords) => ({
      ...records,
      runs: records.runs.map((run) =>
        records.collecting.has(run.id) && run.events.length > 1 ? { ...run, events: run.events.slice(0, -1) } : run,
      ),
    });
    expect(await brokenBy({ store: { change } }, 100)).toBe("CM2");
  });

  test("a debounce keeps its first event", patience, async () => {
    const seen = new Map<string, BatchRecords["runs"][number]["events"]>();
    const change = (records: BatchRecords) => ({
      ...records,
      runs: records.runs.map((run) => {
        if (!records.collecting.has(run.id)) return run;
        const events = seen.get(run.id) ?? run.events;
        seen.set(run.id, events);
        return { ...run, events };
      }),
    });
    expect(await brokenBy({ store: { change } }, 100)).toBe("CM2");
  });

  test("a debounce begins early", patience, async () => {
    const early =
      (original: Rule): Rule =>
      (starter, world, order: { fn: { flow: { debounce: object | null } } }, verdict) => {
        const { debounce } = order.fn.flow as { debounce: { periodMs: number } | null };
        const flow = { ...order.fn.flow, debounce: debounce && { ...debounce, periodMs: debounce.periodMs - 1 } };
        return original(starter, world, { ...order, fn: { ...order.fn, flow } } as never, verdict);
      };
    expect(await brokenBy({}, 100, await withModule(COLLECTING, "collect", early as never))).toMatch(/CM\d/);
  });

  test("a batch that is full waits for its timeout", patience, async () => {
    const larger =
      (original: Rule): Rule =>
      (starter, world, order: { fn: { flow: { batch: object | null } } }, verdict) => {
        const { batch } = order.fn.flow as { batch: { sizeMax: number } | null };
        const flow = { ...order.fn.flow, batch: batch && { ...batch, sizeMax: batch.sizeMax + 1 } };
        return original(starter, world, { ...order, fn: { ...order.fn, flow } } as never, verdict);
      };
    expect(await brokenBy({}, 100, await withModule(COLLECTING, "collect", larger as never))).toMatch(/CM\d/);
  });

  test("what gathers never begins", patience, async () => {
    const again = (): Rule => () => false;
    expect(await brokenBy({}, 100, await withModule("../../src/core/run/collect.ts", "beginCollected", again))).toMatch(
      /CM\d|QC1|liveness/,
    );
  });

  test("a backlog lets one more wait", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (queued: number, ...rest) =>
        original((queued - 1) as never, ...rest);
    expect(
      await brokenBy({}, 100, await withModule("../../src/core/flow/backlog.ts", "backlogVerdict", more as never), 27),
    ).toBe("SM4");
  });

  test("no run makes room for a newer one", patience, async () => {
    const keep = (): Rule => () => undefined;
    expect(await brokenBy({}, 100, await withModule("../../src/core/flow/backlog.ts", "makeRoom", keep))).toBe("SM4");
  });
});
