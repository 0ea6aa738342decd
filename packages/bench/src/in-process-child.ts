/** The engine and the functions in one process: `node in-process-child.ts <database> <runs>`. */
import { Stepwell } from "stepwell";
import { createEngine } from "stepwell/engine";
import { createFunctions, preciseNow } from "./app-functions.ts";
import { until } from "./cluster.ts";
import { serveQuestions } from "./process.ts";

/** Callers that each wait for their event to be durable before they send the next. */
const CALLERS = 128;

const [path, runsText] = process.argv.slice(2);
const client = new Stepwell({ id: "bench" });
const { functions, recorder } = createFunctions(client);
const engine = await createEngine({ client, functions, store: { path: path!, synchronous: "full" } });
const ends = (fn: string) => recorder.ends.get(fn) ?? 0;

/** Sends single events from many callers and waits until their runs have ended. */
async function runAll(fn: string, runs: number): Promise<number> {
  const before = ends(fn);
  const began = performance.now();
  let sent = 0;
  const caller = async () => {
    while (sent++ < runs) await engine.send({ name: `bench/${fn}`, data: {} });
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  await until(async () => ends(fn) >= before + runs, 120, `${runs} runs`);
  return (performance.now() - began) / 1_000;
}

async function one(fn: string, data: Record<string, unknown>): Promise<number> {
  const before = ends(fn);
  const began = preciseNow();
  await engine.send({ name: `bench/${fn}`, data });
  await until(async () => ends(fn) > before, 60, fn);
  return (preciseNow() - began) / 1_000;
}

serveQuestions(
  {},
  {
    throughput: async () => {
      const runs = Number(runsText);
      await runAll("three-checkpointed", Math.max(200, runs / 2)); // Warm up.
      return runs / (await runAll("three-checkpointed", runs));
    },
    thousand: () => one("thousand-checkpointed", {}),
    parallel: () => one("parallel", { width: 100 }),
  },
);
