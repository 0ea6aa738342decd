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
  /** From the end of each run of a function that has one place to the begin of the next, in ms. */
  readonly gaps: number[];
  /** From sending the event of a run to its begin, in ms. */
  readonly delays: number[];
}

export const preciseNow = (): number => performance.timeOrigin + performance.now();

export function createFunctions(client: Stepwell): { functions: AnyFunction[]; recorder: Recorder } {
  const recorder: Recorder = {
    bodies: new Map(),
    times: new Map(),
    ends: new Map(),
    lateness: [],
    gaps: [],
    delays: [],
  };
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
      ...flowFunctions(client, recorder, count),
    ] as AnyFunction[],
  };
}

/** For what flow control costs: one place, no limit, a backlog, and keys beside each other. */
function flowFunctions(
  client: Stepwell,
  recorder: Recorder,
  count: (map: Map<string, number>, key: string) => unknown,
): AnyFunction[] {
  let freeAt = Number.NaN;
  const slot = client.createFunction({ id: "slot", triggers: { event: "bench/slot" }, concurrency: 1 }, async () => {
    if (!Number.isNaN(freeAt)) recorder.gaps.push(preciseNow() - freeAt);
    count(recorder.ends, "slot");
    freeAt = preciseNow();
  });
  const plain = (id: string) =>
    client.createFunction({ id, triggers: { event: `bench/${id}` } }, async () => void count(recorder.ends, id));
  const fair = client.createFunction(
    {
      id: "fair",
      triggers: { event: "bench/fair" },
      concurrency: [{ limit: 10 }, { limit: 10, key: "event.data.key" }],
    },
    async ({ event }) => {
      const { sentAt } = event.data as { sentAt?: number };
      if (sentAt !== undefined) recorder.delays.push(preciseNow() - sentAt);
      count(recorder.ends, sentAt === undefined ? "fair" : "fair-cold");
    },
  );
  return [slot, plain("quick"), plain("held"), fair] as AnyFunction[];
}
