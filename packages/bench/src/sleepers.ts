/** Sleepers: what a run costs that only waits, and how late many that are due at once wake. */
import { startCluster } from "./cluster.ts";
import { atMost, percentile, type Question, told } from "./question.ts";

export const sleepers: Question = {
  name: "sleepers",
  question: "What do 100,000 sleeping runs cost in memory, and how late do 10,000 that are due in one second wake?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    const send = async (count: number, at: (index: number) => number) => {
      for (let sent = 0; sent < count; sent += 500) {
        progress(`${sent} of ${count} sleepers`);
        const size = Math.min(500, count - sent);
        await cluster.send(
          Array.from({ length: size }, (_, index) => ({ name: "bench/sleeper", data: { at: at(sent + index) } })),
        );
      }
    };
    const asleep = async (count: number) => {
      for (;;) {
        const calls = (await cluster.app.ask("calls")) as number;
        if (calls >= count) return;
        progress(`${calls} of ${count} asleep`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    try {
      await cluster.app.ask("reset");
      const warm = Math.round(2_000 * scale);
      await send(warm, () => Date.now() + 3_600_000);
      await asleep(warm);
      await settle();
      const before = cluster.serverRssBytes();
      await cluster.app.ask("reset");
      const many = Math.round(100_000 * scale);
      await send(many, (index) => Date.now() + 3_600_000 + index);
      await asleep(many);
      await settle();
      const grown = (cluster.serverRssBytes() - before) / 2 ** 20;
      await cluster.app.ask("reset");
      const due = Math.round(10_000 * scale);
      const at = Date.now() + 15_000 + Math.round(30_000 * scale);
      await send(due, (index) => at + Math.floor((index / due) * 1_000));
      await asleep(due);
      if (Date.now() > at)
        throw new Error("The sleepers were not asleep in time; the machine is too busy for this measurement");
      await cluster.waitForEnds("sleeper", due, 120);
      const lateness = (await cluster.app.ask("lateness")) as number[];
      return [
        atMost(`${many.toLocaleString("en")} sleepers: memory grown`, grown, "MiB", 100),
        told(`${due.toLocaleString("en")} due in one second: lateness p50`, percentile(lateness, 0.5), "ms"),
        atMost(`${due.toLocaleString("en")} due in one second: lateness p99`, percentile(lateness, 0.99), "ms", 1_000),
      ];
    } finally {
      await cluster.stop();
    }
  },
};

/** Lets commits, evictions and the collector come to rest. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 7_000));
