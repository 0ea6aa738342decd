import { describe, expect, test } from "vitest";
import { RunRig } from "../../test/run-rig.ts";
import { endEventData, endEventMore, endEventNames, internalEvent } from "./lifecycle.ts";

function ended(how: "completed" | "failed" | "cancelled"): RunRig {
  const rig = new RunRig({ retries: 0 });
  if (how === "cancelled") rig.cancel();
  else rig.answer(rig.call()!, how === "completed" ? rig.returned('{"ok":true}') : rig.failed("boom"));
  return rig;
}

describe("the events that the end of a run causes", () => {
  test("every end is told; a failure and a cancellation have an event of their own", () => {
    expect(endEventNames(ended("completed").run)).toEqual(["inngest/function.finished"]);
    expect(endEventNames(ended("failed").run)).toEqual(["inngest/function.finished", "inngest/function.failed"]);
    expect(endEventNames(ended("cancelled").run)).toEqual(["inngest/function.finished", "inngest/function.cancelled"]);
  });

  test("a run that was started by such an event causes none: failure handlers cannot recurse", () => {
    const { run } = ended("failed");
    for (const name of ["inngest/function.failed", "inngest/function.finished"]) {
      expect(endEventNames({ ...run, events: [{ id: "e", name, json: "{}" }] })).toEqual([]);
    }
  });

  test("a result travels as data", () => {
    expect(endEventData(ended("completed").run, "app-f")).toEqual({
      function_id: "app-f",
      run_id: "run",
      event: { data: {} },
      events: [{ data: {} }],
      result: { ok: true },
      _inngest: { status: "Completed" },
    });
  });

  test("the tags of the event that started the run travel along, beside the data", () => {
    const { run } = ended("completed");
    expect(endEventMore(run)).toEqual({ user: {} });
    const json = '{"data":{},"meta":{"sessions":{"chat":"7"}}}';
    expect(endEventMore({ ...run, events: [{ id: "e", name: "a", json }] })).toEqual({
      meta: { sessions: { chat: "7" } },
      user: {},
    });
  });

  test("an error travels with its text in one piece too", () => {
    const data = endEventData(ended("failed").run, "app-f");
    expect(data["error"]).toEqual({ name: "Error", message: "boom", error: "Error: boom" });
    expect(data["_inngest"]).toEqual({ status: "Failed" });
  });
});

test("an internal event has an id of its own and one that functions see", () => {
  const { stored, parsed } = internalEvent("internal", "inngest/function.failed", { n: 1 }, 5, "public");
  expect(stored).toMatchObject({ id: "internal", idempotencyId: "public", isInternal: true, ts: 5 });
  expect(parsed).toEqual({ data: { n: 1 }, id: "public", name: "inngest/function.failed", ts: 5, user: {} });
  expect(JSON.parse(stored.json)).toEqual(parsed);
});
