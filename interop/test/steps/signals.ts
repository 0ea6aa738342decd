/** `step.waitForSignal`, `step.sendSignal` and the client's `sendSignal`. */
import { describe, test } from "vitest";
import type { Definition } from "../../apps/definition.ts";
import type { Bench, Kit } from "./bench.ts";

export function signalFunctions({ seen }: Kit): Definition[] {
  const waiting = (id: string, onConflict: "fail" | "replace"): Definition => ({
    id,
    triggers: [{ event: `signal/${id}` }],
    retries: 0,
    handler: async ({ event, step }) => {
      const key = String(event.data["key"]);
      const timeout = String(event.data["timeout"] ?? "1m");
      const received = await step.waitForSignal("approval", { signal: `approve/${key}`, timeout, onConflict });
      seen.add(key, "received", received);
      return step.run("after", () => received);
    },
  });
  return [
    waiting("patient", "fail"),
    waiting("greedy", "replace"),
    {
      id: "signal-sender",
      triggers: [{ event: "signal/sender" }],
      handler: async ({ event, step }) => {
        const signal = `approve/${event.data["key"]}`;
        await step.sendSignal("tell", { signal, data: { from: "a step" } });
        await step.sendSignal("tell nobody", { signal: `${signal}/nobody`, data: 1 });
        return "sent";
      },
    },
  ];
}

export function describeSignals(bench: () => Bench): void {
  describe.concurrent("signals", () => {
    test("a signal resumes the run that waits for it, and the sender learns which", async ({ expect }) => {
      const { server, seen, send, client } = bench();
      const { key, eventId } = await send("signal/patient");
      const runId = await server.waitingRunOf(eventId, "approval");
      const signal = `approve/${key}`;
      const data = { ok: true, by: "ünï" };
      expect(await client.sendSignal({ signal, data })).toEqual({ runId });
      const run = await server.endedRunOf(eventId);
      expect(run).toMatchObject({ status: "Completed", output: { signal, data } });
      expect(seen.values(key, "received")[0]).toEqual({ signal, data });
    });

    test("a signal that nobody waits for reaches nobody", async ({ expect }) => {
      expect((await bench().client.sendSignal({ signal: "approve/nobody" })).runId).toBeUndefined();
      const signal = "approve/nobody";
      expect((await bench().server.send("POST", "/v1/signals", { signal })).status).toBe(404);
    });

    test("a signal without data carries null", async ({ expect }) => {
      const { server, send, client } = bench();
      const { key, eventId } = await send("signal/patient");
      await server.waitingRunOf(eventId, "approval");
      await client.sendSignal({ signal: `approve/${key}` });
      expect((await server.endedRunOf(eventId)).output).toEqual({ signal: `approve/${key}`, data: null });
    });

    test("a step of another function sends it", async ({ expect }) => {
      const { server, send, runOf } = bench();
      const { key, eventId } = await send("signal/patient");
      await server.waitingRunOf(eventId, "approval");
      expect((await runOf("signal/sender", { key })).run).toMatchObject({ status: "Completed", output: "sent" });
      expect((await server.endedRunOf(eventId)).output).toMatchObject({ data: { from: "a step" } });
    });

    test("without a signal the wait ends with null", async ({ expect }) => {
      const { key, run } = await bench().runOf("signal/patient", { timeout: "1s" });
      expect(run).toMatchObject({ status: "Completed", output: null });
      expect(bench().seen.values(key, "received")[0]).toBeNull();
    });

    test("a second wait for the same signal fails its own run", async ({ expect }) => {
      const { server, send, runOf, client } = bench();
      const first = await send("signal/patient");
      const runId = await server.waitingRunOf(first.eventId, "approval");
      const second = await runOf("signal/patient", { key: first.key });
      expect(second.run).toMatchObject({
        status: "Failed",
        output: { message: expect.stringContaining("signal wait already exists for another run") },
      });
      expect(await client.sendSignal({ signal: `approve/${first.key}`, data: 1 })).toEqual({ runId });
      expect((await server.endedRunOf(first.eventId)).status).toBe("Completed");
    });

    test("a second wait may take the signal over; the first ends with its timeout", async ({ expect }) => {
      const { server, send, client } = bench();
      const first = await send("signal/patient", { timeout: "2s" });
      await server.waitingRunOf(first.eventId, "approval");
      const second = await send("signal/greedy", { key: first.key });
      const runId = await server.waitingRunOf(second.eventId, "approval");
      expect(await client.sendSignal({ signal: `approve/${first.key}`, data: "mine" })).toEqual({ runId });
      expect((await server.endedRunOf(second.eventId)).output).toMatchObject({ data: "mine" });
      expect(await server.endedRunOf(first.eventId)).toMatchObject({ status: "Completed", output: null });
    });
  });
}
