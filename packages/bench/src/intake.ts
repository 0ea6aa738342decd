/** Intake: how many events a second the server makes durable before it answers. */
import { startCluster } from "./cluster.ts";
import { atLeast, type Question } from "./question.ts";

export const intake: Question = {
  name: "intake",
  question: "How many events a second are accepted durably: single events from 64 clients, and arrays of 100?",
  async run({ scale, progress }) {
    const cluster = await startCluster();
    const seconds = Math.max(1, 5 * scale);
    const data = {
      order: "o-1",
      items: Array.from({ length: 8 }, (_, index) => ({ sku: `sku-${index}`, count: index })),
    };
    const rate = async (clients: number, size: number) => {
      const events = Array.from({ length: size }, () => ({ name: "bench/nobody", data }));
      const end = performance.now() + seconds * 1_000;
      const began = performance.now();
      let sent = 0;
      const client = async () => {
        while (performance.now() < end) {
          await cluster.send(events);
          sent += size;
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
      return sent / ((performance.now() - began) / 1_000);
    };
    try {
      await rate(64, 1); // Warm up.
      progress("single events");
      const single = await rate(64, 1);
      progress("arrays of 100");
      const arrays = await rate(8, 100);
      return [
        atLeast("single events, 64 clients", single, "/s", 2_500),
        atLeast("arrays of 100, 8 clients", arrays, "/s", 15_000),
      ];
    } finally {
      await cluster.stop();
    }
  },
};
