import { expect, test } from "vitest";
import { Replay } from "./replay.ts";
import type { StepType } from "./step-request.ts";

const memos = (...ids: string[]) => new Map(ids.map((id) => [id, { data: id }]));

function order(replay: Replay<string>): string[] {
  const ids: string[] = [];
  for (let next = replay.next(); next !== null; next = replay.next()) ids.push(next.step);
  return ids;
}

test("results come in stack order, whatever order they were reached in", () => {
  const replay = new Replay<string>(memos("a", "b", "c"), ["c", "a", "b"]);
  for (const id of ["a", "b", "c"]) replay.reach(id, id);
  expect(order(replay)).toEqual(["c", "a", "b"]);
  expect(replay.isOver).toBe(true);
});

test("one that is not reached gives way, and comes next once it is", () => {
  const replay = new Replay<string>(memos("a", "b", "c"), ["a", "b", "c"]);
  replay.reach("b", "b");
  expect(order(replay)).toEqual(["b"]);
  replay.reach("c", "c");
  replay.reach("a", "a");
  expect(order(replay)).toEqual(["a", "c"]);
  expect(replay.unreached()).toEqual([]);
});

test("ids without a memo and memos without an id do no harm", () => {
  const replay = new Replay<string>(memos("a", "b"), ["gone", "b"]);
  replay.reach("a", "a");
  replay.reach("b", "b");
  expect(order(replay)).toEqual(["b", "a"]);
});

test("a new step has no memo, and edited input is no result", () => {
  const replay = new Replay<string>(new Map([["e", { input: [1] }]]), []);
  expect(replay.reach("new", "new")).toBeNull();
  expect(replay.reach("e", "e")).toEqual({ kind: "input", input: [1] });
  expect(replay.next()).toBeNull();
  expect(replay.isOver).toBe(true);
});

test("a result of another kind than the step that is reached now counts as one that is not reached", () => {
  const event = { name: "reply", id: "1", data: {}, ts: 1 };
  const signal = { data: { signal: "go", data: null } };
  const left = {
    run: { data: 1 },
    failed: { error: { name: "Error", message: "" } },
    sleep: null,
    wait: event,
    signal,
  };
  const stored = new Map<string, unknown>(Object.entries(left));
  const unreached = (types: Partial<Record<keyof typeof left, StepType>>) => {
    const replay = new Replay<string>(stored, [...stored.keys()]);
    for (const id of stored.keys()) replay.reach(id, id, types[id as keyof typeof left] ?? null);
    return replay.unreached();
  };
  const same = { run: "run", failed: "invoke", sleep: "sleep", wait: "waitForEvent", signal: "waitForSignal" } as const;
  expect(unreached(same)).toEqual([]);
  expect(unreached({ sleep: "waitForEvent", signal: "fetch" })).toEqual([]);
  expect(unreached({ run: "sleep", failed: "waitForEvent", sleep: "run", wait: "run", signal: "sleep" })).toEqual([
    ...stored.keys(),
  ]);
  expect(unreached({ run: "waitForEvent", wait: "waitForSignal" })).toEqual(["run", "wait"]);
});
