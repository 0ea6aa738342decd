/** What only v3 has: functions invoked by a text, with a user. */
import { describe, test } from "vitest";
import type { Definition, InvokeOptions } from "../../apps/definition.ts";
import type { Bench, Kit, Setting } from "./bench.ts";

function functions({ seen }: Kit): Definition[] {
  return [
    {
      id: "v3-invoke",
      triggers: [{ event: "v3/invoke" }],
      handler: async ({ event, step }) => {
        const options = { function: "steps-v3-v3-child", data: event.data, user: { name: "Ada" }, v: "2" };
        return step.invoke("by its whole id", options as InvokeOptions);
      },
    },
    {
      id: "v3-child",
      triggers: [{ event: "v3/child" }],
      handler: ({ event }) => {
        const { user, v } = event as unknown as { user: unknown; v: unknown };
        seen.add(event.data["key"], "child", { user, v });
        return "called";
      },
    },
  ];
}

function describeOnly(bench: () => Bench): void {
  test("a function is invoked by its whole id, with a user and a version of the event", async ({ expect }) => {
    const { key, run } = await bench().runOf("v3/invoke");
    expect(run).toMatchObject({ status: "Completed", output: "called" });
    expect(bench().seen.values(key, "child")).toEqual([{ user: { name: "Ada" }, v: "2" }]);
  });
}

export const v3Only: NonNullable<Setting["more"]> = {
  functions,
  describe: (bench) => describe("only in v3", () => describeOnly(bench)),
};
