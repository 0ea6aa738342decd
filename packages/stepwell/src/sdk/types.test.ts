import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { call, EVENT, output } from "../../test/sdk/driver.ts";
import {
  type AiModel,
  aiModels,
  eventType,
  type Jsonify,
  type ReceivedEvent,
  referenceFunction,
  Stepwell,
} from "../index.ts";

const client = new Stepwell({ id: "app", isDev: true });

describe("stored values as types", () => {
  test("are what a replay gives back", () => {
    interface Row {
      id: number;
      at: Date;
      note?: string;
      maybe: string | undefined;
      tags: readonly string[];
      save: () => void;
    }
    expectTypeOf<Jsonify<Row>>().toEqualTypeOf<{
      id: number;
      at: string;
      note?: string;
      maybe?: string;
      tags: readonly string[];
    }>();
    expectTypeOf<Jsonify<undefined>>().toEqualTypeOf<null>();
    expectTypeOf<Jsonify<Date[]>>().toEqualTypeOf<string[]>();
    expectTypeOf<Jsonify<Map<string, number>>>().toEqualTypeOf<never>();
    expectTypeOf<Jsonify<bigint>>().toEqualTypeOf<never>();
    expectTypeOf<Jsonify<[Date, "x"]>>().toEqualTypeOf<[string, "x"]>();
    expectTypeOf<Jsonify<{ kind: "a"; n: 1 } | { kind: "b" }>>().toEqualTypeOf<{ kind: "a"; n: 1 } | { kind: "b" }>();
    expectTypeOf<Jsonify<unknown>>().toEqualTypeOf<unknown>();
  });

  test("are what step.run resolves to", () => {
    client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step }) => {
      expectTypeOf(await step.run("a", async () => ({ at: new Date() }))).toEqualTypeOf<{ at: string }>();
      expectTypeOf(await step.run("b", () => {})).toEqualTypeOf<null>();
      expectTypeOf(await step.run("c", (n: number, text: string) => text.repeat(n), 2, "x")).toEqualTypeOf<string>();
      expectTypeOf(await step.sleep("d", "1d")).toEqualTypeOf<void>();
      expectTypeOf(await step.sendEvent("e", { name: "x" })).toEqualTypeOf<{ readonly ids: string[] }>();
      // @ts-expect-error the arguments must fit the body
      await step.run("f", (n: number) => n, "text");
    });
  });
});

describe("events as types", () => {
  test("a literal name is the event's name", () => {
    client.createFunction({ id: "f", triggers: { event: "order/placed" } }, ({ event }) => {
      expectTypeOf(event.name).toEqualTypeOf<"order/placed">();
    });
  });

  test("several triggers make a union", () => {
    const triggers = [{ event: "order/placed" }, { event: "order/updated" }, { cron: "0 9 * * *" }] as const;
    client.createFunction({ id: "f", triggers }, ({ event }) => {
      expectTypeOf(event.name).toEqualTypeOf<"order/placed" | "order/updated" | "inngest/scheduled.timer">();
      if (event.name === "inngest/scheduled.timer") expectTypeOf(event.data.cron).toEqualTypeOf<string>();
    });
    client.createFunction({ id: "g", triggers: [{ event: "a" }, { event: "b" }] }, ({ event }) => {
      expectTypeOf(event.name).toEqualTypeOf<"a" | "b">();
    });
  });

  test("a pattern matches names that begin like it", () => {
    client.createFunction({ id: "f", triggers: { event: "api/*" } }, ({ event }) => {
      expectTypeOf(event.name).toEqualTypeOf<`api/${string}`>();
    });
  });

  test("a schema types the data: its input when sent, its output when received", () => {
    const placed = eventType("order/placed", { schema: z.object({ id: z.string(), at: z.coerce.date() }) });
    expectTypeOf(placed.create).parameter(0).toExtend<{ id: string }>();
    client.createFunction({ id: "f", triggers: placed }, ({ event, events }) => {
      expectTypeOf(event.data).toEqualTypeOf<{ id: string; at: Date }>();
      expectTypeOf(events).toEqualTypeOf<readonly ReceivedEvent<"order/placed", { id: string; at: Date }>[]>();
    });
    client.createFunction({ id: "g", triggers: [{ event: placed, if: "true" }, { event: "other" }] }, ({ event }) => {
      if (event.name === "order/placed") expectTypeOf(event.data.at).toEqualTypeOf<Date>();
    });
    // @ts-expect-error the data must fit the schema
    placed.create({ id: 1, at: "2030-01-01" });
  });

  test("a failure handler knows the failed run and its event", () => {
    const onFailure = undefined as Parameters<typeof client.createFunction>[0]["onFailure"];
    type Context = Parameters<NonNullable<typeof onFailure>>[0];
    expectTypeOf<Context["error"]>().toEqualTypeOf<Error>();
    expectTypeOf<Context["event"]["data"]["run_id"]>().toEqualTypeOf<string>();
  });
});

describe("steps that wait and compose, as types", () => {
  const replied = eventType("lead/replied", { schema: z.object({ leadId: z.string(), at: z.coerce.date() }) });

  test("an awaited event has the name and data of its type", () => {
    client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step }) => {
      const one = await step.waitForEvent("a", { event: replied, timeout: "1d", match: "data.leadId" });
      expectTypeOf(one).toEqualTypeOf<ReceivedEvent<"lead/replied", { leadId: string; at: Date }> | null>();
      const named = await step.waitForEvent("b", { event: "lead/lost", timeout: "1d" });
      expectTypeOf(named!.name).toEqualTypeOf<"lead/lost">();
      const first = await step.waitForEvent("c", { events: [replied, "lead/lost"], timeout: "1d", since: "run" });
      expectTypeOf(first!.name).toEqualTypeOf<"lead/replied" | "lead/lost">();
      if (first?.name === "lead/replied") expectTypeOf(first.data.at).toEqualTypeOf<Date>();
      // @ts-expect-error a wait needs a timeout
      step.waitForEvent("d", { event: "x" });
      // @ts-expect-error either a match or a condition
      step.waitForEvent("d", { event: "x", timeout: "1d", match: "data.id", if: "true" });
      // @ts-expect-error either one event or several
      step.waitForEvent("d", { event: "x", events: ["x", "y"], timeout: "1d" });
      // @ts-expect-error only bodies have a timeout beside the id
      step.waitForEvent({ id: "d", timeout: "1d" }, { event: "x", timeout: "1d" });
    });
  });

  test("a signal has the data that is expected of it", () => {
    client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step }) => {
      const signal = await step.waitForSignal<{ by: string }>("a", { signal: "x", timeout: "1d" });
      expectTypeOf(signal).toEqualTypeOf<{ readonly signal: string; readonly data: { by: string } } | null>();
      expectTypeOf(await step.sendSignal("b", { signal: "x" })).toEqualTypeOf<null>();
    });
  });

  test("a function without triggers gets the event of whoever invokes it", () => {
    client.createFunction({ id: "f", triggers: [] }, ({ event }) => {
      expectTypeOf(event).toEqualTypeOf<ReceivedEvent>();
      return event.data.net;
    });
  });

  test("an invoked function gives what it returns, and takes the data of its events", () => {
    const charge = client.createFunction({ id: "charge", triggers: replied }, async () => ({
      at: new Date(),
      note: "",
    }));
    const report = client.createFunction({ id: "report", triggers: { cron: "0 9 * * *" } }, () => 7);
    const loose = client.createFunction({ id: "loose", triggers: { event: "x" } }, () => {});
    const elsewhere = referenceFunction<typeof charge>({ appId: "billing", functionId: "charge" });
    client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step }) => {
      const data = { leadId: "1", at: "2030-01-01" };
      expectTypeOf(await step.invoke("a", { function: charge, data })).toEqualTypeOf<{ at: string; note: string }>();
      expectTypeOf(await step.invoke("b", { function: elsewhere, data })).toEqualTypeOf<{ at: string; note: string }>();
      expectTypeOf(await step.invoke("c", { function: report })).toEqualTypeOf<number>();
      expectTypeOf(await step.invoke("d", { function: loose, data: { any: 1 } })).toEqualTypeOf<null>();
      expectTypeOf(await step.invoke("e", { function: "billing-charge", data: {} })).toBeAny();
      expectTypeOf(await step.invoke("f", { function: referenceFunction({ functionId: "g" }) })).toBeAny();
      // @ts-expect-error the data must be that of the function's event
      step.invoke("g", { function: charge, data: { leadId: 1 } });
      // @ts-expect-error only these two
      step.invoke("g", { function: report, onParentCancel: "kill" });
    });
  });

  test("a fetched response is one, and a model's answer is what its adapter says", () => {
    interface Adapter extends AiModel {
      readonly "~types": { readonly input: { prompt: string }; readonly output: { text: string } };
    }
    const adapter = {} as Adapter;
    client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step }) => {
      expectTypeOf(await step.fetch("a", "https://example.com")).toEqualTypeOf<Response>();
      expectTypeOf(await step.ai.infer("b", { model: adapter, body: { prompt: "" } })).toEqualTypeOf<{
        text: string;
      }>();
      expectTypeOf(await step.ai.infer("c", { model: aiModels.openai({ model: "m" }), body: {} })).toBeAny();
      expectTypeOf(await step.ai.wrap("d", (n: number) => ({ n }), 1)).toEqualTypeOf<{ n: number }>();
      // @ts-expect-error the body must be the adapter's
      step.ai.infer("e", { model: adapter, body: { promt: "" } });
    });
  });

  test("handlers of cancelled and skipped runs know their event", () => {
    client.createFunction(
      {
        id: "f",
        triggers: { event: "e" },
        onCancel: ({ event }) => expectTypeOf(event.data.event.name).toEqualTypeOf<string>(),
        onTimeout: ({ event }) =>
          expectTypeOf(event.name).toEqualTypeOf<"inngest/function.cancelled" | "inngest/function.failed">(),
        onSkip: ({ event }) => expectTypeOf(event.name).toEqualTypeOf<"inngest/function.skipped">(),
      },
      ({ signal }) => expectTypeOf(signal).toEqualTypeOf<AbortSignal>(),
    );
  });
});

describe("events are checked when they are received", () => {
  const given = (data: object) => ({ event: { ...EVENT, name: "n", data }, events: [{ ...EVENT, name: "n", data }] });

  test("with Zod, which may change the data", async () => {
    const typed = eventType("n", { schema: z.object({ at: z.coerce.date() }) });
    const fn = client.createFunction({ id: "f", triggers: typed }, ({ event }) => event.data.at.getTime());
    expect(output({ result: await call(fn, given({ at: "1970-01-01T00:00:01Z" })) })).toBe(1_000);
  });

  test("with Valibot", async () => {
    const typed = eventType("n", { schema: v.object({ n: v.number() }) });
    const fn = client.createFunction({ id: "f", triggers: { event: typed } }, ({ event }) => event.data.n + 1);
    expect(output({ result: await call(fn, given({ n: 1 })) })).toBe(2);
    const refused = await call(fn, given({ n: "1" }));
    expect(refused).toMatchObject({ kind: "failed", noRetry: true, error: { code: "event_schema_failed" } });
  });

  test("with ArkType", async () => {
    const typed = eventType("n", { schema: type({ n: "number" }) });
    const fn = client.createFunction({ id: "f", triggers: typed }, ({ event }) => event.data.n + 1);
    expect(output({ result: await call(fn, given({ n: 1 })) })).toBe(2);
    expect(await call(fn, given({}))).toMatchObject({ kind: "failed", noRetry: true });
  });
});
