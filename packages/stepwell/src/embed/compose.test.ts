import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Stepwell } from "../sdk/client.ts";
import type { StepwellFunction } from "../sdk/function.ts";
import { referenceFunction } from "../sdk/invoke.ts";
import { currentStep } from "../sdk/nesting.ts";
import { eventType } from "../sdk/trigger.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });
const start = (...functions: StepwellFunction<unknown, unknown>[]) => TestEngine.start({ client, functions });
const started = async (engine: TestEngine, name = "start", data: object = {}) => {
  const { runIds } = await engine.send({ name, data });
  await engine.runUntilIdle();
  return runIds[0]!;
};

describe("waiting for an event", () => {
  const replied = eventType("replied", { schema: z.object({ id: z.string(), n: z.coerce.number() }) });
  const waiting = client.createFunction({ id: "wait", triggers: { event: "start" } }, async ({ step }) => {
    const reply = await step.waitForEvent("reply", { event: replied, match: "data.id", timeout: "3d" });
    return reply === null ? "nobody" : [reply.name, reply.data.n];
  });

  test("ends with the event that matches", async () => {
    await using engine = await start(waiting);
    const run = await started(engine, "start", { id: "7" });
    await engine.send([
      { name: "replied", data: { id: "8", n: 1 } },
      { name: "replied", data: { id: "7", n: "2" } },
    ]);
    expect(await engine.waitForRun(run)).toMatchObject({ status: "completed", output: ["replied", 2] });
  });

  test("ends with null when the time is over", async () => {
    await using engine = await start(waiting);
    const run = await started(engine, "start", { id: "7" });
    await engine.advance("3d");
    expect(await engine.waitForRun(run)).toMatchObject({ output: "nobody" });
  });

  test("takes the first of several, and one that came before it waited", async () => {
    const several = client.createFunction({ id: "several", triggers: { event: "start" } }, async ({ step }) => {
      await step.sleep("meanwhile", "1h");
      const first = await step.waitForEvent("first", { events: ["paid", "refused"], timeout: "1d", since: "run" });
      return first?.name;
    });
    await using engine = await start(several);
    const run = await started(engine);
    await engine.advance("1m");
    await engine.send({ name: "refused" });
    await engine.advance("1h");
    expect(await engine.waitForRun(run)).toMatchObject({ output: "refused" });
  });
});

describe("signals", () => {
  const approved = client.createFunction({ id: "approved", triggers: { event: "start" } }, ({ step }) =>
    step.waitForSignal("approval", { signal: "order-7", timeout: "1d" }),
  );
  const approving = client.createFunction({ id: "approving", triggers: { event: "approve" } }, ({ step }) =>
    step.sendSignal("approve", { signal: "order-7", data: { by: "Ada" }, ttl: "1h" }),
  );

  test("wake the run that waits, sent by a step or by the client", async () => {
    await using engine = await start(approved, approving);
    const first = await started(engine);
    await started(engine, "approve");
    expect(await engine.waitForRun(first)).toMatchObject({ output: { signal: "order-7", data: { by: "Ada" } } });
    const second = await started(engine);
    expect(await client.sendSignal({ signal: "order-7" })).toEqual({ runId: second });
    expect(await engine.waitForRun(second)).toMatchObject({ output: { signal: "order-7", data: null } });
    expect(await client.sendSignal({ signal: "order-7" })).toEqual({ runId: null });
  });

  test("that come early are kept for a while", async () => {
    await using engine = await start(approved, approving);
    await started(engine, "approve");
    expect(await engine.waitForRun(await started(engine))).toMatchObject({ output: { data: { by: "Ada" } } });
  });
});

describe("invoking", () => {
  const double = client.createFunction({ id: "double", triggers: { event: "never" } }, ({ event }) => {
    if (event.data.n === 13) throw new Error("unlucky");
    return { doubled: event.data.n * 2 };
  });

  test("gives the result of a function at hand or referred to, and the error of one that fails", async () => {
    const calling = client.createFunction({ id: "call", triggers: { event: "start" } }, async ({ step }) => {
      const { doubled } = await step.invoke("one", { function: double, data: { n: 2 } });
      const two = await step.invoke("two", {
        function: referenceFunction({ functionId: "double" }),
        data: { n: doubled },
      });
      const failed = step.invoke("three", { function: double, data: { n: 13 } });
      const missing = step.invoke("four", { function: "shop-nothing" });
      return [
        two,
        ...(await Promise.all([failed, missing].map((one) => one.catch((error) => error.code ?? error.message)))),
      ];
    });
    await using engine = await start(calling, double);
    const run = await started(engine);
    await engine.advance("1d");
    expect(await engine.waitForRun(run)).toMatchObject({ output: [{ doubled: 8 }, "unlucky", "function_not_found"] });
  });
});

describe("what a step sends", () => {
  test("starts functions, each event once, with the ids that the step gives back", async () => {
    const seen: string[] = [];
    const sending = client.createFunction({ id: "send", triggers: { event: "start" } }, async ({ step }) => {
      const { ids } = await step.sendEvent("send", [{ name: "sent" }, { name: "sent" }]);
      await step.run("after", () => 1);
      return ids;
    });
    const receiving = client.createFunction({ id: "receive", triggers: { event: "sent" } }, ({ event }) => {
      seen.push(event.id);
    });
    await using engine = await start(sending, receiving);
    const { output } = await engine.waitForRun(await started(engine));
    expect(seen).toEqual(output);
    expect(seen).toHaveLength(2);
  });
});

describe("the ends of runs", () => {
  const handled: unknown[] = [];
  const slow = client.createFunction(
    {
      id: "slow",
      triggers: { event: "start" },
      cancelOn: [{ event: "stop", match: "data.id" }],
      timeouts: { finish: "1d" },
      onCancel: ({ event }) => void handled.push(["cancel", event.data._inngest?.reason, event.data.event.name]),
      onTimeout: ({ event }) => void handled.push(["timeout", event.data._inngest?.reason]),
    },
    async ({ step }) => step.sleep("long", "30d"),
  );

  test("each handler gets the ends that are for it", async () => {
    handled.length = 0;
    await using engine = await start(slow);
    const cancelled = await started(engine, "start", { id: "1" });
    const timedOut = await started(engine, "start", { id: "2" });
    await engine.send({ name: "stop", data: { id: "1" } });
    await engine.runUntilIdle();
    expect(await engine.getRun(cancelled)).toMatchObject({ status: "cancelled" });
    expect(handled).toEqual([["cancel", "cancelled_by_event", "start"]]);
    await engine.advance("1d");
    expect(await engine.getRun(timedOut)).toMatchObject({ status: "cancelled" });
    expect(handled.slice(1)).toEqual([["timeout", "timed_out"]]);
  });

  test.each(["onFailure", "onTimeout"] as const)("a time that counts as failure is handled by %s", async (name) => {
    const heard: unknown[] = [];
    const timeouts = { finish: "1d", asFailure: true };
    const listen = ({ event }: { event: { name: string; data: { _inngest?: { reason?: string } } } }) =>
      void heard.push([event.name, event.data._inngest?.reason]);
    const late = client.createFunction(
      { id: "late", triggers: { event: "start" }, timeouts, [name]: listen },
      async ({ step }) => step.sleep("long", "30d"),
    );
    await using engine = await start(late);
    const runId = await started(engine);
    await engine.advance("1d");
    expect(await engine.getRun(runId)).toMatchObject({ status: "failed" });
    expect(heard).toEqual([["inngest/function.failed", "timed_out"]]);
  });

  test("a body hears that its run was cancelled", async () => {
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const heard: string[] = [];
    const busy = client.createFunction({ id: "busy", triggers: { event: "start" } }, ({ step }) =>
      step.run("body", async () => {
        const { signal } = currentStep()!;
        begin();
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        heard.push("cancelled");
      }),
    );
    await using engine = await start(busy);
    const { runIds } = await engine.send({ name: "start" });
    await begun;
    await engine.cancelRun(runIds[0]!);
    await engine.runUntilIdle();
    expect(heard).toEqual(["cancelled"]);
  });
});
