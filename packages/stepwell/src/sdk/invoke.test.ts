import { describe, expect, test } from "vitest";
import { z } from "zod";
import { call, client, EVENT, output, state } from "../../test/sdk/driver.ts";
import { type AnyFunction, eventType, referenceFunction, type StepTools } from "../index.ts";

const fn = (body: (step: StepTools) => unknown) =>
  client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => body(step));
const charge = client.createFunction({ id: "charge", triggers: { event: "charge" } }, () => ({ paid: true }));

const asked = async (body: (step: StepTools) => unknown) => {
  const result = await call(fn(body));
  if (result.kind !== "ops") throw result.kind === "failed" ? result.error : new Error("it returned");
  return result.ops[0]!;
};

describe("invoking a function", () => {
  test("asks the engine by the function's id on the server", async () => {
    expect(
      await asked((step) =>
        step.invoke("i", {
          function: charge,
          data: { id: 1 },
          user: { u: 1 },
          v: "2",
          timeout: "1h",
          onParentCancel: "cancel",
        }),
      ),
    ).toMatchObject({
      op: "InvokeFunction",
      name: "i",
      opts: {
        function_id: "test-charge",
        payload: { data: { id: 1 }, user: { u: 1 }, v: "2" },
        timeout: "1h",
        on_parent_cancel: "cancel",
      },
    });
  });

  test("sends an empty object and nothing else when nothing is said", async () => {
    const { opts } = await asked((step) => step.invoke("i", { function: charge }));
    expect(opts).toEqual({ function_id: "test-charge", payload: { data: {} } });
  });

  test("takes references, within the app and across apps, and plain ids", async () => {
    const id = async (target: Parameters<StepTools["invoke"]>[1]["function"]) =>
      (await asked((step) => step.invoke("i", { function: target }))).opts["function_id"];
    expect(await id(referenceFunction({ functionId: "charge" }))).toBe("test-charge");
    expect(await id(referenceFunction({ appId: "billing", functionId: "charge" }))).toBe("billing-charge");
    expect(await id("billing-charge")).toBe("billing-charge");
  });

  test("gives back what the function returned, or throws its error with its code", async () => {
    const invoking = fn((step) =>
      step
        .invoke("i", { function: charge })
        .catch((error: { name: string; code?: string; message: string }) => [error.name, error.code, error.message]),
    );
    expect(output({ result: await call(invoking, state({ i: { data: { paid: true } } })) })).toEqual({ paid: true });
    expect(output({ result: await call(invoking, state({ i: { data: null } })) })).toBeNull();
    const error = { name: "invoke_cancelled", code: "invoke_cancelled", message: "it was cancelled" };
    expect(output({ result: await call(invoking, state({ i: { error } })) })).toEqual(Object.values(error));
  });

  test("an error that nobody catches ends the run without further attempts", async () => {
    const invoking = fn((step) => step.invoke("i", { function: charge }));
    const error = { name: "InngestInvokeTimeoutError", code: "invoke_timeout", message: "too late" };
    expect(await call(invoking, state({ i: { error } }))).toMatchObject({
      kind: "failed",
      noRetry: true,
      error: { code: "invoke_timeout", stepId: "i" },
    });
  });

  test("refuses what cannot be", async () => {
    const refused = async (options: unknown) => call(fn((step) => step.invoke("i", options as never)));
    const invalid = { kind: "failed", noRetry: true, error: { code: "option_invalid" } };
    expect(await refused({})).toMatchObject(invalid);
    expect(await refused({ function: "" })).toMatchObject(invalid);
    expect(await refused({ function: charge, data: [1] })).toMatchObject(invalid);
    expect(await refused({ function: charge, onParentCancel: "kill" })).toMatchObject(invalid);
    expect(await refused({ function: charge, data: { at: 1n } })).toMatchObject({
      error: { code: "value_not_storable" },
    });
    expect(() => referenceFunction({ functionId: "" })).toThrow("`functionId` is missing");
  });
});

describe("an invoked function", () => {
  const typed = (name: string) => eventType(name, { schema: z.strictObject({ n: z.coerce.number() }) });
  const invoked = (data: object) => {
    const event = { ...EVENT, name: "inngest/function.invoked", data: { ...data, _inngest: { fn_id: "x" } } };
    return { event, events: [event] };
  };

  test("gets data that fits one of its schemas, or fails", async () => {
    const triggers = [eventType("a", { schema: z.object({ text: z.string() }) }), typed("b")];
    const both: AnyFunction = client.createFunction({ id: "g", triggers }, ({ event }) => event.data);
    expect(output({ result: await call(both, invoked({ n: "7" })) })).toEqual({ n: 7 });
    expect(await call(both, invoked({}))).toMatchObject({ noRetry: true, error: { code: "event_schema_failed" } });
  });

  test("gets whatever it is given when a trigger has no schema", async () => {
    const open = client.createFunction({ id: "g", triggers: [typed("a"), { event: "b" }] }, ({ event }) => event.data);
    expect(output({ result: await call(open, invoked({ x: 1 })) })).toMatchObject({ x: 1 });
  });
});
