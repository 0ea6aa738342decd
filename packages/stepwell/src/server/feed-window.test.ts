import { expect, test } from "vitest";
import type { Notice } from "../core/batch.ts";
import { condense, ENTRIES_MAX } from "./feed-window.ts";

const notice = (runId: string, kind: Notice["kind"]): Notice => {
  return { kind, id: runId, runId, functionId: null, name: "", status: "", at: 0 };
};

test("a window with room tells everything in order", () => {
  const notices = [notice("a", "run_created"), notice("a", "run_ended"), notice("b", "run_created")];
  expect(condense(notices)).toEqual({ entries: notices, leftOut: 0 });
});

test("a full window tells the latest of each run, and counts the rest", () => {
  const runs = Array.from({ length: ENTRIES_MAX - 1 }, (_, index) => String(index));
  const notices = runs.flatMap((id) => [notice(id, "run_created"), notice(id, "run_ended")]);
  const { entries, leftOut } = condense(notices);
  expect(entries).toEqual(runs.map((id) => notice(id, "run_ended")));
  expect(leftOut).toBe(runs.length);
});

test("whatever happens, a window tells no more than so many entries: the latest", () => {
  const notices = Array.from({ length: 5_000 }, (_, index) => notice(String(index), "run_created"));
  const { entries, leftOut } = condense(notices);
  expect([entries.length, leftOut, entries.at(-1)?.runId]).toEqual([ENTRIES_MAX, 5_000 - ENTRIES_MAX, "4999"]);
});
