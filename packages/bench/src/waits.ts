/** Waits: what an event costs while many runs wait for its name, and what a million stored waits take of the memory. */
import { type Cluster, startCluster } from "./cluster.ts";
import { atMost, median, type Question, told } from "./question.ts";

const ROUNDS = 5;
const EVENTS = 2_000;

export const waits: Question = {
  name: "waits",
  question:
    "What does an event cost when 1,000 and when 100,000 runs wait for its name, each with a key of its own? What memory do 1,000,000 stored waits take?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    let armed = 0;
    const arm = async (until: number) => {
      for (; armed < until; armed += 500) {
        progress(`${armed} of ${until} waits`);
        const size = Math.min(500, until - armed);
        await cluster.send(
          Array.from({ length: size }, (_, index) => ({ name: "bench/waiter", data: { key: `k${armed + index}` } })),
        );
      }
      armed = until;
      for (;;) {
        const calls = (await cluster.app.ask("calls")) as number;
        if (calls >= until) break;
        progress(`${calls} of ${until} runs wait`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      await settle();
    };
    try {
      const few = Math.round(1_000 * scale);
      const many = Math.round(100_000 * scale);
      const most = Math.round(1_000_000 * scale);
      await cluster.app.ask("reset");
      await arm(few);
      await unmatched(cluster, EVENTS); // Warm up.
      const costOfFew = await perEvent(cluster);
      await arm(many);
      const costOfMany = await perEvent(cluster);
      await arm(most);
      const rss = cluster.serverRssBytes() / 2 ** 20;
      await cluster.killServer("SIGTERM");
      const began = performance.now();
      await cluster.startServer();
      const restartSeconds = (performance.now() - began) / 1_000;
      await settle();
      const rssAfter = cluster.serverRssBytes() / 2 ** 20;
      await cluster.app.ask("reset");
      await cluster.send([{ name: "bench/reply", data: { key: `k${most - 1}` } }]);
      await cluster.waitForEnds("waiter", 1, 30);
      return [
        told(`${few.toLocaleString("en")} waits: an event that nobody waits for`, costOfFew * 1_000, "µs"),
        told(`${many.toLocaleString("en")} waits: an event that nobody waits for`, costOfMany * 1_000, "µs"),
        atMost("cost of many / cost of few", costOfMany / costOfFew, "", 2),
        atMost(`${most.toLocaleString("en")} waits stored: server memory`, rss, "MiB", 300),
        atMost("after a restart: server memory", rssAfter, "MiB", 300),
        told("restart", restartSeconds, "s"),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

/** Median ms per event over the rounds. */
async function perEvent(cluster: Cluster): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await unmatched(cluster, EVENTS));
  return median(times);
}

/** Events of the name with keys that nobody waits for: all they cost is being matched and stored. */
async function unmatched(cluster: Cluster, count: number): Promise<number> {
  const began = performance.now();
  for (let sent = 0; sent < count; sent += 100) {
    await cluster.send(
      Array.from({ length: 100 }, (_, index) => ({ name: "bench/reply", data: { key: `nobody-${sent + index}` } })),
    );
  }
  return (performance.now() - began) / count;
}

/** Lets commits, evictions and the collector come to rest. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 7_000));
