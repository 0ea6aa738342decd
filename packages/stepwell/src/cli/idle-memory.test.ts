import { expect, test } from "vitest";
import { createTrim } from "./idle-memory.ts";

function resting() {
  const state = { calls: 0, waitingCommands: 0, commits: 7, unused: 200 * 1024 * 1024, collected: 0 };
  const trim = createTrim({
    stats: () => state,
    unusedBytes: () => state.unused,
    collect: () => {
      state.collected++;
      state.unused = 0;
    },
  });
  return { state, trim };
}

test("a server at rest gives memory back once", () => {
  const { state, trim } = resting();
  expect([trim(), trim(), trim(), trim(), trim()]).toEqual([false, false, true, false, false]);
  expect(state.collected).toBe(1);
});

test("after work it does so when the rest is no mere pause", () => {
  const { state, trim } = resting();
  for (let look = 0; look < 3; look++) trim();
  state.commits++;
  state.unused = 200 * 1024 * 1024;
  expect([trim(), trim(), trim(), trim(), trim()]).toEqual([false, false, false, false, false]);
  expect(trim()).toBe(true);
  expect(state.collected).toBe(2);
});

test("one that works does not", () => {
  const { state, trim } = resting();
  for (let look = 0; look < 10; look++) {
    state.commits++;
    expect(trim()).toBe(false);
  }
  state.calls = 1;
  for (let look = 0; look < 10; look++) expect(trim()).toBe(false);
});

test("what the start left behind goes at the first rest, however little; later little is left alone", () => {
  const { state, trim } = resting();
  state.unused = 1024;
  expect([trim(), trim(), trim()]).toEqual([false, false, true]);
  state.unused = 1024;
  for (let look = 0; look < 10; look++) expect(trim()).toBe(false);
});
