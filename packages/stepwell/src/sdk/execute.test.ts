import { describe, expect, test } from "vitest";
import {
  byName,
  call,
  checkpoints,
  client,
  drive,
  EVENT,
  output,
  recordingLogger,
  state,
} from "../../test/sdk/driver.ts";
import { type AnyFunction, type HandlerContext, NonRetriableError, RetryAfterError, StepError } from "../index.ts";
import { stepHash } from "../protocol/step-id.ts";

const define = (handler: (context: HandlerContext) => unknown, retries = 3): AnyFunction =>
  client.createFunction({ id: "f", triggers: { event: "test/given" }, retries }, handler as never);

const kinds = (result: Awaited<ReturnType<typeof call>>) =>
  result.kind === "ops" ? result.ops.map((op) => `${op.op} ${op.displayName}`) : [result.kind];

describe("sequential steps", () => {
  test("each call runs one new step and gives earlier results back", async () => {
    const runs: string[] = [];
    const fn = define(async ({ step }) => {
      const a = await step.run("a", () => runs.push("a"));
      const b = await step.run("b", () => runs.push("b"));
      return a + b;
    });
    const run = await drive(fn);
    expect(output(run)).toBe(3);
    expect(runs).toEqual(["a", "b"]);
    expect(run.calls).toBe(3);
  });

  test("repeats of an id in a loop are steps of their own", async () => {
    const fn = define(async ({ step }) => {
      const values: number[] = [];
      for (let round = 0; round < 3; round++) values.push(await step.run("x", () => round * 10));
      return values;
    });
    const run = await drive(fn);
    expect(output(run)).toEqual([0, 10, 20]);
    expect([...run.memos.keys()]).toEqual([stepHash("x", 0), stepHash("x", 1), stepHash("x", 2)]);
  });

  test("an explicit id that looks like a repeat does not collide with it", async () => {
    const fn = define(async ({ step }) => [
      await step.run("x", () => 1),
      await step.run("x:1", () => 2),
      await step.run("x", () => 3),
    ]);
    expect(output(await drive(fn))).toEqual([1, 2, 3]);
  });

  test("arguments reach the body and the operation", async () => {
    const fn = define(({ step }) => step.run("add", (x: number, y: number) => x + y, 2, 3));
    const result = await call(fn);
    expect(result).toMatchObject({ kind: "ops", ops: [{ data: "5", opts: { type: "step.run", input: [2, 3] } }] });
  });

  test("edited input replaces the arguments of a step that has not run", async () => {
    const fn = define(({ step }) => step.run("add", (x: number, y: number) => x + y, 2, 3));
    const result = await call(fn, { memos: new Map([[stepHash("add", 0), { input: [20, 30] }]]) });
    expect(result).toMatchObject({ ops: [{ op: "StepRun", data: "50" }] });
  });

  test("the handler sees a result as a replay will see it", async () => {
    const seen: unknown[] = [];
    const { checkpoint } = checkpoints();
    const fn = define(async ({ step }) => {
      seen.push(await step.run("a", () => ({ b: new Date(0), a: undefined, c: [undefined] })));
    });
    await call(fn, { checkpoint });
    expect(seen).toEqual([{ b: "1970-01-01T00:00:00.000Z", c: [null] }]);
    expect(Object.keys(seen[0] as object)).toEqual(["b", "c"]);
  });

  test("sleeps name their time, and a date is a date", async () => {
    const until = define(({ step }) => step.sleepUntil("s", new Date("2030-01-01T00:00:00Z")));
    expect(await call(until)).toMatchObject({ ops: [{ op: "Sleep", name: "2030-01-01T00:00:00.000Z" }] });
    const sleep = define(({ step }) => step.sleep("s", "90m"));
    expect(await call(sleep)).toMatchObject({ ops: [{ op: "Sleep", name: "1h30m" }] });
  });

  test("a duration that cannot be read fails the function for good, naming the step", async () => {
    const result = await call(define(({ step }) => step.sleep("nap", "soon")));
    expect(result).toMatchObject({ kind: "failed", noRetry: true, error: { code: "duration_invalid" } });
    expect(String((result as { error: unknown }).error)).toContain('step.sleep("nap")');
  });

  test("work outside steps may take its time between them", async () => {
    const fn = define(async ({ step }) => {
      const a = await step.run("a", () => 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return a + (await step.run("b", () => 2));
    });
    expect(output(await drive(fn))).toBe(3);
  });
});

describe("parallel steps", () => {
  const pair = define(async ({ step }) => Promise.all([step.run("a", () => "A"), step.run("b", () => "B")]));

  test("several new steps are planned, then run one by one when they are asked for", async () => {
    expect(kinds(await call(pair))).toEqual(["StepPlanned a", "StepPlanned b"]);
    expect(kinds(await call(pair, { target: stepHash("b", 0) }))).toEqual(["StepRun b"]);
    expect(output(await drive(pair))).toEqual(["A", "B"]);
  });

  test("sleeps are reported beside planned steps", async () => {
    const fn = define(({ step }) => Promise.all([step.run("a", () => 1), step.sleep("s", "1h")]));
    expect(kinds(await call(fn))).toEqual(["StepPlanned a", "Sleep s"]);
  });

  test("a lone new step is planned when immediate execution is off", async () => {
    const fn = define(({ step }) => step.run("a", () => 1));
    expect(kinds(await call(fn, { disableImmediateExecution: true }))).toEqual(["StepPlanned a"]);
  });

  test("race is won by the step that finished first, in every replay", async () => {
    const fn = define(async ({ step }) => {
      const winner = await Promise.race([step.run("a", () => "a"), step.run("b", () => "b")]);
      await step.run("after", () => null);
      return winner;
    });
    const bFirst = await drive(fn, { order: (ops) => byName(ops, "b", "a") });
    expect(output(bFirst)).toBe("b");
    expect(output(await drive(fn))).toBe("a");
  });

  test("any skips failed steps, allSettled keeps them", async () => {
    const fail = () => {
      throw new NonRetriableError("no");
    };
    const any = define(({ step }) => Promise.any([step.run("a", fail), step.run("b", () => 2)]));
    expect(output(await drive(any))).toBe(2);
    const settled = define(async ({ step }) => {
      const results = await Promise.allSettled([step.run("a", fail), step.run("b", () => 2)]);
      return results.map((result) => result.status);
    });
    expect(output(await drive(settled))).toEqual(["rejected", "fulfilled"]);
  });

  test("chains in branches advance independently", async () => {
    const fn = define(async ({ step }) => {
      const chain = async (name: string) => {
        const first = await step.run(`${name}1`, () => name);
        return step.run(`${name}2`, () => first + first);
      };
      return Promise.all([chain("a"), chain("b"), chain("c")]);
    });
    expect(output(await drive(fn))).toEqual(["aa", "bb", "cc"]);
  });

  test("a deep promise chain settles before the next result is given back", async () => {
    const deep = async (value: string) => {
      for (let depth = 0; depth < 200; depth++) await null;
      return value;
    };
    const fn = define(async ({ step }) =>
      Promise.race([step.run("a", () => "a").then(deep), step.run("b", () => "b")]),
    );
    // Both are stored; a finished first, and whatever hangs on it comes first too.
    const both = { [stepHash("b", 0)]: { data: "b" }, [stepHash("a", 0)]: { data: "a" } };
    const request = { memos: new Map(Object.entries(both)), stack: [stepHash("a", 0), stepHash("b", 0)] };
    expect(output({ result: await call(fn, request) })).toBe("a");
    expect(output({ result: await call(fn, { ...request, stack: [...request.stack].reverse() }) })).toBe("b");
  });

  test("an empty stack is repaired from the order of the memos", async () => {
    const { memos } = state({ b: { data: "B" }, a: { data: "A" } });
    expect(output({ result: await call(pair, { memos, stack: [] }) })).toEqual(["A", "B"]);
  });

  test("a step awaited late does not end the process when its failure was stored", async () => {
    const fn = define(async ({ step }) => {
      const early = step.run("fails", () => 1);
      await step.sleep("s", "1s");
      return early.catch((error: Error) => error.message);
    });
    const request = state({ fails: { error: { name: "Error", message: "boom" } }, s: null });
    expect(output({ result: await call(fn, request) })).toBe("boom");
  });
});

describe("targeted calls", () => {
  test("only the target runs, whatever else is new", async () => {
    const ran: string[] = [];
    const fn = define(({ step }) => Promise.all(["a", "b", "c"].map((id) => step.run(id, () => ran.push(id)))));
    await call(fn, { target: stepHash("c", 0) });
    expect(ran).toEqual(["c"]);
  });

  test("a target that is stored already lets the function go on and report what comes next", async () => {
    const fn = define(async ({ step }) => {
      await step.run("a", () => 1);
      await step.run("b", () => 2);
    });
    const result = await call(fn, { ...state({ a: { data: 1 } }), target: stepHash("a", 0) });
    expect(kinds(result)).toEqual(["StepPlanned b"]);
  });

  test("a target the code no longer has is a retryable error", async () => {
    const gone = { target: stepHash("gone", 0), targetWaitMs: 5 };
    const ended = await call(
      define(() => "done"),
      gone,
    );
    expect(ended).toMatchObject({ kind: "failed", noRetry: false, error: { code: "step_not_found" } });
    const waiting = await call(
      define(({ step }) => step.run("other", () => 1)),
      gone,
    );
    expect(waiting).toMatchObject({ kind: "failed", noRetry: false, error: { code: "step_not_found" } });
  });

  test("a target is found behind work that is no step", async () => {
    const fn = define(async ({ step }) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return step.run("late", () => "found");
    });
    expect(kinds(await call(fn, { target: stepHash("late", 0) }))).toEqual(["StepRun late"]);
  });
});

describe("errors", () => {
  const boom = () => {
    throw new TypeError("boom", { cause: new Error("deeper") });
  };

  test("a failed attempt is an error, the last one a failure", async () => {
    const fn = define(({ step }) => step.run("a", boom), 1);
    expect(await call(fn)).toMatchObject({ noRetry: false, ops: [{ op: "StepError", error: { name: "TypeError" } }] });
    expect(await call(fn, { attempt: 1 })).toMatchObject({ noRetry: false, ops: [{ op: "StepFailed" }] });
  });

  test("a caught failure lets the function go on, with name, message and cause", async () => {
    const fn = define(async ({ step }) => {
      try {
        await step.run("a", boom);
      } catch (error) {
        const { name, message, cause, stepId } = error as StepError;
        return { isStepError: error instanceof StepError, name, message, cause: (cause as Error).message, stepId };
      }
      return null;
    });
    const expected = { isStepError: true, name: "TypeError", message: "boom", cause: "deeper", stepId: "a" };
    expect(output(await drive(fn))).toEqual(expected);
  });

  test("an uncaught failure ends the function without further attempts", async () => {
    const run = await drive(define(({ step }) => step.run("a", boom), 1));
    expect(run.result).toMatchObject({ kind: "failed", noRetry: true, error: { name: "TypeError", message: "boom" } });
    expect(run.calls).toBe(3);
  });

  test("a non-retriable error ends the step at once and the function at once", async () => {
    const stop = () => {
      throw new NonRetriableError("invalid card");
    };
    expect(await call(define(({ step }) => step.run("a", stop)))).toMatchObject({
      noRetry: true,
      ops: [{ op: "StepFailed", noRetry: true }],
    });
    expect(await call(define(stop))).toMatchObject({ kind: "failed", noRetry: true });
  });

  test("a wish for the next attempt travels with the error, from steps and functions", async () => {
    const later = () => {
      throw new RetryAfterError("busy", "1h");
    };
    expect(await call(define(({ step }) => step.run("a", later)))).toMatchObject({
      retryAfter: "3600",
      noRetry: false,
    });
    expect(await call(define(later))).toMatchObject({ kind: "failed", retryAfter: "3600", noRetry: false });
  });

  test("a step within a step is refused, and the outer step fails for good", async () => {
    const fn = define(({ step }) => step.run("outer", async () => step.run("inner", () => 1)));
    const result = await call(fn);
    expect(result).toMatchObject({ noRetry: true, ops: [{ op: "StepFailed", error: { code: "step_nested" } }] });
    expect(JSON.stringify(result)).toContain("Step inner was called inside step outer");
  });

  test("a step within a step is seen behind an await, too", async () => {
    const fn = define(({ step }) =>
      step.run("outer", async () => {
        await null;
        return step.run("inner", () => 1);
      }),
    );
    expect(await call(fn)).toMatchObject({ ops: [{ op: "StepFailed", error: { code: "step_nested" } }] });
  });

  test("a result that cannot be stored names the step and the path", async () => {
    const fn = define(({ step }) => step.run("load", () => ({ rows: [{ id: 10n }] })));
    const result = await call(fn);
    expect(result).toMatchObject({ noRetry: true, ops: [{ op: "StepFailed", error: { code: "value_not_storable" } }] });
    expect(JSON.stringify(result)).toContain('Step \\"load\\": the value at result.rows[0].id cannot be stored');
  });

  test("arguments that cannot be stored are refused before the body runs", async () => {
    let ran = false;
    const fn = define(({ step }) => step.run("a", (..._: unknown[]) => (ran = true), new Map()));
    const result = await call(fn);
    expect(result).toMatchObject({ noRetry: true, ops: [{ op: "StepFailed", error: { code: "value_not_storable" } }] });
    expect(JSON.stringify(result)).toContain("arguments[0]");
    expect(ran).toBe(false);
  });

  test("a function's own result is checked as well", async () => {
    const result = await call(define(() => new Map()));
    expect(result).toMatchObject({ kind: "failed", noRetry: true, error: { code: "value_not_storable" } });
  });
});

describe("checkpoints", () => {
  const three = define(async ({ step }) => {
    const a = await step.run("a", () => 1);
    const b = await step.run("b", () => a + 1);
    return b + (await step.run("c", () => 1));
  });

  test("steps run on within one call, each saved before the next begins", async () => {
    const { saved, checkpoint } = checkpoints();
    const order: string[] = [];
    const fn = define(async ({ step }) => {
      await step.run("a", () => order.push(`a after ${saved.length}`));
      await step.run("b", () => order.push(`b after ${saved.length}`));
    });
    expect(await call(fn, { checkpoint })).toMatchObject({ kind: "returned", output: "null" });
    expect(order).toEqual(["a after 0", "b after 1"]);
  });

  test("buffered steps are saved together, the rest travels with the end", async () => {
    const { saved, checkpoint } = checkpoints(() => "saved", { bufferedSteps: 2 });
    const result = await call(three, { checkpoint });
    expect(saved.map((ops) => ops.map((op) => op.displayName))).toEqual([["a", "b"]]);
    expect(kinds(result)).toEqual(["StepRun c", "RunComplete complete"]);
  });

  test("large results are saved before the buffer is full, and old ones before they are older", async () => {
    const large = checkpoints(() => "saved", { bufferedSteps: 100 });
    const fn = define(async ({ step }) => {
      for (let round = 0; round < 3; round++) await step.run("x", () => "x".repeat(600_000));
    });
    await call(fn, { checkpoint: large.checkpoint });
    expect(large.saved.map((ops) => ops.length)).toEqual([2]);
    const old = checkpoints(() => "saved", { bufferedSteps: 100, maxIntervalMs: 10 });
    let nowMs = 0;
    await call(three, { checkpoint: old.checkpoint, now: () => (nowMs += 4) });
    expect(old.saved.length).toBeGreaterThan(0);
  });

  test("what cannot be saved travels with the reply, and the call ends", async () => {
    const { checkpoint } = checkpoints(() => new Error("no route"));
    expect(kinds(await call(three, { checkpoint }))).toEqual(["StepRun a"]);
  });

  test("a superseded call stops at once and for good", async () => {
    const { checkpoint } = checkpoints(() => "stale");
    const result = await call(three, { checkpoint });
    expect(result).toMatchObject({ kind: "failed", noRetry: true, error: { code: "stale_dispatch" } });
  });

  test("a retried call ends after its first success", async () => {
    const { saved, checkpoint } = checkpoints();
    expect(kinds(await call(three, { checkpoint, attempt: 1 }))).toEqual(["StepRun a"]);
    expect(saved).toEqual([]);
  });

  test("after its time a call leaves the next step to another", async () => {
    const { checkpoint } = checkpoints(() => "saved", { maxRuntimeMs: 0 });
    expect(kinds(await call(three, { checkpoint }))).toEqual(["StepPlanned a"]);
  });

  test("sleeps, groups and failures end the call behind what is buffered", async () => {
    const { checkpoint } = checkpoints(() => "saved", { bufferedSteps: 100 });
    const after = (next: (context: HandlerContext) => Promise<unknown>) =>
      define(async (context) => {
        await context.step.run("a", () => 1);
        await next(context);
      });
    const fail = () => {
      throw new Error("boom");
    };
    const sleep = after(({ step }) => step.sleep("s", "1h"));
    expect(kinds(await call(sleep, { checkpoint }))).toEqual(["StepRun a", "Sleep s"]);
    const group = after(({ step }) => Promise.all([step.run("b", () => 1), step.run("c", () => 1)]));
    expect(kinds(await call(group, { checkpoint }))).toEqual(["StepRun a", "StepPlanned b", "StepPlanned c"]);
    const failing = after(({ step }) => step.run("b", fail));
    expect(kinds(await call(failing, { checkpoint }))).toEqual(["StepRun a", "StepError b"]);
  });

  test("a function that fails saves its buffered steps first", async () => {
    const { saved, checkpoint } = checkpoints(() => "saved", { bufferedSteps: 100 });
    const fn = define(async ({ step }) => {
      await step.run("a", () => 1);
      throw new Error("boom");
    });
    expect(await call(fn, { checkpoint })).toMatchObject({ kind: "failed", noRetry: false });
    expect(saved).toHaveLength(1);
  });
});

describe("changed code", () => {
  test("steps that are no longer reached are named in one warning", async () => {
    const logger = recordingLogger();
    const fn = define(async ({ step }) => step.run("kept", () => 1));
    const earlier = { ...state({ removed: { data: 1 }, kept: { data: 7 } }), logger };
    expect(output({ result: await call(fn, earlier) })).toBe(7);
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toContain("removed");
  });

  test("a renamed step runs under its new name, and the warning says so", async () => {
    const logger = recordingLogger();
    const fn = define(async ({ step }) => step.run("new-name", () => 1));
    expect(kinds(await call(fn, { ...state({ "old-name": { data: 1 } }), logger }))).toEqual(["StepRun new-name"]);
    expect(logger.lines[0]).toContain("old-name");
  });

  test("a step reached only behind a removed one is still given back", async () => {
    const fn = define(async ({ step }) => {
      const [b, c] = await Promise.all([step.run("b", () => 0), step.run("c", () => 0)]);
      return b + (await step.run("a", () => 0)) + c;
    });
    // In the old code a came first.
    const earlier = state({ gone: { data: 0 }, a: { data: 1 }, b: { data: 10 }, c: { data: 100 } });
    expect(output({ result: await call(fn, earlier) })).toBe(111);
  });

  test("no warning when all is reached", async () => {
    const logger = recordingLogger();
    await drive(
      define(async ({ step }) => {
        await step.run("a", () => 1);
        await step.run("b", () => 1);
      }),
      { logger },
    );
    expect(logger.lines).toEqual([]);
  });
});

describe("the logger", () => {
  test("writes each line once over all calls of a run", async () => {
    const logger = recordingLogger();
    const fn = define(async ({ step, logger }) => {
      logger.info("start");
      await step.run("a", () => logger.info("in a"));
      logger.info("after a");
      await Promise.all([step.run("b", () => logger.info("in b")), step.run("c", () => logger.info("in c"))]);
      logger.info("after b and c");
    });
    await drive(fn, { logger });
    expect(logger.lines).toEqual(["start", "in a", "after a", "in b", "in c", "after b and c"]);
  });
});

describe("large runs", () => {
  test("a replay of 1,000 steps reads each memo once and stays linear", async () => {
    const fn = define(async ({ step }) => {
      let sum = 0;
      for (let round = 0; round < 1_000; round++) sum += await step.run("x", () => 1);
      return sum;
    });
    const ids = Array.from({ length: 999 }, (_, index) => stepHash("x", index));
    const known = new Set(ids);
    let reads = 0;
    const memos = {
      size: ids.length,
      has: (id: string) => known.has(id),
      get: () => {
        reads++;
        return { data: 1 };
      },
      keys: () => ids,
    };
    const result = await call(fn, { memos, stack: ids });
    expect(result).toMatchObject({ ops: [{ op: "StepRun", index: 999 }] });
    expect(reads).toBe(999);
  });
});

test("events of a batch all reach the handler", async () => {
  const fn = define(({ events, event }) => ({ count: events.length, first: event.id }));
  const result = await call(fn, { events: [EVENT, { ...EVENT, id: "02" }] });
  expect(output({ result })).toEqual({ count: 2, first: "01EVENT" });
});

describe("promises that nobody awaits yet", () => {
  // An unhandled rejection would fail these tests, as it would end the app.
  test("a date that is none, awaited later", async () => {
    const fn = define(async ({ step }) => {
      const deadline = step.sleepUntil("deadline", "soon");
      await step.run("work", () => 1);
      await deadline;
    });
    const result = await call(fn, { checkpoint: checkpoints().checkpoint });
    expect(result).toMatchObject({ kind: "failed", error: { code: "date_invalid" } });
  });

  test("a failed step behind a middleware, awaited later or never", async () => {
    const wrapped = client.createFunction(
      { id: "w", triggers: { event: "test/given" }, middleware: [{ id: "m", wrapStep: ({ next }) => next() }] },
      async ({ step }) => {
        const late = step.run("fails", () => 1);
        void step.run("forgotten", () => 1);
        await step.run("other", () => 1);
        await late.catch(() => "caught");
        return "done";
      },
    );
    const error = { error: { name: "Error", message: "boom" } };
    const memos = state({ other: { data: 1 }, fails: error, forgotten: error });
    expect(await call(wrapped as AnyFunction, memos)).toMatchObject({ kind: "returned", output: '"done"' });
  });

  test("a nested step that is not awaited", async () => {
    const fn = define(({ step }) =>
      step.run("outer", () => {
        void step.sleep("inner", "1s");
        return 1;
      }),
    );
    expect(await call(fn)).toMatchObject({ kind: "ops", ops: [{ op: "StepRun", data: "1" }] });
  });
});

describe("steps written wrong", () => {
  test("without an id, or without a body, they say so", async () => {
    const wrong = async (step: (tools: HandlerContext["step"]) => unknown) =>
      (await call(define((context) => step(context.step)))) as { error?: Error };
    for (const id of [undefined, "", { id: "" }, 7]) {
      expect((await wrong((step) => step.run(id as never, () => 1))).error).toMatchObject({ code: "option_invalid" });
    }
    expect((await wrong((step) => step.run("a", undefined as never))).error?.message).toContain("not a function");
  });
});

test("a step of a race says so to the server, whatever kind it is", async () => {
  const fn = define(({ step }) =>
    Promise.race([
      step.run({ id: "fast", parallelMode: "race" }, () => 1),
      step.sleep({ id: "timeout", parallelMode: "race" }, "8s"),
    ]),
  );
  expect(await call(fn)).toMatchObject({
    ops: [
      { op: "StepPlanned", opts: { parallelMode: "race" } },
      { op: "Sleep", opts: { parallelMode: "race" } },
    ],
  });
});
