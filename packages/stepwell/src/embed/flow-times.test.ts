/** Exact tables: when what arrives at these instants starts, under a clock that only the test moves. Times are in seconds. */
import { describe, expect, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import type { FunctionOptions, StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });
type Options = Omit<FunctionOptions, "id" | "triggers">;

interface Arrival {
  readonly at: number;
  readonly name: string;
  readonly data?: object;
  /** The event's own time, if it is another than that of its arrival. */
  readonly ts?: number;
}

const a = (at: number, name: string, more: Partial<Arrival> = {}): Arrival => ({ at, name, ...more });
/** Arrivals without anything of their own. */
const at = (...times: number[]): Arrival[] => times.map((time, index) => a(time, `${index + 1}`));

interface Behaviour {
  readonly sleep?: string;
  readonly fails?: readonly string[];
}

/** One line for each call of the handler from its top: when, and with which events. */
async function startsOf(options: Options, arrivals: readonly Arrival[], { sleep, fails = [] }: Behaviour = {}) {
  const starts: string[] = [];
  let engine: TestEngine;
  let startedAt = 0;
  const now = () => (engine.now.getTime() - startedAt) / 1_000;
  const fn = client.createFunction(
    { retries: 0, ...options, id: "fn", triggers: { event: "start" } } as FunctionOptions,
    async ({ events, step }) => {
      const names = events.map((event) => (event.data as { name: string }).name);
      await step.run("note", () => {
        starts.push(`${now()} ${names.join("+")}`);
      });
      if (sleep !== undefined) await step.sleep("sleep", sleep);
      if (names.some((name) => fails.includes(name))) throw new Error("no");
    },
  ) as StepwellFunction<unknown, unknown>;
  engine = await TestEngine.start({ client, functions: [fn] });
  startedAt = engine.now.getTime();
  for (const { at: time, name, data, ts } of arrivals) {
    if (time > now()) await engine.advance(`${(time - now()) * 1_000}ms`);
    const own = ts === undefined ? {} : { ts: startedAt + ts * 1_000 };
    await engine.send({ name: "start", data: { ...data, name }, ...own } as never);
    await engine.runUntilIdle();
  }
  await engine.advance("10m");
  await engine.stop();
  return starts;
}

describe("rate limit: 3 in a minute", () => {
  const arrivals = at(0, 0, 0, 0, 20, 40, 60);

  test("in any stretch of a minute", async () => {
    expect(await startsOf({ rateLimit: { limit: 3, period: "1m" } }, arrivals)).toEqual(["0 1", "0 2", "0 3", "60 7"]);
  });

  test("evenly", async () => {
    const rateLimit = { limit: 3, period: "1m", algorithm: "gcra" } as const;
    expect(await startsOf({ rateLimit }, arrivals)).toEqual(["0 1", "20 5", "40 6", "60 7"]);
  });

  test("evenly, with a tenth of the limit at once", async () => {
    const rateLimit = { limit: 10, period: "1h", algorithm: "gcra" } as const;
    expect(await startsOf({ rateLimit }, at(0, 0, 0, 359, 360, 360))).toEqual(["0 1", "0 2", "360 5"]);
  });

  test("the stretch moves along: what was refused does not count", async () => {
    const rateLimit = { limit: 2, period: "10s" };
    const starts = await startsOf({ rateLimit }, at(0, 4, 9.999, 10, 13.999, 14, 20));
    expect(starts).toEqual(["0 1", "4 2", "10 4", "14 6", "20 7"]);
  });
});

describe("throttle", () => {
  const nine = at(0, 0, 0, 0, 0, 0, 0, 0, 0);
  const times = async (limit: number, period: string, burst: number) =>
    (await startsOf({ throttle: { limit, period, burst } }, nine)).map((line) => Number(line.split(" ")[0]));

  test("1 in 10 s", async () => {
    expect(await times(1, "10s", 0)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80]);
  });

  test("5 in 60 s", async () => {
    expect(await times(5, "60s", 0)).toEqual([0, 0, 0, 0, 0, 12, 24, 36, 48]);
  });

  test("5 in 60 s, and a burst of 1", async () => {
    expect(await times(5, "60s", 1)).toEqual([0, 0, 0, 0, 0, 0, 12, 24, 36]);
  });

  test("after a rest, as many at once as were made up for", async () => {
    const starts = await startsOf({ throttle: { limit: 2, period: "10s" } }, at(0, 0, 5, 12, 12, 12));
    expect(starts).toEqual(["0 1", "0 2", "5 3", "12 4", "15 5", "20 6"]);
  });
});

describe("priority", () => {
  test("goes by the time of creation, less the seconds", async () => {
    const options: Options = { runConcurrency: 1, priority: "event.data.early" };
    const arrivals = [
      a(0, "first"),
      a(1, "old"),
      a(50, "late"),
      a(60, "minute", { data: { early: 60 } }),
      a(61, "half", { data: { early: 30 } }),
      a(62, "behind", { data: { early: -30 } }),
    ];
    const starts = await startsOf(options, arrivals, { sleep: "100s" });
    expect(starts).toEqual(["0 first", "100 minute", "200 old", "300 half", "400 late", "500 behind"]);
  });
});

describe("debounce: 5 s", () => {
  test("a burst starts one run, with the last event", async () => {
    expect(await startsOf({ debounce: { period: "5s" } }, at(0, 0.1, 0.2, 0.9, 1))).toEqual(["6 5"]);
  });

  test("what is older by its own time neither counts nor waits", async () => {
    const arrivals = [a(0, "new", { ts: 0 }), a(3, "old", { ts: -1 })];
    expect(await startsOf({ debounce: { period: "5s" } }, arrivals)).toEqual(["5 new"]);
  });

  test("with an event every 3 s it starts at its timeout", async () => {
    const debounce = { period: "5s", timeout: "10s" };
    expect(await startsOf({ debounce }, at(0, 3, 6, 9, 12, 15))).toEqual(["10 4", "20 6"]);
  });

  test("each key waits for its own quiet", async () => {
    const key = (name: string, time: number) => a(time, name, { data: { key: name[0] } });
    const arrivals = [key("x1", 0), key("y1", 1), key("x2", 4), key("y2", 7)];
    const debounce = { period: "5s", key: "event.data.key" };
    expect(await startsOf({ debounce }, arrivals)).toEqual(["6 y1", "9 x2", "12 y2"]);
  });

  test("leading, trailing, both; and all of the events", async () => {
    const arrivals = at(0, 2, 4, 20, 40, 41);
    const of = (more: object) => startsOf({ debounce: { period: "5s", ...more } }, arrivals);
    expect(await of({ mode: "leading" })).toEqual(["0 1", "20 4", "40 5"]);
    expect(await of({ mode: "trailing" })).toEqual(["9 3", "25 4", "46 6"]);
    expect(await of({ mode: "both" })).toEqual(["0 1", "9 3", "20 4", "40 5", "46 6"]);
    expect(await of({ mode: "both", collect: true })).toEqual(["0 1", "9 2+3", "20 4", "40 5", "46 6"]);
  });
});

describe("batch", () => {
  test("starts when it is full", async () => {
    const batchEvents = { maxSize: 3, timeout: "10s" };
    expect(await startsOf({ batchEvents }, at(0, 1, 2, 3, 4))).toEqual(["2 1+2+3", "13 4+5"]);
  });

  test("starts when its bytes are full", async () => {
    const batchEvents = { maxSize: 100, timeout: "10s", maxBytes: 400 };
    const text = "x".repeat(200);
    const arrivals = [0, 1, 2].map((time) => a(time, `${time}`, { data: { text } }));
    expect(await startsOf({ batchEvents }, arrivals)).toEqual(["1 0+1", "12 2"]);
  });

  test("one for each key; events that are not meant start alone", async () => {
    const batchEvents = { maxSize: 2, timeout: "10s", key: "event.data.key", if: "event.data.now != true" };
    const arrivals = [
      a(0, "x1", { data: { key: "x" } }),
      a(1, "y1", { data: { key: "y" } }),
      a(2, "x2", { data: { key: "x", now: true } }),
      a(3, "x3", { data: { key: "x" } }),
    ];
    expect(await startsOf({ batchEvents }, arrivals)).toEqual(["2 x2", "3 x1+x3", "11 y1"]);
  });
});

describe("singleton: runs of 10 s", () => {
  const arrivals = at(0, 1, 2, 9, 10, 11);
  const of = (mode: "skip" | "cancel" | "queue-latest" | "queue-all") =>
    startsOf({ singleton: { mode } }, arrivals, { sleep: "10s" });

  test("skip", async () => {
    expect(await of("skip")).toEqual(["0 1", "10 5"]);
  });

  test("cancel", async () => {
    expect(await of("cancel")).toEqual(["0 1", "1 2", "2 3", "9 4", "10 5", "11 6"]);
  });

  test("queue-latest", async () => {
    expect(await of("queue-latest")).toEqual(["0 1", "10 4", "20 6"]);
  });

  test("queue-all", async () => {
    expect(await of("queue-all")).toEqual(["0 1", "10 2", "20 3", "30 4", "40 5", "50 6"]);
  });

  test("each key for itself, and those that are exempt", async () => {
    const key = (time: number, name: string, value: unknown) => a(time, name, { data: { key: value } });
    const singleton = { mode: "queue-all", key: "event.data.key" } as const;
    const some = [key(0, "x1", "x"), key(1, "x2", "x"), key(2, "y", "y"), key(3, "f1", false), key(4, "f2", false)];
    const starts = await startsOf({ singleton }, some, { sleep: "10s" });
    expect(starts).toEqual(["0 x1", "2 y", "3 f1", "4 f2", "10 x2"]);
  });
});

describe("idempotency: 10 s", () => {
  const keyed = (time: number, name: string, key: string) => a(time, name, { data: { key } });
  const arrivals = [
    keyed(0, "1", "x"),
    keyed(5, "2", "x"),
    keyed(6, "3", "y"),
    keyed(9.999, "4", "x"),
    keyed(10, "5", "x"),
  ];
  const idempotency = { key: "event.data.key", period: "10s" };

  test("one for each value within the window of the first", async () => {
    expect(await startsOf({ idempotency }, arrivals)).toEqual(["0 1", "6 3", "10 5"]);
  });

  test("a run that failed keeps its value", async () => {
    expect(await startsOf({ idempotency }, arrivals, { fails: ["1"] })).toEqual(["0 1", "6 3", "10 5"]);
  });

  test("unless it gives it free", async () => {
    const released = { ...idempotency, releaseOnFailure: true };
    expect(await startsOf({ idempotency: released }, arrivals, { fails: ["1"] })).toEqual(["0 1", "5 2", "6 3"]);
  });
});

describe("concurrency: runs that sleep for 10 s after a step", () => {
  test("of calls: while one sleeps the next starts", async () => {
    expect(await startsOf({ concurrency: 1 }, at(0, 0, 0), { sleep: "10s" })).toEqual(["0 1", "0 2", "0 3"]);
  });

  test("of runs: one after the other", async () => {
    expect(await startsOf({ runConcurrency: 1 }, at(0, 0, 0), { sleep: "10s" })).toEqual(["0 1", "10 2", "20 3"]);
  });
});
