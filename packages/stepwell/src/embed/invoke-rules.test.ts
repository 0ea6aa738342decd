/** A step that invokes a function under each rule of flow control: it is answered at once, or gets the result of a run. */
import { describe, expect, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import type { FunctionOptions, StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });

interface Told {
  readonly seconds: number;
  /** The result, or the code of the error. */
  readonly what: unknown;
}

/** A function under these rules that takes a minute, and a parent that invokes it with the event's key. */
async function invoking(options: Omit<FunctionOptions, "id" | "triggers">) {
  const told: Told[] = [];
  let engine: TestEngine;
  const child = client.createFunction(
    { ...options, id: "child", triggers: { event: "child" } } as FunctionOptions,
    async ({ event, step }) => {
      await step.sleep("work", "1m");
      return `did ${String((event.data as { n: number }).n)}`;
    },
  );
  const parent = client.createFunction({ id: "parent", triggers: { event: "go" } }, async ({ event, step }) => {
    const what = await step
      .invoke("child", { function: child as never, data: event.data as never })
      .catch((error: { code?: string }) => error.code);
    await step.run("told", () => {
      told.push({ seconds: (engine.now.getTime() - startedAt) / 1_000, what });
    });
  });
  engine = await TestEngine.start({ client, functions: [child, parent] as StepwellFunction<unknown, unknown>[] });
  const startedAt = engine.now.getTime();
  const go = async (...numbers: number[]) => {
    for (const n of numbers) {
      await engine.send({ name: "go", data: { n, key: "a" } });
      await engine.runUntilIdle();
    }
  };
  return { engine, told, go, [Symbol.asyncDispose]: () => engine.stop() };
}

/** Who is told when, and what. */
const DONE_1 = { seconds: 60, what: "did 1" };
const at = (seconds: number, what: unknown): Told => ({ seconds, what });

describe("refused at once, with a code", () => {
  test("a rate limit", async () => {
    await using it = await invoking({ rateLimit: { limit: 1, period: "1h" } });
    await it.go(1, 2);
    expect(it.told).toEqual([at(0, "function_rate_limited")]);
    await it.engine.advance("2m");
    expect(it.told).toEqual([at(0, "function_rate_limited"), DONE_1]);
  });

  test("a singleton that skips", async () => {
    await using it = await invoking({ singleton: { mode: "skip" } });
    await it.go(1, 2);
    await it.engine.advance("2m");
    expect(it.told).toEqual([at(0, "function_skipped"), DONE_1]);
  });

  test("a backlog that is full, and refuses or drops the newest", async () => {
    for (const policy of ["reject", "drop-newest"] as const) {
      await using it = await invoking({ runConcurrency: 1, backlog: { limit: 1, policy } });
      await it.go(1, 2, 3);
      await it.engine.advance("3m");
      expect(it.told).toEqual([at(0, "function_backlog_full"), DONE_1, at(120, "did 2")]);
    }
  });

  test("a pause that skips or rejects", async () => {
    for (const mode of ["skip", "reject"] as const) {
      await using it = await invoking({});
      await it.engine.engine.pause({ kind: "function", id: "shop-child", mode });
      await it.go(1);
      expect(it.told).toEqual([at(0, "function_paused")]);
    }
  });
});

describe("told when its run is given up for another", () => {
  test("a singleton that cancels: the first invoker hears of it, the second gets the result", async () => {
    await using it = await invoking({ singleton: { mode: "cancel" } });
    await it.go(1, 2);
    await it.engine.advance("2m");
    expect(it.told).toEqual([at(0, "invoke_cancelled"), at(60, "did 2")]);
  });

  test("a singleton that keeps the newest of those that wait", async () => {
    await using it = await invoking({ singleton: { mode: "queue-latest" } });
    await it.go(1, 2, 3);
    await it.engine.advance("3m");
    expect(it.told).toEqual([at(0, "invoke_skipped"), DONE_1, at(120, "did 3")]);
  });

  test("a backlog that drops the oldest", async () => {
    await using it = await invoking({ runConcurrency: 1, backlog: { limit: 1, policy: "drop-oldest" } });
    await it.go(1, 2, 3);
    await it.engine.advance("3m");
    expect(it.told).toEqual([at(0, "invoke_skipped"), DONE_1, at(120, "did 3")]);
  });
});

describe("the result of a run", () => {
  test("idempotency: of the one that is under way, or has ended", async () => {
    await using it = await invoking({ idempotency: "event.data.key" });
    await it.go(1, 2);
    await it.engine.advance("2m");
    await it.go(3);
    expect(it.told).toEqual([DONE_1, DONE_1, at(120, "did 1")]);
  });

  test("debounce and batch: of a run of its own, which starts at once", async () => {
    for (const options of [{ debounce: { period: "1h" } }, { batchEvents: { maxSize: 9, timeout: "1h" } }]) {
      await using it = await invoking(options);
      await it.go(1, 2);
      await it.engine.advance("2m");
      expect(it.told).toEqual([DONE_1, at(60, "did 2")]);
    }
  });

  test("throttle, limits on runs and a queueing singleton: later", async () => {
    const throttled = { throttle: { limit: 1, period: "1m" } };
    for (const options of [throttled, { runConcurrency: 1 }, { singleton: { mode: "queue-all" } } as const]) {
      await using it = await invoking(options);
      await it.go(1, 2);
      await it.engine.advance("5m");
      expect(it.told).toEqual([DONE_1, at(120, "did 2")]);
    }
  });

  test("a pause that holds: after it", async () => {
    await using it = await invoking({});
    await it.engine.engine.pause({ kind: "function", id: "shop-child", mode: "hold" });
    await it.go(1);
    await it.engine.advance("1h");
    expect(it.told).toEqual([]);
    await it.engine.engine.unpause({ kind: "function", id: "shop-child" });
    await it.engine.advance("1m");
    expect(it.told).toEqual([at(3_660, "did 1")]);
  });

  test("a start that takes too long: an error, then", async () => {
    await using it = await invoking({ runConcurrency: 1, timeouts: { start: "30s" } });
    await it.go(1, 2);
    await it.engine.advance("2m");
    expect(it.told).toEqual([at(30, "invoke_cancelled"), DONE_1]);
  });
});
