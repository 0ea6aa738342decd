/** What users write, through the wire, as the engine gets it. */
import { expect, test } from "vitest";
import { registrationOf } from "../../src/embed/in-process-app.ts";
import { type FlowOptions, Stepwell } from "../../src/index.ts";
import { type FlowConfig, NO_FLOW } from "../../src/protocol/flow.ts";

const client = new Stepwell({ id: "shop" });

function arriving(options: FlowOptions): FlowConfig {
  const fn = client.createFunction({ id: "ship", triggers: [], ...options }, () => null);
  return registrationOf({ client, functions: [fn] }).app.functions[0]!.flow;
}

test("no option arrives as no flow control", () => {
  expect(arriving({})).toEqual(NO_FLOW);
});

test("every option arrives", () => {
  const key = "event.data.id";
  const flow = arriving({
    concurrency: [{ limit: 9 }, { limit: 2, key, guaranteed: 1, burst: 8 }, { limit: 50, key, scope: "account" }],
    runConcurrency: { limit: 3, key },
    throttle: { limit: 5, period: "1m", burst: 1, key },
    rateLimit: { limit: 20_000, period: "1h", key, algorithm: "gcra" },
    idempotency: { key, period: "7d", releaseOnFailure: true },
    debounce: { period: "5s", timeout: "1m", key, mode: "both", collect: true },
    priority: "event.data.priority",
    singleton: { mode: "queue-all", key },
    backlog: { limit: 100, policy: "drop-oldest" },
    weight: 7,
    whenUnreachable: "wait",
  });
  expect(flow).toEqual({
    concurrency: [
      { limit: 2, key, scope: "fn", guaranteed: 1, burst: 8 },
      { limit: 9, key: null, scope: "fn", guaranteed: 0, burst: null },
      { limit: 50, key, scope: "account", guaranteed: 0, burst: null },
    ],
    runConcurrency: [{ limit: 3, key, scope: "fn", guaranteed: 0, burst: null }],
    throttle: { limit: 5, periodMs: 60_000, burst: 1, key },
    rateLimit: { limit: 20_000, periodMs: 3_600_000, key, algorithm: "gcra" },
    idempotency: { key, periodMs: 604_800_000, releaseOnFailure: true },
    debounce: { periodMs: 5_000, timeoutMs: 60_000, key, mode: "both", collect: true },
    batch: null,
    priority: "event.data.priority",
    singleton: { key, mode: "queue-all" },
    backlog: { limit: 100, policy: "drop-oldest" },
    weight: 7,
    whenUnreachable: "wait",
  });
});

test("a batch arrives, together with what goes with it", () => {
  const batchEvents = { maxSize: 2, timeout: 5_000, key: "event.data.a", if: "event.data.b", maxBytes: 1_000 };
  const flow = arriving({ batchEvents, priority: { run: "1" }, idempotency: "event.id", cancelOn: [] } as FlowOptions);
  expect(flow.batch).toEqual({
    sizeMax: 2,
    timeoutMs: 5_000,
    key: "event.data.a",
    condition: "event.data.b",
    bytesMax: 1_000,
  });
  expect(flow.idempotency).toEqual({ key: "event.id", periodMs: 86_400_000, releaseOnFailure: false });
});
