/** Step kinds beside, within and after one another: groups, races, chains and loops. */
import { describe, test } from "vitest";
import type { Context, Definition, Step } from "../../apps/definition.ts";
import { until } from "../../lib/wait.ts";
import { type Bench, type Kit, told } from "./bench.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function compositionFunctions({ seen, tools, serviceUrl }: Kit): Definition[] {
  const reply = async (step: Step, id: string, timeout = "1m", name = "mix/reply") => {
    const event = await step.waitForEvent(id, { event: name, match: "data.key", timeout });
    return event === null ? null : event.data["text"];
  };
  const helper: Definition = {
    id: "helper",
    triggers: [],
    handler: async ({ event, step }) => {
      const text = await reply(step, "helped", "1m", "mix/help");
      return step.run("answer", () => `${event.data["number"]}: ${text}`);
    },
  };
  const help = (step: Step, key: unknown, number: number) =>
    step.invoke(`help ${number}`, { function: tools.functionOf(helper), data: { key, number }, timeout: "1m" });
  /** A race as each version of the SDK writes it. */
  const race = <Value>({ group }: Context, body: () => Promise<Value>): Promise<Value> =>
    group === undefined ? body() : group.parallel({ mode: "race" }, body);
  return [
    helper,
    {
      id: "everything",
      triggers: [{ event: "mix/everything" }],
      handler: async ({ event, step }) => {
        const key = String(event.data["key"]);
        const results = await Promise.all([
          step.run("run", () => seen.add(key, "run")),
          reply(step, "reply"),
          step.sleep("sleep", "1s"),
          help(step, key, 1),
          step.waitForSignal("signal", { signal: `mix/${key}`, timeout: "1m", onConflict: "fail" }),
          step.fetch(`${serviceUrl}/plain/${key}/`).then(({ status }) => status),
          step.sendEvent("send", { name: "mix/ignored", data: {} }).then(({ ids }) => ids.length),
          step.waitForEvent("never", { event: "mix/never", timeout: "1s" }),
        ]);
        const after = await step.run("after", () => seen.add(key, "after"));
        return [...results, after].map((result) => result ?? null);
      },
    },
    {
      id: "either",
      triggers: [{ event: "mix/either" }],
      handler: async (context) => {
        const { event, step } = context;
        const winner = await race(context, () =>
          Promise.race([
            reply(step, "reply", "3s"),
            step.sleep("limit", String(event.data["limit"])).then(() => "too late"),
          ]),
        );
        const after = await step.run("after", () => seen.add(event.data["key"], `after ${winner}`));
        return [winner, after ?? null];
      },
    },
    {
      id: "while-working",
      triggers: [{ event: "mix/while-working" }],
      handler: async (context) => {
        const { event, step } = context;
        const key = event.data["key"];
        const work = step.run.bind(step, "work", async () => {
          seen.add(key, "work begins");
          await pause(1_500);
          seen.add(key, "work ends");
          return "work";
        });
        const winner = await race(context, () => Promise.race([work(), reply(step, "reply", "3s")]));
        await step.run("after", () => seen.add(key, `after ${winner}`));
        return winner;
      },
    },
    {
      id: "chains",
      triggers: [{ event: "mix/chains" }],
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        const body = (name: string) => () => {
          seen.add(key, name);
          return name;
        };
        const left = async () => {
          const one = await step.run("left 1", body("left 1"));
          const two = await reply(step, "left 2");
          return [one, two, await step.run("left 3", body("left 3"))];
        };
        const right = async () => {
          await step.sleep("right 1", "1s");
          const [two, three] = await Promise.all([step.run("right 2", body("right 2")), help(step, key, 3)]);
          return [two, three, await step.run("right 4", body("right 4"))];
        };
        return Promise.all([left(), right()]);
      },
    },
    {
      id: "settled-group",
      triggers: [{ event: "mix/settled" }],
      retries: 0,
      handler: async ({ step }) => {
        const results = await Promise.allSettled([
          step.run("bad", () => {
            throw new TypeError("one of them");
          }),
          step.waitForEvent("never", { event: "mix/never", timeout: "1s" }),
          step.invoke("unknown", { function: tools.referenceFunction({ functionId: "unknown" }) }),
          step.run("good", () => "good"),
        ]);
        const said = results.map((one) =>
          one.status === "fulfilled" ? (one.value ?? null) : told(one.reason, tools.StepError).message,
        );
        return step.run("after", () => said);
      },
    },
    {
      id: "until-quiet",
      triggers: [{ event: "mix/until-quiet" }],
      handler: async (context) => {
        const { event, step } = context;
        const heard: unknown[] = [];
        for (let round = 0; ; round++) {
          const text = await reply(step, "reply", "2s");
          if (text === null) return heard;
          heard.push(await step.run("note", () => `${round} ${text}`));
          seen.add(event.data["key"], "heard");
        }
      },
    },
  ];
}

/** An event that the functions wait for. */
function replyTo(bench: () => Bench) {
  return (key: string, text: string, name = "mix/reply") => bench().client.send({ name, data: { key, text } });
}

export function describeCompositions(bench: () => Bench): void {
  const reply = replyTo(bench);

  describe.concurrent("compositions", () => {
    test("every kind of step beside the others, each once", async ({ expect }) => {
      const { server, seen, send, client } = bench();
      const { key, eventId } = await send("mix/everything");
      const runId = await server.waitingRunOf(eventId, "reply");
      await server.waitingRunOf(eventId, "signal");
      const [child] = (await server.childrenOf(runId)) ?? [];
      await server.waitingStep(child ?? "", "helped");
      await reply(key, "hello");
      await reply(key, "help", "mix/help");
      await client.sendSignal({ signal: `mix/${key}`, data: 1 });
      expect((await server.endedRunOf(eventId)).output).toEqual([
        null,
        "hello",
        null,
        "1: help",
        { signal: `mix/${key}`, data: 1 },
        200,
        1,
        null,
        null,
      ]);
      expect(seen.whats(key)).toEqual(["run", "after"]);
    });

    test("chains of different steps beside each other", async ({ expect }) => {
      const { server, seen, send } = bench();
      const { key, eventId } = await send("mix/chains");
      await server.waitingRunOf(eventId, "left 2");
      await reply(key, "first");
      const runId = await server.waitingRunOf(eventId, "help 3");
      const [child] = await server.childrenOf(runId);
      await server.waitingStep(child ?? "", "helped");
      await reply(key, "second", "mix/help");
      const run = await server.endedRunOf(eventId);
      expect(run).toMatchObject({
        status: "Completed",
        output: [
          ["left 1", "first", "left 3"],
          ["right 2", "3: second", "right 4"],
        ],
      });
      expect(seen.whats(key).toSorted()).toEqual(["left 1", "left 3", "right 2", "right 4"]);
    });

    test("members of a group may fail, time out or never begin while others succeed", async ({ expect }) => {
      const { run } = await bench().runOf("mix/settled");
      const unknown = expect.stringContaining(`${bench().appId}-unknown`);
      expect(run).toMatchObject({ status: "Completed", output: ["one of them", null, unknown, "good"] });
    });

    test("a loop that hears events until there are none for a while", async ({ expect }) => {
      const { server, send } = bench();
      const { key, eventId } = await send("mix/until-quiet");
      for (const [index, text] of ["a", "b", "c"].entries()) {
        await server.waitingRunOf(eventId, "reply", index);
        await reply(key, text);
      }
      expect((await server.endedRunOf(eventId)).output).toEqual(["0 a", "1 b", "2 c"]);
    });
  });
}

/** The first of a group decides. A run of v4 ends when the others are done too. */
export function describeRaces(bench: () => Bench): void {
  const reply = replyTo(bench);

  describe.concurrent("races", () => {
    test("a race of an event and a sleep: the event comes first", async ({ expect }) => {
      const { server, seen, send } = bench();
      const { key, eventId } = await send("mix/either", { limit: "2s" });
      await server.waitingRunOf(eventId, "reply");
      const repliedAt = Date.now();
      await reply(key, "in time");
      expect(await server.endedRunOf(eventId)).toMatchObject({ status: "Completed", output: ["in time", null] });
      expect(seen.whats(key)).toEqual(["after in time"]);
      // Before the sleep is over.
      expect((seen.times(key, "after in time")[0] ?? 0) - repliedAt).toBeLessThan(2_000);
    });

    test("a race of an event and a sleep: the sleep ends first", async ({ expect }) => {
      const { key, run } = await bench().runOf("mix/either", { limit: "1s" });
      expect(run).toMatchObject({ status: "Completed", output: ["too late", null] });
      expect(bench().seen.whats(key)).toEqual(["after too late"]);
    });

    test("a race of an event and a step that is still running", async ({ expect }) => {
      const { server, seen, send } = bench();
      const { key, eventId } = await send("mix/while-working");
      await server.waitingRunOf(eventId, "reply");
      await until("the work has begun", () => seen.whats(key).includes("work begins"));
      await reply(key, "stop it");
      expect(await server.endedRunOf(eventId)).toMatchObject({ status: "Completed", output: "stop it" });
      expect(seen.whats(key).slice(0, 2)).toEqual(["work begins", "after stop it"]);
      expect(seen.values(key, "work begins")).toHaveLength(1);
    });
  });
}

/** Without a mode for races, SDKs that ask for one call per group look at it when all of it is done. */
export function describeGroupsWithoutRaces(bench: () => Bench): void {
  test("without a race every member of a group is waited for", async ({ expect }) => {
    const { server, send } = bench();
    const { key, eventId } = await send("mix/either", { limit: "1s" });
    await server.waitingRunOf(eventId, "reply");
    await replyTo(bench)(key, "in time");
    expect((await server.endedRunOf(eventId)).status).toBe("Completed");
  });
}
