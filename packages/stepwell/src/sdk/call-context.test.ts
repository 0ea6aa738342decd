import { expect, test } from "vitest";
import { CallContext } from "./call-context.ts";
import type { StepTools } from "./step-tools.ts";

const event = { id: "1", name: "a", data: {}, ts: 1 };
const parts = { event, events: [event], runId: "run", attempt: 0, maxAttempts: 4 };

function context() {
  const made = { signals: 0 };
  const controller = new AbortController();
  const signal = () => {
    made.signals++;
    return controller.signal;
  };
  return { made, controller, ctx: new CallContext(parts, {} as StepTools, console, signal) };
}

test("a signal is made when somebody asks for it, not before", () => {
  const { made, controller, ctx } = context();
  expect(Object.keys(ctx)).toContain("signal");
  expect(made.signals).toBe(0);
  expect(ctx.signal).toBe(controller.signal);
});

test("copies of a context, and objects made from it, have its signal", () => {
  const { controller, ctx } = context();
  expect({ ...ctx, more: 1 }).toEqual({ ...parts, step: {}, logger: console, signal: controller.signal, more: 1 });
  expect((Object.create(ctx) as CallContext).signal).toBe(controller.signal);
  expect(Object.create(context().ctx, { signal: { value: 1 } }).signal).toBe(1);
});
