/** The change feed: what those who follow cost the engine, and how late they hear of it. */
import { type Cluster, startCluster } from "./cluster.ts";
import { type Child, start } from "./process.ts";
import { atLeast, atMost, median, percentile, type Question, told } from "./question.ts";

const ROUNDS = 5;
const FEEDS = 50;
const RUNS_PER_SECOND = 200;

interface Seen {
  readonly bytes: number;
  readonly entries: number;
  readonly lateness: readonly number[];
}

export const feed: Question = {
  name: "feed",
  question:
    "What do 50 open change feeds cost (3-step runs over HTTP), and how late is a step shown at 200 runs a second?",
  async run({ scale, progress }) {
    const runs = Math.max(100, Math.round(6_000 * scale));
    const cluster = await startCluster();
    const listen = () => start("./feed-listeners.ts", [cluster.url, cluster.authorization, String(FEEDS)]);
    const without: number[] = [];
    const withFeeds: number[] = [];
    let mebibytes = 0;
    try {
      await throughput(cluster, runs); // Warm up.
      for (let round = 0; round < ROUNDS; round++) {
        progress(`round ${round + 1} of ${ROUNDS}`);
        without.push(await throughput(cluster, runs));
        const listeners = await listen();
        withFeeds.push(await throughput(cluster, runs));
        mebibytes = ((await listeners.ask("seen")) as Seen).bytes / 2 ** 20;
        await listeners.kill("SIGKILL");
      }
      const listeners = await listen();
      const lateness = await latenessAt(cluster, listeners, Math.max(2, 10 * scale));
      const shares = withFeeds.map((value, index) => value / without[index]!);
      return [
        told("runs, nobody follows", median(without), "/s"),
        told(`runs, ${FEEDS} feeds`, median(withFeeds), "/s"),
        told("told to all feeds in the last round", mebibytes, "MiB"),
        atLeast("with feeds / without", median(shares), "", 0.9),
        told(`a step shows at ${RUNS_PER_SECOND} runs/s, p50`, median(lateness), "ms"),
        atMost(`a step shows at ${RUNS_PER_SECOND} runs/s, p99`, percentile(lateness, 0.99), "ms", 300),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

async function throughput(cluster: Cluster, runs: number): Promise<number> {
  await cluster.app.ask("reset");
  const began = performance.now();
  for (let sent = 0; sent < runs; sent += 100) await cluster.send(events(Math.min(100, runs - sent)));
  await cluster.waitForEnds("three", runs, 120);
  return runs / ((performance.now() - began) / 1_000);
}

async function latenessAt(cluster: Cluster, listeners: Child, seconds: number): Promise<readonly number[]> {
  const portion = RUNS_PER_SECOND / 20;
  await cluster.app.ask("reset");
  const portions = Math.round(seconds * 20);
  const began = performance.now();
  for (let index = 0; index < portions; index++) {
    await cluster.send(events(portion));
    const restMs = began + (index + 1) * 50 - performance.now();
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  await cluster.waitForEnds("three", portions * portion, 60);
  await new Promise((resolve) => setTimeout(resolve, 500)); // The last of it is told.
  const seen = (await listeners.ask("seen")) as Seen;
  await listeners.kill("SIGKILL");
  return seen.lateness;
}

const events = (count: number) => Array.from({ length: count }, () => ({ name: "bench/three", data: {} }));
