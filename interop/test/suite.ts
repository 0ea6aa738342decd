/**
 * What every version of the official TypeScript SDK must find when it points at this server: one suite, run on each
 * version and setting. The app is real, the server is a process of its own, and all they say goes over HTTP.
 */
import { afterAll, beforeAll, describe, type ExpectStatic, test } from "vitest";
import { type App, type AppOptions, type Client, type Sdk, startApp } from "../apps/app.ts";
import { Seen } from "../apps/definition.ts";
import { CRON, MEGABYTE } from "../apps/functions.ts";
import { type Run, type Server, startServer } from "../lib/server.ts";
import { until } from "../lib/wait.ts";

export interface SuiteOptions {
  readonly checkpointing: boolean;
  /** Of the calls after the first. */
  readonly requestVersion: "1" | "2";
}

interface Bench {
  readonly server: Server;
  readonly app: App;
  readonly client: Client;
  readonly seen: Seen;
  readonly appOptions: AppOptions;
}

let keys = 0;
const newKey = (): string => `key-${++keys}`;

export function describeDev(sdk: Sdk, { checkpointing, requestVersion }: SuiteOptions): void {
  describe(`${sdk.name}, development, checkpointing ${checkpointing ? "on" : "off"}`, () => {
    let bench: Bench;
    let firstSync: { status: number; body: Record<string, unknown> };

    beforeAll(async () => {
      const server = await startServer();
      const seen = new Seen();
      const appOptions = { appId: `shop-${sdk.name}`, baseUrl: server.url, isDev: true, checkpointing };
      const app = await startApp(sdk.listener(appOptions, sdk.definitions(seen)));
      bench = { server, app, seen, client: sdk.client(appOptions), appOptions };
      firstSync = await app.sync();
    });

    afterAll(async () => {
      await bench?.app.close();
      await bench?.server.stop();
    });

    /** Sends one event and waits for its only run. */
    const runOf = async (name: string, data: Record<string, unknown> = {}): Promise<{ key: string; run: Run }> => {
      const key = newKey();
      const { ids } = await bench.client.send({ name, data: { ...data, key } });
      return { key, run: await bench.server.endedRunOf(ids[0] ?? "") };
    };
    const callsOf = (key: string) => bench.app.calls.filter((call) => call.key === key);

    test("an app registers all its functions", async ({ expect }) => {
      expect(firstSync).toMatchObject({ status: 200, body: { modified: true } });
      const { body } = await bench.server.get(`/v1/apps/${bench.appOptions.appId}/functions`);
      const slugs = (body as { slug: string }[]).map((fn) => fn.slug);
      expect(slugs).toContain(`shop-${sdk.name}-sequence`);
      expect(slugs).toContain(`shop-${sdk.name}-uncaught-failure`);
      expect(slugs).toHaveLength(sdk.definitions(bench.seen).length + 1);
    });

    test("registering the same again changes nothing", async ({ expect }) => {
      expect(await bench.app.sync()).toMatchObject({ status: 200, body: { modified: false } });
    });

    test("the app describes itself, and the server says that it is for development", async ({ expect }) => {
      const answer = await fetch(bench.app.url, { headers: { "x-inngest-server-kind": "dev" } });
      expect(answer.headers.get("x-inngest-sdk")).toMatch(sdk.language);
      expect(await answer.json()).toMatchObject({ mode: "dev", schema_version: "2024-05-24" });
      const probe = await fetch(`${bench.server.url}/dev`);
      expect(probe.headers.get("x-inngest-server-kind")).toBe("dev");
      expect((await probe.json()) as object).toHaveProperty("functions");
    });

    describe.concurrent("behaviour", () => {
      test("steps run once each and in order, and their values survive the way", async ({ expect }) => {
        const { key, run } = await runOf("test/sequence");
        const first = { text: "é ✓ \u2028", list: [1, 2.5, null, { deep: true }] };
        expect(run).toMatchObject({ status: "Completed", output: { first, second: 40, third: null } });
        expect(bench.seen.whats(key).filter((what) => what !== "call")).toEqual(["first", "second", "third"]);
        for (const call of bench.seen.values(key, "call")) {
          expect(call).toEqual({ attempt: 0, events: 1, runId: run.run_id });
        }
      });

      test(
        checkpointing ? "three steps take one call" : "each step takes a call, and the end one more",
        async ({ expect }) => {
          const { key } = await runOf("test/sequence");
          const calls = callsOf(key);
          expect(calls).toHaveLength(checkpointing ? 1 : 4);
          expect(calls.map((call) => call.requestVersion)).toEqual(
            calls.map((_, index) => (index === 0 ? "-1" : requestVersion)),
          );
        },
      );

      test("a step id repeated in a loop is a step of its own each time", async ({ expect }) => {
        const { key, run } = await runOf("test/loop");
        expect(run).toMatchObject({ status: "Completed", output: [0, 1, 4, 9] });
        expect(bench.seen.values(key, "tick")).toEqual([0, 1, 2, 3]);
      });

      test("parallel steps run at the same time, each once, and a sleep beside them", async ({ expect }) => {
        const { key, run } = await runOf("test/all");
        expect(run.status).toBe("Completed");
        expect((run.output as unknown[]).map((value) => value ?? null)).toEqual(["a", "b", null, "d", "after"]);
        const begins = ["a", "b", "d"].map((name) => bench.seen.times(key, `${name} begins`));
        const ends = ["a", "b", "d"].map((name) => bench.seen.times(key, `${name} ends`));
        expect(begins.map((times) => times.length)).toEqual([1, 1, 1]);
        expect(Math.max(...begins.flat())).toBeLessThan(Math.min(...ends.flat()));
        expect(bench.seen.times(key, "after begins")).toHaveLength(1);
      });

      test("a race goes on with the first, before the slow one has ended", async ({ expect }) => {
        const { key, run } = await runOf("test/race");
        expect(run).toMatchObject({ status: "Completed", output: "quick" });
        const whats = bench.seen.whats(key);
        expect(whats).toContain("after quick begins");
        const slowEnd = bench.seen.times(key, "slow ends")[0] ?? Number.POSITIVE_INFINITY;
        expect(bench.seen.times(key, "after quick begins")[0]).toBeLessThan(slowEnd);
        expect(whats.filter((what) => what === "slow begins")).toHaveLength(1);
      });

      test("chains of steps beside each other run each step once", async ({ expect }) => {
        const { key, run } = await runOf("test/branches");
        expect(run).toMatchObject({ status: "Completed", output: ["x1x2", "y1y2", "z1z2"] });
        const begun = bench.seen.whats(key).filter((what) => what.endsWith("begins"));
        expect(begun.toSorted()).toEqual(["x1", "x2", "y1", "y2", "z1", "z2"].map((name) => `${name} begins`));
      });

      test("one of several parallel steps may fail while the other counts", async ({ expect }) => {
        const { run } = await runOf("test/settled");
        expect(run).toMatchObject({ status: "Completed", output: ["fulfilled", "rejected"] });
      });

      test("a failing step is tried again, counting attempts for itself alone", async ({ expect }) => {
        const { key, run } = await runOf("test/retried");
        expect(run).toMatchObject({ status: "Completed", output: ["at last", "and on"] });
        expect(bench.seen.values(key, "attempt")).toEqual([
          [0, 4],
          [1, 4],
          [2, 4],
        ]);
        expect(bench.seen.times(key, "attempt")[1]).toBeGreaterThanOrEqual(
          (bench.seen.times(key, "attempt")[0] ?? 0) + 950,
        );
        expect(bench.seen.values(key, "next attempt")).toEqual([0]);
      });

      test("an exhausted step throws a StepError that the function may catch", async ({ expect }) => {
        const { key, run } = await runOf("test/caught");
        expect(run).toMatchObject({
          status: "Completed",
          output: { isStepError: true, name: "TypeError", message: "no good", recovered: "recovered" },
        });
        expect((run.output as { cause: unknown }).cause).toBe("the root");
        expect(bench.seen.whats(key)).toEqual(["body", "body"]);
      });

      test("an error that nobody catches fails the run and calls onFailure once", async ({ expect }) => {
        const { key, run } = await runOf("test/uncaught");
        expect(run).toMatchObject({ status: "Failed", output: { message: "nobody catches me" } });
        await until("onFailure ran", () => bench.seen.values(key, "failure").length > 0);
        expect(bench.seen.whats(key)).toEqual(["body", "body", "failure"]);
        expect(bench.seen.values(key, "failure")[0]).toMatchObject({
          name: "inngest/function.failed",
          function_id: `${bench.appOptions.appId}-uncaught`,
          run_id: run.run_id,
          message: "nobody catches me",
        });
      });

      test("a NonRetriableError in a step ends it at once", async ({ expect }) => {
        const { key, run } = await runOf("test/never-retry-step");
        expect(run).toMatchObject({ status: "Failed", output: { message: "card is invalid" } });
        expect(bench.seen.whats(key)).toEqual(["body"]);
      });

      test("a NonRetriableError outside of steps ends the run at once", async ({ expect }) => {
        const { key, run } = await runOf("test/never-retry-function");
        expect(run).toMatchObject({ status: "Failed", output: { message: "no such order" } });
        expect(bench.seen.whats(key)).toEqual(["call"]);
      });

      test("an error between steps is tried again without running the steps again", async ({ expect }) => {
        const { key, run } = await runOf("test/function-error");
        expect(run).toMatchObject({ status: "Completed", output: "kept" });
        expect(bench.seen.whats(key).filter((what) => what === "before")).toHaveLength(1);
        expect(bench.seen.values(key, "attempt").at(-1)).toBe(1);
      });

      test("a function out of attempts fails with its last error", async ({ expect }) => {
        const { key, run } = await runOf("test/exhausted");
        expect(run).toMatchObject({ status: "Failed", output: { message: "always 1" } });
        expect(bench.seen.values(key, "attempt")).toEqual([0, 1]);
      });

      test("a RetryAfterError says when the next attempt comes", async ({ expect }) => {
        const { key, run } = await runOf("test/later");
        expect(run).toMatchObject({ status: "Completed", output: "let in" });
        const [first = 0, second = 0] = bench.seen.times(key, "attempt");
        expect(second - first).toBeGreaterThanOrEqual(2_900);
        expect(second - first).toBeLessThan(6_000);
      });

      test("sleeps end neither early nor late", async ({ expect }) => {
        const { key, run } = await runOf("test/sleeper");
        expect(run).toMatchObject({ status: "Completed", output: "rested" });
        const [before = 0] = bench.seen.times(key, "before");
        const [between = 0] = bench.seen.times(key, "between");
        const [after = 0] = bench.seen.times(key, "after");
        expect(bench.seen.whats(key)).toEqual(["before", "between", "after"]);
        expect(between - before).toBeGreaterThanOrEqual(990);
        expect(between - before).toBeLessThan(3_000);
        expect(after - between).toBeGreaterThanOrEqual(1_900);
        expect(after - between).toBeLessThan(5_000);
      });

      test("step.sendEvent starts other functions and returns the ids of the events", async ({ expect }) => {
        const { key, run } = await runOf("test/sender");
        const ids = run.output as string[];
        expect(ids).toHaveLength(2);
        const children = await Promise.all(ids.map((id) => bench.server.endedRunOf(id)));
        expect(children.map((child) => child.status)).toEqual(["Completed", "Completed"]);
        expect(bench.seen.values(key, "child").toSorted()).toEqual([1, 2]);
      });

      test("state too large for a call is fetched by the SDK", async ({ expect }) => {
        const { key, run } = await runOf("test/big");
        expect(run).toMatchObject({ status: "Completed", output: { chars: 6 * MEGABYTE } });
        expect(callsOf(key).some((call) => call.usesApi)).toBe(true);
        const { createHash } = await import("node:crypto");
        const text = [0, 1, 2, 3, 4, 5].map((part) => String(part).repeat(MEGABYTE)).join("");
        const digest = createHash("sha256").update(text).digest("hex");
        expect(run.output).toMatchObject({ digest, padding: key });
      });

      test("a cron starts its function with the expression as registered", async ({ expect }) => {
        await until("two ticks", () => bench.seen.values("cron", "tick").length >= 2);
        const [first, second] = bench.seen.values("cron", "tick") as { name: string; id: string; data: object }[];
        expect(first).toMatchObject({ name: "inngest/scheduled.timer", data: { cron: CRON } });
        expect(first?.id).not.toBe(second?.id);
      });

      test("several events sent at once each start their functions", async ({ expect }) => {
        const key = newKey();
        const events = ["test/one", "test/other", "test/one"].map((name) => ({ name, data: { key } }));
        const { ids } = await bench.client.send(events);
        expect(new Set(ids).size).toBe(3);
        await Promise.all(ids.map((id) => bench.server.endedRunOf(id)));
        expect(bench.seen.values(key, "either").toSorted()).toEqual(["test/one", "test/one", "test/other"]);
      });

      test("wildcards and conditions decide which functions start", async ({ expect }) => {
        const key = newKey();
        const { ids } = await bench.client.send([
          { name: "order/placed", data: { key, total: 200, tags: ["vip"] } },
          { name: "order/placed", data: { key, total: 200, tags: [] } },
          { name: "order/item.added", data: { key } },
        ]);
        const runs = await Promise.all(ids.map((id, index) => bench.server.endedRunsOf(id, [2, 1, 2][index])));
        expect(runs.map((of) => of.length)).toEqual([2, 1, 2]);
        expect(bench.seen.values(key, "wildcard")).toHaveLength(3);
        expect(bench.seen.values(key, "dotted")).toEqual(["order/item.added"]);
        expect(bench.seen.values(key, "large")).toEqual(["order/placed"]);
      });

      test("events with the same id start a function once", async ({ expect }) => {
        const key = newKey();
        const event = { name: "test/deduplicated", id: `order-${key}`, data: { key } };
        const [first, second] = [await bench.client.send(event), await bench.client.send(event)];
        expect(first.ids[0]).not.toBe(second.ids[0]);
        await bench.server.endedRunOf(first.ids[0] ?? "");
        expect(bench.seen.whats(key)).toEqual(["started"]);
      });

      test("a send whose answer is lost is repeated by the SDK without doubling the event", async ({ expect }) => {
        await expectOneRunDespiteLostAnswer(expect, sdk, bench);
      });

      test("an event in the future starts its run then", async ({ expect }) => {
        const key = newKey();
        const at = Date.now() + 2_000;
        const { ids } = await bench.client.send({ name: "test/one", ts: at, data: { key } });
        await until("it ran", () => bench.seen.times(key, "either").length > 0);
        await bench.server.endedRunOf(ids[0] ?? "");
        expect(bench.seen.times(key, "either")[0]).toBeGreaterThanOrEqual(at);
      });

      test("an event the server refuses is an error for whoever sends it", async ({ expect }) => {
        await expect(bench.client.send({ name: "inngest/function.failed", data: {} })).rejects.toThrow(/reserved/i);
      });
    });

    test("what it registered stays the same when the server asks for it", async ({ expect }) => {
      await until("the server has asked", () => bench.app.syncKinds.includes("in_band"));
      expect(await bench.app.sync()).toMatchObject({ status: 200, body: { modified: false } });
    });

    test("a function that is no longer served no longer starts", async ({ expect }) => {
      const before = await runOf("test/removed");
      expect(before.run.status).toBe("Completed");
      const definitions = sdk.definitions(bench.seen).filter((definition) => definition.id !== "removed");
      bench.app.serve(sdk.listener(bench.appOptions, definitions));
      expect(await bench.app.sync()).toMatchObject({ status: 200, body: { modified: true } });
      const key = newKey();
      const { ids } = await bench.client.send([
        { name: "test/removed", data: { key } },
        { name: "test/one", data: { key } },
      ]);
      await bench.server.endedRunOf(ids[1] ?? "");
      expect(await bench.server.runsOf(ids[0] ?? "")).toEqual([]);
      expect(bench.seen.whats(key)).toEqual(["either"]);
    });
  });
}

/** The first answer of the event API is thrown away; the SDK tries again with the same seed. */
async function expectOneRunDespiteLostAnswer(expect: ExpectStatic, sdk: Sdk, bench: Bench): Promise<void> {
  const seeds: (string | null)[] = [];
  const answered: string[] = [];
  const lossy: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (!String(input).includes("/e/")) return answer;
    seeds.push(new Headers(init?.headers).get("x-inngest-event-id-seed"));
    answered.push(((await answer.clone().json()) as { ids: string[] }).ids[0] ?? "");
    if (seeds.length === 1) throw new TypeError("the connection broke");
    return answer;
  };
  const key = newKey();
  const { ids } = await sdk.client({ ...bench.appOptions, fetch: lossy }).send({ name: "test/one", data: { key } });
  expect(seeds).toHaveLength(2);
  expect(seeds[0]).toBe(seeds[1]);
  expect(answered).toEqual([ids[0], ids[0]]);
  await bench.server.endedRunOf(ids[0] ?? "");
  expect(bench.seen.whats(key)).toEqual(["either"]);
}
