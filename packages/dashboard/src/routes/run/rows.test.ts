import { expect, test } from "vitest";
import type { Reason, Span } from "../../api/records.ts";
import { expectedAt, plainSentence, reasonTitle } from "./reason-words.ts";
import { boundsOf, busyOf, rowsOf, stretchesOf } from "./rows.ts";

const START = Date.UTC(2026, 0, 1);
const at = (ms: number) => new Date(START + ms).toISOString();

function span(fields: Partial<Span>): Span {
  const plain = { runId: "R", stepId: "s", name: "step", kind: "STEP", status: "COMPLETED", childRunId: null };
  const times = { queuedAt: at(0), startedAt: at(10), endedAt: at(30) };
  return { ...plain, ...times, failedAttempts: [], children: [], error: null, ...fields } as Span;
}

const kinds = (one: Span) =>
  stretchesOf(one, START + 1_000).map(({ kind, from, until }) => [kind, from - START, until - START]);

test("waiting is told apart from work", () => {
  expect(kinds(span({}))).toEqual([
    ["queued", 0, 10],
    ["work", 10, 30],
  ]);
});

test("failed attempts stand between the waiting and the work", () => {
  const failed = { attempt: 0, startedAt: at(10), endedAt: at(15), durationMs: "5", httpStatus: 500, error: null };
  expect(kinds(span({ failedAttempts: [failed] as never, endedAt: at(40) })).map(([kind]) => kind)).toEqual([
    "queued",
    "attempt",
    "work",
  ]);
});

test("a sleep rests, and goes on until now while it is open", () => {
  expect(kinds(span({ kind: "SLEEP", status: "SLEEPING", endedAt: null }))).toEqual([["rest", 0, 1_000]]);
});

test("children stand below their step, one deeper each", () => {
  const child = span({ runId: "C", stepId: null, kind: "RUN" });
  const rows = rowsOf(span({ stepId: null, kind: "RUN", children: [span({ kind: "INVOKE", children: [child] })] }));
  expect(rows.map(({ key, depth }) => [key, depth])).toEqual([
    ["R", 0],
    ["R.s", 1],
    ["C", 2],
  ]);
});

test("a run's own bar does not hide that nothing happened", () => {
  const rows = rowsOf(span({ stepId: null, kind: "RUN", endedAt: at(1_000), children: [span({})] }));
  expect(busyOf(rows, START + 1_000)).toMatchObject([{ from: START + 10, until: START + 30 }]);
  expect(boundsOf(rows[0]!.span, rows, START + 5_000)).toEqual({ from: START, until: START + 1_000 });
});

test("a reason is told in a few words, with when it goes on", () => {
  const gate = { rule: "concurrency 1", holders: [], holder_count: 1, limit: 1, kind: "concurrency", waiting_lanes: 1 };
  const reason = { code: "concurrency", sentence: "long", gate, lane: { expected_at: at(5) } } as unknown as Reason;
  expect([reasonTitle(reason.code), plainSentence(reason), expectedAt(reason)]).toEqual([
    "Waits for a place",
    "The limit: concurrency 1.",
    at(5),
  ]);
  expect(reasonTitle("something_new")).toBe("something new");
});
