/** How runs end before their code does: cancelled, out of time, failed; and what functions hear of it. */
import { describe, test } from "vitest";
import type { Context, Definition, SeenEvent } from "../../apps/definition.ts";
import { until } from "../../lib/wait.ts";
import { type Bench, type Kit, told } from "./bench.ts";

const MS_BEFORE_CANCEL = 150;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function endingFunctions({ seen, tools }: Kit): Definition[] {
  const keyOf = (event: SeenEvent): unknown => (event.data["event"] as SeenEvent).data["key"];
  const onFailure = ({ event }: Context) => seen.add(keyOf(event), "failure");
  const sleeper = async ({ event, step, runId }: Context) => {
    seen.add(event.data["key"], "begun", runId);
    await step.sleep("nap", String(event.data["nap"] ?? "1h"));
    return step.run("after", () => seen.add(event.data["key"], "after", event.data["round"]));
  };
  return [
    {
      id: "stopped-by-match",
      triggers: [{ event: "ending/match" }],
      options: { cancelOn: [{ event: "ending/other" }, { event: "ending/stop", match: "data.key" }] },
      handler: sleeper,
      onFailure,
    },
    {
      id: "stopped-by-if",
      triggers: [{ event: "ending/if" }],
      options: {
        cancelOn: [
          { event: "ending/stop-if", if: "async.data.key == event.data.key && async.data.level > event.data.level" },
        ],
      },
      handler: sleeper,
    },
    {
      id: "stopped-by-next",
      triggers: [{ event: "ending/next" }],
      options: { cancelOn: [{ event: "ending/next", match: "data.key" }] },
      handler: sleeper,
    },
    {
      id: "stopped-in-step",
      triggers: [{ event: "ending/in-step" }],
      options: { cancelOn: [{ event: "ending/stop", match: "data.key" }] },
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        await step.run("slow", async () => {
          seen.add(key, "slow begins");
          await pause(MS_BEFORE_CANCEL * 4);
          seen.add(key, "slow ends");
        });
        await step.run("after", () => seen.add(key, "after"));
      },
    },
    {
      id: "out-of-time",
      triggers: [{ event: "ending/time" }],
      options: { timeouts: { finish: "1s" } },
      handler: async ({ event, step }) => {
        await step.waitForEvent("never", { event: "ending/never", timeout: "1h" });
        seen.add(event.data["key"], "after");
      },
      onFailure,
    },
    {
      id: "on-cancelled",
      triggers: [{ event: "inngest/function.cancelled" }],
      handler: ({ event }) => {
        const { function_id, run_id } = event.data;
        seen.add(keyOf(event), "cancelled", { function_id, run_id });
      },
    },
    {
      id: "on-finished",
      triggers: [{ event: "inngest/function.finished", if: "event.data.event.name == 'ending/finished'" }],
      handler: ({ event }) => {
        const { function_id, run_id, result, error } = event.data;
        seen.add(keyOf(event), "finished", { function_id, run_id, result, error });
      },
    },
    {
      id: "finishing",
      triggers: [{ event: "ending/finished" }],
      retries: 0,
      handler: ({ event }) => {
        if (event.data["fails"] === true) throw new TypeError("it fails");
        return { is: "done" };
      },
    },
    {
      id: "broken",
      triggers: [{ event: "ending/broken" }],
      retries: 0,
      handler: async ({ event, step }) => {
        const kept = await step.run("keep", () => "kept");
        await step.run("break", () => {
          throw new RangeError(`${kept}, then broken`, { cause: new Error(String(event.data["key"])) });
        });
      },
      onFailure: async ({ event, error, step, runId, attempt }) => {
        const key = keyOf(event);
        const noted = await step.run("note", () => ({ ...told(error, tools.StepError), runId, attempt }));
        await step.sleep("a moment", "1s");
        seen.add(key, "failure", { ...noted, of: event.data["run_id"], isError: error instanceof Error });
        throw new Error("the handler is broken too");
      },
    },
  ];
}

export function describeEndings(bench: () => Bench): void {
  const begun = async (name: string, data: Record<string, unknown> = {}, step = "nap") => {
    const sent = await bench().send(name, data);
    return { ...sent, runId: await bench().server.waitingRunOf(sent.eventId, step) };
  };
  const stop = (key: string, name = "ending/stop", data: object = {}) =>
    bench().client.send({ name, data: { key, ...data } });

  describe.concurrent("endings", () => {
    test("cancelOn with match ends the run of that value, and a function may hear of it", async ({ expect }) => {
      const { server, seen, appId } = bench();
      const [one, other] = [await begun("ending/match"), await begun("ending/match", { nap: "1s" })];
      await stop(one.key);
      const { status } = await server.endedRunOf(one.eventId);
      expect(status).toBe("Cancelled");
      await until("a function heard of it", () => seen.values(one.key, "cancelled").length > 0);
      expect(seen.values(one.key, "cancelled")).toEqual([
        { function_id: `${appId}-stopped-by-match`, run_id: one.runId },
      ]);
      expect((await server.endedRunOf(other.eventId)).status).toBe("Completed");
      expect(seen.whats(one.key)).not.toContain("after");
      expect(seen.whats(one.key)).not.toContain("failure");
    });

    test("cancelOn with a condition over both events", async ({ expect }) => {
      const { server, seen } = bench();
      const { key, eventId } = await begun("ending/if", { level: 3 });
      await stop(key, "ending/stop-if", { level: 3 });
      await stop(key, "ending/stop-if", { level: "none" });
      expect((await server.runsOf(eventId))[0]?.status).toBe("Running");
      await stop(key, "ending/stop-if", { level: 4 });
      expect((await server.endedRunOf(eventId)).status).toBe("Cancelled");
      expect(seen.whats(key)).not.toContain("after");
    });

    test("a run's own event does not cancel it, the next one does", async ({ expect }) => {
      const { server, seen } = bench();
      const first = await begun("ending/next", { round: 1 });
      const second = await begun("ending/next", { key: first.key, round: 2, nap: "1s" });
      expect((await server.endedRunOf(first.eventId)).status).toBe("Cancelled");
      expect((await server.endedRunOf(second.eventId)).status).toBe("Completed");
      expect(seen.values(first.key, "after")).toEqual([2]);
    });

    test("a run cancelled in the middle of a step does not go on after it", async ({ expect }) => {
      const { server, seen, send } = bench();
      const { key, eventId } = await send("ending/in-step");
      await until("the step runs", () => seen.whats(key).includes("slow begins"));
      await pause(MS_BEFORE_CANCEL);
      await stop(key);
      expect((await server.endedRunOf(eventId)).status).toBe("Cancelled");
      await until("the body is done", () => seen.whats(key).includes("slow ends"));
      await pause(MS_BEFORE_CANCEL);
      expect((await server.endedRunOf(eventId)).status).toBe("Cancelled");
      if (!bench().setting.checkpointing) expect(seen.whats(key)).not.toContain("after");
    });

    test("the API cancels a run", async ({ expect }) => {
      const { server, seen } = bench();
      const { key, eventId, runId } = await begun("ending/match");
      expect((await server.send("DELETE", `/v1/runs/${runId}`)).status).toBe(200);
      expect((await server.endedRunOf(eventId)).status).toBe("Cancelled");
      await until("a function heard of it", () => seen.values(key, "cancelled").length > 0);
      expect(seen.whats(key)).not.toContain("failure");
    });

    test("timeouts.finish ends a run that takes longer, as cancelled", async ({ expect }) => {
      const { seen, runOf, appId } = bench();
      const { key, run } = await runOf("ending/time");
      expect(run.status).toBe("Cancelled");
      await until("a function heard of it", () => seen.values(key, "cancelled").length > 0);
      expect(seen.values(key, "cancelled")).toEqual([{ function_id: `${appId}-out-of-time`, run_id: run.run_id }]);
      expect(seen.whats(key)).toEqual(["cancelled"]);
    });

    test("a function hears how another finished, well or badly", async ({ expect }) => {
      const { seen, runOf, appId } = bench();
      const [good, bad] = [await runOf("ending/finished"), await runOf("ending/finished", { fails: true })];
      const heard = async ({ key }: { key: string }) => {
        await until("a function heard of it", () => seen.values(key, "finished").length > 0);
        return seen.values(key, "finished")[0];
      };
      const function_id = `${appId}-finishing`;
      expect(await heard(good)).toMatchObject({ function_id, run_id: good.run.run_id, result: { is: "done" } });
      expect(await heard(bad)).toMatchObject({
        function_id,
        run_id: bad.run.run_id,
        error: { name: "TypeError", message: "it fails" },
      });
    });

    test("onFailure gets the error, may use steps, and its own failure causes nothing more", async ({ expect }) => {
      const { seen, runOf } = bench();
      const { key, run } = await runOf("ending/broken");
      expect(run).toMatchObject({ status: "Failed", output: { message: "kept, then broken" } });
      await until("onFailure has used its attempts", () => seen.values(key, "failure").length === 2);
      await pause(1_200);
      const [first, second, ...others] = seen.values(key, "failure") as { runId: string }[];
      expect(first).toMatchObject({ message: "kept, then broken", cause: key, of: run.run_id, isError: true });
      expect(first?.runId).not.toBe(run.run_id);
      expect(second).toEqual(first);
      expect(others).toEqual([]);
    });
  });
}
