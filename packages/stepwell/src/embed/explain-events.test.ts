/** What an event came to under each rule, in the words of its explanation. */
import { expect, test } from "vitest";
import { explainEvent, explainFunction } from "../engine/explain.ts";
import { Stepwell } from "../sdk/client.ts";
import type { FunctionOptions, StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });

/** A function under these rules whose runs take a minute. */
async function under(options: Omit<FunctionOptions, "id" | "triggers">) {
  const fn = client.createFunction({ ...options, id: "fn", triggers: { event: "go" } } as FunctionOptions, ({ step }) =>
    step.sleep("work", "1m"),
  );
  const engine = await TestEngine.start({ client, functions: [fn as StepwellFunction<unknown, unknown>] });
  const send = async (more: object = {}): Promise<string> => {
    const { ids } = await engine.send({ name: "go", data: { key: "a" }, ...more });
    await engine.runUntilIdle();
    const [event] = await engine.engine.store.listEvents({ env: "default", name: "go", limit: 1 });
    return event?.id ?? ids[0]!;
  };
  const why = async (eventId: string) => (await explainEvent(engine.engine, eventId))!;
  const outcome = async (eventId: string) => {
    const { outcomes } = await why(eventId);
    return outcomes.map(({ code, sentence }) => [code, sentence]);
  };
  return { engine, send, outcome, why, [Symbol.asyncDispose]: () => engine.stop() };
}

const text = (pattern: RegExp) => expect.stringMatching(pattern);

test("a rate limit: when the next is let in", async () => {
  await using it = await under({ rateLimit: { limit: 1, period: "1h" } });
  await it.send();
  const event = await it.send();
  expect(await it.outcome(event)).toEqual([
    [
      "rate_limited",
      text(/^shop-fn was over its rate limit: the rate limit admits the next start at 2030-01-01T01:00:00/),
    ],
  ]);
  expect((await it.why(event)).summary).toMatch(/^Nothing started: shop-fn was over its rate limit/);
});

test("idempotency and event ids: the run that was started for the same", async () => {
  await using it = await under({ idempotency: "event.data.key" });
  const first = await it.send();
  expect(await it.outcome(first)).toEqual([["started", text(/^shop-fn started the run 01/)]]);
  expect(await it.outcome(await it.send())).toEqual([
    ["deduplicated", text(/^shop-fn had it already: its idempotency key was seen before \(run 01/)],
  ]);
});

test("a debounce: until when it gathers, what it became, and what a later event replaced", async () => {
  await using it = await under({ debounce: { period: "5m" } });
  const [first, second] = [await it.send(), await it.send()];
  expect(await it.outcome(first)).toEqual([
    ["debounced", text(/^shop-fn debounced it: it waits for quiet, and a later event took its place in the run 01/)],
  ]);
  expect(await it.outcome(second)).toEqual([
    ["debounced", text(/^shop-fn gathers it in the run 01\w+, which begins at 2030-01-01T00:05:00Z \(in 5m\)\.$/)],
  ]);
  await it.engine.advance("6m");
  expect(await it.outcome(second)).toEqual([
    ["started", text(/^shop-fn started the run 01\w+ with it, which is completed\.$/)],
  ]);
});

test("a batch: with how many others it is gathered", async () => {
  await using it = await under({ batchEvents: { maxSize: 3, timeout: "1m" } });
  await it.send();
  const second = await it.send();
  expect(await it.outcome(second)).toEqual([["batched", text(/^shop-fn gathers it and 1 other event in the run 01/)]]);
  await it.send();
  expect(await it.outcome(second)).toEqual([
    ["started", text(/^shop-fn started the run 01\w+ with it and 2 other events, which is running\.$/)],
  ]);
});

test("a leading debounce: an event before it has started a run", async () => {
  await using it = await under({ debounce: { period: "5m", mode: "leading" } });
  await it.send();
  expect(await it.outcome(await it.send())).toEqual([
    ["debounced", "shop-fn debounced it: an event before it has started a run."],
  ]);
});

test("singletons: the run that has the place, and the run that took it", async () => {
  await using skipping = await under({ singleton: { mode: "skip" } });
  await skipping.send();
  expect(await skipping.outcome(await skipping.send())).toEqual([
    ["skipped", text(/^shop-fn was skipped: run 01\w+ is the one run of its key \(run 01/)],
  ]);
  await using replacing = await under({ singleton: { mode: "cancel" } });
  const first = await replacing.send();
  await replacing.send();
  expect(await replacing.outcome(first)).toEqual([["started", text(/which is cancelled\.$/)]]);
});

test("backlogs: refused, left behind, or given up for a newer one", async () => {
  const busy = { runConcurrency: 1 };
  await using rejecting = await under({ ...busy, backlog: { limit: 1 } });
  await rejecting.send();
  await rejecting.send();
  expect(await rejecting.outcome(await rejecting.send())).toEqual([
    ["rejected", "shop-fn refused it: 1 run waits already."],
  ]);
  const told = await explainFunction(rejecting.engine.engine, "shop-fn");
  expect(told).toMatchObject({ queuedRuns: 1, backlog: { limit: 1, policy: "reject" } });
  expect(told!.summary).toContain("Its backlog is full: 1 run may wait, and one more meets reject.");
  await using dropping = await under({ ...busy, backlog: { limit: 1, policy: "drop-oldest" } });
  await dropping.send();
  const oldest = await dropping.send();
  await dropping.send();
  expect(await dropping.outcome(oldest)).toEqual([["skipped", text(/a newer run takes its place: 1 may wait/)]]);
});

test("a pause: skipped, refused, or held", async () => {
  await using it = await under({});
  const pause = (mode: "hold" | "skip" | "reject") => it.engine.engine.pause({ kind: "function", id: "shop-fn", mode });
  await pause("skip");
  expect(await it.outcome(await it.send())).toEqual([
    ["skipped", text(/^shop-fn was skipped: the function is paused/)],
  ]);
  await pause("reject");
  expect(await it.outcome(await it.send())).toEqual([["rejected", "shop-fn refused it: the function is paused."]]);
  await pause("hold");
  expect(await it.outcome(await it.send())).toEqual([["started", text(/which is queued\.$/)]]);
});

test("a function: what gathers events for it", async () => {
  await using it = await under({ debounce: { period: "5m", key: "event.data.key" } });
  await it.send();
  await it.send({ data: { key: "b" } });
  const startsAt = Date.parse("2030-01-01T00:05:00Z");
  const of = async (key: string | null) => (await explainFunction(it.engine.engine, "shop-fn", key))!.gathering;
  expect(await of(null)).toMatchObject([
    { rule: "debounce 5m per event.data.key = b", eventCount: 1, startsAt },
    { rule: "debounce 5m per event.data.key = a" },
  ]);
  expect(await of("a")).toHaveLength(1);
});
