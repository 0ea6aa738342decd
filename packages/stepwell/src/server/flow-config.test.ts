import { describe, expect, test } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import { type ConcurrencyRule, type FlowConfig, NO_FLOW } from "../protocol/flow.ts";
import { readRegistration } from "./register.ts";

const steps = { step: { runtime: { url: "http://a.test/api?fnId=shop-f&stepId=step" } } };

const read = (options: object) =>
  readRegistration({
    url: "http://a.test/api",
    appName: "shop",
    functions: [{ id: "shop-f", name: "f", steps, ...options }],
  }).app.functions[0]!;

/** What of the flow configuration is not as without any option. */
function flow(options: object): Partial<FlowConfig> {
  const entries = Object.entries(read(options).flow);
  return Object.fromEntries(entries.filter(([name, value]) => !sameText(value, NO_FLOW[name as keyof FlowConfig])));
}

const sameText = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

function problems(options: object): string[] {
  try {
    read(options);
    return [];
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    return String(error.details["problems"])
      .split("; ")
      .map((problem) => problem.replace(/^function shop-f: /, ""));
  }
}

const rule = (limit: number, more: Partial<ConcurrencyRule> = {}): ConcurrencyRule => ({
  limit,
  key: null,
  scope: "fn",
  guaranteed: 0,
  burst: null,
  ...more,
});

test("a function without flow control", () => {
  expect(read({}).flow).toEqual(NO_FLOW);
  const absent = { concurrency: null, throttle: null, idempotency: "", priority: {}, weight: null, backlog: null };
  expect(read(absent).flow).toEqual(NO_FLOW);
});

describe("concurrency", () => {
  test("is a number, a rule, a list, or lists by level", () => {
    const key = "event.data.a";
    expect(flow({ concurrency: 3 })).toEqual({ concurrency: [rule(3)] });
    expect(flow({ concurrency: { limit: 3, key } })).toEqual({ concurrency: [rule(3, { key })] });
    expect(flow({ concurrency: [{ limit: 3, key }, 2] })).toEqual({ concurrency: [rule(2), rule(3, { key })] });
    expect(flow({ concurrency: { step: [{ limit: 9 }], fn: [{ limit: 1 }] } })).toEqual({
      concurrency: [rule(9)],
      runConcurrency: [rule(1)],
    });
    expect(flow({ concurrency: { Fn: 2 } })).toEqual({ runConcurrency: [rule(2)] });
  });

  test("has the scope of the wire in any case", () => {
    const [key, hash] = ['"x"', ""];
    expect(flow({ concurrency: [{ limit: 2, scope: "Env", key, hash }] })).toEqual({
      concurrency: [rule(2, { scope: "env", key })],
    });
    expect(flow({ concurrency: [{ limit: 2, scope: "Fn", key: "", hash }] })).toEqual({ concurrency: [rule(2)] });
    expect(flow({ concurrency: [{ limit: 2, scope: "Account", key }] })).toMatchObject({
      concurrency: [{ scope: "account" }],
    });
  });

  test("without a number, or of 0, is no limit", () => {
    expect(flow({ concurrency: 0 })).toEqual({});
    expect(flow({ concurrency: [{ key: "event.data.a" }, { limit: 0 }, { limit: 4 }] })).toEqual({
      concurrency: [rule(4)],
    });
  });

  test("has any number of rules, the lowest limit first, also those with burst and guaranteed", () => {
    const limits = Array.from({ length: 30 }, (_, index) => ({ limit: 30 - index, key: `event.data.k${index}` }));
    expect(read({ concurrency: limits }).flow.concurrency.map(({ limit }) => limit)).toEqual(
      limits.map((_, index) => index + 1),
    );
    const keyed = { limit: 2, key: "event.data.a", guaranteed: 1, burst: 8 };
    expect(flow({ concurrency: [{ limit: 9 }, keyed] })).toEqual({ concurrency: [rule(2, keyed), rule(9)] });
  });

  test("of the same scope and key counts once, by its lowest limit", () => {
    const key = "event.data.a";
    const list = [{ limit: 9 }, { limit: 5 }, { limit: 7 }, { limit: 9, key }, { limit: 9, key, scope: "env" }];
    expect(flow({ concurrency: list })).toEqual({
      concurrency: [rule(5), rule(9, { key }), rule(9, { key, scope: "env" })],
    });
  });

  test("of whole runs may stand by itself, beside the one of calls", () => {
    expect(flow({ runConcurrency: 1, concurrency: 5 })).toEqual({ concurrency: [rule(5)], runConcurrency: [rule(1)] });
    expect(flow({ runConcurrency: [{ limit: 7, key: "event.id" }], concurrency: { fn: [{ limit: 3 }] } })).toEqual({
      runConcurrency: [rule(3), rule(7, { key: "event.id" })],
    });
  });

  test("is refused where it could not do what it says", () => {
    const key = "event.data.a";
    const of = (concurrency: unknown) => problems({ concurrency });
    expect(of(-1)).toEqual(["concurrency -1: it must be a whole number of at least 0"]);
    expect(of("many")).toEqual(['concurrency "many": it must be a number, a rule or a list of rules']);
    expect(of([{ limit: 1.5, key: "1 +", scope: "town" }])).toEqual([
      "concurrency[0].limit 1.5: it must be a whole number of at least 0",
      expect.stringMatching(/^concurrency\[0\]\.key "1 \+": the expression is not valid: /),
      'concurrency[0].scope "town": it must be fn, env or account',
    ]);
    expect(of({ limit: 1, scope: "Account" })).toEqual(['concurrency.scope "account": scope account needs a key']);
    expect(of({ step: [{ limit: 1, scope: "env" }] })).toEqual([
      'concurrency.step[0].scope "env": scope env needs a key',
    ]);
    expect(of([{ limit: 9 }, { limit: 3, key, guaranteed: 4, burst: 2 }])).toEqual([
      "concurrency[1].guaranteed 4: it must be at most the rule's limit, which is 3",
      "concurrency[1].burst 2: it must be at least the rule's limit, which is 3",
    ]);
    expect(of([{ limit: 9 }, { limit: 3, burst: 5 }])).toEqual([
      "concurrency[1].burst 5: it is for each value of a key: the rule needs a key",
    ]);
    expect(of({ key, guaranteed: 1 })).toEqual([
      "concurrency.limit: a rule with guaranteed or burst needs a limit of at least 1",
    ]);
    expect(of({ limit: 3, key, burst: 5 })).toEqual([
      "concurrency.burst 5: it needs a second rule with a limit, whose room it may use",
    ]);
    expect(of(Array(101).fill(1))[0]).toMatch(/^concurrency \[1,1,.*…: it may hold 100 rules at most$/);
    expect(problems({ runConcurrency: { step: 1 } })).toEqual([
      'runConcurrency {"step":1}: it has no levels, for it is about whole runs: write a number, a rule or a list of rules',
    ]);
  });
});

describe("rates", () => {
  test("a throttle without a burst has none, and a limit of 0 is one of 1", () => {
    expect(flow({ throttle: { limit: 5, period: "60s", burst: 1, key: "event.data.a" } })).toEqual({
      throttle: { limit: 5, periodMs: 60_000, burst: 1, key: "event.data.a" },
    });
    expect(flow({ throttle: { limit: 0, period: "1w", key: "" } })).toEqual({
      throttle: { limit: 1, periodMs: 604_800_000, burst: 0, key: null },
    });
  });

  test("a rate limit counts in a window unless it says otherwise", () => {
    expect(flow({ rateLimit: { limit: 10_000, period: "1h30m" } })).toEqual({
      rateLimit: { limit: 10_000, periodMs: 5_400_000, key: null, algorithm: "window" },
    });
    expect(flow({ rateLimit: { limit: 9, period: "24h", algorithm: "gcra" } })).toMatchObject({
      rateLimit: { limit: 9, algorithm: "gcra" },
    });
  });

  test("a rate limit too large to count exactly is spread evenly", () => {
    expect(flow({ rateLimit: { limit: 10_001, period: "24h" } })).toMatchObject({ rateLimit: { algorithm: "gcra" } });
  });

  test("idempotency is a key for 24 h, or a rule", () => {
    expect(flow({ idempotency: "event.data.id" })).toEqual({
      idempotency: { key: "event.data.id", periodMs: 86_400_000, releaseOnFailure: false },
    });
    expect(flow({ idempotency: { key: "event.data.id", period: "5m", releaseOnFailure: true } })).toEqual({
      idempotency: { key: "event.data.id", periodMs: 300_000, releaseOnFailure: true },
    });
  });

  test("are refused where their numbers have no meaning", () => {
    expect(problems({ throttle: { limit: -1, period: 60 } })).toEqual([
      "throttle.limit -1: it must be a whole number of at least 0",
      'throttle.period 60: it must be a duration like "30s" or "1h30m"',
    ]);
    expect(problems({ throttle: { limit: 1, period: "500ms" } })).toEqual([
      'throttle.period "500ms": it must be at least 1s',
    ]);
    expect(problems({ rateLimit: { limit: 0, period: "25h", algorithm: "leaky" } })).toEqual([
      "rateLimit.limit 0: it must be a whole number of at least 1",
      'rateLimit.period "25h": it must be at most 1d',
      'rateLimit.algorithm "leaky": it must be window or gcra',
    ]);
    expect(problems({ rateLimit: { limit: 10_001, period: "1h", algorithm: "window" } })).toEqual([
      'rateLimit.limit 10001: algorithm "window" counts exactly, up to 10000: for more write algorithm: "gcra"',
    ]);
    expect(problems({ idempotency: { period: "400d", releaseOnFailure: 1 } })).toEqual([
      "idempotency.key: it is missing",
      'idempotency.period "400d": it must be at most 366d',
      "idempotency.releaseOnFailure 1: it must be true or false",
    ]);
  });
});

describe("what gathers events", () => {
  test("a debounce starts a run after the last event unless it says otherwise", () => {
    expect(flow({ debounce: { period: "7d", key: "", timeout: "" } })).toEqual({
      debounce: { periodMs: 604_800_000, timeoutMs: null, key: null, mode: "trailing", collect: false },
    });
    const debounce = { period: "1s", timeout: "10s", key: "event.data.a", mode: "both", collect: true };
    expect(flow({ debounce })).toEqual({
      debounce: { periodMs: 1_000, timeoutMs: 10_000, key: "event.data.a", mode: "both", collect: true },
    });
  });

  test("a batch has 100 events, a minute and 10 MiB unless it says otherwise", () => {
    expect(flow({ batchEvents: {} })).toEqual({
      batch: { sizeMax: 100, timeoutMs: 60_000, key: null, condition: null, bytesMax: 10_485_760 },
    });
    const batchEvents = { maxSize: 2, timeout: "1s", key: "event.data.a", if: "event.data.b == 1", maxBytes: 1_000 };
    expect(flow({ batchEvents })).toEqual({
      batch: { sizeMax: 2, timeoutMs: 1_000, key: "event.data.a", condition: "event.data.b == 1", bytesMax: 1_000 },
    });
  });

  test("a batch goes together with cancelOn, priority, throttle and concurrency of a key", () => {
    const together = {
      batchEvents: { maxSize: 2, timeout: "1s", key: "event.data.a" },
      cancel: [{ event: "stop" }],
      priority: { run: "1" },
      throttle: { limit: 1, period: "1s" },
      rateLimit: { limit: 1, period: "1s" },
      concurrency: { limit: 1, key: "event.data.a" },
    };
    expect(problems(together)).toEqual([]);
  });

  test("they are refused where they could not do what they say", () => {
    expect(problems({ debounce: { period: "8d", mode: "never", collect: "yes" } })).toEqual([
      'debounce.period "8d": it must be at most 7d',
      'debounce.mode "never": it must be trailing, leading or both',
      'debounce.collect "yes": it must be true or false',
    ]);
    expect(problems({ debounce: { period: "1s", timeout: "9s", mode: "leading", collect: true } })).toEqual([
      'debounce.collect true: with mode "leading" no run comes after the events: write "trailing" or "both"',
      'debounce.timeout "9s": with mode "leading" no event waits: leave it out',
    ]);
    expect(problems({ batchEvents: { maxSize: 1, timeout: "0s", maxBytes: 10_485_761, if: "(" } })).toEqual([
      "batchEvents.maxSize 1: it must be a whole number from 2 to 10000",
      'batchEvents.timeout "0s": it must be at least 1s',
      expect.stringMatching(/^batchEvents\.if "\(": the expression is not valid: /),
      "batchEvents.maxBytes 10485761: it must be a whole number from 1 to 10485760",
    ]);
  });

  test("a batch with a debounce or a singleton is refused, also where more is wrong", () => {
    const batchEvents = { maxSize: 2, timeout: "1s" };
    const found = problems({ name: "", batchEvents, debounce: { period: "?" }, singleton: {} });
    expect(found).toEqual([
      'name "": a function name is required',
      'debounce.period "?": it is not a duration like "30s" or "1h30m"',
      expect.stringMatching(/^batchEvents \{"maxSize":2,"timeout":"1s"\}: it cannot be combined with debounce: both /),
      expect.stringMatching(/^batchEvents \{.*\}: it cannot be combined with singleton: a singleton decides /),
    ]);
  });
});

describe("order, singletons and backlogs", () => {
  test("priority is an expression, alone or as `run`", () => {
    expect(flow({ priority: { run: "event.data.p" } })).toEqual({ priority: "event.data.p" });
    expect(flow({ priority: "event.data.p" })).toEqual({ priority: "event.data.p" });
  });

  test("a singleton skips unless it says otherwise", () => {
    expect(flow({ Singleton: { Mode: "cancel", key: "event.data.a" } })).toEqual({
      singleton: { mode: "cancel", key: "event.data.a" },
    });
    expect(flow({ singleton: { key: "" } })).toEqual({ singleton: { mode: "skip", key: null } });
    expect(flow({ singleton: { mode: "queue-latest" } })).toMatchObject({ singleton: { mode: "queue-latest" } });
  });

  test("a backlog rejects unless it says otherwise, and a weight is a share", () => {
    expect(flow({ backlog: { limit: 1_000 }, weight: 100 })).toEqual({
      backlog: { limit: 1_000, policy: "reject" },
      weight: 100,
    });
    expect(flow({ backlog: { limit: 1, policy: "drop-oldest" } })).toMatchObject({
      backlog: { policy: "drop-oldest" },
    });
  });

  test("are refused with their rule", () => {
    expect(problems({ priority: 5, singleton: { mode: "wait" }, backlog: { policy: "drop" }, weight: 101 })).toEqual([
      "priority 5: it must be an object",
      'singleton.mode "wait": it must be skip, cancel, queue-latest or queue-all',
      "backlog.limit: it is missing",
      'backlog.policy "drop": it must be reject, drop-oldest or drop-newest',
      "weight 101: it must be a whole number from 1 to 100",
    ]);
  });
});

test("our forms stand in for what is beside them, and other keys change nothing", () => {
  const stepwell = { idempotency: { key: "event.id", period: "1h" }, id: "other", whatever: 1 };
  const fn = read({ idempotency: "event.data.x", stepwell });
  expect(fn.slug).toBe("shop-f");
  expect(fn.flow.idempotency).toEqual({ key: "event.id", periodMs: 3_600_000, releaseOnFailure: false });
  expect(problems({ stepwell: { debounce: { period: "1s", mode: "x" } } })).toEqual([
    'debounce.mode "x": it must be trailing, leading or both',
  ]);
});

test("what is shown of a function is what was registered", () => {
  expect(read({ concurrency: 3, throttle: { limit: 2, period: "1m" } }).raw).toMatchObject({
    concurrency: { fn: [], step: [{ limit: 3 }] },
    throttle: { limit: 2, period: "1m" },
  });
});
