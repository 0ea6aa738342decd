/**
 * Builds that are broken on purpose: the simulator must catch each within a bounded number of seeds. A mutant that
 * survives means a rule that nobody watches.
 */
import { describe, expect, test } from "vitest";
import { Batch } from "../../src/core/batch.ts";
import { Core } from "../../src/core/core.ts";
import { CronSchedules } from "../../src/core/cron/schedules.ts";
import type { Job } from "../../src/core/run/run.ts";
import { JobQueue } from "../../src/core/schedule/job-queue.ts";
import { RecentFacts } from "../../src/engine/recent-facts.ts";
import { StopSource } from "../../src/engine/stop-source.ts";
import type { BatchRecords } from "../../src/store/records.ts";
import { every, MUTANT_MS_MAX, patch, ruleBrokenBy, simulatorWith } from "./mutant-rig.ts";
import type { Mutation, World } from "./world.ts";

describe("effects and commits", () => {
  test("a call goes out before its commit", { timeout: MUTANT_MS_MAX }, async () => {
    let world: World;
    const mutation: Mutation = {
      onWorld: (made) => {
        world = made;
      },
      store: {
        onCommit: (batch, life) => {
          for (const { call } of batch.calls)
            void world.network.transportOf(life).call(call, async () => "saved", new StopSource());
        },
      },
    };
    expect(await ruleBrokenBy(mutation, 20)).toBe("E1");
  });

  test("an answer goes out before its commit", { timeout: MUTANT_MS_MAX }, async () => {
    expect(await ruleBrokenBy({ store: { answersEarly: true } }, 20)).toBe("E1");
  });

  test("a failed commit is taken for a good one", { timeout: MUTANT_MS_MAX }, async () => {
    expect(await ruleBrokenBy({ store: { hidesFailures: true } }, 100)).toMatch(/E1|E4|LG\d|assertion|liveness/);
  });

  test("a batch is stored without some of its steps", { timeout: MUTANT_MS_MAX }, async () => {
    const isHit = every(20);
    const change = (records: BatchRecords) => ({ ...records, steps: records.steps.filter(() => !isHit()) });
    expect(await ruleBrokenBy({ store: { change } }, 50)).toMatch(/LG3|E1/);
  });

  test("a batch is stored without one of its events", { timeout: MUTANT_MS_MAX }, async () => {
    const isHit = every(5);
    const change = (records: BatchRecords) => ({ ...records, events: records.events.filter(() => !isHit()) });
    expect(await ruleBrokenBy({ store: { change } }, 50)).toMatch(/E1|E4|events/);
  });
});

interface ShuffledRun {
  readonly stack: string[];
  readonly steps: ReadonlyMap<string, { seq: number | null }>;
}

describe("memos and stacks", () => {
  test("a later result overwrites the memo", { timeout: MUTANT_MS_MAX }, async () => {
    const isHit = every(3);
    const change = (records: BatchRecords) => {
      const [again] = records.steps.filter((step) => step.memo !== null && isHit());
      if (again === undefined) return records;
      return { ...records, steps: [...records.steps, { ...again, memo: '{"data":"another"}' }] };
    };
    expect(await ruleBrokenBy({ store: { change } }, 50)).toBe("LG1");
  });

  test("the stack is shuffled when a run is loaded", { timeout: MUTANT_MS_MAX }, async () => {
    // With places that agree: a stack that contradicts its steps is found by the engine itself.
    const changeRuns = <Run extends ShuffledRun>(runs: Run[]) => {
      for (const run of runs) for (const [seq, id] of run.stack.reverse().entries()) run.steps.get(id)!.seq = seq;
      return runs;
    };
    expect(await ruleBrokenBy({ store: { changeRuns } }, 100)).toMatch(/E1|RR2|resident/);
  });

  test("a checkpoint of a superseded call is accepted", { timeout: MUTANT_MS_MAX }, async () => {
    const run = await simulatorWith("../../src/core/run/checkpoint.ts", ({ checkpoint }) => ({
      checkpoint: (context: unknown, run: unknown, slot: string, _generation: number, ops: unknown) =>
        withoutConflicts(checkpoint as Checkpoint, context, run as RunWithSteps, slot, ops as { id: string }[]),
    }));
    expect(await ruleBrokenBy({}, 400, run)).toBe("X3");
  });

  test("a result is given to the handler before it is saved", { timeout: MUTANT_MS_MAX }, async () => {
    const run = await simulatorWith("../../src/sdk/in-process.ts", ({ callInProcess }) => ({
      callInProcess: (
        client: unknown,
        fn: unknown,
        call: unknown,
        options: { save: (ops: unknown) => Promise<unknown> },
      ) => {
        const save = (ops: unknown) => {
          options.save(ops).catch(() => {});
          return Promise.resolve("saved");
        };
        return (callInProcess as (...args: unknown[]) => unknown)(client, fn, call, { ...options, save });
      },
    }));
    expect(await ruleBrokenBy({}, 50, run)).toBe("X3");
  });
});

type Checkpoint = (context: unknown, run: unknown, slot: string, generation: null, ops: unknown) => { kind: string };
type RunWithSteps = { readonly steps: Map<string, { memo: string | null }> };

/** Accepts whatever generation comes, and says of results that are there already that they are saved. */
function withoutConflicts(
  checkpoint: Checkpoint,
  context: unknown,
  run: RunWithSteps,
  slot: string,
  ops: readonly { readonly id: string }[],
) {
  const fresh = ops.filter((op) => run.steps.get(op.id)?.memo == null);
  return fresh.length === 0 ? { kind: "saved" } : checkpoint(context, run, slot, null, fresh);
}

describe("jobs and time", () => {
  test("a timer is dropped", { timeout: MUTANT_MS_MAX }, async () => {
    const isHit = every(10);
    patch(
      JobQueue,
      "add",
      (add) =>
        function (this: JobQueue, hint, now) {
          if (!isHit()) add.call(this, hint, now);
        },
    );
    expect(await ruleBrokenBy({}, 50)).toBe("liveness");
  });

  test("a page of jobs loses its last", { timeout: MUTANT_MS_MAX }, async () => {
    patch(
      JobQueue,
      "adoptPage",
      (adoptPage) =>
        function (this: JobQueue, request, hints) {
          adoptPage.call(this, request, hints.length > 1 ? hints.slice(0, -1) : hints);
        },
    );
    expect(await ruleBrokenBy({}, 200)).toBe("liveness");
  });

  test("the head of a lane loses its last", { timeout: MUTANT_MS_MAX }, async () => {
    patch(
      JobQueue,
      "adoptLanes",
      (adoptLanes) =>
        function (this: JobQueue, request, page) {
          const heads = page.heads.map((hints) => (hints.length > 1 ? hints.slice(0, -1) : hints));
          adoptLanes.call(this, request, { ...page, heads });
        },
    );
    expect(await ruleBrokenBy({}, 200)).toBe("liveness");
  });

  test("a reply is dropped", { timeout: MUTANT_MS_MAX }, async () => {
    const isHit = every(20);
    patch(
      Core,
      "reply",
      (reply) =>
        function (this: Core, command, facts, now) {
          if (!isHit()) reply.call(this, command, facts, now);
        },
    );
    expect(await ruleBrokenBy({}, 50)).toMatch(/liveness|rest/);
  });

  test("the job is not written again for a retry", { timeout: MUTANT_MS_MAX }, async () => {
    patch(
      Batch,
      "putJob",
      (putJob) =>
        function (this: Batch, job: Job) {
          if (job.attempt === 0) putJob.call(this, job);
        },
    );
    expect(await ruleBrokenBy({}, 50)).toMatch(/LG5|E1/);
  });

  test("a success does not give the attempts back", { timeout: MUTANT_MS_MAX }, async () => {
    const attempts = new Map<string, number>();
    const change = (records: BatchRecords) => ({
      ...records,
      jobs: records.jobs.map((job) => {
        const key = `${job.runId} ${job.slot}`;
        attempts.set(key, Math.max(job.attempt, attempts.get(key) ?? 0));
        return { ...job, attempt: attempts.get(key) ?? 0 };
      }),
    });
    expect(await ruleBrokenBy({ store: { change } }, 50)).toMatch(/LG5|E1/);
  });

  test("a retry comes too soon", { timeout: MUTANT_MS_MAX }, async () => {
    const run = await simulatorWith("../../src/core/retry.ts", () => ({ retryDelayMs: () => 10_000 }));
    expect(await ruleBrokenBy({}, 50, run)).toBe("LG5");
  });

  test("a sleep ends early", { timeout: MUTANT_MS_MAX }, async () => {
    patch(
      Core,
      "advance",
      (advance) =>
        function (this: Core, now) {
          advance.call(this, now + 500);
        },
    );
    expect(await ruleBrokenBy({}, 50)).toMatch(/LG6|E1|liveness/);
  });

  test("a sleep is shortened when it is stored", { timeout: MUTANT_MS_MAX }, async () => {
    const run = await simulatorWith("../../src/core/run/sleep.ts", ({ sleepUntil }) => ({
      sleepUntil: (op: unknown, now: number) => {
        const end = (sleepUntil as (op: unknown, now: number) => { at: number })(op, now);
        return { ...end, at: now + (end.at - now) * 0.9 };
      },
    }));
    expect(await ruleBrokenBy({}, 50, run)).toBe("LG6");
  });
});

describe("starts and ends", () => {
  test("facts of a moment ago are forgotten", { timeout: MUTANT_MS_MAX }, async () => {
    patch(RecentFacts, "get", () => () => undefined);
    expect(await ruleBrokenBy({}, 400)).toMatch(/LG4|SG2|events/);
  });

  test("the event ids in the store are not looked up", { timeout: MUTANT_MS_MAX }, async () => {
    expect(await ruleBrokenBy({ store: { knowsNoEvents: true } }, 200)).toBe("LG10");
  });

  test("a producer's id is not remembered", { timeout: MUTANT_MS_MAX }, async () => {
    const isOther = (fact: { readonly kind: string }) => fact.kind !== "idempotency";
    const change = (records: BatchRecords) => ({ ...records, flow: records.flow.filter(isOther) });
    expect(await ruleBrokenBy({ store: { change } }, 100)).toMatch(/LG4|events/);
  });

  test("the end of a run leaves its jobs", { timeout: MUTANT_MS_MAX }, async () => {
    const change = (records: BatchRecords) => ({ ...records, deletedJobs: [] });
    expect(await ruleBrokenBy({ store: { change } }, 20)).toBe("LG3");
  });

  test("the last step of a group asks for no discovery", { timeout: MUTANT_MS_MAX }, async () => {
    const run = await simulatorWith("../../src/core/run/progress.ts", () => ({ afterStep: () => {} }));
    expect(await ruleBrokenBy({}, 20, run)).toMatch(/LG3|resident/);
  });

  test("the end of a run is told twice", { timeout: MUTANT_MS_MAX }, async () => {
    const run = await simulatorWith("../../src/core/lifecycle.ts", ({ endEventNames }) => ({
      endEventNames: (of: unknown) => (endEventNames as (of: unknown) => string[])(of).flatMap((name) => [name, name]),
    }));
    expect(await ruleBrokenBy({}, 50, run)).toMatch(/listeners|LG4/);
  });

  test("a tick fires twice", { timeout: MUTANT_MS_MAX }, async () => {
    patch(
      CronSchedules,
      "fire",
      (fire) =>
        function (this: CronSchedules, functionId, now, start) {
          fire.call(this, functionId, now, (id, tick) => {
            start(id, tick);
            return start(id, tick);
          });
        },
    );
    expect(await ruleBrokenBy({}, 100)).toMatch(/cron|LG4|LG7/);
  });

  test("a missed tick is left out", { timeout: MUTANT_MS_MAX }, async () => {
    const isHit = every(4);
    patch(
      CronSchedules,
      "fire",
      (fire) =>
        function (this: CronSchedules, functionId, now, start) {
          fire.call(this, functionId, now, (id, tick) => (isHit() ? "nobody" : start(id, tick)));
        },
    );
    expect(await ruleBrokenBy({}, 300)).toBe("cron");
  });
});
