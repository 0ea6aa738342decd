import { expect, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import { NonRetriableError } from "../sdk/errors.ts";
import { eventResults, forEachEvent } from "../sdk/event-results.ts";
import type { StepwellFunction } from "../sdk/function.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "shop" });
const OPTIONS = { id: "load", triggers: { event: "row" }, batchEvents: { maxSize: 4, timeout: "1m" } } as const;

/** A batch of four rows, whose handler gets the numbers of the events. */
async function loading(handle: (numbers: readonly number[]) => unknown, retries = 2) {
  const calls: number[][] = [];
  const load = client.createFunction({ ...OPTIONS, retries }, ({ events }) => {
    const numbers = events.map((event) => Number(event.data["n"]));
    calls.push(numbers);
    return handle(numbers);
  });
  const engine = await TestEngine.start({ client, functions: [load as StepwellFunction<unknown, unknown>] });
  await engine.send([1, 2, 3, 4].map((n) => ({ name: "row", data: { n } })));
  await engine.runUntilIdle();
  const runs = async () => (await engine.engine.store.listRuns({ env: "default", limit: 9 })).reverse();
  return { engine, load, calls, runs, [Symbol.asyncDispose]: () => engine.stop() };
}

test("only the events that failed are tried again, in a run of their own, and so on", async () => {
  const failures = new Map([
    [2, 1],
    [4, 2],
  ]);
  await using it = await loading((numbers) =>
    eventResults(
      numbers.map((n) => {
        const left = failures.get(n) ?? 0;
        failures.set(n, left - 1);
        return left > 0 ? { error: new Error(`not ${n}`) } : { data: n * 10 };
      }),
    ),
  );
  await it.engine.advance("10m");
  expect(it.calls).toEqual([[1, 2, 3, 4], [2, 4], [4]]);
  const [first, second, third] = await it.runs();
  expect([first!.status, second!.status, third!.status]).toEqual(["completed", "completed", "completed"]);
  expect(second).toMatchObject({ originalRunId: first!.id, notes: { eventAttempt: 1, retriedBy: third!.id } });
  expect(first!.notes).toEqual({ retriedBy: second!.id });
});

test("an event whose attempts are used up fails the last run, with its results", async () => {
  await using it = await loading((numbers) =>
    eventResults(numbers.map((n) => (n === 3 ? { error: "never" } : { data: n }))),
  );
  await it.engine.advance("1h");
  expect(it.calls).toEqual([[1, 2, 3, 4], [3], [3]]);
  const runs = await it.runs();
  expect(runs.map(({ status }) => status)).toEqual(["completed", "completed", "failed"]);
  expect(JSON.parse(runs[2]!.error!)).toMatchObject({
    code: "events_failed",
    message: "1 of 1 events failed, the first with: never",
  });
});

test("what another attempt would not help fails at once; the others of its batch go on", async () => {
  await using it = await loading((numbers) =>
    forEachEvent(numbers, (n) => {
      if (n === 1) throw new NonRetriableError("no");
      if (n === 2 && numbers.length === 4) throw new Error("later");
      return n;
    }),
  );
  await it.engine.advance("1h");
  expect(it.calls).toEqual([[1, 2, 3, 4], [2]]);
  const [first, second] = await it.runs();
  expect([first!.status, second!.status]).toEqual(["failed", "completed"]);
  expect(JSON.parse(first!.output!)).toMatchObject({
    "stepwell/event_results": [{ retry: false }, { retry: true }, { data: 3 }, { data: 4 }],
  });
});

test("results that do not fit the events fail the run", async () => {
  await using it = await loading(() => eventResults([{ data: 1 }]));
  const [run] = await it.runs();
  expect(run!.status).toBe("failed");
  expect(run!.error).toContain("event_results_invalid");
  expect(run!.error).toContain("it has 1 results for 4 events");
});

test("a run that was invoked tries nothing again: the invoker gets the results", async () => {
  await using it = await loading(() => eventResults([{ error: "no" }]), 5);
  const results: unknown[] = [];
  const parent = client.createFunction({ id: "parent", triggers: { event: "go" } }, async ({ step }) => {
    results.push(await step.invoke("load", { function: it.load, data: { n: 9 } }).catch((error: unknown) => error));
  });
  await using engine = await TestEngine.start({ client, functions: [it.load, parent] as never });
  await engine.send({ name: "go", data: {} });
  await engine.advance("1h");
  expect(results).toMatchObject([{ message: "1 of 1 events failed, the first with: no" }]);
  expect((await engine.engine.store.listRuns({ env: "default", limit: 9 })).length).toBe(2);
});
