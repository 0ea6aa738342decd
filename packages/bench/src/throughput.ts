/** Throughput: many short runs at once, over HTTP and in-process, beside what HTTP and SQLite can do alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "./cluster.ts";
import { httpRoundTripsPerSecond, sqliteRowsPerSecond } from "./floor.ts";
import { start } from "./process.ts";
import { type Answer, atLeast, median, type Question, told } from "./question.ts";

const ROUNDS = 5;

/** About as long as the floor beside it, three seconds; in half of that the beginning and the end of a round count too much. */
const HTTP_RUNS = 12_000;

/** Each round is a process of its own: with 20,000 runs, a good second, compiler and heap are still warming up in it. */
const IN_PROCESS_RUNS = 60_000;

export const httpThroughput: Question = {
  name: "http",
  question: "How many calls a second does a 3-step function make over HTTP (app in its own process, FULL durability)?",
  async run({ scale, progress }) {
    const runs = Math.max(100, Math.round(HTTP_RUNS * scale));
    const cluster = await startCluster();
    const calls: number[] = [];
    const perRun: number[] = [];
    const floors: number[] = [];
    try {
      await batch(cluster, "three", runs); // Warm up: the first thousands of runs are interpreted.
      for (let round = 0; round < ROUNDS; round++) {
        progress(`round ${round + 1} of ${ROUNDS}`);
        floors.push(await httpRoundTripsPerSecond(Math.max(1, 3 * scale), 32));
        await cluster.app.ask("reset");
        const seconds = await batch(cluster, "three", runs);
        calls.push(((await cluster.app.ask("calls")) as number) / seconds);
        perRun.push(runs / seconds);
      }
      const memory = cluster.serverRssBytes() / 2 ** 20;
      const ratio = median(calls.map((value, index) => value / floors[index]!));
      return [
        told("raw loopback HTTP round trips", median(floors), "/s"),
        told("calls", median(calls), "/s"),
        told("runs", median(perRun), "/s"),
        atLeast("calls / raw round trips", ratio, "", 0.3),
        told("server memory under load", memory, "MiB"),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

async function batch(cluster: Awaited<ReturnType<typeof startCluster>>, fn: string, runs: number): Promise<number> {
  await cluster.app.ask("reset");
  const began = performance.now();
  for (let sent = 0; sent < runs; sent += 100) {
    await cluster.send(Array.from({ length: Math.min(100, runs - sent) }, () => ({ name: `bench/${fn}`, data: {} })));
  }
  await cluster.waitForEnds(fn, runs, 120);
  return (performance.now() - began) / 1_000;
}

export const inProcessThroughput: Question = {
  name: "in-process",
  question: "How many runs a second does a 3-step function make in-process on SQLite (FULL durability)?",
  async run({ scale, progress }) {
    const folder = mkdtempSync(join(tmpdir(), "stepwell-bench-"));
    const answers: Answer[] = [];
    const runs: number[] = [];
    const floors: number[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        progress(`round ${round + 1} of ${ROUNDS}`);
        floors.push(sqliteRowsPerSecond(Math.max(1, 2 * scale)));
        const child = await start("./in-process-child.ts", [
          join(folder, `${round}.db`),
          String(Math.round(IN_PROCESS_RUNS * scale)),
        ]);
        runs.push((await child.ask("throughput")) as number);
        await child.kill("SIGKILL");
      }
      const ratio = median(runs.map((value, index) => value / floors[index]!));
      answers.push(
        told("batched SQLite inserts", median(floors), "rows/s"),
        atLeast("runs", median(runs), "/s", 3_000),
        atLeast("runs / rows", ratio, "", 0.05),
      );
      return answers;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
