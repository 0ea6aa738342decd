/** Recovery: `kill -9` with many runs in flight, and memory at rest. */
import { type Cluster, startCluster, until } from "./cluster.ts";
import { atMost, type Question, told } from "./question.ts";

export const recovery: Question = {
  name: "recovery",
  question: "After kill -9 with 1,000 runs in flight: when is the first call made, when are all done, is any lost?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    const runs = Math.max(50, Math.round(1_000 * scale));
    try {
      for (let sent = 0; sent < runs; sent += 100) {
        const size = Math.min(100, runs - sent);
        await cluster.send(
          Array.from({ length: size }, (_, index) => ({ name: "bench/three", data: { key: `r-${sent + index}` } })),
        );
      }
      await cluster.killServer("SIGKILL");
      progress("killed");
      const callsBefore = await callsAtRest(cluster);
      const endsBefore = ((await cluster.app.ask("ends")) as Record<string, number>)["three"] ?? 0;
      const began = performance.now();
      const starting = cluster.startServer();
      await until(
        async () => ((await cluster.app.ask("calls")) as number) > callsBefore,
        30,
        "the first call after the restart",
      );
      const firstCall = (performance.now() - began) / 1_000;
      await starting;
      await until(async () => (await countCompleted(cluster)) >= runs, 60, "all runs to complete");
      const all = (performance.now() - began) / 1_000;
      const bodies = ((await cluster.app.ask("bodies")) as Record<string, number>)["three"] ?? 0;
      return [
        told("runs that had ended before the kill", endsBefore, ""),
        atMost("restart → first call", firstCall, "s", 2),
        told("restart → all runs completed", all, "s"),
        atMost("runs lost", runs - (await countCompleted(cluster)), "", 0),
        told("step bodies run twice", bodies - runs * 3, ""),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

/** Calls the app has seen, once those that the dead server had sent have all arrived. */
async function callsAtRest(cluster: Cluster): Promise<number> {
  for (let before = -1; ; ) {
    const calls = (await cluster.app.ask("calls")) as number;
    if (calls === before) return calls;
    before = calls;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

interface Page {
  readonly data: readonly unknown[];
  readonly page: { readonly cursor: string | null; readonly has_more: boolean };
}

/** Counts by reading page after page, as a client would. */
async function countCompleted(cluster: Cluster): Promise<number> {
  let count = 0;
  let cursor = "";
  for (;;) {
    const { data, page } = (await cluster.get(`/v1/runs?status=Completed&limit=100${cursor}`)) as Page;
    count += data.length;
    if (!page.has_more || page.cursor === null) return count;
    cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}

export const memoryAtRest: Question = {
  name: "memory",
  question: "How much memory does `stepwell start` hold at rest?",
  async run() {
    const cluster = await startCluster();
    try {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return [atMost("resident memory at rest", cluster.serverRssBytes() / 2 ** 20, "MiB", 120)];
    } finally {
      await cluster.stop();
    }
  },
};
