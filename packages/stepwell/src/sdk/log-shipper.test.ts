import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LIMITS } from "../protocol/limits.ts";
import { LogShipper } from "./log-shipper.ts";
import { readSettings } from "./settings.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CALL = { runId: "01HZZZZZZZZZZZZZZZZZZZZZZA", functionId: "f1", attempt: 0 };

interface Sent {
  readonly calls: readonly { readonly run_id: string; readonly dropped: number; readonly lines: readonly object[] }[];
}

/** A shipper whose requests are answered by hand. */
function setUp() {
  const sent: Sent[] = [];
  const answers: ((status: number) => void)[] = [];
  const settings = readSettings({
    id: "shop",
    isDev: true,
    baseUrl: "http://localhost:1",
    fetch: (_url, init) => {
      sent.push(JSON.parse(String(init.body)) as Sent);
      return new Promise((resolve) => void answers.push((status) => resolve(new Response("{}", { status }))));
    },
  });
  return { shipper: new LogShipper(settings), sent, answers };
}

const STEP = { hashedId: "a".repeat(40), name: "charge" };

test("lines are on their way while the call goes on, those of several calls together", async () => {
  const { shipper, sent } = setUp();
  const one = shipper.open(CALL);
  const other = shipper.open({ ...CALL, runId: "01HZZZZZZZZZZZZZZZZZZZZZZB" });
  one.record("info", ["paid", 7], STEP);
  other.record("warn", ["slow"], null);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(sent).toMatchObject([
    {
      calls: [
        { run_id: CALL.runId, lines: [{ level: "info", message: "paid 7", step: STEP.hashedId, name: "charge" }] },
        { lines: [{ level: "warn", message: "slow", step: null, name: null }] },
      ],
    },
  ]);
});

test("the last few lines go into the reply and cost no request", async () => {
  const { shipper, sent } = setUp();
  const log = shipper.open(CALL);
  log.record("info", ["naïve 👍"], null);
  const { header, sent: onItsWay } = log.end();
  expect(JSON.parse(header!)).toMatchObject({ lines: [{ message: "naïve 👍" }] });
  expect(header).toMatch(/^[\x20-\x7e]*$/);
  expect(onItsWay).toBe(null);
  log.record("info", ["too late"], null);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual([]);
});

test("a call without lines costs nothing", () => {
  const { shipper } = setUp();
  expect(shipper.open(CALL).end()).toEqual({ header: null, sent: null });
});

test("what is too much for a reply is sent, and whoever wants to can wait for it", async () => {
  const { shipper, sent, answers } = setUp();
  const log = shipper.open(CALL);
  log.record("info", ["x".repeat(10_000)], null);
  const end = log.end();
  expect(end.header).toBe(null);
  expect(sent).toHaveLength(1);
  answers[0]!(202);
  await end.sent;
});

test("a server that takes no lines is left alone, and what it did not take is counted", async () => {
  const { shipper, sent, answers } = setUp();
  const log = shipper.open(CALL);
  log.record("info", ["lost"], null);
  await vi.advanceTimersByTimeAsync(200);
  answers[0]!(404);
  await vi.advanceTimersByTimeAsync(1);
  log.record("info", ["lost too"], null);
  await vi.advanceTimersByTimeAsync(200);
  log.record("info", ["told"], null);
  expect(JSON.parse(log.end().header!)).toMatchObject({ dropped: 2, lines: [{ message: "told" }] });
  expect(sent).toHaveLength(1);
});

test("a call logs so many lines, and the rest is counted", async () => {
  const { shipper, sent, answers } = setUp();
  const log = shipper.open(CALL);
  for (let count = 0; count < LIMITS.logLinesPerCallMax + 3; count++) log.record("info", [""], null);
  const end = log.end();
  answers[0]!(202);
  await end.sent;
  expect(sent).toMatchObject([{ calls: [{ dropped: 3, lines: { length: LIMITS.logLinesPerCallMax } }] }]);
});

test("what waits for a slow server is bounded over all calls, and the rest is counted", async () => {
  const { shipper, sent, answers } = setUp();
  const large = "x".repeat(LIMITS.logMessageCharsMax);
  const logs = Array.from({ length: 20 }, () => shipper.open(CALL));
  for (const log of logs) for (let count = 0; count < 60; count++) log.record("info", [large], null);
  const ends = logs.map((log) => log.end());
  for (let index = 0; index < 100; index++) {
    answers[index]?.(202);
    await vi.advanceTimersByTimeAsync(1);
  }
  const inReplies = ends.map(({ header }) =>
    header === null ? 0 : (JSON.parse(header) as { dropped: number }).dropped,
  );
  const calls = sent.flatMap((request) => request.calls);
  const lines = calls.reduce((sum, call) => sum + call.lines.length, 0);
  const dropped = [...calls.map((call) => call.dropped), ...inReplies].reduce((sum, count) => sum + count, 0);
  expect(lines * large.length).toBeLessThan(9 * 1024 * 1024);
  expect(lines + dropped).toBe(20 * 60);
});
