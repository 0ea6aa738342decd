/** Runs again: as a whole, from a step, with other arguments, and a failed one taken up where it failed. */
import { describe, test } from "vitest";
import type { Definition } from "../../apps/definition.ts";
import type { Run } from "../../lib/server.ts";
import type { Bench, Kit } from "./bench.ts";

export function rerunFunctions({ seen }: Kit): Definition[] {
  const weather = new Map<unknown, boolean>();
  return [
    {
      id: "repeatable",
      triggers: [{ event: "rerun/three" }],
      handler: async ({ event, step, runId }) => {
        const key = event.data["key"];
        seen.add(key, "run", { runId, eventId: event.id, ts: event.ts });
        const first = await step.run("first", () => {
          seen.add(key, "first");
          return 2;
        });
        const second = await step.run(
          "second",
          (factor: number, more: { add: number }) => {
            seen.add(key, "second", [factor, more]);
            return first * factor + more.add;
          },
          10,
          { add: 1 },
        );
        await step.sleep("between", "1s");
        const third = await step.run("third", () => {
          seen.add(key, "third");
          return second + 1000;
        });
        return [first, second, third];
      },
    },
    {
      id: "weather",
      triggers: [{ event: "rerun/weather" }],
      retries: 0,
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        await step.run("before", () => seen.add(key, "before"));
        const sky = await step.run("sky", () => {
          seen.add(key, "sky");
          const isClear = weather.get(key) ?? false;
          weather.set(key, true);
          if (!isClear) throw new Error("it rains");
          return "clear";
        });
        return sky;
      },
    },
  ];
}

export function describeReruns(bench: () => Bench): void {
  const again = async (run: Run, action: "rerun" | "resume", body: object = {}): Promise<Run> => {
    const { server } = bench();
    const answer = await server.send("POST", `/v1/runs/${run.run_id}/${action}`, body);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer));
    return server.ended((answer.body as { data: { run_id: string } }).data.run_id);
  };

  describe.concurrent("reruns", () => {
    test("a run repeated runs all steps again, for the same event", async ({ expect }) => {
      const { key, run } = await bench().runOf("rerun/three");
      const repeated = await again(run, "rerun");
      expect(repeated).toMatchObject({ status: "Completed", output: [2, 21, 1021], original_run_id: run.run_id });
      const { seen } = bench();
      expect(seen.whats(key).filter((what) => what !== "run")).toEqual([
        ...["first", "second", "third"],
        ...["first", "second", "third"],
      ]);
      const calls = seen.values(key, "run") as { runId: string; eventId: string; ts: number }[];
      expect(new Set(calls.map((call) => call.runId))).toEqual(new Set([run.run_id, repeated.run_id]));
      expect(new Set(calls.map((call) => `${call.eventId} ${call.ts}`)).size).toBe(1);
    });

    test("from a step, with other arguments: what was before it is kept", async ({ expect }) => {
      const { key, run } = await bench().runOf("rerun/three");
      const repeated = await again(run, "rerun", { from_step: { step_id: "second", input: [100, { add: 7 }] } });
      expect(repeated).toMatchObject({ status: "Completed", output: [2, 207, 1207] });
      const { seen } = bench();
      expect(seen.values(key, "first")).toHaveLength(1);
      expect(seen.values(key, "second")).toEqual([
        [10, { add: 1 }],
        [100, { add: 7 }],
      ]);
      expect(seen.values(key, "third")).toHaveLength(2);
    });

    test("from a step, with the arguments of the code", async ({ expect }) => {
      const { key, run } = await bench().runOf("rerun/three");
      const repeated = await again(run, "rerun", { from_step: { step_id: "third" } });
      expect(repeated).toMatchObject({ status: "Completed", output: [2, 21, 1021] });
      const { seen } = bench();
      expect([seen.values(key, "second").length, seen.values(key, "third").length]).toEqual([1, 2]);
    });

    test("a failed run repeated from the step that failed", async ({ expect }) => {
      const { key, run } = await bench().runOf("rerun/weather");
      expect(run).toMatchObject({ status: "Failed", output: { message: "it rains" } });
      const repeated = await again(run, "rerun", { from_step: { step_id: "sky" } });
      expect(repeated).toMatchObject({ status: "Completed", output: "clear" });
      expect(bench().seen.whats(key)).toEqual(["before", "sky", "sky"]);
    });

    test("a failed run is taken up where it failed, as the same run", async ({ expect }) => {
      const { key, run } = await bench().runOf("rerun/weather");
      expect(run.status).toBe("Failed");
      const resumed = await again(run, "resume");
      expect(resumed).toMatchObject({ run_id: run.run_id, status: "Completed", output: "clear" });
      expect(bench().seen.whats(key)).toEqual(["before", "sky", "sky"]);
    });
  });
}
