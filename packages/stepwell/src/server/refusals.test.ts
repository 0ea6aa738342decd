/** Everything that a sync refuses, in one table: option and value as sent, and the problem as told. */
import { expect, test } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import { readRegistration } from "./register.ts";

const step = (more: object = {}) => ({
  step: { runtime: { url: "http://a.test/api?fnId=shop-f&stepId=step" }, ...more },
});
const batchEvents = { maxSize: 2, timeout: "1s" };
const keyed = { limit: 3, key: "event.data.a" };

const REFUSED: readonly (readonly [options: object, problem: string | RegExp])[] = [
  [{ name: "" }, 'name "": a function name is required'],
  [{ triggers: Array(11).fill({ event: "a" }) }, /^triggers \[.*: it may hold 10 at most$/],
  [{ triggers: [{ event: "a*b" }] }, /^triggers\[0\]\.event "a\*b": it must be an event name/],
  [{ triggers: [{ event: "a", expression: "event.(" }] }, /^triggers\[0\]\.expression "event\.\(": the expression/],
  [{ triggers: [{ cron: "* *" }] }, /^triggers\[0\]\.cron "\* \*": /],
  [{ triggers: [{ cron: "* * * * *", jitter: "6m" }] }, 'triggers[0].jitter "6m": it must be at most 5m'],
  [{ triggers: [{}] }, "triggers[0] {}: it needs either an event or a cron"],
  [{ steps: step({ retries: { attempts: 21 } }) }, /^steps\.step\.retries\.attempts 21: .* from 0 to 20$/],
  [{ retries: -1 }, "retries -1: it must be a whole number from 0 to 20"],
  [{ cancel: Array(6).fill({ event: "stop" }) }, /^cancel \[.*: it may hold 5 at most$/],
  [{ cancel: [{ event: "stop", if: "async.(" }] }, /^cancel\[0\]\.if "async\.\(": the expression is not valid/],
  [
    { cancel: [{ event: "stop", timeout: "soon" }] },
    /^cancel\[0\]\.timeout "soon": it must be a duration or an ISO date/,
  ],
  [{ timeouts: { start: "soon" } }, /^timeouts\.start "soon": /],
  [{ timeouts: { finish: "-1s" } }, /^timeouts\.finish "-1s": /],
  [{ concurrency: -1 }, "concurrency -1: it must be a whole number of at least 0"],
  [{ concurrency: { limit: 1, scope: "env" } }, 'concurrency.scope "env": scope env needs a key'],
  [{ concurrency: { limit: 1, scope: "account" } }, 'concurrency.scope "account": scope account needs a key'],
  [{ concurrency: { limit: 1, key: "1 +" } }, /^concurrency\.key "1 \+": the expression is not valid/],
  [{ concurrency: { ...keyed, guaranteed: 4 } }, /^concurrency\.guaranteed 4: it must be at most the rule's limit/],
  [{ concurrency: [9, { ...keyed, burst: 2 }] }, /^concurrency\[1\]\.burst 2: it must be at least the rule's limit/],
  [{ concurrency: { ...keyed, burst: 5 } }, /^concurrency\.burst 5: it needs a second rule/],
  [{ runConcurrency: { limit: 1, guaranteed: 1 } }, /^runConcurrency\.guaranteed 1: .*needs a key$/],
  [{ throttle: { limit: 1, period: "500ms" } }, 'throttle.period "500ms": it must be at least 1s'],
  [{ throttle: { limit: 1, period: "1s", burst: -1 } }, /^throttle\.burst -1: /],
  [{ throttle: { limit: 1, period: "1s", key: "event.(" } }, /^throttle\.key "event\.\(": the expression/],
  [{ rateLimit: { limit: 0, period: "1s" } }, "rateLimit.limit 0: it must be a whole number of at least 1"],
  [{ rateLimit: { limit: 1, period: "25h" } }, 'rateLimit.period "25h": it must be at most 1d'],
  [{ rateLimit: { limit: 10_001, period: "1h", algorithm: "window" } }, /^rateLimit\.limit 10001: /],
  [{ rateLimit: { limit: 1, period: "1h", algorithm: "leaky" } }, /^rateLimit\.algorithm "leaky": /],
  [{ idempotency: "event.(" }, /^idempotency(\.key)? "event\.\(": the expression/],
  [{ idempotency: { key: "event.id", period: "400d" } }, 'idempotency.period "400d": it must be at most 366d'],
  [{ debounce: { period: "0s" } }, 'debounce.period "0s": it must be at least 1s'],
  [{ debounce: { period: "8d" } }, 'debounce.period "8d": it must be at most 7d'],
  [{ debounce: { period: "1s", mode: "leading", collect: true } }, /^debounce\.collect true: with mode "leading"/],
  [{ debounce: { period: "1s", mode: "leading", timeout: "9s" } }, /^debounce\.timeout "9s": with mode "leading"/],
  [{ batchEvents: { maxSize: 1, timeout: "1s" } }, "batchEvents.maxSize 1: it must be a whole number from 2 to 10000"],
  [{ batchEvents: { maxSize: 2, timeout: "0s" } }, 'batchEvents.timeout "0s": it must be at least 1s'],
  [{ batchEvents: { ...batchEvents, maxBytes: 0 } }, /^batchEvents\.maxBytes 0: /],
  [{ batchEvents: { ...batchEvents, if: "(" } }, /^batchEvents\.if "\(": the expression is not valid/],
  [{ batchEvents, debounce: { period: "1s" } }, /^batchEvents \{.*\}: it cannot be combined with debounce: /],
  [{ batchEvents, singleton: {} }, /^batchEvents \{.*\}: it cannot be combined with singleton: /],
  [{ priority: { run: "event.(" } }, /^priority\.run "event\.\(": the expression is not valid/],
  [{ singleton: { mode: "wait" } }, /^singleton\.mode "wait": /],
  [{ singleton: { mode: "skip", key: "event.(" } }, /^singleton\.key "event\.\(": the expression is not valid/],
  [{ backlog: { limit: 0 } }, "backlog.limit 0: it must be a whole number of at least 1"],
  [{ backlog: { limit: 1, policy: "drop" } }, /^backlog\.policy "drop": /],
  [{ whenUnreachable: "hope" }, 'whenUnreachable "hope": it must be retry or wait'],
  [{ weight: 0 }, "weight 0: it must be a whole number from 1 to 100"],
];

test("a sync tells every problem of every function: function, option, value and rule", () => {
  const functions = REFUSED.map(([options], index) => ({ id: `shop-f${index}`, name: "f", steps: step(), ...options }));
  const sound = { id: "shop-sound", name: "sound", steps: step() };
  const told = problemsOf([...functions, sound]);
  const expected = REFUSED.map(([, problem], index) => {
    const where = `function shop-f${index}: `;
    return typeof problem === "string"
      ? where + problem
      : expect.stringMatching(new RegExp(`^${where}${problem.source.replace(/^\^/, "")}`));
  });
  expect(told).toEqual(expected);
});

function problemsOf(functions: readonly object[]): string[] {
  try {
    readRegistration({ url: "http://a.test/api", appName: "shop", functions });
    return [];
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    return String(error.details["problems"]).split(/; (?=function shop-)/);
  }
}
