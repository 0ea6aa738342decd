/** Latency: one run at a time over HTTP, and one long or wide run, with FULL durability. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preciseNow } from "./app-functions.ts";
import { type Cluster, startCluster, until } from "./cluster.ts";
import { httpRoundTripsMs } from "./floor.ts";
import { start } from "./process.ts";
import { type Answer, atMost, median, percentile, type Question, told } from "./question.ts";

export const oneAtATime: Question = {
  name: "latency",
  question: "One 3-step run at a time over HTTP: event → first step, step → step, whole run?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    try {
      const rounds = Math.max(50, Math.round(500 * scale));
      await measure(cluster, "three", Math.max(20, rounds / 5), () => {});
      const sent: number[] = [];
      const first: number[] = [];
      const between: number[] = [];
      const whole: number[] = [];
      await measure(cluster, "three", rounds, (sentAt, acceptedAt, times, index) => {
        progress(`${index} of ${rounds}`);
        sent.push(times[0]! - sentAt);
        first.push(Math.max(0, times[0]! - acceptedAt));
        between.push(times[1]! - times[0]!, times[2]! - times[1]!);
        whole.push(times[2]! - sentAt);
      });
      // The first step often begins before the answer is back at the client: what is shorter than a round trip is not to be told from it.
      const roundTrip = median(await httpRoundTripsMs(rounds));
      return [
        told("raw loopback HTTP round trip, p50", roundTrip, "ms"),
        told("event sent → first step body, p50", median(sent), "ms"),
        told("event sent → first step body, p99", percentile(sent, 0.99), "ms"),
        ...pair("event accepted → first step body", first, 3, roundTrip),
        ...pair("step → step", between, 2),
        ...pair("3 steps, event sent → last step body", whole, 10),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

/** `acceptedAt`: when the client had the event's id, so everything from there on is the server's promise. */
async function measure(
  cluster: Cluster,
  fn: string,
  rounds: number,
  take: (sentAt: number, acceptedAt: number, times: readonly number[], index: number) => void,
): Promise<void> {
  for (let index = 0; index < rounds; index++) {
    const key = `${fn}-${index}-${Math.floor(preciseNow())}`;
    const sentAt = preciseNow();
    await cluster.send([{ name: `bench/${fn}`, data: { key } }]);
    const acceptedAt = preciseNow();
    await new Promise((resolve) => setTimeout(resolve, 15)); // One at a time: the run is over before the next begins.
    const timesOf = async () => ((await cluster.app.ask("times")) as Record<string, number[]>)[key] ?? [];
    await until(async () => (await timesOf()).length >= 3, 10, "3 steps");
    const times = await timesOf();
    await cluster.app.ask("reset");
    take(sentAt, acceptedAt, times, index);
  }
}

/** p50 within the bound, and p99 within four times the p50 that was measured, or the floor where that is more. */
function pair(name: string, values: readonly number[], boundMs: number, floorMs = 0): Answer[] {
  const middle = median(values);
  const most = 4 * Math.max(middle, floorMs);
  return [
    atMost(`${name}, p50`, middle, "ms", boundMs),
    atMost(`${name}, p99`, percentile(values, 0.99), "ms", Number(most.toFixed(2))),
  ];
}

export const longRuns: Question = {
  name: "long-run",
  question:
    "One run of 1,000 sequential steps (a call per step, checkpointed, in-process), and one of 100 parallel steps?",
  async run({ scale, progress }) {
    const rounds = Math.max(1, Math.round(3 * scale));
    const cluster = await startCluster();
    const folder = mkdtempSync(join(tmpdir(), "stepwell-bench-"));
    const inProcess = await start("./in-process-child.ts", [join(folder, "long.db"), "0"]);
    const one = async (fn: string, data: Record<string, unknown>) => {
      await cluster.app.ask("reset");
      const began = preciseNow();
      await cluster.send([{ name: `bench/${fn}`, data }]);
      await cluster.waitForEnds(fn, 1, 120);
      return (preciseNow() - began) / 1_000;
    };
    const times: Record<string, number[]> = { call: [], checkpoint: [], inProcess: [], parallel: [] };
    try {
      for (let round = 0; round < rounds; round++) {
        progress(`round ${round + 1} of ${rounds}`);
        times["call"]!.push(await one("thousand", {}));
        times["checkpoint"]!.push(await one("thousand-checkpointed", {}));
        times["inProcess"]!.push((await inProcess.ask("thousand")) as number);
        times["parallel"]!.push(await one("parallel", { width: 100 }));
      }
      return [
        atMost("1,000 steps, one call per step", median(times["call"]!), "s", 6),
        atMost("1,000 steps, checkpointed over HTTP", median(times["checkpoint"]!), "s", 2.5),
        atMost("1,000 steps, in-process", median(times["inProcess"]!), "s", 1),
        atMost("100 parallel steps over HTTP", median(times["parallel"]!), "s", 0.5),
        told("server memory afterwards", cluster.serverRssBytes() / 2 ** 20, "MiB"),
      ];
    } finally {
      await inProcess.kill("SIGKILL");
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
