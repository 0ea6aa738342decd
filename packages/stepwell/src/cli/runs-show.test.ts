import pc from "picocolors";
import { expect, test } from "vitest";
import type { EventRecord, RunRecord, StepRecord } from "./records.ts";
import { runLines } from "./runs-show.ts";

const at = (seconds: number) => new Date(Date.parse("2030-01-01T00:00:00Z") + seconds * 1_000).toISOString();
const NOW = Date.parse(at(60));

const run: RunRecord = {
  run_id: "01JRUN",
  function_id: "uuid",
  function_slug: "shop-pay",
  app: "shop",
  event_id: "01JEVENT",
  status: "Completed",
  queued_at: at(0),
  run_started_at: at(0),
  ended_at: at(2),
  output: { paid: true },
};

const event: EventRecord = {
  internal_id: "01JEVENT",
  id: "01JEVENT",
  name: "order/placed",
  data: { id: 7 },
  ts: 0,
  received_at: at(0),
};

function step(fields: Partial<StepRecord>): StepRecord {
  return {
    id: "hash",
    name: "charge",
    index: 0,
    kind: "run",
    status: "Completed",
    attempts: 0,
    queued_at: at(0),
    started_at: at(0),
    ended_at: at(1),
    failed_attempts: [],
    ...fields,
  };
}

const lines = (runs: RunRecord, steps: readonly StepRecord[]) =>
  runLines({ run: runs, steps, event, attempts: [] }, NOW, pc.createColors(false));

test("a run is a tree of its steps with what they returned", () => {
  const steps = [
    step({ output: "receipt" }),
    step({ name: "wait", kind: "sleep" }),
    step({ name: "mail", index: 1, output: null }),
  ];
  expect(lines(run, steps)).toEqual([
    "shop-pay  ✓ completed in 2.0 s  01JRUN",
    "started 1 min ago by order/placed",
    'data {"id":7}',
    "├─ ✓ charge  completed in 1.0 s",
    '│    → "receipt"',
    "├─ ✓ wait  slept 1.0 s",
    "└─ ✓ mail (2)  completed in 1.0 s",
    "     → null",
    'output {"paid":true}',
  ]);
});

test("a failed step tells each attempt with its stack, in order", () => {
  const error = { name: "Error", message: "no luck", stack: "Error: no luck\n    at pay (shop.ts:1:1)" };
  const attempt = (number: number) => ({
    attempt: number,
    started_at: at(number),
    ended_at: at(number + 1),
    http_status: 206,
    error,
  });
  const failed = step({ status: "Failed", attempts: 2, error, failed_attempts: [attempt(1), attempt(0)] });
  expect(lines({ ...run, status: "Failed", output: error }, [failed]).slice(3)).toEqual([
    "└─ ✗ charge  failed in 1.0 s, 2 attempts",
    "     attempt 1 failed after 1.0 s",
    "       Error: no luck",
    "           at pay (shop.ts:1:1)",
    "     attempt 2 failed after 1.0 s",
    "       Error: no luck",
    "           at pay (shop.ts:1:1)",
    "error",
    "  Error: no luck",
    "      at pay (shop.ts:1:1)",
  ]);
});

test("what has not ended says for how long", () => {
  const sleeping = step({ name: "wait", kind: "sleep", status: "Sleeping", ended_at: null });
  const open = { ...run, status: "Running", ended_at: null };
  expect(lines(open, [sleeping])[0]).toBe("shop-pay  ▸ running  01JRUN");
  expect(lines(open, [sleeping])[3]).toBe("└─ ◷ wait  sleeping, for 1 min");
});

const only = (fields: Partial<StepRecord>) =>
  lines({ ...run, status: "Running", ended_at: null }, [step(fields)]).slice(3, -1);

test("a waiting step says for what, and until when", () => {
  const open = { status: "Waiting", ended_at: null, due_at: at(60 + 7_200) };
  const options = { event: "order/paid", if: "async.data.id == event.data.id", timeout: "2h" };
  expect(only({ ...open, name: "paid", kind: "wait", options })).toEqual([
    "└─ ◷ paid  waiting for event order/paid, for 1 min, times out in 2 h",
    "     if async.data.id == event.data.id",
  ]);
  expect(only({ ...open, name: "any", kind: "wait", options: { events: ["a", "b"] } })[0]).toContain("event a or b,");
  expect(only({ ...open, name: "ok", kind: "signal", options: { signal: "approve/7" } })[0]).toContain(
    "waiting for signal approve/7, for 1 min, times out in 2 h",
  );
  const invoke = { kind: "invoke", options: { function_id: "shop-charge" }, child_run_id: "01JCHILD" };
  expect(only({ ...open, name: "charge", ...invoke })[0]).toContain("waiting for function shop-charge");
  expect(only({ ...open, name: "charge", ...invoke })[0]).toMatch(/, run 01JCHILD$/);
});

test("a step that goes on by itself says when", () => {
  const open = { ended_at: null, due_at: at(65) };
  expect(only({ ...open, status: "Sleeping", kind: "sleep" })[0]).toContain("sleeping, for 1 min, wakes in 5 s");
  expect(only({ ...open, status: "Retrying", attempts: 2 })[0]).toContain("next attempt in 5 s, 2 attempts");
});

test("a step whose time was over says what did not come", () => {
  const timedOut = { status: "TimedOut", kind: "wait", options: { event: "order/paid" }, output: null };
  expect(only({ ...timedOut, name: "paid" })).toEqual([
    "└─ ◷ paid  timed out after 1.0 s, no event order/paid",
    "     → null",
  ]);
});

test("a run says where it comes from, why it ended so, and that its code changed", () => {
  const cancelled: RunRecord = {
    ...run,
    status: "Cancelled",
    original_run_id: "01JOLD",
    parent_run_id: "01JPARENT",
    resumes: 2,
    reason: "cancelled_by_event",
    reason_text: "event 01JX cancelled it",
    code_change: { at: at(1), steps: ["charge"], reason: "the code no longer reaches charge" },
  };
  const { output: _output, ...withoutOutput } = cancelled;
  expect(lines(withoutOutput, [])).toEqual([
    "shop-pay  ⊘ cancelled in 2.0 s  01JRUN",
    "started 1 min ago by order/placed",
    "repeats run 01JOLD",
    "invoked by run 01JPARENT",
    "resumed 2 times",
    'data {"id":7}',
    "its code changed under it: the code no longer reaches charge",
    "because an event cancelled it (event 01JX cancelled it)",
  ]);
});

test("attempts of the function itself are told, but not twice the one that is the run's error", () => {
  const failed = (attempt: number, ended: number, message: string) => ({
    attempt,
    started_at: at(0),
    ended_at: at(ended),
    http_status: null,
    error: { name: "Error", message },
  });
  const attempts = [failed(0, 1, "boom"), failed(1, 2, "boom")];
  const colors = pc.createColors(false);
  const ended = { ...run, status: "Failed", output: { name: "Error", message: "boom" } };
  const shown = runLines({ run: ended, steps: [], event: null, attempts }, NOW, colors).join("\n");
  expect(shown.match(/attempt \d failed after/g)).toEqual(["attempt 1 failed after"]);
  const open = { ...run, status: "Running", ended_at: null };
  expect(runLines({ run: open, steps: [], event: null, attempts }, NOW, colors).join("\n")).toContain(
    "attempt 2 failed after 2.0 s\n  Error: boom",
  );
});

test("what was open when a run ended is not told as going on", () => {
  const sleeping = step({ name: "wait", kind: "sleep", status: "Sleeping", ended_at: null });
  const cancelled = { ...run, status: "Cancelled", output: undefined };
  expect(lines(cancelled, [sleeping])[3]).toBe("└─ ◷ wait  was sleeping, and is no more");
});
