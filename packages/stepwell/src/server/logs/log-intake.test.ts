import { expect, test } from "vitest";
import type { Clock } from "../../engine/ports.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { LogLine } from "../../protocol/log-lines.ts";
import type { LogAppend } from "../../store/logs.ts";
import { MemoryLogs } from "../../store/memory-logs.ts";
import { createLog } from "../log.ts";
import { type LinesStored, LogIntake } from "./log-intake.ts";

const CALL = { runId: "01HZZZZZZZZZZZZZZZZZZZZZZA", functionId: "f1", attempt: 0, dropped: 0 };
const line = (fields: Partial<LogLine> = {}): LogLine => {
  return { at: 1, level: "info", step: null, name: null, message: "m", ...fields };
};

function setUp(store = new MemoryLogs()) {
  const timers: (() => void)[] = [];
  const appends: LogAppend[] = [];
  const told: LinesStored[][] = [];
  const clock: Clock = {
    now: () => 1_000,
    defer: (task) => task(),
    at: (_at, task) => {
      timers.push(task);
      return () => void timers.splice(timers.indexOf(task), 1);
    },
  };
  const { append } = store;
  store.append = (lines) => {
    appends.push(lines);
    return append.call(store, lines);
  };
  const log = createLog({ format: "human", level: "silent" });
  const intake = new LogIntake({ store, clock, log, stored: (runs) => void told.push([...runs]) });
  return { intake, store, timers, appends, told };
}

test("lines wait for company and are stored together; then watchers hear of each run once", async () => {
  const { intake, timers, appends, told } = setUp();
  intake.take({ ...CALL, lines: [line(), line({ level: "warn" })] });
  intake.take({ ...CALL, runId: "01HZZZZZZZZZZZZZZZZZZZZZZB", lines: [line()] });
  expect([appends.length, timers.length]).toEqual([0, 1]);
  await intake.flush();
  expect(appends.map((append) => append.lines.length)).toEqual([3]);
  expect(told).toMatchObject([
    [
      { runId: CALL.runId, stored: 2, level: "warn", functionId: "f1" },
      { runId: "01HZZZZZZZZZZZZZZZZZZZZZZB", stored: 1, level: "info" },
    ],
  ]);
});

test("a flood is stored in portions, and what does not fit is counted", async () => {
  const { intake, store, appends } = setUp();
  const many = Array.from({ length: LIMITS.logLinesPerCallMax }, () => line());
  for (let index = 0; index < 26; index++) {
    intake.take({ ...CALL, runId: `01HZZZZZZZZZZZZZZZZZZZZZ${String(index).padStart(2, "0")}`, lines: many });
  }
  await intake.flush();
  expect(Math.max(...appends.map((append) => append.lines.length))).toBe(500);
  expect(intake.stats).toEqual({ stored: LIMITS.logLinesQueuedMax, dropped: 2_000, waiting: 0 });
  expect(await store.totals("01HZZZZZZZZZZZZZZZZZZZZZ25")).toMatchObject({ lines: 0, dropped: 2_000 });
});

test("the header of a reply is read, and a broken one is counted", async () => {
  const { intake, store } = setUp();
  intake.takeHeader(CALL, '{"lines":[{"at":5,"level":"error","message":"m"},7],"dropped":2}');
  intake.takeHeader(CALL, '{"lines":[{"at":5,');
  await intake.flush();
  expect(await store.totals(CALL.runId)).toEqual({ lines: 1, chars: 1, dropped: 4 });
});

test("a store that fails costs the lines and nothing else", async () => {
  const failing = new MemoryLogs();
  failing.append = () => Promise.reject(new Error("disk"));
  const { intake } = setUp(failing);
  intake.take({ ...CALL, lines: [line()] });
  await intake.close();
  intake.take({ ...CALL, lines: [line()] });
  expect(intake.stats).toEqual({ stored: 0, dropped: 1, waiting: 0 });
});

test("what a store refused is counted with its run as soon as the store takes something again", async () => {
  const store = new MemoryLogs();
  const { append } = store;
  let isFailing = true;
  store.append = (lines) => (isFailing ? Promise.reject(new Error("busy")) : append.call(store, lines));
  const { intake, timers } = setUp(store);
  intake.take({ ...CALL, lines: [line(), line()], dropped: 3 });
  await intake.flush();
  isFailing = false;
  expect(timers).toHaveLength(1);
  timers[0]!();
  await intake.flush();
  expect(await store.totals(CALL.runId)).toEqual({ lines: 0, chars: 0, dropped: 5 });
  expect(intake.stats).toEqual({ stored: 0, dropped: 5, waiting: 0 });
});
