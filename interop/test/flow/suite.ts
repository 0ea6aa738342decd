/** Every rule of flow control that an official SDK has, judged by what its functions observed. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { type App, type Client, type Sdk, startApp } from "../../apps/app.ts";
import { Seen } from "../../apps/definition.ts";
import { flowFunctions } from "../../apps/flow-functions.ts";
import { type Server, startServer } from "../../lib/server.ts";
import { until } from "../../lib/wait.ts";

interface Noted {
  readonly name: string;
  readonly n: number;
  readonly all: readonly number[];
}

/** What a timer, a network and a busy machine may add. */
const LATE_MS = 1_800;
/** Timers of two processes round differently. */
const EARLY_MS = 15;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let keys = 0;

export function describeFlow(sdk: Sdk): void {
  describe(`${sdk.name}, flow control`, () => {
    const seen = new Seen();
    const appId = `flow-${sdk.name}`;
    let server: Server;
    let app: App;
    let client: Client;

    beforeAll(async () => {
      server = await startServer();
      const options = { appId, baseUrl: server.url, isDev: true };
      client = sdk.client(options);
      app = await startApp(sdk.listener(options, flowFunctions(seen)));
      const { status, body } = await app.sync();
      if (status !== 200) throw new Error(`the app did not register: ${JSON.stringify(body)}`);
      // The first call of a process is slow, and what follows goes by the clock.
      await client.send({ name: "flow/once", data: { key: "warm", order: "warm" } });
      await until("the first run", () => seen.whats("warm").length > 0);
    });
    afterAll(() => Promise.all([app?.close(), server?.stop()]));

    const newKey = (): string => `flow-${++keys}`;
    /** Sends events of one name; each has its number as `n`, from 1. */
    const send = async (name: string, key: string, ...data: Record<string, unknown>[]): Promise<string[]> =>
      (await client.send(data.map((one, index) => ({ name: `flow/${name}`, data: { key, n: index + 1, ...one } }))))
        .ids;
    const begun = (key: string) => seen.values(key, "begins") as Noted[];
    const numbers = (key: string) => begun(key).map(({ n }) => n);
    const whenBegun = (key: string, count: number) =>
      until(`${count} of ${key} began`, () => begun(key).length >= count);
    const whenEnded = (key: string, count: number) =>
      until(`${count} of ${key} ended`, () => seen.values(key, "ends").length >= count);
    /** The most steps that were under way at once. */
    const atOnce = (whats: readonly string[]) => {
      let [now, most] = [0, 0];
      for (const what of whats) {
        now += what === "begins" ? 1 : -1;
        most = Math.max(most, now);
      }
      return most;
    };

    describe.concurrent("as the functions saw it", () => {
      test("concurrency: a number of steps at once, and no more", async ({ expect }) => {
        const key = newKey();
        await send("limited", key, {}, {}, {}, {}, {});
        await whenEnded(key, 5);
        expect(atOnce(seen.whats(key))).toBe(2);
      });

      test("concurrency by key: one at once for each user, users beside each other", async ({ expect }) => {
        const key = newKey();
        const users = ["ada", "ada", "bob", "bob"].map((user) => ({ user, key: `${key}-${user}` }));
        await send("per-key", key, ...users);
        await Promise.all([whenEnded(`${key}-ada`, 2), whenEnded(`${key}-bob`, 2)]);
        expect([atOnce(seen.whats(`${key}-ada`)), atOnce(seen.whats(`${key}-bob`))]).toEqual([1, 1]);
        const [ada = 0, bob = 0] = ["ada", "bob"].map((user) => seen.times(`${key}-${user}`, "begins")[0]);
        expect(Math.abs(ada - bob)).toBeLessThan(240);
      });

      test("concurrency of the environment: two functions share one limit", async ({ expect }) => {
        const key = newKey();
        await Promise.all([send("shared-a", key, {}, {}), send("shared-b", key, {}, {})]);
        await whenEnded(key, 4);
        expect(atOnce(seen.whats(key))).toBe(1);
        expect(new Set(begun(key).map(({ name }) => name))).toEqual(new Set(["shared-a", "shared-b"]));
      });

      test("throttle: starts are a period apart, in order", async ({ expect }) => {
        const key = newKey();
        const sentAt = Date.now();
        await send("throttled", key, {}, {}, {});
        await whenBegun(key, 3);
        expect(numbers(key)).toEqual([1, 2, 3]);
        const [, second = 0, third = 0] = seen.times(key, "begins");
        expect(second - sentAt).toBeGreaterThan(1_000 - EARLY_MS);
        expect(third - sentAt).toBeGreaterThan(2_000 - EARLY_MS);
        expect(third - sentAt).toBeLessThan(2_000 + LATE_MS);
      });

      test("throttle with a burst: so many more at once", async ({ expect }) => {
        const key = newKey();
        const sentAt = Date.now();
        await send("throttled-burst", key, {}, {}, {});
        await whenBegun(key, 3);
        const [first = 0, second = 0, third = 0] = seen.times(key, "begins");
        expect(second - first).toBeLessThan(1_500);
        expect(third - sentAt).toBeGreaterThan(3_000 - EARLY_MS);
      });

      test("rateLimit: those beyond it never run; the next period has room again", async ({ expect }) => {
        const key = newKey();
        const ids = await send("rate-limited", key, {}, {}, {}, {});
        await whenBegun(key, 2);
        expect(await server.runsOf(ids[3]!)).toEqual([]);
        await pause(2_050);
        await send("rate-limited", key, { n: 5 });
        await whenBegun(key, 3);
        expect(numbers(key)).toEqual([1, 2, 5]);
        const { body } = await server.get(`/v1/events/${ids[2]}/explain`);
        expect(body).toMatchObject({ data: { outcomes: [{ code: "rate_limited" }] } });
      });

      test("debounce: one run with the last event, once it is quiet", async ({ expect }) => {
        const key = newKey();
        await send("debounced", key, {}, {});
        await pause(800);
        const lastAt = Date.now();
        await send("debounced", key, { n: 3 });
        await whenBegun(key, 1);
        const [at = 0] = seen.times(key, "begins");
        expect(at - lastAt).toBeGreaterThan(2_000 - EARLY_MS);
        expect(at - lastAt).toBeLessThan(2_000 + LATE_MS);
        await pause(300);
        expect(numbers(key)).toEqual([3]);
      });

      test("debounce with a timeout: at the latest then, even if it is never quiet", async ({ expect }) => {
        const key = newKey();
        const sentAt = Date.now();
        for (let n = 1; n <= 5; n++) {
          await send("debounced-at-most", key, { n });
          await pause(900);
        }
        await whenBegun(key, 1);
        const [at = 0] = seen.times(key, "begins");
        expect(at - sentAt).toBeGreaterThan(4_000 - EARLY_MS);
        expect(at - sentAt).toBeLessThan(4_000 + LATE_MS);
        expect(numbers(key)[0]).toBeGreaterThanOrEqual(3);
      });

      test("batchEvents: when it is full, and when its time is over; every key has its own", async ({ expect }) => {
        const [key, other] = [newKey(), newKey()];
        const sentAt = Date.now();
        await send("batched", key, {}, {}, {}, {});
        await send("batched", other, {});
        await Promise.all([whenBegun(key, 2), whenBegun(other, 1)]);
        expect(begun(key).map(({ all }) => all)).toEqual([[1, 2, 3], [4]]);
        const [full = 0, late = 0] = seen.times(key, "begins");
        expect(full - sentAt).toBeLessThan(2_000 - EARLY_MS);
        expect(late - sentAt).toBeGreaterThan(2_000 - EARLY_MS);
      });

      test("batchEvents with if: the others run alone at once", async ({ expect }) => {
        const key = newKey();
        await send("batched-if", key, {}, {}, {});
        await whenBegun(key, 2);
        const all = begun(key).map((one) => one.all);
        expect(all.toSorted((left, right) => left.length - right.length)).toEqual([[1], [2, 3]]);
      });

      test("priority.run: what was created later goes first by so many seconds", async ({ expect }) => {
        const key = newKey();
        await send("prioritised", key, { ahead: 0 });
        await whenBegun(key, 1);
        await send("prioritised", key, { n: 2, ahead: 0 }, { n: 3, ahead: 0 }, { n: 4, ahead: 120 });
        await whenBegun(key, 4);
        expect(numbers(key)).toEqual([1, 4, 2, 3]);
      });

      test("singleton, skip: while a run sleeps, others do not start; afterwards they do", async ({ expect }) => {
        const key = newKey();
        const [first] = await send("skipping", key, {});
        await whenBegun(key, 1);
        const [second] = await send("skipping", key, { n: 2 });
        expect(await server.runsOf(second!)).toMatchObject([{ status: "Skipped" }]);
        await server.endedRunOf(first!);
        await send("skipping", key, { n: 3 });
        await whenBegun(key, 2);
        expect(numbers(key)).toEqual([1, 3]);
      });

      test("singleton, cancel: the newest takes the place", async ({ expect }) => {
        const key = newKey();
        const [first] = await send("replacing", key, {});
        await whenBegun(key, 1);
        const [second] = await send("replacing", key, { n: 2 });
        expect(await server.endedRunOf(first!)).toMatchObject({ status: "Cancelled" });
        expect(await server.endedRunOf(second!)).toMatchObject({ status: "Completed", output: 2 });
      });

      test("idempotency: one run for each value", async ({ expect }) => {
        const key = newKey();
        const order = { order: `order-${key}` };
        await send("once", key, order, order, { order: `other-${key}` });
        await whenBegun(key, 2);
        await pause(200);
        expect(numbers(key)).toEqual([1, 3]);
      });

      test("timeouts.start: a run that waits longer for its turn is cancelled and never called", async ({ expect }) => {
        const key = newKey();
        await send("impatient", key, {});
        await whenBegun(key, 1);
        const [late] = await send("impatient", key, { n: 2 });
        expect(await server.endedRunOf(late!)).toMatchObject({ status: "Cancelled" });
        await whenEnded(key, 1);
        expect(numbers(key)).toEqual([1]);
      });

      test("timeouts.start counts while the function is paused", async ({ expect }) => {
        const key = newKey();
        const path = `/v1/functions/${appId}-paused`;
        await server.send("POST", `${path}/pause`, { mode: "hold" });
        const [eventId] = await send("paused", key, {});
        const run = await server.endedRunOf(eventId!);
        await server.send("POST", `${path}/resume`, {});
        expect(run).toMatchObject({ status: "Cancelled", reason: "timed_out" });
        expect(begun(key)).toEqual([]);
      });

      test("timeouts.finish ends a run in its sleep", async ({ expect }) => {
        const key = newKey();
        const [eventId] = await send("short", key, {});
        expect(await server.endedRunOf(eventId!)).toMatchObject({ status: "Cancelled", reason: "timed_out" });
        expect(numbers(key)).toEqual([1]);
      });
    });
  });
}
