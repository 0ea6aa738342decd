/** Every step kind of the official Python SDK, and functions in two languages that invoke each other. */
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { type App, type Client, startApp } from "../apps/app.ts";
import { v4 } from "../apps/v4.ts";
import { preparePython } from "../lib/python.ts";
import { type PythonBench, startPythonBench } from "../lib/python-bench.ts";
import type { Run } from "../lib/server.ts";
import { until } from "../lib/wait.ts";

const python = await preparePython();
const APP_ID = "your-app-name";

let keys = 0;
const newKey = (): string => `py-step-${++keys}`;

beforeEach(({ skip }) => skip(python.missing !== null, python.missing ?? ""));

describe("steps of Python", () => {
  let bench: PythonBench;
  /** An app in the other language. */
  let other: App;
  let client: Client;

  beforeAll(async () => {
    if (python.missing !== null) return;
    bench = await startPythonBench(python);
    const options = { appId: "other-app", baseUrl: bench.server.url, isDev: true };
    client = v4.client(options);
    const double = v4.tools.referenceFunction({ appId: APP_ID, functionId: "double" });
    const definitions = [
      { id: "echo", triggers: [], handler: ({ event }) => ({ language: "TypeScript", number: event.data["number"] }) },
      {
        id: "asks-python",
        triggers: [{ event: "step/asks-python" }],
        handler: ({ event, step }) => step.invoke("ask", { function: double, data: { ...event.data, number: 21 } }),
      },
    ] satisfies Parameters<typeof v4.listener>[1];
    other = await startApp(v4.listener(options, definitions));
    await other.sync();
  });
  afterAll(async () => {
    await bench?.stop();
    await other?.close();
  });

  const send = async (name: string, data: Record<string, unknown> = {}) => {
    const key = String(data["key"] ?? newKey());
    const { ids } = await bench.post("/events", { name, data: { ...data, key } });
    return { key, eventId: ids[0] ?? "" };
  };
  const runOf = async (name: string, data: Record<string, unknown> = {}): Promise<{ key: string; run: Run }> => {
    const { key, eventId } = await send(name, data);
    return { key, run: await bench.server.endedRunOf(eventId) };
  };

  describe.concurrent("behaviour", () => {
    test("wait_for_event gives the event that matches, whole, or None", async ({ expect }) => {
      const { key, eventId } = await send("step/wait", { level: 2 });
      await bench.server.waitingRunOf(eventId, "reply");
      await send("step/reply", { key, level: 2, text: "not enough" });
      await send("step/reply", { level: 9, text: "someone else's" });
      await client.send({ name: "step/reply", id: `reply-${key}`, data: { key, level: 3, text: "ünï ✓" } });
      const run = await bench.server.endedRunOf(eventId);
      expect(run).toMatchObject({
        status: "Completed",
        output: [`reply-${key}`, "step/reply", "ünï ✓", true, null],
      });
    });

    test("waits in a loop take one event each", async ({ expect }) => {
      const { key, eventId } = await send("step/loop");
      for (const [index, text] of ["one", "two", "stop"].entries()) {
        await bench.server.waitingRunOf(eventId, "reply", index);
        await send("step/reply", { key, text });
      }
      expect((await bench.server.endedRunOf(eventId)).output).toEqual(["one", "two"]);
    });

    test("invoke and invoke_by_id, within the app and across languages", async ({ expect }) => {
      const { key, run } = await runOf("step/invoke");
      expect(run).toMatchObject({ status: "Completed", output: [42, 42, { language: "TypeScript", number: 21 }] });
      expect(bench.services.notes(key, "child")).toEqual(["inngest/function.invoked", "inngest/function.invoked"]);
    });

    test("a TypeScript function invokes one in Python", async ({ expect }) => {
      const { ids } = await client.send({ name: "step/asks-python", data: { key: newKey() } });
      expect(await bench.server.endedRunOf(ids[0] ?? "")).toMatchObject({ status: "Completed", output: 42 });
    });

    test("an invoked function that fails, takes too long or is not there is a StepError", async ({ expect }) => {
      const { key, run } = await runOf("step/invoke-errors");
      expect(run.status).toBe("Completed");
      const [failed, late, missing] = run.output as [string, string][];
      expect(failed?.[1]).toBe("child is broken");
      expect(late).toEqual(["InngestInvokeTimeoutError", "Timed out waiting for invoked function to complete"]);
      expect(missing?.[1]).toContain(`${APP_ID}-missing`);
      expect(bench.services.notes(key, "attempt")).toEqual([0, 1]);
    });

    test("a child's error that nobody catches fails the parent, and calls on_failure with it", async ({ expect }) => {
      const { key, run } = await runOf("step/invoke-uncaught");
      expect(run).toMatchObject({ status: "Failed", output: { message: expect.stringContaining("child is broken") } });
      await until("on_failure ran", () => bench.services.notes(key, "failure").length > 0);
      expect(bench.services.notes(key)).toEqual(["attempt", "attempt", "failure"]);
      expect(bench.services.notes(key, "failure")[0]).toContain("child is broken");
    });

    test.for([false, true])("steps of all kinds in a group, race %s", async (race, { expect }) => {
      const { key, eventId } = await send("step/group", { race });
      await bench.server.waitingRunOf(eventId, "reply");
      await send("step/reply", { key, text: "hello" });
      const run = await bench.server.endedRunOf(eventId);
      expect(run).toMatchObject({ status: "Completed", output: ["run", "hello", null, 8, 1, null, "after"] });
      expect(bench.services.notes(key).toSorted()).toEqual(["after", "child", "run"]);
    });

    test("step.ai.infer asks the model", async ({ expect }) => {
      const { key, run } = await runOf("step/infer");
      expect(run).toMatchObject({ status: "Completed", output: { ok: true } });
      const messages = [{ role: "user", content: "Hello, ünï" }];
      expect(bench.services.asked("/chat/completions", key)).toMatchObject([{ model: "gpt-5", messages }]);
    });

    test("cancel with a condition ends the run, and on_failure is not called", async ({ expect }) => {
      const { key, eventId } = await send("step/stopped");
      await bench.server.waitingRunOf(eventId, "nap");
      await send("step/stop");
      await send("step/stop", { key });
      expect((await bench.server.endedRunOf(eventId)).status).toBe("Cancelled");
      await until("a function heard of it", () => bench.services.notes(key).length > 0);
      expect(bench.services.notes(key, "cancelled")).toEqual([`${APP_ID}-stopped`]);
      expect(bench.services.notes(key)).toEqual(["cancelled"]);
    });

    test("timeouts.finish ends a run that takes longer", async ({ expect }) => {
      const { key, run } = await runOf("step/out-of-time");
      expect(run.status).toBe("Cancelled");
      await until("a function heard of it", () => bench.services.notes(key).length > 0);
      expect(bench.services.notes(key)).toEqual(["cancelled"]);
    });

    test("a run is repeated from a step; other arguments are refused, as the SDK cannot read them", async ({
      expect,
    }) => {
      const { key, run } = await runOf("step/repeatable");
      const rerun = (from_step: object) => bench.server.send("POST", `/v1/runs/${run.run_id}/rerun`, { from_step });
      expect(await rerun({ step_id: "second", input: ["other"] })).toMatchObject({
        status: 400,
        body: { error: expect.stringContaining("takes no other arguments") },
      });
      const { body } = await rerun({ step_id: "second" });
      const repeated = await bench.server.ended((body as { data: { run_id: string } }).data.run_id);
      expect(repeated).toMatchObject({ status: "Completed", output: ["first", "second", "third"] });
      expect(bench.services.notes(key)).toEqual(["first", "second", "third", "second", "third"]);
    });

    test("a synchronous function waits, invokes and runs steps in parallel", async ({ expect }) => {
      const { key, eventId } = await send("step/in-thread");
      await bench.server.waitingRunOf(eventId, "reply");
      await send("step/reply", { key, text: "hello" });
      const run = await bench.server.endedRunOf(eventId);
      expect(run).toMatchObject({ status: "Completed", output: ["hello", 8, "a", null, 1] });
    });
  });
});
