/** Functions under every rule of flow control that the official SDKs have. Each notes what it saw; the tests read that. */
import type { Context, Definition, Seen } from "./definition.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const KEY = "event.data.key";

/** Notes when its one step begins and ends, which takes that long. */
function working(seen: Seen, id: string, options: Record<string, unknown>, ms = 0): Definition {
  return {
    id,
    triggers: [{ event: `flow/${id}` }],
    options,
    handler: async ({ event, events, step }: Context) => {
      const { key } = event.data;
      await step.run("work", async () => {
        seen.add(key, "begins", { name: id, n: event.data["n"], all: events.map(({ data }) => data["n"]) });
        if (ms > 0) await pause(ms);
        seen.add(key, "ends", { name: id, n: event.data["n"] });
      });
      return event.data["n"];
    },
  };
}

/** The run sleeps for so long after its step. */
function lasting(definition: Definition, sleep: string): Definition {
  const handler = async (context: Context) => {
    const result = await definition.handler(context);
    await context.step.sleep("last", sleep);
    return result;
  };
  return { ...definition, handler };
}

export function flowFunctions(seen: Seen): Definition[] {
  const shared = { limit: 1, scope: "env", key: '"shared"' };
  return [
    working(seen, "limited", { concurrency: 2 }, 250),
    working(seen, "per-key", { concurrency: [{ limit: 3 }, { limit: 1, key: "event.data.user" }] }, 250),
    working(seen, "shared-a", { concurrency: [shared] }, 200),
    working(seen, "shared-b", { concurrency: [{ ...shared }] }, 200),
    working(seen, "throttled", { throttle: { limit: 1, period: "1s", key: KEY } }),
    working(seen, "throttled-burst", { throttle: { limit: 1, burst: 1, period: "3s", key: KEY } }),
    working(seen, "rate-limited", { rateLimit: { limit: 2, period: "2s", key: KEY } }),
    working(seen, "debounced", { debounce: { period: "2s", key: KEY } }),
    working(seen, "debounced-at-most", { debounce: { period: "2s", timeout: "4s", key: KEY } }),
    working(seen, "batched", { batchEvents: { maxSize: 3, timeout: "2s", key: KEY } }),
    working(seen, "batched-if", { batchEvents: { maxSize: 2, timeout: "1s", key: KEY, if: "event.data.n > 1" } }),
    working(seen, "prioritised", { concurrency: 1, priority: { run: "event.data.ahead" } }, 250),
    lasting(working(seen, "skipping", { singleton: { mode: "skip", key: KEY } }), "1s"),
    lasting(working(seen, "replacing", { singleton: { mode: "cancel", key: KEY } }), "1s"),
    working(seen, "once", { idempotency: "event.data.order" }),
    working(seen, "impatient", { concurrency: { limit: 1, key: KEY }, timeouts: { start: "1s" } }, 2_000),
    working(seen, "paused", { timeouts: { start: "1s" } }),
    lasting(working(seen, "short", { timeouts: { finish: "1s" } }), "1m"),
  ];
}
