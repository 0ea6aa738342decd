import { expect, test } from "vitest";
import { call, drive, output, recordingLogger, state } from "../../test/sdk/driver.ts";
import { type HandlerContext, type Middleware, Stepwell } from "../index.ts";
import { stepHash } from "../protocol/step-id.ts";

function define(middleware: Middleware[], handler: (context: HandlerContext) => unknown) {
  const client = new Stepwell({
    id: "app",
    isDev: true,
    middleware: middleware.slice(0, 1),
    logger: recordingLogger(),
  });
  const options = { id: "f", triggers: { event: "e" }, retries: 1, middleware: middleware.slice(1) };
  return client.createFunction(options, handler as never);
}

test("wrappers nest: the client's first, then the function's", async () => {
  const log: string[] = [];
  const wrap = (id: string): Middleware => ({
    id,
    async wrapStepHandler({ next, stepInfo }) {
      log.push(`${id} before ${stepInfo.id}`);
      const value = await next();
      log.push(`${id} after`);
      return [id, value];
    },
  });
  const run = await drive(define([wrap("outer"), wrap("inner")], ({ step }) => step.run("a", () => 1)));
  expect(output(run)).toEqual(["outer", ["inner", 1]]);
  expect(log).toEqual(["outer before a", "inner before a", "inner after", "outer after"]);
});

test("wrapStep changes what the handler sees in every call, stored or not", async () => {
  const seen: boolean[] = [];
  const middleware: Middleware = {
    id: "m",
    async wrapStep({ next, stepInfo }) {
      seen.push(stepInfo.memoized);
      return `${await next()}!`;
    },
  };
  const fn = define([middleware], ({ step }) => step.run("a", () => "hi"));
  const run = await drive(fn);
  expect(output(run)).toBe("hi!");
  expect(run.memos.get(stepHash("a", 0))).toEqual({ data: "hi" });
  expect(seen).toEqual([false, true]);
});

test("observers see runs and steps once each", async () => {
  const log: string[] = [];
  const note = (text: string) => void log.push(text);
  const middleware: Middleware = {
    id: "m",
    onRunStart: () => note("run start"),
    onRunComplete: ({ output }) => note(`run complete ${output}`),
    onStepStart: ({ stepInfo }) => note(`step start ${stepInfo.id}`),
    onStepComplete: ({ output }) => note(`step complete ${output}`),
    onStepError: ({ error, isFinalAttempt }) => note(`step error ${(error as Error).message} ${isFinalAttempt}`),
    onRunError: ({ isFinalAttempt }) => note(`run error ${isFinalAttempt}`),
  };
  let tries = 0;
  const flaky = () => {
    if (tries++ === 0) throw new Error("flaky");
    return "ok";
  };
  await drive(define([middleware], ({ step }) => step.run("a", flaky)));
  expect(log).toEqual([
    "run start",
    "step start a",
    "step error flaky false",
    "step start a",
    "step complete ok",
    "run complete ok",
  ]);
  log.length = 0;
  await drive(define([middleware], () => Promise.reject(new Error("boom"))));
  expect(log).toEqual(["run start", "run error false", "run error true"]);
});

test("a step may be renamed and given other input", async () => {
  const middleware: Middleware = {
    id: "m",
    transformStepInput: ({ stepOptions, input }) => ({
      stepOptions: { id: `v2/${stepOptions.id}` },
      input: [...input, 1],
    }),
  };
  const fn = define([middleware], ({ step }) => step.run("a", (...numbers: number[]) => numbers.length, 5));
  expect(await call(fn)).toMatchObject({ ops: [{ id: stepHash("v2/a", 0), data: "2" }] });
});

test("context and memos may be changed before the handler starts", async () => {
  const middleware: Middleware = {
    id: "m",
    transformFunctionInput: ({ ctx, steps }) => ({
      ctx: { ...ctx, runId: "changed" },
      steps: Object.fromEntries(Object.keys(steps).map((id) => [id, { data: "decrypted" }])),
    }),
  };
  const fn = define([middleware], async ({ runId, step }) => [runId, await step.run("a", () => "new")]);
  expect(output({ result: await call(fn, state({ a: { data: "secret" } })) })).toEqual(["changed", "decrypted"]);
});

test("wrapFunctionHandler may change the output", async () => {
  const middleware: Middleware = { id: "m", wrapFunctionHandler: async ({ next }) => ({ wrapped: await next() }) };
  expect(output(await drive(define([middleware], () => 1)))).toEqual({ wrapped: 1 });
});

test("an observer that throws changes nothing", async () => {
  const fail = () => {
    throw new Error("observer");
  };
  const middleware: Middleware = {
    id: "m",
    onRunStart: fail,
    onStepStart: fail,
    onStepComplete: fail,
    onRunComplete: fail,
  };
  const logger = recordingLogger();
  const run = await drive(
    define([middleware], ({ step }) => step.run("a", () => 1)),
    { logger },
  );
  expect(output(run)).toBe(1);
  expect(logger.lines).toHaveLength(4);
});
