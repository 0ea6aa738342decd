import { describe, expect, test } from "vitest";
import { z } from "zod";
import { byName, call, client, drive, output, state } from "../../test/sdk/driver.ts";
import { eventType, type StepTools } from "../index.ts";
import { stepHash } from "../protocol/step-id.ts";

const fn = (body: (step: StepTools) => unknown) =>
  client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => body(step));

const op = async (body: (step: StepTools) => unknown) => {
  const result = await call(fn(body));
  if (result.kind !== "ops") throw result.kind === "failed" ? result.error : new Error("it returned");
  expect(result.ops).toHaveLength(1);
  return result.ops[0]!;
};

/** Options as JavaScript may give them. */
const any = (options: unknown) => options as never;

const reply = { name: "lead/replied", id: "e-1", ts: 5, data: { leadId: "42", n: 1 }, user: {} };

describe("waiting for an event", () => {
  test("asks the engine with name, condition and timeout", async () => {
    expect(
      await op((step) => step.waitForEvent("w", { event: "paid", timeout: "7d", match: "data.id" })),
    ).toMatchObject({
      op: "WaitForEvent",
      id: stepHash("w", 0),
      name: "paid",
      displayName: "w",
      opts: { event: "paid", timeout: "1w", if: "event.data.id == async.data.id" },
      data: null,
    });
    const until = new Date("2030-01-01T00:00:00Z");
    expect(
      await op((step) => step.waitForEvent("w", { event: "paid", timeout: until, if: "async.data.ok" })),
    ).toMatchObject({
      opts: { timeout: "2030-01-01T00:00:00.000Z", if: "async.data.ok" },
    });
  });

  test("may look back and take the first of several", async () => {
    const paid = eventType("paid");
    const { name, opts } = await op((step) =>
      step.waitForEvent("w", { events: [paid, "refused"], timeout: "1h", since: "run" }),
    );
    expect(name).toBe("paid");
    expect(opts).toEqual({ event: "paid", events: ["paid", "refused"], timeout: "1h", since: "run" });
    const since = new Date(0);
    expect(await op((step) => step.waitForEvent("w", { event: "paid", timeout: "1h", since }))).toMatchObject({
      opts: { since: "1970-01-01T00:00:00.000Z" },
    });
  });

  test("does so on our servers alone; others are not asked for what they cannot do", async () => {
    const refused = { kind: "failed", noRetry: true, error: { code: "option_invalid" } };
    const since = fn((step) => step.waitForEvent("w", { event: "a", timeout: "1h", since: "run" }));
    expect(await call(since, { isExtended: false })).toMatchObject(refused);
    const several = fn((step) => step.waitForEvent("w", { events: ["a", "b"], timeout: "1h" }));
    expect(await call(several, { isExtended: false })).toMatchObject(refused);
    const plain = fn((step) => step.waitForEvent("w", { event: "a", timeout: "1h" }));
    expect(await call(plain, { isExtended: false })).toMatchObject({ ops: [{ op: "WaitForEvent" }] });
  });

  test("gives back the event as it came, or null when the time is over", async () => {
    const waiting = fn((step) => step.waitForEvent("w", { event: "lead/replied", timeout: "3d" }));
    expect(output({ result: await call(waiting, state({ w: reply })) })).toEqual(reply);
    expect(output({ result: await call(waiting, state({ w: null })) })).toBeNull();
  });

  test("checks the event against the schema of its type, which may change the data", async () => {
    const replied = eventType("lead/replied", { schema: z.object({ leadId: z.coerce.number() }) });
    const one = fn(async (step) => (await step.waitForEvent("w", { event: replied, timeout: "3d" }))?.data);
    expect(output({ result: await call(one, state({ w: reply })) })).toEqual({ leadId: 42 });
    const bad = await call(one, state({ w: { ...reply, data: {} } }));
    expect(bad).toMatchObject({ kind: "failed", noRetry: true, error: { code: "event_schema_failed" } });
    const two = fn(async (step) => (await step.waitForEvent("w", { events: ["x", replied], timeout: "3d" }))?.data);
    expect(output({ result: await call(two, state({ w: reply })) })).toEqual({ leadId: 42 });
    expect(output({ result: await call(two, state({ w: { ...reply, name: "x" } })) })).toEqual(reply.data);
  });

  const refusal = async (options: unknown) => {
    const result = await call(fn((step) => step.waitForEvent("w", any(options))));
    if (result.kind !== "failed") throw new Error(`it is ${result.kind}`);
    expect(result.noRetry).toBe(true);
    return result.error as { code: string; message: string };
  };
  const timeout = "1d";

  test("refuses what cannot be, with a code and the place", async () => {
    expect((await refusal({ event: "a" })).message).toBe('step.waitForEvent("w"): it needs a `timeout`.');
    expect((await refusal({ event: "a", timeout, match: "data.id", if: "true" })).message).toContain("not both");
    expect((await refusal({ event: "a", timeout, match: "data.a b" })).message).toContain("must be a path");
    expect((await refusal({ timeout })).message).toContain("the name of an event");
    expect((await refusal({ event: "api/*", timeout })).message).toContain("is a pattern");
    expect((await refusal({ event: "a", events: ["a", "b"], timeout })).message).toContain("not both");
    expect((await refusal({ events: ["a"], timeout })).message).toContain("2 to 10");
    expect((await refusal({ events: ["a", "a"], timeout })).message).toContain("twice");
    expect(await refusal({ event: "a", timeout: "soon" })).toMatchObject({ code: "duration_invalid" });
    expect(await refusal({ event: "a", timeout, since: "lately" })).toMatchObject({ code: "date_invalid" });
  });

  test("refuses a timeout that stands beside the id", async () => {
    const result = await call(fn((step) => step.waitForEvent(any({ id: "w", timeout }), { event: "a", timeout })));
    expect(result).toMatchObject({ kind: "failed", error: { code: "option_invalid" } });
  });
});

describe("waiting for a signal", () => {
  test("asks the engine, and gives back the signal or null", async () => {
    const waiting = fn((step) => step.waitForSignal("s", { signal: "order-42", timeout: "1h", onConflict: "replace" }));
    const asked = await call(waiting);
    expect(asked).toMatchObject({
      ops: [
        { op: "WaitForSignal", name: "order-42", opts: { signal: "order-42", timeout: "1h", conflict: "replace" } },
      ],
    });
    const memo = { data: { signal: "order-42", data: { ok: true } } };
    expect(output({ result: await call(waiting, state({ s: memo })) })).toEqual(memo.data);
    expect(output({ result: await call(waiting, state({ s: null })) })).toBeNull();
  });

  test("fails on conflict unless it says otherwise, and needs a name", async () => {
    expect(await op((step) => step.waitForSignal("s", { signal: "x", timeout: "1h" }))).toMatchObject({
      opts: { conflict: "fail" },
    });
    const refused = (options: unknown) => call(fn((step) => step.waitForSignal("s", any(options))));
    const invalid = { kind: "failed", noRetry: true, error: { code: "option_invalid" } };
    expect(await refused({ signal: "", timeout: "1h" })).toMatchObject(invalid);
    expect(await refused({ signal: "x".repeat(1_025), timeout: "1h" })).toMatchObject(invalid);
    expect(await refused({ signal: "x", timeout: "1h", onConflict: "wait" })).toMatchObject(invalid);
    expect(await refused({ signal: "x" })).toMatchObject(invalid);
  });
});

describe("steps that the engine carries out", () => {
  test("in a group are asked for together, with bodies beside them", async () => {
    const group = fn((step) =>
      Promise.all([
        step.waitForEvent("w", { event: "a", timeout: "1h" }),
        step.waitForSignal("s", { signal: "x", timeout: "1h" }),
        step.invoke("i", { function: "app-g" }),
        step.fetch("f", "https://example.com").then((response) => response.text()),
        step.run("r", () => 1),
      ]),
    );
    const asked = await call(group);
    expect(asked.kind === "ops" && asked.ops.map((one) => one.op)).toEqual([
      "WaitForEvent",
      "WaitForSignal",
      "InvokeFunction",
      "Gateway",
      "StepPlanned",
    ]);
    const answers = { w: reply, s: null, i: { data: 7 }, f: { data: { body: "text", status_code: 200 } } };
    expect(output(await drive(group, { answers }))).toEqual([reply, null, 7, "text", 1]);
  });

  test("race each other, and the mode of the race travels", async () => {
    const race = fn((step) =>
      Promise.race([
        step.waitForEvent({ id: "w", parallelMode: "race" }, { event: "a", timeout: "1h" }).then(() => "event"),
        step.sleep({ id: "z", parallelMode: "race" }, "1h").then(() => "time"),
      ]),
    );
    const asked = await call(race);
    expect(asked).toMatchObject({ ops: [{ opts: { parallelMode: "race" } }, { opts: { parallelMode: "race" } }] });
    const answers = { w: reply };
    expect(output(await drive(race, { answers }))).toBe("event");
    expect(output(await drive(race, { answers, order: (ops) => byName(ops, "z", "w") }))).toBe("time");
  });

  test("in a loop are told apart by their number", async () => {
    const loop = fn(async (step) => {
      const got: unknown[] = [];
      for (let round = 0; round < 3; round++) got.push(await step.invoke("i", { function: "app-g", data: { round } }));
      return got;
    });
    const answers = { i: { data: "a" }, "i:1": { data: "b" }, "i:2": { data: "c" } };
    const ran = await drive(loop, { answers });
    expect(output(ran)).toEqual(["a", "b", "c"]);
    expect(ran.stack).toEqual(["i", "i:1", "i:2"]);
  });

  test("answer a call that targets them with what they ask for", async () => {
    const waiting = fn((step) => step.waitForEvent("w", { event: "a", timeout: "1h" }));
    expect(await call(waiting, { target: stepHash("w", 0) })).toMatchObject({ ops: [{ op: "WaitForEvent" }] });
  });
});

test("a targeted step with edited arguments runs with them", async () => {
  const edited = fn((step) => Promise.all([step.run("a", (n: number) => n * 2, 1), step.run("b", () => 0)]));
  const memos = new Map([[stepHash("a", 0), { input: [21] }]]);
  const result = await call(edited, { target: stepHash("a", 0), memos, disableImmediateExecution: true });
  expect(result).toMatchObject({ ops: [{ op: "StepRun", displayName: "a", data: "42" }] });
});
