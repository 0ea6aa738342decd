import { describe, expect, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import type { FunctionOptions, StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });
type Options = Omit<FunctionOptions, "id" | "triggers">;

interface Seen {
  readonly at: number;
  readonly keys: unknown[];
}

/** A function under these rules that notes when it ran and with which events; every run sleeps for a minute. */
async function under(options: Options, sleep: string | null = null) {
  const seen: Seen[] = [];
  let engine: TestEngine;
  const fn = client.createFunction(
    { ...options, id: "fn", triggers: { event: "start" } } as FunctionOptions,
    async ({ events, step }) => {
      await step.run("note", () => {
        seen.push({
          at: engine.now.getTime() - startedAt,
          keys: events.map((event) => (event.data as { key?: unknown }).key),
        });
      });
      if (sleep !== null) await step.sleep("sleep", sleep);
      return "done";
    },
  ) as StepwellFunction<unknown, unknown>;
  engine = await TestEngine.start({ client, functions: [fn] });
  const startedAt = engine.now.getTime();
  const send = async (...keys: unknown[]) => {
    const { runIds } = await engine.send(keys.map((key) => ({ name: "start", data: { key } })) as never);
    await engine.runUntilIdle();
    return runIds;
  };
  const runs = async () => (await engine.engine.store.listRuns({ env: "default", limit: 50 })).map((run) => run.id);
  return { engine, seen, send, runs, at: () => seen.map((one) => one.at), [Symbol.asyncDispose]: () => engine.stop() };
}

describe("throttle", () => {
  test("limit + burst start at once, then one per interval", async () => {
    await using it = await under({ throttle: { limit: 2, period: "10s", burst: 1 } });
    await it.send(1, 2, 3, 4, 5);
    await it.engine.advance("1m");
    expect(it.at()).toEqual([0, 0, 0, 5_000, 10_000]);
  });

  test("each key has a bucket of its own", async () => {
    await using it = await under({ throttle: { limit: 1, period: "10s", key: "event.data.key" } });
    await it.send("a", "a", "b");
    await it.engine.advance("1m");
    expect(it.seen.map(({ at, keys }) => [at, keys[0]])).toEqual([
      [0, "a"],
      [0, "b"],
      [10_000, "a"],
    ]);
  });
});

describe("rate limit", () => {
  test("exactly so many in any period; the others start nothing", async () => {
    await using it = await under({ rateLimit: { limit: 2, period: "1m" } });
    expect(await it.send(1, 2, 3)).toHaveLength(2);
    await it.engine.advance("59s");
    expect(await it.send(4)).toEqual([]);
    await it.engine.advance("1s");
    expect(await it.send(5)).toHaveLength(1);
  });
});

describe("debounce", () => {
  test("one run with the last event, when it has been quiet for the period", async () => {
    await using it = await under({ debounce: { period: "5s" } });
    await it.send(1);
    await it.engine.advance("3s");
    await it.send(2);
    await it.engine.advance("1m");
    expect(it.seen).toEqual([{ at: 8_000, keys: [2] }]);
  });

  test("the timeout bounds the wait", async () => {
    await using it = await under({ debounce: { period: "5s", timeout: "7s" } });
    await it.send(1);
    await it.engine.advance("4s");
    await it.send(2);
    await it.engine.advance("1m");
    expect(it.seen).toEqual([{ at: 7_000, keys: [2] }]);
  });

  test("collect gives all of them; leading starts with the first", async () => {
    await using all = await under({ debounce: { period: "5s", collect: true } });
    await all.send(1, 2, 3);
    await all.engine.advance("1m");
    expect(all.seen).toEqual([{ at: 5_000, keys: [1, 2, 3] }]);
    await using first = await under({ debounce: { period: "5s", mode: "leading" } });
    await first.send(1, 2);
    await first.engine.advance("1m");
    await first.send(3);
    expect(first.seen.map(({ keys }) => keys)).toEqual([[1], [3]]);
  });

  test("a run that waits for quiet can begin now, or be cancelled", async () => {
    await using it = await under({ debounce: { period: "5s" } });
    await it.send(1);
    const [waiting] = await it.runs();
    expect(await it.engine.engine.beginRun(waiting!)).toBe(true);
    await it.engine.runUntilIdle();
    expect(it.seen).toEqual([{ at: 0, keys: [1] }]);
  });
});

describe("batch", () => {
  test("begins when it is full, or when its time is over", async () => {
    await using it = await under({ batchEvents: { maxSize: 3, timeout: "10s" } });
    await it.send(1, 2);
    await it.send(3, 4);
    await it.engine.advance("1m");
    expect(it.seen).toEqual([
      { at: 0, keys: [1, 2, 3] },
      { at: 10_000, keys: [4] },
    ]);
  });
});

describe("singleton", () => {
  test("skip: while one runs, others are left behind", async () => {
    await using it = await under({ singleton: { mode: "skip" } }, "1m");
    expect(await it.send(1)).toHaveLength(1);
    expect(await it.send(2)).toEqual([]);
    await it.engine.advance("1m");
    expect(await it.send(3)).toHaveLength(1);
    expect(it.seen.map(({ keys }) => keys[0])).toEqual([1, 3]);
  });

  test("cancel: the newest wins", async () => {
    await using it = await under({ singleton: { mode: "cancel" } }, "1m");
    const [first] = await it.send(1);
    const runs = await it.send(2, 3, 4);
    await it.engine.advance("2m");
    expect((await it.engine.getRun(first!))?.reason).toBe("replaced");
    const statuses = await Promise.all(runs.map(async (id) => (await it.engine.getRun(id))?.status));
    expect(statuses).toEqual(["cancelled", "cancelled", "completed"]);
  });

  test("queue-all: one after the other; queue-latest: only the newest of those that wait", async () => {
    await using all = await under({ singleton: { mode: "queue-all" } }, "1m");
    await all.send(1, 2, 3);
    await all.engine.advance("5m");
    expect(all.at()).toEqual([0, 60_000, 120_000]);
    await using latest = await under({ singleton: { mode: "queue-latest" } }, "1m");
    await latest.send(1);
    await latest.send(2, 3);
    await latest.engine.advance("5m");
    expect(latest.seen.map(({ keys }) => keys[0])).toEqual([1, 3]);
  });
});

describe("backlog", () => {
  const busy = { runConcurrency: 1, backlog: { limit: 2 } } as const;
  const statuses = async (it: Awaited<ReturnType<typeof under>>) =>
    (await it.engine.engine.store.listRuns({ env: "default", limit: 50 })).map(({ status }) => status).reverse();

  test("reject: what finds it full starts nothing", async () => {
    await using it = await under(busy, "1m");
    await it.send(1);
    expect(await it.send(2, 3, 4)).toHaveLength(2);
    await it.engine.advance("5m");
    expect(it.seen.map(({ keys }) => keys[0])).toEqual([1, 2, 3]);
  });

  test("drop-newest: it is left behind as skipped", async () => {
    await using it = await under({ ...busy, backlog: { limit: 2, policy: "drop-newest" } }, "1m");
    await it.send(1);
    await it.send(2, 3, 4);
    expect(await statuses(it)).toEqual(["running", "queued", "queued", "skipped"]);
  });

  test("a cron meets it too", async () => {
    const cron = client.createFunction(
      { id: "report", triggers: { cron: "* * * * *" }, runConcurrency: 1, backlog: { limit: 1 } },
      ({ step }) => step.sleep("long", "1h"),
    );
    await using engine = await TestEngine.start({ client, functions: [cron as StepwellFunction<unknown, unknown>] });
    await engine.advance("10m");
    expect(
      (await engine.engine.store.listRuns({ env: "default", limit: 10 })).map(({ status }) => status).sort(),
    ).toEqual(["queued", "running"]);
  });

  test("drop-oldest: what waits longest makes room, also for several events at once", async () => {
    await using it = await under({ ...busy, backlog: { limit: 2, policy: "drop-oldest" } }, "1m");
    await it.send(1);
    await it.send(2, 3);
    await it.send(4);
    await it.send(5, 6, 7);
    expect(await statuses(it)).toEqual(["running", "skipped", "skipped", "skipped", "skipped", "queued", "queued"]);
    await it.engine.advance("5m");
    expect(it.seen.map(({ keys }) => keys[0])).toEqual([1, 6, 7]);
  });

  test("an event for a run that waits anyway is no further run", async () => {
    const debounce = { period: "5s", collect: true };
    await using it = await under({ debounce, backlog: { limit: 1 } });
    await it.send(1);
    await it.send(2, 3);
    await it.engine.advance("1m");
    expect(it.seen.map(({ keys }) => keys)).toEqual([[1, 2, 3]]);
  });
});

describe("concurrency", () => {
  test("of calls: runs that sleep hold no place", async () => {
    await using it = await under({ concurrency: 1 }, "1m");
    await it.send(1, 2);
    expect(it.at()).toEqual([0, 0]);
  });

  test("of whole runs: one after the other, each key for itself", async () => {
    await using it = await under({ runConcurrency: { limit: 1, key: "event.data.key" } }, "1m");
    await it.send("a", "a", "b");
    await it.engine.advance("5m");
    expect(it.seen.map(({ at, keys }) => [at, keys[0]])).toEqual([
      [0, "a"],
      [0, "b"],
      [60_000, "a"],
    ]);
  });
});

describe("a debounce beside other rules", () => {
  const debounce = { period: "5s", collect: true };

  test("singleton, skip: its run has the place from the first event on; later events join it, or find it taken", async () => {
    await using it = await under({ debounce, singleton: { mode: "skip" } }, "1m");
    await it.send(1);
    await it.send(2);
    await it.engine.advance("10s");
    await it.send(3);
    await it.engine.advance("2m");
    await it.send(4);
    await it.engine.advance("10s");
    expect(it.seen.map(({ keys }) => keys)).toEqual([[1, 2], [4]]);
  });

  test("singleton, cancel: an event while the run is under way takes its place", async () => {
    await using it = await under({ debounce, singleton: { mode: "cancel" } }, "1m");
    await it.send(1);
    await it.engine.advance("10s");
    const [first] = await it.runs();
    await it.send(2);
    await it.send(3);
    expect((await it.engine.getRun(first!))?.reason).toBe("replaced");
    await it.engine.advance("2m");
    expect(it.seen.map(({ keys }) => keys)).toEqual([[1], [2, 3]]);
  });

  test("idempotency: an event whose key was seen is no news", async () => {
    await using it = await under({ debounce, idempotency: "event.data.key" });
    await it.send(1);
    await it.engine.advance("3s");
    await it.send(1, 2);
    await it.engine.advance("1m");
    await it.send(2);
    await it.engine.advance("1m");
    expect(it.seen).toEqual([{ at: 8_000, keys: [1, 2] }]);
  });

  test("priority, throttle and limits on runs count for its run", async () => {
    const keyed = { period: "5s", key: "event.data.key" };
    await using it = await under({
      debounce: keyed,
      throttle: { limit: 1, period: "10s" },
      priority: "event.data.key == 'b' ? 60 : 0",
    });
    await it.send("a", "b");
    await it.engine.advance("1m");
    expect(it.seen).toEqual([
      { at: 5_000, keys: ["b"] },
      { at: 15_000, keys: ["a"] },
    ]);
  });
});

describe("idempotency", () => {
  test("the same key starts once within its window", async () => {
    await using it = await under({ idempotency: { key: "event.data.key", period: "1h" } });
    expect(await it.send("a", "a", "b")).toHaveLength(2);
    await it.engine.advance("1h");
    expect(await it.send("a")).toHaveLength(1);
  });
});

describe("whoever asks for a run by name", () => {
  test("is told that it did not start, and nothing is left of it", async () => {
    await using it = await under({ singleton: { mode: "skip" } }, "1m");
    const runIds = await it.send(1);
    await expect(it.engine.invoke("shop-fn", { data: { key: 2 } })).rejects.toMatchObject({ code: "function_skipped" });
    expect(await it.runs()).toEqual(runIds);
  });

  test("gets a rerun of a paused function, which waits for it", async () => {
    await using it = await under({});
    const [runId] = await it.send(1);
    await it.engine.engine.pause({ kind: "function", id: "shop-fn", mode: "reject" });
    const again = await it.engine.rerun(runId!);
    await it.engine.runUntilIdle();
    expect(it.seen).toHaveLength(1);
    await it.engine.engine.unpause({ kind: "function", id: "shop-fn" });
    await it.engine.runUntilIdle();
    expect([it.seen.length, (await it.runs()).includes(again.runId)]).toEqual([2, true]);
  });
});
