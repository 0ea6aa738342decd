import { describe, expect, test } from "vitest";
import { type FlowOptions, Stepwell } from "../index.ts";
import { registrationsOf } from "./register-config.ts";

const client = new Stepwell({ id: "shop", isDev: true });

function register(options: FlowOptions): object {
  const fn = client.createFunction({ id: "ship", triggers: [], ...options }, () => null);
  const [{ id, name, triggers, steps, ...flow } = {} as never] = registrationsOf(fn, "https://app.test/api");
  return flow;
}

const refused = (options: object) => expect(() => register(options as FlowOptions));

describe("on the wire", () => {
  test("options of the protocol have its forms", () => {
    const key = "event.data.id";
    expect(register({ throttle: { limit: 10, period: 60_000, burst: 1 } })).toEqual({
      throttle: { limit: 10, period: "1m", burst: 1 },
    });
    expect(register({ rateLimit: { limit: 1, period: { hours: 1 }, key } })).toEqual({
      rateLimit: { limit: 1, period: "1h", key },
    });
    expect(register({ debounce: { period: "5m", timeout: "1h" }, idempotency: key })).toEqual({
      debounce: { period: "5m", timeout: "1h" },
      idempotency: key,
    });
    expect(register({ batchEvents: { maxSize: 10, timeout: "90s" }, priority: { run: "100" } })).toEqual({
      batchEvents: { maxSize: 10, timeout: "1m30s" },
      priority: { run: "100" },
    });
    expect(register({ singleton: { mode: "cancel", key } })).toEqual({ singleton: { mode: "cancel", key } });
  });

  test("concurrency is a list, and by level once whole runs have rules", () => {
    const keyed = { limit: 5, key: "event.data.user_id" };
    expect(register({ concurrency: 10 })).toEqual({ concurrency: [{ limit: 10 }] });
    expect(register({ concurrency: [100, keyed] })).toEqual({ concurrency: [{ limit: 100 }, keyed] });
    const both = { concurrency: { step: [{ limit: 9 }], fn: [{ limit: 1 }] } };
    expect(register({ concurrency: 9, runConcurrency: 1 })).toEqual(both);
    expect(register({ concurrency: { step: 9, fn: 1 } })).toEqual(both);
    expect(register({ runConcurrency: keyed })).toEqual({ concurrency: { step: [], fn: [keyed] } });
    expect(register({ concurrency: { step: 3 } })).toEqual({ concurrency: [{ limit: 3 }] });
  });

  test("what others would misread stands apart, and not under the official name", () => {
    expect(register({ idempotency: { key: "event.id", period: "1h", releaseOnFailure: true } })).toEqual({
      stepwell: { idempotency: { key: "event.id", period: "1h", releaseOnFailure: true } },
    });
    expect(register({ debounce: { period: 1_000, mode: "both", collect: true } })).toEqual({
      stepwell: { debounce: { period: "1s", mode: "both", collect: true } },
    });
    expect(register({ singleton: { mode: "queue-latest", key: "event.id" } })).toEqual({
      stepwell: { singleton: { mode: "queue-latest", key: "event.id" } },
    });
  });

  test("our options that say the same as official ones have their forms", () => {
    expect(register({ idempotency: { key: "event.id" } })).toEqual({ idempotency: "event.id" });
    expect(register({ priority: "event.data.p" })).toEqual({ priority: { run: "event.data.p" } });
    expect(register({ debounce: { period: "1s", mode: "trailing", collect: false } })).toEqual({
      debounce: { period: "1s", mode: "trailing", collect: false },
    });
  });

  test("our other options stand beside those of the protocol", () => {
    expect(
      register({
        rateLimit: { limit: 20_000, period: "1h", algorithm: "gcra" },
        batchEvents: { maxSize: 2, timeout: "1s", maxBytes: 1_000 },
        backlog: { limit: 5, policy: "drop-newest" },
        weight: 3,
      }),
    ).toEqual({
      rateLimit: { limit: 20_000, period: "1h", algorithm: "gcra" },
      batchEvents: { maxSize: 2, timeout: "1s", maxBytes: 1_000 },
      backlog: { limit: 5, policy: "drop-newest" },
      weight: 3,
    });
  });
});

describe("what cannot be is refused where the function is made", () => {
  test("with all problems at once", () => {
    const options = { throttle: { limit: 0, period: "1ms" }, weight: 101, backlog: { limit: 1, policy: "drop" } };
    refused(options).toThrow(
      'createFunction("ship"): `throttle.limit` must be a whole number of at least 1; ' +
        "`throttle.period` must be from 1s to 8784h; " +
        '`backlog.policy` must be "reject" or "drop-oldest" or "drop-newest"; ' +
        "`weight` must be a whole number from 1 to 100.",
    );
  });

  test("rules of concurrency", () => {
    const key = "event.id";
    refused({ concurrency: -1 }).toThrow("`concurrency`: `limit` must be a whole number of at least 0");
    refused({ concurrency: [null] }).toThrow("`limit` must be a whole number");
    refused({ runConcurrency: { limit: 1, scope: "env" } }).toThrow("`runConcurrency`: scope `env` needs a `key`");
    refused({ concurrency: { limit: 1, scope: "town", key } }).toThrow('`scope` must be "fn" or "env" or "account"');
    refused({ concurrency: { limit: 2, guaranteed: 1 } }).toThrow("`guaranteed` needs a `key`");
    refused({ concurrency: { limit: 2, guaranteed: 3, key } }).toThrow("`guaranteed` must be at most `limit`");
    refused({ concurrency: [9, { limit: 2, burst: 1, key }] }).toThrow("`burst` must be at least `limit`");
    refused({ concurrency: { limit: 2, burst: 4, key } }).toThrow("`burst` needs a second rule");
    refused({ concurrency: Array(101).fill(1) }).toThrow("`concurrency` may hold 100 rules at most");
  });

  test("rates, batches and debounces", () => {
    refused({ rateLimit: { limit: 10_001, period: "1h", algorithm: "window" } }).toThrow(
      'for more write algorithm: "gcra"',
    );
    refused({ rateLimit: { limit: 1, period: "25h" } }).toThrow("`rateLimit.period` must be from 1s to 24h");
    refused({ idempotency: { period: "1h" } }).toThrow("`idempotency.key` must be a text that is not empty");
    refused({ debounce: {} }).toThrow("`debounce.period` is missing");
    refused({ debounce: { period: "1s", mode: "leading", collect: true } }).toThrow("`debounce.collect` is not for");
    refused({ debounce: { period: "1s", mode: "leading", timeout: "9s" } }).toThrow("`debounce.timeout` is not for");
    refused({ batchEvents: { maxSize: 1, timeout: "1s" } }).toThrow("must be a whole number from 2 to 10000");
    refused({ singleton: {} }).toThrow('`singleton.mode` must be "skip" or "cancel"');
    refused({ backlog: 5 }).toThrow("`backlog` must be an object");
  });

  test("options that cannot stand together", () => {
    const batchEvents = { maxSize: 2, timeout: "1s" };
    refused({ batchEvents, debounce: { period: "1s" } }).toThrow(
      "`batchEvents` cannot be combined with `debounce`: both",
    );
    refused({ batchEvents, singleton: { mode: "skip" } }).toThrow("cannot be combined with `singleton`: a singleton");
  });
});

test("types know the options", () => {
  const options: FlowOptions = { concurrency: [1, { limit: 2, key: "event.id", burst: 4 }] };
  expect(register(options)).toBeDefined();
  // @ts-expect-error a mode that is none
  refused({ singleton: { mode: "wait" } } satisfies FlowOptions).toThrow();
  // @ts-expect-error a period is needed
  refused({ rateLimit: { limit: 1 } } satisfies FlowOptions).toThrow();
  // @ts-expect-error a scope that is none
  refused({ concurrency: { limit: 1, scope: "town" } } satisfies FlowOptions).toThrow();
  // @ts-expect-error levels are for `concurrency` alone
  refused({ runConcurrency: { fn: 1 } } satisfies FlowOptions).toThrow();
});
