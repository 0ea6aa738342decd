import { afterEach, expect, test, vi } from "vitest";
import { scriptBeside, Thread, ThreadOnDemand } from "./thread.ts";

type Served = { readonly anything: () => number };

const ends = { code: "store_failed", details: expect.objectContaining({ path: "p.db" }) };

test("H2: a thread that dies answers the open calls, and later ones at once", async () => {
  const thread = new Thread<Served>(new URL("data:text/javascript,import 'node:fs'; process.exit(0)"), {
    path: "p.db",
  });
  await expect(thread.call("anything")).rejects.toMatchObject(ends);
  expect(thread.hasEnded).toBe(true);
  await expect(thread.call("anything")).rejects.toMatchObject(ends);
});

test("H2: a thread that throws says why", async () => {
  const thread = new Thread<Served>(new URL("data:text/javascript,throw new Error('out of paper')"), { path: "p.db" });
  await expect(thread.call("anything")).rejects.toThrow("out of paper");
});

test("the script of a thread is a source beside sources and built beside what was built", () => {
  expect(scriptBeside("file:///a/src/store/sqlite.ts", "sqlite/x-thread").pathname).toBe(
    "/a/src/store/sqlite/x-thread.ts",
  );
  expect(scriptBeside("file:///a/dist/store/sqlite.js", "sqlite/x-thread").pathname).toBe(
    "/a/dist/store/sqlite/x-thread.js",
  );
});

type Counted = { readonly next: () => number; readonly close: () => void };

const COUNTS = `
  import { parentPort } from "node:worker_threads";
  let count = 0;
  parentPort.on("message", ({ id, method }) => {
    if (method === "die") process.exit(1);
    parentPort.postMessage({ id, value: method === "next" ? ++count : undefined });
  });`;

const startCounting = () => new Thread<Counted>(new URL(`data:text/javascript,${COUNTS}`), { path: "p.db" });

function onDemand(): { thread: ThreadOnDemand<Counted>; started: () => number } {
  let started = 0;
  const start = () => {
    started++;
    return startCounting();
  };
  const thread = new ThreadOnDemand<Counted>({ start, close: (running) => running.call("close"), restMs: 1_000 });
  return { thread, started: () => started };
}

afterEach(() => {
  vi.useRealTimers();
});

test("a thread on demand begins with the first call, ends when nothing was asked for a while, and begins again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { thread, started } = onDemand();
  expect([thread.isRunning, started()]).toEqual([false, 0]);
  const next = () => thread.use((running) => running.call("next"));
  expect(await Promise.all([next(), next()])).toEqual([1, 2]);
  vi.advanceTimersByTime(999);
  expect(await next()).toBe(3);
  vi.advanceTimersByTime(999);
  expect([thread.isRunning, started()]).toEqual([true, 1]);
  vi.advanceTimersByTime(1);
  expect(thread.isRunning).toBe(false);
  expect([await next(), started()]).toEqual([1, 2]);
  await thread.end();
});

test("a thread on demand that died is replaced by the next call", async () => {
  const { thread, started } = onDemand();
  await expect(thread.use((running) => running.call("die" as "next"))).rejects.toMatchObject(ends);
  expect(await thread.use((running) => running.call("next"))).toBe(1);
  expect(started()).toBe(2);
  await thread.end();
  expect(thread.isRunning).toBe(false);
});
