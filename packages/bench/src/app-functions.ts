/** The functions under measurement, the same over HTTP and in-process. They record when their steps ran. */
import type { AnyFunction, Stepwell } from "stepwell";

export interface Recorder {
  /** Step bodies run, by name of function. */
  readonly bodies: Map<string, number>;
  /** Instants (ms, with fractions) at which bodies of a run ran, by the key in the event. */
  readonly times: Map<string, number[]>;
  /** Runs that reached their end, by function. */
  readonly ends: Map<string, number>;
  /** How late each sleeper woke, in ms. */
  readonly lateness: number[];
}

export const preciseNow = (): number => performance.timeOrigin + performance.now();

export function createFunctions(client: Stepwell): { functions: AnyFunction[]; recorder: Recorder } {
  const recorder: Recorder = { bodies: new Map(), times: new Map(), ends: new Map(), lateness: [] };
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  const body = (fn: string, key: unknown) => {
    count(recorder.bodies, fn);
    if (typeof key !== "string") return { ok: true };
    const times = recorder.times.get(key);
    if (times === undefined) recorder.times.set(key, [preciseNow()]);
    else times.push(preciseNow());
    return { ok: true };
  };
  const steps = (id: string, number: number, checkpointing: boolean) =>
    client.createFunction({ id, triggers: { event: `bench/${id}` }, checkpointing }, async ({ event, step }) => {
      const { key } = event.data as { key?: string };
      for (let index = 0; index < number; index++) await step.run(`step-${index}`, () => body(id, key));
      count(recorder.ends, id);
      return { done: true };
    });
  const parallel = client.createFunction(
    { id: "parallel", triggers: { event: "bench/parallel" } },
    async ({ event, step }) => {
      const { key, width } = event.data as { key?: string; width: number };
      await Promise.all(
        Array.from({ length: width }, (_, index) => step.run(`step-${index}`, () => body("parallel", key))),
      );
      count(recorder.ends, "parallel");
      return { done: true };
    },
  );
  const sleeper = client.createFunction(
    { id: "sleeper", triggers: { event: "bench/sleeper" } },
    async ({ event, step }) => {
      const { at } = event.data as { at: number };
      await step.sleepUntil("sleep", new Date(at));
      recorder.lateness.push(preciseNow() - at); // Here the function has been called again: it is awake.
      count(recorder.ends, "sleeper");
    },
  );
  const waiter = client.createFunction({ id: "waiter", triggers: { event: "bench/waiter" } }, async ({ step }) => {
    await step.waitForEvent("reply", { event: "bench/reply", match: "data.key", timeout: "30d" });
    count(recorder.ends, "waiter");
  });
  return {
    recorder,
    functions: [
      steps("three", 3, false),
      steps("three-checkpointed", 3, true),
      steps("thousand", 1_000, false),
      steps("thousand-checkpointed", 1_000, true),
      parallel,
      sleeper,
      waiter,
    ] as AnyFunction[],
  };
}
