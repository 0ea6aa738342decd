import { expect, test } from "vitest";
import { scriptBeside, Thread } from "./thread.ts";

type Served = { readonly anything: () => string; readonly close: () => void };

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

const ENDS = `
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", ({ id, method }) => {
    parentPort.postMessage({ id, value: method });
    if (method === "close") parentPort.close();
  });`;

test("H3: a thread that is asked to end answers what waits first, and later calls at once", async () => {
  const thread = new Thread<Served>(new URL(`data:text/javascript,${ENDS}`), { path: "p.db" });
  const waiting = thread.call("anything");
  await thread.end();
  expect(await waiting).toBe("anything");
  expect(thread.hasEnded).toBe(true);
  await expect(thread.call("anything")).rejects.toMatchObject(ends);
  await thread.end();
});
