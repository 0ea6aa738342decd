/** Builds in which waits, messages, children, pauses, reruns or requests are broken on purpose (mutant-rig.ts). */
import { describe, expect, test } from "vitest";
import { Apps } from "../../src/core/apps.ts";
import { Batch } from "../../src/core/batch.ts";
import { Facts } from "../../src/core/facts.ts";
import { Links } from "../../src/core/links.ts";
import { WaitNames } from "../../src/core/match/wait-names.ts";
import { Mailbox } from "../../src/engine/mailbox.ts";
import { RecentFacts } from "../../src/engine/recent-facts.ts";
import type { BatchRecords } from "../../src/store/records.ts";
import { every, MUTANT_MS_MAX, patch, ruleBrokenBy, simulatorWith } from "./mutant-rig.ts";

type Rule = (...args: never[]) => unknown;
interface ChangedRun {
  error: string | null;
  readonly events: readonly { readonly id: string }[];
  readonly steps: ReadonlyMap<string, { memo: string | null; readonly kind: string }>;
}

const patience = { timeout: MUTANT_MS_MAX };

describe("waits", () => {
  test("a wait that is armed is not among what was decided lately", patience, async () => {
    patch(RecentFacts, "join", () => () => {});
    expect(await ruleBrokenBy({}, 600)).toMatch(/WT2|CN2|SG\d/);
  });

  test("an event resumes only the first who waits", patience, async () => {
    patch(
      Facts,
      "waiters",
      (waiters) =>
        function (this: Facts, query) {
          const found = waiters.call(this, query);
          return { ...found, runIds: found.runIds.slice(0, 1) };
        },
    );
    expect(await ruleBrokenBy({}, 300)).toMatch(/WT2|CN2/);
  });

  test("the condition is not asked", patience, async () => {
    const run = await simulatorWith("../../src/core/match/wait-keys.ts", () => ({ waitMatches: () => true }));
    expect(await ruleBrokenBy({}, 100, run)).toMatch(/WT1|WT3|CN1/);
  });

  test("a condition with two keys has one", patience, async () => {
    const run = await simulatorWith("../../src/core/match/wait-keys.ts", ({ planWait }) => ({
      planWait: (...args: never[]) => {
        const plan = (planWait as Rule)(...args) as { keys?: unknown[] };
        return plan.keys === undefined ? plan : { ...plan, keys: plan.keys.slice(0, 1) };
      },
    }));
    expect(await ruleBrokenBy({}, 400, run)).toMatch(/WT2|CN2/);
  });

  test("a look back finds the latest", patience, async () => {
    const run = await simulatorWith("../../src/core/run/arrive.ts", ({ lookBack }) => ({
      lookBack: (context: never, of: never, slot: never, events: never[]) =>
        (lookBack as Rule)(context, of, slot, [...events].reverse() as never),
    }));
    expect(await ruleBrokenBy({}, 600, run)).toBe("WT3");
  });

  test("patience is over early", patience, async () => {
    const run = await simulatorWith("../../src/core/run/jobs.ts", ({ addJob }) => ({
      addJob: (context: { now: number }, of: never, slot: never, kind: string, dueAt: number, ...more: never[]) => {
        const at = kind === "timeout" ? context.now + (dueAt - context.now) * 0.9 : dueAt;
        return (addJob as Rule)(context as never, of, slot, kind as never, at as never, ...more);
      },
    }));
    expect(await ruleBrokenBy({}, 100, run)).toMatch(/WT4|SG6|IV4/);
  });

  test("a wait that ends is still counted", patience, async () => {
    const isHit = every(5);
    patch(
      WaitNames,
      "remove",
      (remove) =>
        function (this: WaitNames, place) {
          if (!isHit()) remove.call(this, place);
        },
    );
    expect(await ruleBrokenBy({}, 100)).toBe("LG12");
  });

  test("a run that ends leaves its waits", patience, async () => {
    const run = await simulatorWith("../../src/core/run/arm.ts", () => ({ disarmAll: () => {} }));
    expect(await ruleBrokenBy({}, 100, run)).toMatch(/LG3|resident/);
  });
});

describe("signals", () => {
  test("a second step may wait for a signal", patience, async () => {
    patch(
      Links,
      "signal",
      (signal) =>
        function (this: Links, name) {
          return { ...signal.call(this, name), holder: null };
        },
    );
    expect(await ruleBrokenBy({}, 200)).toBe("SG1");
  });

  test("a signal that is kept is not taken away", patience, async () => {
    patch(Batch, "deleteFlow", () => () => {});
    patch(Facts, "forgetFlow", () => () => {});
    expect(await ruleBrokenBy({}, 300)).toMatch(/SG\d/);
  });

  test("a signal that is kept is not found", patience, async () => {
    patch(
      Links,
      "signal",
      (signal) =>
        function (this: Links, name) {
          return { ...signal.call(this, name), early: null };
        },
    );
    expect(await ruleBrokenBy({}, 200)).toMatch(/SG\d/);
  });
});

describe("messages", () => {
  test("a message is acted on twice", patience, async () => {
    patch(
      Mailbox,
      "committed",
      (committed) =>
        function (this: Mailbox, messages, isDone) {
          return committed.call(this, messages, isDone).flatMap((message) => [message, message]);
        },
    );
    expect(await ruleBrokenBy({}, 100)).toBe("LG11");
  });

  test("a message is lost", patience, async () => {
    const isHit = every(5);
    patch(
      Mailbox,
      "committed",
      (committed) =>
        function (this: Mailbox, messages, isDone) {
          return committed.call(this, messages, isDone).filter(() => !isHit());
        },
    );
    expect(await ruleBrokenBy({}, 200)).toMatch(/rest|liveness/);
  });

  test("what a step sends is not stored with its result", patience, async () => {
    const isHit = every(3);
    const change = (records: BatchRecords) => ({
      ...records,
      events: records.events.filter((event) => !event.json.includes('"name":"chain/go"') || !isHit()),
    });
    expect(await ruleBrokenBy({ store: { change } }, 200)).toMatch(/LG10|E\d|events/);
  });
});

describe("children", () => {
  test("a step is told twice, and the second memo stays", patience, async () => {
    const run = await simulatorWith("../../src/core/run/invoke.ts", ({ childEnded }) => ({
      childEnded: (context: never, of: ChangedRun, slot: never, ...more: never[]) => {
        (childEnded as Rule)(context, of as never, slot, ...more);
        const step = of.steps.get(slot);
        if (step?.memo != null) step.memo = '{"data":"again"}';
      },
    }));
    expect(await ruleBrokenBy({}, 100, run)).toMatch(/IV2|LG1/);
  });

  test("a parent is told too late", patience, async () => {
    patch(Links, "tellParent", () => () => {});
    expect(await ruleBrokenBy({}, 100)).toBe("IV2");
  });

  test("a cancelled parent leaves its children alone", patience, async () => {
    patch(Links, "cancelChild", () => () => {});
    expect(await ruleBrokenBy({}, 1_000, undefined, 159)).toBe("IV5");
  });
});

describe("states", () => {
  test("a paused function is called", patience, async () => {
    patch(Apps, "isPaused", () => () => false);
    expect(await ruleBrokenBy({}, 300)).toBe("PA1");
  });

  test("events start a paused function as any other", patience, async () => {
    patch(Apps, "pauseOf", () => () => null);
    expect(await ruleBrokenBy({}, 600)).toMatch(/PA\d|events/);
  });

  test("the time of a run is over early", patience, async () => {
    const run = await simulatorWith("../../src/core/run/timeouts.ts", ({ limitFinish, endForTime }) => ({
      limitFinish: (context: never, of: never, limits: { finishMs: number | null }) =>
        (limitFinish as Rule)(context, of, {
          ...limits,
          finishMs: limits.finishMs === null ? null : limits.finishMs / 2,
        } as never),
      runTimeout: (context: never, of: never) =>
        (endForTime as Rule)(context, of, { startMs: 1, finishMs: 1, asFailure: false } as never),
    }));
    expect(await ruleBrokenBy({}, 200, run)).toBe("TO1");
  });

  test("a resume leaves a gap in the stack", patience, async () => {
    const change = (records: BatchRecords) => {
      const resumed = new Set(records.runs.filter((run) => run.notes?.resumes !== undefined).map((run) => run.id));
      return { ...records, steps: records.steps.filter((step) => step.memo === null || !resumed.has(step.runId)) };
    };
    expect(await ruleBrokenBy({ store: { change } }, 600)).toMatch(/LG\d|assertion/);
  });

  test("a rerun from a step forgets what came before", patience, async () => {
    const run = await simulatorWith("../../src/core/run/rerun.ts", () => ({ copySteps: () => {} }));
    expect(await ruleBrokenBy({}, 600, run)).toMatch(/RR2|outcome/);
  });
});

describe("requests", () => {
  test("a secret stays in the row of its step", patience, async () => {
    const run = await simulatorWith("../../src/protocol/gateway.ts", () => ({
      redactGatewayOpts: (_kind: unknown, opts: unknown) => opts,
    }));
    expect(await ruleBrokenBy({}, 100, run)).toBe("RQ1");
  });
});
