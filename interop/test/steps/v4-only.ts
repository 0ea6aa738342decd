/** What only v4 has: groups with a mode, experiments, typed events, schemas of invokes, and steps with options. */
import { eventType, experiment, invoke } from "inngest-v4";
import { describe, test } from "vitest";
import { z } from "zod";
import type { Context, Definition } from "../../apps/definition.ts";
import { type Bench, type Kit, type Setting, told } from "./bench.ts";

interface V4Group {
  experiment(id: string, options: { variants: Record<string, () => unknown>; select: unknown }): Promise<unknown>;
}

const replied = eventType("v4/replied", { schema: z.object({ key: z.string(), text: z.string() }) });

function functions({ seen, tools }: Kit): Definition[] {
  const schema = z.object({ key: z.string(), number: z.number().positive() });
  const typed: Definition = {
    id: "typed",
    triggers: [{ own: invoke(schema) }],
    retries: 0,
    handler: ({ event }) => {
      seen.add(event.data["key"], "typed");
      return Number(event.data["number"]) + 1;
    },
  };
  const branch = (key: unknown, name: string) => () => {
    seen.add(key, name);
    return name;
  };
  return [
    typed,
    {
      id: "v4-invoke",
      triggers: [{ event: "v4/invoke" }],
      handler: ({ event, step }) =>
        step.invoke("typed", { function: tools.functionOf(typed), data: event.data }).catch((error: unknown) => {
          return told(error, tools.StepError);
        }),
    },
    {
      id: "v4-typed-wait",
      triggers: [{ own: eventType("v4/typed-wait") }],
      handler: async ({ step }) => {
        const options = { event: replied as unknown as string, match: "data.key", timeout: "1m" };
        return (await step.waitForEvent("replied", options))?.data["text"];
      },
    },
    {
      id: "v4-modes",
      triggers: [{ event: "v4/modes" }],
      handler: async ({ event, step, group }: Context) => {
        const key = event.data["key"];
        const both = await group!.parallel({ mode: "wait" }, () =>
          Promise.all([step.run("one", branch(key, "one")), step.sleep("two", "1s")]),
        );
        const raced = { id: "quick", name: "Quick one", parallelMode: "race" } as unknown as string;
        const slow = { id: "slow", parallelMode: "race" } as unknown as string;
        const winner = await Promise.race([
          step.run(raced, branch(key, "quick")),
          step.sleep(slow, "2s").then(() => "slow"),
        ]);
        await step.run("after", branch(key, "after"));
        return [both[0], winner];
      },
    },
    {
      id: "v4-experiment",
      triggers: [{ event: "v4/experiment" }],
      handler: async ({ event, step, group }) => {
        const key = event.data["key"];
        const chosen = await (group as unknown as V4Group).experiment("layout", {
          variants: { old: () => step.run("old", branch(key, "old")), new: () => step.run("new", branch(key, "new")) },
          select: experiment.fixed(String(event.data["variant"])),
        });
        await step.sleep("between", "1s");
        return chosen;
      },
    },
  ];
}

function describeOnly(bench: () => Bench): void {
  describe.concurrent("only in v4", () => {
    test("a function with a schema for invokes checks what it is given", async ({ expect }) => {
      const { runOf, seen } = bench();
      const good = await runOf("v4/invoke", { number: 41 });
      expect(good.run).toMatchObject({ status: "Completed", output: 42 });
      const bad = await runOf("v4/invoke", { number: -1 });
      expect(bad.run).toMatchObject({ status: "Completed", output: { isStepError: true } });
      expect([seen.whats(good.key), seen.whats(bad.key)]).toEqual([["typed"], []]);
    });

    test("a typed event is waited for by its name", async ({ expect }) => {
      const { server, client, send } = bench();
      const { key, eventId } = await send("v4/typed-wait");
      await server.waitingRunOf(eventId, "replied");
      await client.send(replied.create({ key, text: "typed" }));
      expect(await server.endedRunOf(eventId)).toMatchObject({ status: "Completed", output: "typed" });
    });

    test("a group waits or races as it says, steps too", async ({ expect }) => {
      const { runOf, seen } = bench();
      const { key, run } = await runOf("v4/modes");
      expect(run).toMatchObject({ status: "Completed", output: ["one", "quick"] });
      expect(seen.whats(key)).toEqual(["one", "quick", "after"]);
      const [quick = 0, after = 0] = ["quick", "after"].map((what) => seen.times(key, what)[0]);
      expect(after - quick).toBeLessThan(1_500);
    });

    test("an experiment runs the variant that was chosen, once", async ({ expect }) => {
      const { runOf, seen } = bench();
      const { key, run } = await runOf("v4/experiment", { variant: "new" });
      expect(run).toMatchObject({ status: "Completed", output: { result: "new", variant: "new" } });
      expect(seen.whats(key)).toEqual(["new"]);
    });
  });
}

export const v4Only: NonNullable<Setting["more"]> = { functions, describe: describeOnly };
