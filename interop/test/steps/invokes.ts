/** `step.invoke`: what a child is given, what its parent gets, and every way in which there is nothing to get. */
import { describe, test } from "vitest";
import type { Definition, SeenEvent } from "../../apps/definition.ts";
import { until } from "../../lib/wait.ts";
import { type Bench, type Kit, told } from "./bench.ts";

export function invokeFunctions({ seen, tools, otherAppId }: Kit): Definition[] {
  const double: Definition = {
    id: "double",
    triggers: [],
    handler: async ({ event, step }) => {
      const key = event.data["key"];
      seen.add(key, "child", { name: event.name, number: event.data["number"] });
      return step.run("double", () => Number(event.data["number"]) * 2);
    },
  };
  const nothing: Definition = { id: "nothing", triggers: [], handler: () => undefined };
  const failing: Definition = {
    id: "failing",
    triggers: [],
    retries: 1,
    handler: ({ event, attempt }) => {
      seen.add(event.data["key"], "attempt", attempt);
      throw new RangeError(`child is broken: ${attempt}`, { cause: new Error("the root") });
    },
  };
  const final: Definition = {
    id: "final",
    triggers: [],
    handler: async ({ event, step }) => {
      await step.run("final", () => {
        seen.add(event.data["key"], "attempt");
        throw new tools.NonRetriableError("no such child");
      });
    },
  };
  const endless: Definition = {
    id: "endless",
    triggers: [],
    options: { cancelOn: [{ event: "invoke/stop", match: "data.key" }] },
    handler: async ({ event, step }) => {
      seen.add(event.data["key"], "child begins");
      await step.sleep("for ever", "1h");
    },
  };
  const children = [double, nothing, failing, final, endless];
  const remote = (functionId: string) => tools.referenceFunction({ appId: otherAppId, functionId });
  const inTime = { timeout: "1m" };

  /** Invokes what the event names and returns the result, or what was thrown. */
  const parent: Definition = {
    id: "parent",
    triggers: [{ event: "invoke/parent" }],
    handler: async ({ event, step }) => {
      const { key, child, timeout, app } = event.data;
      const named = children.find(({ id }) => id === child);
      const fn =
        app === undefined
          ? named === undefined
            ? tools.referenceFunction({ functionId: String(child) })
            : tools.functionOf(named)
          : remote(String(child));
      const data = { key, number: event.data["number"] ?? 0 };
      const options = { function: fn, data, ...(timeout === undefined ? inTime : { timeout: String(timeout) }) };
      try {
        const result = await step.invoke("call", options);
        return await step.run("after", () => ({ result }));
      } catch (error) {
        return step.run("caught", () => told(error, tools.StepError));
      }
    },
  };
  return [
    ...children,
    parent,
    {
      id: "uncaught-parent",
      triggers: [{ event: "invoke/uncaught" }],
      handler: async ({ event, step }) => {
        seen.add(event.data["key"], "parent");
        await step.invoke("call", { function: tools.functionOf(final), data: { key: event.data["key"] } });
      },
      onFailure: ({ event, error }) => {
        seen.add((event.data["event"] as SeenEvent).data["key"], "failure", error?.message);
      },
    },
    {
      id: "many",
      triggers: [{ event: "invoke/many" }],
      handler: async ({ event, step }) => {
        const call = (number: number) =>
          step.invoke(`call ${number}`, {
            function: tools.functionOf(double),
            data: { key: event.data["key"], number },
          });
        const doubled = await Promise.all([1, 2, 3, 4, 5].map(call));
        const again = await step.invoke("last", { function: remote("echo"), data: { doubled } });
        return again;
      },
    },
    {
      id: "countdown",
      triggers: [{ event: "invoke/countdown" }],
      handler: async ({ event, step }): Promise<unknown> => {
        const left = Number(event.data["left"]);
        if (left === 0) return ["lift-off"];
        const self = tools.referenceFunction({ functionId: "countdown" });
        const rest = await step.invoke("less", { function: self, data: { left: left - 1 } });
        return [left, ...(rest as unknown[])];
      },
    },
  ];
}

export function otherFunctions({ seen }: Kit): Definition[] {
  return [
    {
      id: "echo",
      triggers: [{ event: "invoke/echo" }],
      handler: async ({ event, step }) => {
        seen.add(event.data["key"], "echo", event.name);
        return step.run("echo", () => ({ app: "other", ...event.data, _inngest: undefined }));
      },
    },
  ];
}

export function describeInvokes(bench: () => Bench): void {
  const call = (child: string, data: object = {}) => bench().runOf("invoke/parent", { child, ...data });

  describe.concurrent("invoke", () => {
    test("a function is called with data, and its result is the step's", async ({ expect }) => {
      const { key, run } = await call("double", { number: 21 });
      expect(run).toMatchObject({ status: "Completed", output: { result: 42 } });
      const child = { name: "inngest/function.invoked", number: 21 };
      const seen = bench().seen.values(key, "child");
      expect(seen).toEqual(seen.map(() => child));
    });

    test("a function of another app is called by reference", async ({ expect }) => {
      const { key, run } = await call("echo", { app: "other", number: 1 });
      expect(run).toMatchObject({ status: "Completed", output: { result: { app: "other", key, number: 1 } } });
      expect(bench().seen.values(key, "echo")[0]).toBe("inngest/function.invoked");
    });

    test("a function that returns nothing gives null", async ({ expect }) => {
      expect((await call("nothing")).run).toMatchObject({ status: "Completed", output: { result: null } });
    });

    test("several at once give their results in their places", async ({ expect }) => {
      const { run } = await bench().runOf("invoke/many");
      expect(run).toMatchObject({ status: "Completed", output: { doubled: [2, 4, 6, 8, 10] } });
    });

    test("a function may call itself", async ({ expect }) => {
      const { run } = await bench().runOf("invoke/countdown", { left: 4 });
      expect(run.output).toEqual([4, 3, 2, 1, "lift-off"]);
    });

    test("a child that fails throws its error, after its own attempts", async ({ expect }) => {
      const { key, run } = await call("failing");
      expect(run).toMatchObject({
        status: "Completed",
        output: { isStepError: true, name: "RangeError", message: "child is broken: 1", cause: "the root" },
      });
      expect(bench().seen.values(key, "attempt")).toEqual([0, 1]);
    });

    test("a child's NonRetriableError arrives after one attempt", async ({ expect }) => {
      const { key, run } = await call("final");
      expect(run.output).toMatchObject({ isStepError: true, message: "no such child" });
      expect(bench().seen.values(key, "attempt")).toHaveLength(1);
    });

    test("a child's error that nobody catches fails the parent without a further attempt", async ({ expect }) => {
      const { key, run } = await bench().runOf("invoke/uncaught");
      expect(run).toMatchObject({ status: "Failed", output: { message: "no such child" } });
      await until("onFailure ran", () => bench().seen.values(key, "failure").length > 0);
      expect(bench().seen.values(key, "failure")).toEqual(["no such child"]);
      expect(bench().seen.values(key, "attempt")).toHaveLength(1);
    });

    test("a child that takes too long is an InngestInvokeTimeoutError; it goes on", async ({ expect }) => {
      const { run } = await call("endless", { timeout: "1s" });
      expect(run.output).toMatchObject({
        isStepError: true,
        name: "InngestInvokeTimeoutError",
        message: "Timed out waiting for invoked function to complete",
      });
    });

    test("a function that nobody serves is an error at once", async ({ expect }) => {
      const { run } = await call("missing");
      expect(run).toMatchObject({ status: "Completed", output: { isStepError: true } });
      expect((run.output as Error).message).toContain(`${bench().appId}-missing`);
    });

    test("a child that is cancelled is an error", async ({ expect }) => {
      const { server, client, send, seen } = bench();
      const { key, eventId } = await send("invoke/parent", { child: "endless" });
      await until("the child runs", () => seen.whats(key).includes("child begins"));
      await client.send({ name: "invoke/stop", data: { key } });
      const run = await server.endedRunOf(eventId);
      expect(run).toMatchObject({ status: "Completed", output: { isStepError: true } });
      expect((run.output as Error).message).toMatch(/cancelled/);
    });
  });
}
