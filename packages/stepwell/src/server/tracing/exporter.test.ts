import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Clock } from "../../engine/ports.ts";
import { createLog } from "../log.ts";
import { Exporter } from "./exporter.ts";
import type { Span } from "./spans.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CLOCK: Clock = {
  now: () => Date.now(),
  defer: (task) => void setTimeout(task),
  at(at, task) {
    const timer = setTimeout(task, at - Date.now());
    return () => clearTimeout(timer);
  },
};
const CONFIG = { url: "http://c/v1/traces", headers: {}, timeoutMs: 1_000, serviceName: "s", resource: {}, ratio: 1 };
const span = (number: number) => ({ spanId: String(number) }) as Span;
const spans = (count: number) => Array.from({ length: count }, (_, index) => span(index));

function setUp(statuses: number[]) {
  const sent: number[] = [];
  const answer = async (_url: unknown, init?: RequestInit) => {
    const body = JSON.parse(String(init?.body)) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
    sent.push(body.resourceSpans[0]!.scopeSpans[0]!.spans.length);
    return new Response("{}", { status: statuses.shift() ?? 200 });
  };
  const log = createLog({ format: "human", level: "silent" });
  return { exporter: new Exporter({ config: CONFIG, clock: CLOCK, log, fetch: answer as typeof fetch }), sent };
}

test("spans wait a second for company, or until there are enough", async () => {
  const { exporter, sent } = setUp([]);
  exporter.add(spans(3));
  exporter.add(spans(2));
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual([5]);
  exporter.add(spans(600));
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual([5, 512, 88]);
  expect(exporter.stats).toEqual({ exported: 605, dropped: 0, waiting: 0 });
});

test("a collector that is busy is asked again, one that refuses is not; what is lost is counted", async () => {
  const { exporter, sent } = setUp([503, 200, 400, 503, 503, 503, 503]);
  for (let round = 0; round < 3; round++) {
    exporter.add(spans(2));
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(sent).toHaveLength(7);
  expect(exporter.stats).toMatchObject({ exported: 2, dropped: 4 });
});

test("what waits is bounded, and the end of the server waits two seconds at most", async () => {
  const { exporter } = setUp(Array<number>(100).fill(503));
  exporter.add(spans(25_000));
  const closed = exporter.close();
  await vi.advanceTimersByTimeAsync(2_000);
  await closed;
  expect(exporter.stats).toEqual({ exported: 0, dropped: 25_000, waiting: 0 });
});
