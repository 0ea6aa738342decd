import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { call, client, EVENT, output } from "../../test/sdk/driver.ts";
import { currentStep, type HandlerContext, StepTimeoutError, type StepTools } from "../index.ts";
import { serve } from "../node.ts";
import { canonicalJson } from "../protocol/json.ts";
import type { StartTimer } from "./execution.ts";
import { createHandler } from "./handler.ts";
import { callInProcess } from "./in-process.ts";

const fn = (body: (step: StepTools) => unknown, retries = 1) =>
  client.createFunction({ id: "f", triggers: { event: "e" }, retries }, ({ step }) => body(step));

/** Timers that a test fires itself. */
function handTimers() {
  const timers = new Map<() => void, number>();
  const timer: StartTimer = (delayMs, fire) => {
    timers.set(fire, delayMs);
    return () => timers.delete(fire);
  };
  const fire = () => {
    for (const each of timers.keys()) each();
  };
  return { timers, timer, fire };
}

/** A body that never ends; `begun` is called soon after it began. */
const tooSlow = (begun: () => void) => () => {
  queueMicrotask(begun);
  return new Promise<never>(() => {});
};

describe("a step with a timeout", () => {
  test("fails when its time is over, is tried again, and says what it was given", async () => {
    const { timer, timers, fire } = handTimers();
    const slow = fn((step) => step.run({ id: "slow", timeout: "30s" }, tooSlow(fire)));
    expect(await call(slow, { timer })).toMatchObject({
      ops: [
        {
          op: "StepError",
          error: { name: "StepTimeoutError", code: "step_timeout", message: 'Step "slow" took longer than 30s.' },
        },
      ],
    });
    expect(timers.size).toBe(0);
    expect(await call(slow, { timer, attempt: 1 })).toMatchObject({ ops: [{ op: "StepFailed" }] });
    const planned = fn((step) => Promise.all([step.run({ id: "a", timeout: "30s" }, () => 1), step.run("b", () => 2)]));
    expect(await call(planned)).toMatchObject({ ops: [{ opts: { timeout: "30s" } }, { opts: { type: "step.run" } }] });
  });

  test("that is quick enough stops its timer", async () => {
    const { timer, timers } = handTimers();
    const seen: number[] = [];
    const quick = fn((step) => step.run({ id: "q", timeout: 5_000 }, () => seen.push(...timers.values())));
    expect(await call(quick, { timer })).toMatchObject({ ops: [{ op: "StepRun", data: "1" }] });
    expect([seen, timers.size]).toEqual([[5_000], 0]);
    const failing = fn((step) => step.run({ id: "q", timeout: 5_000 }, () => Promise.reject(new Error("no"))));
    expect(await call(failing, { timer })).toMatchObject({ ops: [{ op: "StepError", error: { message: "no" } }] });
    expect(timers.size).toBe(0);
  });

  test("is told by its signal, and what it does then counts for nothing", async () => {
    const { timer, fire } = handTimers();
    const told: unknown[] = [];
    const obedient = fn((step) =>
      step.run({ id: "o", timeout: "1m" }, async () => {
        const { signal } = currentStep()!;
        queueMicrotask(fire);
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            told.push(signal.reason);
            reject(new Error("stopped by its signal"));
          });
        });
      }),
    );
    expect(await call(obedient, { timer })).toMatchObject({ ops: [{ error: { name: "StepTimeoutError" } }] });
    expect(told[0]).toBeInstanceOf(StepTimeoutError);
  });

  test("may be anything with a body, and nothing else", async () => {
    const { timer, fire } = handTimers();
    const wrapped = fn((step) => step.ai.wrap({ id: "w", timeout: "1s" }, tooSlow(fire)));
    expect(await call(wrapped, { timer })).toMatchObject({ ops: [{ error: { code: "step_timeout" } }] });
    const invalid = { kind: "failed", noRetry: true, error: { code: "option_invalid" } };
    expect(await call(fn((step) => step.sleep({ id: "s", timeout: "1s" } as never, "1h")))).toMatchObject(invalid);
    expect(await call(fn((step) => step.run({ id: "r", timeout: "3h" }, () => 1)))).toMatchObject(invalid);
    expect(await call(fn((step) => step.run({ id: "r", timeout: 0 }, () => 1)))).toMatchObject(invalid);
    const unread = await call(fn((step) => step.run({ id: "r", timeout: "soon" }, () => 1)));
    expect(unread).toMatchObject({ kind: "failed", error: { code: "duration_invalid" } });
  });
});

describe("with the host's clock", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => vi.useRealTimers());

  test("a step has exactly the time it was given", async () => {
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const slow = call(
      fn((step) =>
        step.run(
          { id: "slow", timeout: "30s" },
          tooSlow(() => begin()),
        ),
      ),
    );
    let isOver = false;
    void slow.then(() => {
      isOver = true;
    });
    await begun;
    await vi.advanceTimersByTimeAsync(29_999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await slow).toMatchObject({ ops: [{ op: "StepError", error: { code: "step_timeout" } }] });
  });
});

describe("the current step", () => {
  test("is known everywhere below the body, and nowhere else", async () => {
    const below = async () => {
      await null;
      return [currentStep()?.id, currentStep()?.attempt];
    };
    const outside: unknown[] = [];
    const asking = fn(async (step) => {
      outside.push(currentStep());
      return step.run("body", below);
    });
    expect(await call(asking, { attempt: 1, maxAttempts: 3 })).toMatchObject({ ops: [{ data: '["body",1]' }] });
    expect(outside).toEqual([null]);
    expect(currentStep()).toBeNull();
  });
});

describe("a cancelled run", () => {
  const abortable = (seen: unknown[]) =>
    client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step, signal }) => {
      signal.addEventListener("abort", () => seen.push("handler"));
      await step.run("body", async () => {
        const { signal } = currentStep()!;
        seen.push("begun");
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        seen.push("step");
      });
    });

  test("is told to the handler and the body in the same process", async () => {
    const seen: unknown[] = [];
    const controller = new AbortController();
    const call = {
      ...{ runId: "01RUN", functionId: "f", functionSlug: "test-f", url: "inproc:", target: null, attempt: 0 },
      ...{ attemptsMax: 4, requestId: "r", generation: 1, jobId: "j", requestVersion: 2, inputs: [], memos: [] },
      ...{ disableImmediateExecution: false, events: [canonicalJson(EVENT)] },
    };
    const options = { save: async () => "saved" as const, signal: () => controller.signal };
    const ended = callInProcess(client, abortable(seen), call, options);
    await vi.waitFor(() => expect(seen).toEqual(["begun"]));
    controller.abort();
    await ended;
    expect(seen).toEqual(["begun", "handler", "step"]);
  });

  const body = canonicalJson({
    ctx: { run_id: "01RUN", attempt: 0, stack: { stack: [], current: 0 } },
    ...{ event: EVENT, events: [EVENT], steps: {}, use_api: false, version: 2 },
  });

  test("is told by a dropped request, on hosts with web requests", async () => {
    const seen: unknown[] = [];
    const controller = new AbortController();
    const handle = createHandler({ client, functions: [abortable(seen)] });
    const init = { method: "POST", body, signal: controller.signal };
    const replied = handle(new Request("http://app.test/?fnId=test-f", init));
    await vi.waitFor(() => expect(seen).toEqual(["begun"]));
    controller.abort();
    await replied;
    expect(seen).toEqual(["begun", "handler", "step"]);
  });

  test("is told by a dropped connection, on Node", async () => {
    const seen: unknown[] = [];
    const server = createServer(serve({ client, functions: [abortable(seen)] }));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?fnId=test-f`;
    const controller = new AbortController();
    const replied = fetch(url, { method: "POST", body, signal: controller.signal }).catch(() => "dropped");
    await vi.waitFor(() => expect(seen).toEqual(["begun"]));
    controller.abort();
    expect(await replied).toBe("dropped");
    await vi.waitFor(() => expect(seen).toEqual(["begun", "handler", "step"]));
    server.close();
  });

  test("an answered request aborts nothing, on Node", async () => {
    let signal: AbortSignal | undefined;
    const quick = client.createFunction({ id: "f", triggers: { event: "e" } }, (context: HandlerContext) => {
      signal = context.signal;
      return "done";
    });
    const server = createServer(serve({ client, functions: [quick] }));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?fnId=test-f`;
    expect(await (await fetch(url, { method: "POST", body, headers: { connection: "close" } })).json()).toBe("done");
    await new Promise((resolve) => server.close(resolve));
    expect(signal!.aborted).toBe(false);
  });

  test("a host that cannot tell gives a signal that never fires, always the same", async () => {
    const same = client.createFunction({ id: "f", triggers: { event: "e" } }, (context: HandlerContext) => {
      const { signal } = context;
      return signal === context.signal && !signal.aborted;
    });
    expect(output({ result: await call(same) })).toBe(true);
  });
});
