/** Flow control: how fast a free place is taken, what many keys and deep backlogs cost, and whom a hot key delays. */
import { performance } from "node:perf_hooks";
import { Admission } from "../../stepwell/src/core/flow/admission.ts";
import { ruleName } from "../../stepwell/src/core/flow/rules.ts";
import { hintOf, type JobHint } from "../../stepwell/src/core/schedule/hint.ts";
import { JobQueue } from "../../stepwell/src/core/schedule/job-queue.ts";
import { type Lane, ReadyQueue } from "../../stepwell/src/core/schedule/ready-queue.ts";
import { type ConcurrencyRule, NO_FLOW, type RunFlow } from "../../stepwell/src/protocol/flow.ts";
import { type FunctionConfig, NO_TIMEOUTS } from "../../stepwell/src/protocol/function.ts";
import { preciseNow } from "./app-functions.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { httpRoundTripsMs } from "./floor.ts";
import { atLeast, atMost, median, percentile, type Question, told } from "./question.ts";

export const slots: Question = {
  name: "flow-slot",
  question:
    "A function has one place and a queue: how long is the place free between one run's end and the next one's begin?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    const runs = Math.max(200, Math.round(5_000 * scale));
    try {
      await sendAll(cluster, "slot", 300, () => ({})); // Warm up.
      await cluster.waitForEnds("slot", 300, 60);
      await cluster.app.ask("reset");
      await sendAll(cluster, "slot", runs, () => ({}), progress);
      await cluster.waitForEnds("slot", runs, 120);
      const floor = await httpRoundTripsMs(runs);
      const gaps = ((await cluster.app.ask("gaps")) as number[]).slice(1);
      return [
        told("raw loopback HTTP round trip p99", percentile(floor, 0.99), "ms"),
        told(`${runs.toLocaleString("en")} runs: place free p50`, percentile(gaps, 0.5), "ms"),
        atMost("place free p99", percentile(gaps, 0.99), "ms", 5),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

export const keys: Question = {
  name: "flow-keys",
  question: "What does it cost to schedule a job (queue, admit, free its place) with 10 and with 100,000 keys active?",
  async run({ scale, progress }) {
    const many = Math.max(1_000, Math.round(100_000 * scale));
    const jobs = many * 4;
    const costs = new Map<number, number[]>([
      [10, []],
      [many, []],
    ]);
    for (let round = 0; round < 5; round++) {
      for (const [keyCount, times] of costs) {
        progress(`round ${round + 1}, ${keyCount} keys`);
        times.push(scheduleAll(jobs, keyCount) / jobs);
      }
    }
    const [few, most] = [median(costs.get(10)!), median(costs.get(many)!)];
    return [
      told("10 keys: scheduling a job", few * 1_000, "µs"),
      told(`${many.toLocaleString("en")} keys: scheduling a job`, most * 1_000, "µs"),
      atMost("cost with many / cost with few", most / few, "", 2),
    ];
  },
};

/** A function with one rule, `{ limit, key }`, and an app that may have a thousand calls out. Answers ms. */
function scheduleAll(jobs: number, keyCount: number): number {
  const fn = functionWith({ ...RULE, limit: Math.max(1, CALLS_MAX / keyCount) });
  const admission = new Admission({
    functionOf: () => fn,
    appIdOf: () => fn.appId,
    isPaused: () => false,
    appLimit: () => CALLS_MAX,
  });
  const queue = new JobQueue(new ReadyQueue(admission.gates, () => 1), -1, { hintsMax: 400 * jobs, horizonMs: 1 });
  queue.adoptLanes(queue.laneRequest(-1)!, { heads: [], found: [] });
  const admit = (hint: JobHint, lane: Lane) => admission.enter(hint, lane, 0);
  const flows = Array.from({ length: keyCount }, (_, key) => ({ keys: { [ruleName(RULE, false)]: `k${key}` } }));
  const out: JobHint[] = [];
  const began = performance.now();
  for (let number = 0; number < jobs; number++) queue.add(jobOf(number, flows[number % keyCount]!), 0);
  for (let done = 0; done < jobs; done++) {
    for (let next = queue.next(admit, 0); next !== undefined; next = queue.next(admit, 0)) out.push(next);
    const { functionId, runId, slot } = out[done]!;
    admission.callEnded(functionId, runId, slot);
  }
  if (queue.size > 0) throw new Error(`${queue.size} jobs were not scheduled`);
  return performance.now() - began;
}

const CALLS_MAX = 1_000;
const RULE: ConcurrencyRule = { limit: 1, key: "event.data.key", scope: "fn", guaranteed: 0, burst: null };

function functionWith(rule: ConcurrencyRule): FunctionConfig {
  return {
    id: "f",
    slug: "bench-f",
    name: "f",
    appId: "bench",
    triggers: [],
    retries: 4,
    url: "",
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    flow: { ...NO_FLOW, concurrency: [rule] },
    raw: {},
  };
}

function jobOf(number: number, flow: RunFlow): JobHint {
  const runId = `r${number}`;
  const isQueued = true;
  return hintOf({
    runId,
    slot: "main",
    dueAt: 0,
    kind: "discover",
    functionId: "f",
    createdAt: number,
    isQueued,
    flow,
  });
}

export const backlog: Question = {
  name: "flow-backlog",
  question:
    "A million runs of a held function are queued: what memory do they take, and how fast do the runs of another start, and their own once it is released?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    const deep = Math.max(5_000, Math.round(1_000_000 * scale));
    const runs = Math.max(1_000, Math.round(5_000 * scale));
    try {
      await rate(cluster, runs); // Warm up.
      const empty = await medianRate(cluster, runs);
      await settle();
      const rssBefore = cluster.serverRssBytes() / 2 ** 20;
      const functionId = await idOf(cluster, "held");
      await cluster.post(`/v1/functions/${functionId}/pause`, { mode: "hold" });
      await sendAll(cluster, "held", deep, () => ({}), progress);
      const beside = await medianRate(cluster, runs);
      await settle();
      const rss = cluster.serverRssBytes() / 2 ** 20;
      await cluster.killServer("SIGKILL");
      const began = performance.now();
      await cluster.startServer();
      const restartSeconds = (performance.now() - began) / 1_000;
      await rate(cluster, runs); // Warm up.
      const after = await medianRate(cluster, runs);
      await cluster.app.ask("reset");
      const resumed = performance.now();
      await cluster.post(`/v1/functions/${functionId}/resume`, {});
      const own = Math.min(deep, 4 * runs);
      await cluster.waitForEnds("held", own, 300);
      const rssAfter = cluster.serverRssBytes() / 2 ** 20;
      const ownRate = own / ((performance.now() - resumed) / 1_000);
      return [
        told("empty backlog: runs", empty, "/s"),
        told(`${deep.toLocaleString("en")} queued: runs of another function`, beside, "/s"),
        atLeast("beside a backlog / beside none", beside / empty, "", 0.8),
        told("empty backlog: server memory", rssBefore, "MiB"),
        atMost("server memory", rss, "MiB", 400),
        told("restart after kill -9", restartSeconds, "s"),
        atLeast("after the restart / beside none", after / empty, "", 0.8),
        told("released: runs of the backlog itself", ownRate, "/s"),
        atMost("server memory then", rssAfter, "MiB", 400),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

export const fairness: Question = {
  name: "flow-fairness",
  question:
    "One key has 100,000 jobs and 9 others have one now and then, ten places for all: how long do the others wait?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    const hot = Math.max(5_000, Math.round(100_000 * scale));
    const rounds = Math.max(30, Math.round(200 * scale));
    try {
      await sendAll(cluster, "fair", 1_000, () => ({ key: "hot" })); // Warm up.
      await cluster.waitForEnds("fair", 1_000, 60);
      await cluster.app.ask("reset");
      await sendAll(cluster, "fair", hot, () => ({ key: "hot" }), progress);
      for (let round = 0; round < rounds; round++) {
        progress(`round ${round + 1} of ${rounds}`);
        const sentAt = preciseNow();
        const cold = Array.from({ length: 9 }, (_, index) => ({ key: `cold-${index}`, sentAt }));
        await cluster.send(cold.map((data) => ({ name: "bench/fair", data })));
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      const ends = (await cluster.app.ask("ends")) as Record<string, number>;
      await cluster.waitForEnds("fair-cold", 9 * rounds, 60);
      const delays = (await cluster.app.ask("delays")) as number[];
      return [
        told("jobs of the hot key still queued at the end", hot - (ends["fair"] ?? 0), ""),
        told("cold keys: from sending to the begin, p50", percentile(delays, 0.5), "ms"),
        atMost("cold keys: from sending to the begin, p99", percentile(delays, 0.99), "ms", 50),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

/** Lets commits, evictions and the collector come to rest. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 7_000));

async function sendAll(
  cluster: Cluster,
  fn: string,
  count: number,
  data: () => object,
  progress: (text: string) => void = () => {},
): Promise<void> {
  for (let sent = 0; sent < count; sent += 1_000) {
    progress(`${sent} of ${count} events`);
    const size = Math.min(1_000, count - sent);
    await cluster.send(Array.from({ length: size }, () => ({ name: `bench/${fn}`, data: data() })));
  }
}

async function medianRate(cluster: Cluster, runs: number): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < 5; round++) rates.push(await rate(cluster, runs));
  return median(rates);
}

/** Runs a second, from the first event to the last end. */
async function rate(cluster: Cluster, runs: number): Promise<number> {
  await cluster.app.ask("reset");
  const began = performance.now();
  await sendAll(cluster, "quick", runs, () => ({}));
  await cluster.waitForEnds("quick", runs, 120);
  return runs / ((performance.now() - began) / 1_000);
}

async function idOf(cluster: Cluster, fn: string): Promise<string> {
  const { data } = (await cluster.get("/v1/functions")) as { data: { id: string; slug: string }[] };
  const found = data.find(({ slug }) => slug === `bench-${fn}`);
  if (found === undefined) throw new Error(`There is no function ${fn}`);
  return found.id;
}
