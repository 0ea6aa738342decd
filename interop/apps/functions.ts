/**
 * The functions of the interoperation app, written once for every version of the official TypeScript SDK. Each writes
 * down what it saw into `Seen`; the tests read that, not what the server says.
 */
import { createHash } from "node:crypto";
import type { Context, Definition, Errors, Seen, SeenEvent } from "./definition.ts";

export const MEGABYTE = 1_048_576;
export const CRON = "* * * * * *";
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function functionsOf(seen: Seen, errors: Errors): Definition[] {
  return [...plain(seen), ...parallel(seen), ...failing(seen, errors), ...timed(seen), ...triggered(seen)];
}

function plain(seen: Seen): Definition[] {
  return [
    {
      id: "sequence",
      triggers: [{ event: "test/sequence" }],
      handler: async ({ event, events, step, runId, attempt }) => {
        const key = event.data["key"];
        seen.add(key, "call", { attempt, events: events.length, runId });
        const first = await step.run("first", () => {
          seen.add(key, "first");
          return { text: "é ✓ \u2028", list: [1, 2.5, null, { deep: true }] };
        });
        const second = await step.run(
          "second",
          (factor: number) => {
            seen.add(key, "second");
            return first.list.length * factor;
          },
          10,
        );
        const third = await step.run("third", () => {
          seen.add(key, "third");
        });
        return { first, second, third: third ?? null };
      },
    },
    {
      id: "loop",
      triggers: [{ event: "test/loop" }],
      handler: async ({ event, step }) => {
        const values: number[] = [];
        for (let round = 0; round < 4; round++) {
          values.push(
            await step.run("tick", () => {
              seen.add(event.data["key"], "tick", round);
              return round * round;
            }),
          );
        }
        return values;
      },
    },
    {
      id: "big",
      triggers: [{ event: "test/big" }],
      handler: async ({ event, step }) => {
        const parts: string[] = [];
        for (let part = 0; part < 6; part++) {
          parts.push(await step.run(`part-${part}`, () => String(part).repeat(MEGABYTE)));
        }
        await step.sleep("between calls", "1s");
        const digest = createHash("sha256").update(parts.join("")).digest("hex");
        return step.run("after", () => ({ digest, chars: parts.join("").length, padding: event.data["key"] }));
      },
    },
    {
      id: "sender",
      triggers: [{ event: "test/sender" }],
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        const sent = await step.sendEvent("send", [
          { name: "test/child", data: { key, number: 1 } },
          { name: "test/child", data: { key, number: 2 } },
        ]);
        return sent.ids;
      },
    },
    {
      id: "child",
      triggers: [{ event: "test/child" }],
      handler: ({ event }) => seen.add(event.data["key"], "child", event.data["number"]),
    },
  ];
}

function parallel(seen: Seen): Definition[] {
  const part = (event: SeenEvent, name: string, ms: number) => async () => {
    seen.add(event.data["key"], `${name} begins`);
    await pause(ms);
    seen.add(event.data["key"], `${name} ends`);
    return name;
  };
  return [
    {
      id: "all",
      triggers: [{ event: "test/all" }],
      handler: async ({ event, step }) => {
        const results = await Promise.all([
          step.run("a", part(event, "a", 2_000)),
          step.run("b", part(event, "b", 2_000)),
          step.sleep("c", "1s"),
          step.run("d", part(event, "d", 2_000)),
        ]);
        const after = await step.run("after", part(event, "after", 0));
        return [...results, after];
      },
    },
    {
      id: "race",
      triggers: [{ event: "test/race" }],
      handler: async ({ event, step, group }) => {
        const race = () =>
          Promise.race([step.run("slow", part(event, "slow", 1_500)), step.run("quick", part(event, "quick", 20))]);
        const winner = await (group === undefined ? race() : group.parallel(race));
        await step.run("next", part(event, `after ${winner}`, 0));
        return winner;
      },
    },
    {
      id: "branches",
      triggers: [{ event: "test/branches" }],
      handler: async ({ event, step }) => {
        const chain = async (name: string) => {
          const one = await step.run(`${name}1`, part(event, `${name}1`, 10));
          const two = await step.run(`${name}2`, part(event, `${name}2`, 10));
          return `${one}${two}`;
        };
        return Promise.all([chain("x"), chain("y"), chain("z")]);
      },
    },
    {
      id: "settled",
      triggers: [{ event: "test/settled" }],
      retries: 0,
      handler: async ({ event, step }) => {
        const fail = () => {
          throw new Error("one of them");
        };
        const results = await Promise.allSettled([step.run("good", part(event, "good", 0)), step.run("bad", fail)]);
        return results.map((result) => result.status);
      },
    },
  ];
}

function failing(seen: Seen, { NonRetriableError, RetryAfterError, StepError }: Errors): Definition[] {
  return [
    {
      id: "retried",
      triggers: [{ event: "test/retried" }],
      retries: 3,
      handler: async ({ event, step, attempt, maxAttempts }) => {
        const value = await step.run("shaky", () => {
          seen.add(event.data["key"], "attempt", [attempt, maxAttempts]);
          if (attempt < 2) throw new Error(`not yet ${attempt}`);
          return "at last";
        });
        const next = await step.run("next", () => {
          seen.add(event.data["key"], "next attempt", attempt);
          return "and on";
        });
        return [value, next];
      },
    },
    {
      id: "caught",
      triggers: [{ event: "test/caught" }],
      retries: 1,
      handler: async ({ event, step }) => {
        const error = await step
          .run("doomed", (): void => {
            seen.add(event.data["key"], "body");
            throw new TypeError("no good", { cause: new Error("the root") });
          })
          .catch((caught: unknown) => caught as Error & { cause?: Error });
        const recovered = await step.run("recover", () => "recovered");
        const { name, message, cause } = error ?? new Error("nothing was thrown");
        const isStepError = error instanceof StepError;
        return { isStepError, name, message, cause: (cause as Error | undefined)?.message ?? null, recovered };
      },
    },
    {
      id: "uncaught",
      triggers: [{ event: "test/uncaught" }],
      retries: 1,
      handler: async ({ event, step }) => {
        await step.run("doomed", () => {
          seen.add(event.data["key"], "body");
          throw new RangeError("nobody catches me");
        });
      },
      onFailure: async ({ event, error, step, runId }) => {
        const original = event.data["event"] as SeenEvent;
        const key = original.data["key"];
        await step.run("note", () => {
          const { function_id, run_id } = event.data as { function_id: string; run_id: string };
          seen.add(key, "failure", { name: event.name, function_id, run_id, message: error?.message, runId });
        });
      },
    },
    {
      id: "never-retry-step",
      triggers: [{ event: "test/never-retry-step" }],
      handler: async ({ event, step }) => {
        await step.run("final", () => {
          seen.add(event.data["key"], "body");
          throw new NonRetriableError("card is invalid");
        });
      },
    },
    {
      id: "never-retry-function",
      triggers: [{ event: "test/never-retry-function" }],
      handler: ({ event }) => {
        seen.add(event.data["key"], "call");
        throw new NonRetriableError("no such order");
      },
    },
    {
      id: "function-error",
      triggers: [{ event: "test/function-error" }],
      retries: 2,
      handler: async ({ event, step, attempt }) => {
        const before = await step.run("before", () => {
          seen.add(event.data["key"], "before");
          return "kept";
        });
        seen.add(event.data["key"], "attempt", attempt);
        if (attempt < 1) throw new Error("between steps");
        return before;
      },
    },
    {
      id: "exhausted",
      triggers: [{ event: "test/exhausted" }],
      retries: 1,
      handler: ({ event, attempt }) => {
        seen.add(event.data["key"], "attempt", attempt);
        throw new Error(`always ${attempt}`);
      },
    },
    {
      id: "later",
      triggers: [{ event: "test/later" }],
      handler: async ({ event, step, attempt }) => {
        await step.run("limited", () => {
          seen.add(event.data["key"], "attempt", attempt);
          if (attempt === 0) throw new RetryAfterError("limited", "3s");
        });
        return "let in";
      },
    },
  ];
}

function timed(seen: Seen): Definition[] {
  return [
    {
      id: "sleeper",
      triggers: [{ event: "test/sleeper" }],
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        await step.run("before", () => seen.add(key, "before"));
        await step.sleep("a while", "1s");
        const until = await step.run("between", () => {
          seen.add(key, "between");
          return new Date(Date.now() + 2_000).toISOString();
        });
        await step.sleepUntil("a date", new Date(until));
        await step.run("after", () => seen.add(key, "after"));
        return "rested";
      },
    },
    {
      id: "every-second",
      triggers: [{ cron: CRON }],
      handler: async ({ event, step }) => {
        await step.run("tick", () => seen.add("cron", "tick", { name: event.name, data: event.data, id: event.id }));
      },
    },
  ];
}

function triggered(seen: Seen): Definition[] {
  const note = (what: string) => (context: Context) => seen.add(context.event.data["key"], what, context.event.name);
  return [
    { id: "either", triggers: [{ event: "test/one" }, { event: "test/other" }], handler: note("either") },
    { id: "wildcard", triggers: [{ event: "order/*" }], handler: note("wildcard") },
    { id: "dotted", triggers: [{ event: "order/item.*" }], handler: note("dotted") },
    {
      id: "large-orders",
      triggers: [{ event: "order/placed", if: "event.data.total > 100 && event.data.tags.exists(t, t == 'vip')" }],
      handler: note("large"),
    },
    { id: "removed", triggers: [{ event: "test/removed" }], handler: note("removed") },
    { id: "deduplicated", triggers: [{ event: "test/deduplicated" }], handler: note("started") },
  ];
}
