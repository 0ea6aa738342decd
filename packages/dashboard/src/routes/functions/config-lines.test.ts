import { expect, test } from "vitest";
import { configLines } from "./config-lines.ts";

const texts = (config: Record<string, unknown>) =>
  configLines(config, 3).map(({ option, text }) => `${option}: ${text}`);

test("a plain function has its retries alone", () => {
  expect(texts({})).toEqual(["Retries: 3 after the first attempt"]);
});

test("each option is a line in words", () => {
  const lines = texts({
    concurrency: { step: [{ limit: 1, key: "event.data.user" }], fn: [{ limit: 5, scope: "env" }] },
    throttle: { limit: 2, period: "1m", burst: 3 },
    rateLimit: { limit: 100, period: "1h" },
    debounce: { period: "5m", key: "event.data.page" },
    cancel: [{ event: "order/withdrawn", if: "async.data.id == event.data.id" }],
  });
  expect(lines.slice(1)).toEqual([
    "Concurrency: 1 step at once, for each event.data.user",
    "Concurrency: 5 runs at once in the whole env",
    "Throttle: 2 starts in 1m, bursts of 3",
    "Rate limit: 100 starts in 1h; the rest is dropped",
    "Debounce: waits for 5m without events, for each event.data.page",
    "Cancelled by: order/withdrawn if async.data.id == event.data.id",
  ]);
});
