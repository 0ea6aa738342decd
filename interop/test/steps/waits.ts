/** `step.waitForEvent`: what ends a wait, what does not, and what the function gets. */
import { describe, test } from "vitest";
import type { Definition, SeenEvent } from "../../apps/definition.ts";
import { until } from "../../lib/wait.ts";
import { type Bench, type Kit, newKey } from "./bench.ts";

export function waitFunctions({ seen }: Kit): Definition[] {
  return [
    {
      id: "wait-match",
      triggers: [{ event: "wait/match" }],
      handler: async ({ event, step }) => {
        const reply = await step.waitForEvent("reply", { event: "wait/reply", match: "data.key", timeout: "1m" });
        seen.add(event.data["key"], "reply", reply);
        return step.run("after", () => reply?.data["text"]);
      },
    },
    {
      id: "wait-if",
      triggers: [{ event: "wait/if" }],
      handler: ({ step }) =>
        step.waitForEvent("paid", {
          event: "wait/paid",
          if: "async.data.key == event.data.key && (async.data.total >= event.data.limit || async.data.tags.exists(t, t == 'gift'))",
          timeout: "1m",
        }),
    },
    {
      id: "wait-timeout",
      triggers: [{ event: "wait/timeout" }],
      retries: 0,
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        const begun = await step.run("begin", () => Date.now());
        const one = await step.waitForEvent("never", { event: "wait/never", timeout: "1s" });
        const between = await step.run("between", () => Date.now());
        const at = new Date(between + 1_000);
        const two = await step.waitForEvent("nor then", { event: "wait/never", timeout: at });
        const ended = await step.run("end", () => Date.now());
        seen.add(key, "nothing", [one, two]);
        return [between - begun, ended - between];
      },
    },
    {
      id: "wait-several",
      triggers: [{ event: "wait/several" }],
      handler: async ({ step }) => {
        const waitFor = async (name: string) => {
          const reply = await step.waitForEvent(name, { event: `wait/${name}`, match: "data.key", timeout: "1m" });
          return reply?.data["text"];
        };
        return Promise.all([waitFor("left"), waitFor("right")]);
      },
    },
    {
      id: "wait-loop",
      triggers: [{ event: "wait/loop" }],
      handler: async ({ event, step }) => {
        const texts: unknown[] = [];
        for (;;) {
          const reply = await step.waitForEvent("reply", { event: "wait/reply", match: "data.key", timeout: "1m" });
          const text = reply?.data["text"];
          if (text === "stop") return texts;
          texts.push(await step.run("note", () => `${event.data["prefix"]}${text}`));
        }
      },
    },
    {
      id: "wait-after-send",
      triggers: [{ event: "wait/after-send" }],
      handler: async ({ event, step }) => {
        const payload = { name: "wait/echo", data: { key: event.data["key"], text: "early" } };
        await step.sendEvent("send", payload);
        const late = await step.waitForEvent("late", { event: "wait/echo", match: "data.key", timeout: "1s" });
        const [caught] = await Promise.all([
          step.waitForEvent("in time", { event: "wait/echo", match: "data.key", timeout: "30s" }),
          step.sendEvent("send again", { ...payload, data: { ...payload.data, text: "beside" } }),
        ]);
        return [late, caught?.data["text"]];
      },
    },
    {
      id: "wait-broken",
      triggers: [{ event: "wait/broken" }],
      handler: async ({ event, step }) => {
        const broken = { event: "wait/reply", if: "async.data.key ===", timeout: "1m" };
        await step.waitForEvent("broken", broken).catch(() => seen.add(event.data["key"], "caught"));
        seen.add(event.data["key"], "went on");
      },
      onFailure: async ({ event, error }) => {
        const original = event.data["event"] as SeenEvent;
        seen.add(original.data["key"], "failure", error?.message);
      },
    },
  ];
}

export function describeWaits(bench: () => Bench): void {
  const reply = (key: string, data: object, name = "wait/reply") =>
    bench().client.send({ name, data: { key, ...data } });

  describe.concurrent("waitForEvent", () => {
    test("the first event that matches is the result, whole; others go by", async ({ expect }) => {
      const { server, seen, send } = bench();
      const { key, eventId } = await send("wait/match");
      await server.waitingRunOf(eventId, "reply");
      await reply("someone else", { text: "no" });
      await reply(key, { text: "no", is: "of another name" }, "wait/other");
      const ts = Date.now();
      const event = {
        name: "wait/reply",
        id: `reply-${key}`,
        ts,
        v: "3",
        data: { key, text: "ünï ✓", list: [1, null] },
      };
      await bench().client.send(event);
      await reply(key, { text: "too late" });
      expect(await server.endedRunOf(eventId)).toMatchObject({ status: "Completed", output: "ünï ✓" });
      expect(seen.values(key, "reply")[0]).toMatchObject(event);
    });

    test("a condition over both events decides", async ({ expect }) => {
      const { server, send } = bench();
      const [sum, gift] = [await send("wait/if", { limit: 100 }), await send("wait/if", { limit: 1e9 })];
      await Promise.all([sum, gift].map(({ eventId }) => server.waitingRunOf(eventId, "paid")));
      await reply(sum.key, { total: 99.5, tags: [] }, "wait/paid");
      await reply(sum.key, {}, "wait/paid");
      await reply(gift.key, { total: 99.5, tags: ["new", "gift"] }, "wait/paid");
      await reply(sum.key, { total: 100.5 }, "wait/paid");
      const runs = await Promise.all([sum, gift].map(({ eventId }) => server.endedRunOf(eventId)));
      expect(runs.map(({ output }) => (output as SeenEvent).data["total"])).toEqual([100.5, 99.5]);
    });

    test("a timeout, as a duration or a date, gives null and not before its time", async ({ expect }) => {
      const { key, run } = await bench().runOf("wait/timeout");
      expect(run.status).toBe("Completed");
      for (const waitedMs of run.output as number[]) {
        expect(waitedMs).toBeGreaterThanOrEqual(990);
        expect(waitedMs).toBeLessThan(4_000);
      }
      expect(bench().seen.values(key, "nothing")).toEqual([[null, null]]);
    });

    test("waits beside each other end in any order", async ({ expect }) => {
      const { server, send } = bench();
      const { key, eventId } = await send("wait/several");
      await server.waitingRunOf(eventId, "left");
      await server.waitingRunOf(eventId, "right");
      await reply(key, { text: "second" }, "wait/right");
      await reply(key, { text: "first" }, "wait/left");
      expect((await server.endedRunOf(eventId)).output).toEqual(["first", "second"]);
    });

    test("one event resumes all the runs that wait for it", async ({ expect }) => {
      const { server, send } = bench();
      const key = newKey();
      const sent = await Promise.all([1, 2, 3].map(() => send("wait/match", { key })));
      await Promise.all(sent.map(({ eventId }) => server.waitingRunOf(eventId, "reply")));
      await reply(key, { text: "to all" });
      const runs = await Promise.all(sent.map(({ eventId }) => server.endedRunOf(eventId)));
      expect(runs.map(({ output }) => output)).toEqual(["to all", "to all", "to all"]);
    });

    test("a wait in a loop takes one event each time", async ({ expect }) => {
      const { server, send } = bench();
      const { key, eventId } = await send("wait/loop", { prefix: "> " });
      for (const [index, text] of ["one", "two", "three", "stop"].entries()) {
        await server.waitingRunOf(eventId, "reply", index);
        await reply(key, { text });
      }
      expect((await server.endedRunOf(eventId)).output).toEqual(["> one", "> two", "> three"]);
    });

    test("an event from before the wait does not count, one sent beside it does", async ({ expect }) => {
      const { run } = await bench().runOf("wait/after-send");
      expect(run).toMatchObject({ status: "Completed", output: [null, "beside"] });
    });

    test("a condition that cannot be read fails the run at once, and says which", async ({ expect }) => {
      const { key, run } = await bench().runOf("wait/broken");
      expect(run).toMatchObject({
        status: "Failed",
        output: { message: expect.stringContaining("async.data.key ===") },
      });
      await until("onFailure ran", () => bench().seen.whats(key).length > 0);
      expect(bench().seen.whats(key)).toEqual(["failure"]);
      expect(bench().seen.values(key, "failure")[0]).toContain("async.data.key ===");
    });
  });
}
