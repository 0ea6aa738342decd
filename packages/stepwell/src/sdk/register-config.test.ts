import { describe, expect, test } from "vitest";
import { eventType, type FunctionOptions, Stepwell } from "../index.ts";
import { registrationsOf } from "./register-config.ts";

const client = new Stepwell({ id: "shop", isDev: true });
const register = (options: Omit<FunctionOptions, "id">) =>
  registrationsOf(
    client.createFunction({ id: "ship", ...options }, () => null),
    "https://app.test/api?x=1",
  );

test("a plain function", () => {
  expect(register({ triggers: { event: "order/placed" } })).toEqual([
    {
      id: "shop-ship",
      name: "ship",
      triggers: [{ event: "order/placed" }],
      steps: {
        step: {
          id: "step",
          name: "step",
          runtime: { type: "http", url: "https://app.test/api?x=1&fnId=shop-ship&stepId=step" },
          retries: { attempts: 3 },
        },
      },
    },
  ]);
});

test("triggers of every kind", () => {
  const placed = eventType("order/placed");
  const [fn] = register({
    triggers: [
      placed,
      { event: placed, if: "event.data.total > 100" },
      { event: "order/*" },
      { cron: "0 9 * * *" },
      { cron: "0 9 * * *", timezone: "Europe/Rome", jitter: 30_000, misfire: "all", overlap: "skip" },
    ],
  });
  expect(fn!.triggers).toEqual([
    { event: "order/placed" },
    { event: "order/placed", expression: "event.data.total > 100" },
    { event: "order/*" },
    { cron: "0 9 * * *" },
    { cron: "TZ=Europe/Rome 0 9 * * *", jitter: "30s", misfire: "all", overlap: "skip" },
  ]);
});

test("rules about the ends of runs in the forms of the wire", () => {
  const [fn] = register({
    triggers: [],
    retries: 0,
    cancelOn: [
      { event: "order/cancelled", match: "data.id", timeout: "1d" },
      { event: "order/expired", timeout: new Date("2030-01-01T00:00:00Z") },
    ],
    timeouts: { finish: "2h" },
  });
  expect(fn).toMatchObject({ steps: { step: { retries: { attempts: 0 } } }, timeouts: { finish: "2h" } });
  expect(fn!.cancel).toEqual([
    { event: "order/cancelled", if: "event.data.id == async.data.id", timeout: "1d" },
    { event: "order/expired", timeout: "2030-01-01T00:00:00.000Z" },
  ]);
  expect(Object.keys(fn!.timeouts!)).toEqual(["finish"]);
});

test("a failure handler is a function of its own", () => {
  const [, failure] = register({ triggers: { event: "order/placed" }, onFailure: () => null });
  expect(failure).toMatchObject({
    id: "shop-ship-failure",
    name: "ship (failure)",
    triggers: [{ event: "inngest/function.failed", expression: "event.data.function_id == 'shop-ship'" }],
    steps: { step: { retries: { attempts: 1 } } },
  });
});

describe("what handles the ends of runs", () => {
  const hook = (options: Partial<FunctionOptions>) =>
    register({ triggers: [], ...options })
      .slice(1)
      .map(({ id, name, triggers, steps }) => ({ id, name, triggers, retries: steps.step.retries }));
  const cancelled = (expression: string) => [{ event: "inngest/function.cancelled", expression }];
  const isOurs = "event.data.function_id == 'shop-ship'";

  test("are functions of their own, tried twice", () => {
    const all = hook({ onFailure: () => 1, onCancel: () => 1, onTimeout: () => 1, onSkip: () => 1 });
    expect(all.map(({ id }) => id)).toEqual([
      "shop-ship-failure",
      "shop-ship-cancel",
      "shop-ship-timeout",
      "shop-ship-skip",
    ]);
    expect(all.every(({ retries }) => retries?.attempts === 1)).toBe(true);
    expect(all[3]).toMatchObject({
      name: "ship (skip)",
      triggers: [{ event: "inngest/function.skipped", expression: isOurs }],
    });
  });

  test("a cancelled run is handled once, by the handler that is for it", () => {
    const isTimeout = (is: string) => `${isOurs} && event.data._inngest.reason ${is} 'timed_out'`;
    const [cancel, timeout] = hook({ onCancel: () => 1, onTimeout: () => 1 });
    expect(cancel!.triggers).toEqual(cancelled(isTimeout("!=")));
    expect(timeout!.triggers).toEqual(cancelled(isTimeout("==")));
    expect(hook({ onCancel: () => 1 })[0]!.triggers).toEqual(cancelled(isOurs));
  });

  test("a run whose time was over is a failed one where that counts as failure, and handled once too", () => {
    const isTimeout = (is: string) => `${isOurs} && event.data._inngest.reason ${is} 'timed_out'`;
    const failed = (expression: string) => [{ event: "inngest/function.failed", expression }];
    const timeouts = { finish: "1h", asFailure: true };
    const [failure, cancel, timeout] = hook({ timeouts, onFailure: () => 1, onCancel: () => 1, onTimeout: () => 1 });
    expect(failure!.triggers).toEqual(failed(isTimeout("!=")));
    expect(cancel!.triggers).toEqual(cancelled(isOurs));
    expect(timeout!.triggers).toEqual(failed(isTimeout("==")));
    expect(hook({ timeouts, onFailure: () => 1 })[0]!.triggers).toEqual(failed(isOurs));
  });

  test("an id with a quote cannot break out of the expression", () => {
    const fn = client.createFunction({ id: "it's \\", triggers: [], onFailure: () => 1 }, () => null);
    const [, failure] = registrationsOf(fn, "https://app.test/");
    expect(failure!.triggers).toEqual([
      { event: "inngest/function.failed", expression: "event.data.function_id == 'shop-it\\'s \\\\'" },
    ]);
  });

  test("a time limit may count as failure", () => {
    const timeouts = { start: "10s", finish: "1h", asFailure: true };
    expect(register({ triggers: [], timeouts })[0]!.timeouts).toEqual(timeouts);
  });
});

describe("options that cannot be right", () => {
  test("are refused where the function is made, also those about the ends of runs", () => {
    const event = "x";
    expect(() => register({ triggers: [], cancelOn: new Array(6).fill({ event }) })).toThrow("5 rules at most");
    expect(() => register({ triggers: [], cancelOn: [{ event, match: "data.id", if: "true" }] })).toThrow("not both");
    expect(() => register({ triggers: [], cancelOn: [{ event, match: "data id" }] })).toThrow("must be a path");
    expect(() => register({ triggers: [], cancelOn: [{ event: "" }] })).toThrow("needs the name of an event");
    expect(() => register({ triggers: [], onCancel: "x" as never })).toThrow("`onCancel` must be a function");
    expect(() => register({ triggers: [], timeouts: { asFailure: 1 as never } })).toThrow("must be true or false");
  });

  test("are refused with the function's name", () => {
    expect(() => register({ triggers: [], retries: 21 })).toThrow('createFunction("ship"): `retries` must be');
    expect(() => register({ triggers: [], retries: 1.5 })).toThrow("whole number from 0 to 20");
    expect(() => register({ triggers: [], throttle: { limit: 1, period: "often" } })).toThrow(
      'createFunction("ship"): throttle.period: "often" is not a duration',
    );
    expect(() => new Stepwell({ id: " " })).toThrow("`id` must be a text that is not empty");
  });
});
