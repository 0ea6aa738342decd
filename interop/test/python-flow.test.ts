/** Flow control with the official Python SDK: the guide's limits of concurrency, and every other rule that it has. */
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { preparePython } from "../lib/python.ts";
import { type PythonBench, startPythonBench } from "../lib/python-bench.ts";
import { until } from "../lib/wait.ts";

const python = await preparePython();
const EARLY_MS = 15;

let keys = 0;
const newKey = (): string => `py-flow-${++keys}`;

beforeEach(({ skip }) => skip(python.missing !== null, python.missing ?? ""));

describe("Python, flow control", () => {
  let bench: PythonBench;

  beforeAll(async () => {
    if (python.missing !== null) return;
    bench = await startPythonBench(python);
    // The first call of a process is slow, and what follows goes by the clock.
    await sendAll("once", "warm", {});
    await whenBegun("warm", 1);
  });
  afterAll(() => bench?.stop());

  const send = async (name: string, data: Record<string, unknown>): Promise<string> =>
    (await bench.post("/events", { name, data })).ids[0]!;
  const sendAll = async (name: string, key: string, ...data: Record<string, unknown>[]): Promise<string[]> => {
    const numbered = data.map((one, index) => ({ key, n: index + 1, ...one }));
    return (await bench.post("/bursts", { name: `flow/${name}`, data: numbered })).ids;
  };
  const begun = (key: string) => bench.services.notes(key, "begins") as number[][];
  const whenBegun = (key: string, count: number) => until(`${count} of ${key} began`, () => begun(key).length >= count);

  describe.concurrent("as the functions saw it", () => {
    test("guide 6: so many executions at once for each user", async ({ expect }) => {
      const [user, other] = [newKey(), newKey()];
      const ids = await Promise.all(
        [user, user, user, user, user, other].map((user_id) => send("user/action", { user_id, notes: true })),
      );
      await Promise.all(ids.map((id) => bench.server.endedRunOf(id)));
      const whats = bench.services.notes(user);
      let [now, most] = [0, 0];
      for (const what of whats) {
        now += what === "begins" ? 1 : -1;
        most = Math.max(most, now);
      }
      expect([whats.length, most]).toEqual([10, 3]);
      expect(bench.services.notes(other)).toEqual(["begins", "ends"]);
    });

    test("throttle: without a burst of its own this SDK asks for one", async ({ expect }) => {
      const key = newKey();
      const sentAt = Date.now();
      await sendAll("throttled", key, {}, {}, {});
      await whenBegun(key, 3);
      const [first = 0, second = 0, third = 0] = bench.services.times(key, "begins");
      expect(second - first).toBeLessThan(1_500);
      expect(third - sentAt).toBeGreaterThan(3_000 - EARLY_MS);
    });

    test("rate_limit: those beyond it never run", async ({ expect }) => {
      const key = newKey();
      const ids = await sendAll("rate-limited", key, {}, {}, {});
      await whenBegun(key, 2);
      expect(await bench.server.runsOf(ids[2]!)).toEqual([]);
      expect(begun(key).flat().toSorted()).toEqual([1, 2]);
    });

    test("debounce: one run with the last event", async ({ expect }) => {
      const key = newKey();
      await sendAll("debounced", key, {}, {}, {});
      await whenBegun(key, 1);
      expect(begun(key)).toEqual([[3]]);
    });

    test("batch_events: when it is full, and when its time is over", async ({ expect }) => {
      const key = newKey();
      const sentAt = Date.now();
      await sendAll("batched", key, {}, {}, {});
      await whenBegun(key, 2);
      expect(begun(key)).toEqual([[1, 2], [3]]);
      expect((bench.services.times(key, "begins")[1] ?? 0) - sentAt).toBeGreaterThan(1_000 - EARLY_MS);
    });

    test("priority: what was created later goes first by so many seconds", async ({ expect }) => {
      const key = newKey();
      await sendAll("prioritised", key, { ahead: 0 });
      await whenBegun(key, 1);
      await sendAll("prioritised", key, { n: 2, ahead: 0 }, { n: 3, ahead: 0 }, { n: 4, ahead: 120 });
      await whenBegun(key, 4);
      const numbers = begun(key).flat();
      expect(numbers.indexOf(4)).toBeLessThan(numbers.indexOf(3));
    });

    test("singleton: skip leaves the second behind, cancel lets it take the place", async ({ expect }) => {
      const [skipping, replacing] = [newKey(), newKey()];
      const [skipped, second] = await sendAll("skipping", skipping, {}, {});
      expect(await bench.server.runsOf(second!)).toMatchObject([{ status: "Skipped" }]);
      await bench.server.endedRunOf(skipped!);
      const [first, newer] = await sendAll("replacing", replacing, {}, {});
      expect(await bench.server.endedRunOf(first!)).toMatchObject({ status: "Cancelled" });
      expect(await bench.server.endedRunOf(newer!)).toMatchObject({ status: "Completed" });
      expect(begun(skipping)).toEqual([[1]]);
    });

    test("idempotency: one run for each value", async ({ expect }) => {
      const key = newKey();
      const [first, second] = await sendAll("once", key, {}, {});
      await bench.server.endedRunOf(first!);
      expect(await bench.server.runsOf(second!)).toEqual([]);
      expect(begun(key)).toEqual([[1]]);
    });

    test("timeouts.start: a run that waits longer for its turn is cancelled and never called", async ({ expect }) => {
      const key = newKey();
      await sendAll("impatient", key, {});
      await whenBegun(key, 1);
      const [late] = await sendAll("impatient", key, { n: 2 });
      expect(await bench.server.endedRunOf(late!)).toMatchObject({ status: "Cancelled" });
      expect(begun(key)).toEqual([[1]]);
    });
  });
});
