import { expect, test } from "vitest";
import { RetryAfterError, Stepwell } from "../index.ts";
import type { Call } from "../protocol/call.ts";
import type { Op } from "../protocol/op.ts";
import { stepHash } from "../protocol/step-id.ts";
import { callInProcess } from "./in-process.ts";
import type { EventInput } from "./trigger.ts";

const client = new Stepwell({ id: "app", isDev: true });

const CALL: Call = {
  runId: "01RUN",
  functionId: "id",
  functionSlug: "app-f",
  url: "inproc:",
  target: null,
  attempt: 0,
  attemptsMax: 4,
  requestId: "r",
  generation: 1,
  jobId: "j",
  requestVersion: -1,
  disableImmediateExecution: false,
  events: ['{"data":{"n":2},"id":"1","name":"e","ts":1}'],
  memos: [],
  inputs: [],
};

test("steps are saved as they finish, and the function's value is the outcome", async () => {
  const saved: Op[] = [];
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ event, step }) => {
    const doubled = await step.run("double", () => event.data.n * 2);
    return { doubled };
  });
  const save = async (ops: readonly Op[]) => {
    saved.push(...ops);
    return "saved" as const;
  };
  const outcome = await callInProcess(client, fn, CALL, { save });
  expect(outcome).toMatchObject({ kind: "returned", output: '{"doubled":4}', requestVersion: 2 });
  expect(saved).toMatchObject([{ op: "StepRun", id: stepHash("double", 0), data: "4" }]);
});

test("memos come as text and are read when reached", async () => {
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => step.run("a", () => "new"));
  const memos = [
    { id: stepHash("a", 0), json: '{"data":"stored"}' },
    { id: stepHash("unreached", 0), json: "not JSON" },
  ];
  const quiet = new Stepwell({ id: "app", isDev: true, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const outcome = await callInProcess(quiet, fn, { ...CALL, memos }, { save: async () => "saved" });
  expect(outcome).toMatchObject({ kind: "returned", output: '"stored"' });
});

test("steps that the code no longer reaches are part of the outcome", async () => {
  const quiet = new Stepwell({ id: "app", isDev: true, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, () => 1);
  const memos = [{ id: stepHash("gone", 0), json: "null" }];
  const save = async () => "saved" as const;
  expect((await callInProcess(quiet, fn, { ...CALL, memos }, { save })).unreached).toEqual(["gone"]);
  expect((await callInProcess(quiet, fn, CALL, { save })).unreached).toEqual([]);
});

test("what a step sends travels with its result", async () => {
  const saved: Op[] = [];
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, async ({ step }) => {
    await step.sendEvent("event", { name: "n" });
    await step.sendSignal("signal", { signal: "s" });
  });
  const save = async (ops: readonly Op[]) => {
    saved.push(...ops);
    return "saved" as const;
  };
  const outcome = await callInProcess(client, fn, CALL, { save, now: () => 1_767_225_600_000 });
  expect(outcome).toMatchObject({ kind: "returned" });
  expect(saved).toMatchObject([
    { sends: { events: [{ stored: { name: "n", ts: 1_767_225_600_000 } }] } },
    { sends: { signals: [{ signal: "s", data: "null", ttlMs: null }] } },
  ]);
});

test("edited arguments reach the step that has not run yet", async () => {
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => step.run("a", (n) => n + 1, 1));
  const inputs = [{ id: stepHash("a", 0), json: '{"input":[41]}' }];
  const outcome = await callInProcess(client, fn, { ...CALL, inputs }, { save: async () => "saved" });
  expect(outcome).toMatchObject({ kind: "returned", output: "42" });
});

test("events of a step go where the engine says", async () => {
  const sent: EventInput[] = [];
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) =>
    step.sendEvent("notify", { name: "n", data: { to: "you" } }),
  );
  const sendEvents = async (events: readonly EventInput[]) => {
    sent.push(...events);
    return { ids: ["01"] };
  };
  const outcome = await callInProcess(client, fn, CALL, { save: async () => "saved", sendEvents });
  expect(outcome).toMatchObject({ kind: "returned", output: '{"ids":["01"]}' });
  expect(sent).toEqual([{ name: "n", data: { to: "you" } }]);
});

test("a step that sends events sends them with the same seed whenever it runs", async () => {
  const seeds: (string | null)[] = [];
  const fn = client.createFunction({ id: "again", triggers: { event: "a" } }, async ({ step }) => {
    await step.sendEvent("one", { name: "b" });
    await step.sendEvent("two", { name: "b" });
  });
  const sendEvents = async (_events: readonly EventInput[], seed: string | null) => {
    seeds.push(seed);
    return { ids: ["id"] };
  };
  for (let times = 0; times < 2; times++)
    await callInProcess(client, fn, CALL, { save: async () => "saved", sendEvents });
  expect(seeds.slice(0, 2)).toEqual(seeds.slice(2));
  expect(new Set(seeds).size).toBe(2);
});

test("a failed attempt carries its error and the clamped wish for the next one", async () => {
  const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, () => {
    throw new RetryAfterError("busy", "2d");
  });
  const outcome = await callInProcess(client, fn, CALL, { save: async () => "saved" });
  expect(outcome).toMatchObject({
    kind: "failed",
    noRetry: false,
    retryAfterMs: 86_400_000,
    error: { message: "busy" },
  });
});

test("a failure handler gets the error of the failed run", async () => {
  const fn = client.createFunction(
    {
      id: "f",
      triggers: { event: "e" },
      onFailure: ({ error, event }) => [error.name, error.message, event.data.run_id],
    },
    () => null,
  );
  const data = { function_id: "app-f", run_id: "01X", error: { name: "TypeError", message: "boom" } };
  const events = [JSON.stringify({ name: "inngest/function.failed", data, id: "1", ts: 1 })];
  const outcome = await callInProcess(client, fn.hooks[0]!, { ...CALL, events }, { save: async () => "saved" });
  expect(outcome).toMatchObject({ kind: "returned", output: '["TypeError","boom","01X"]' });
});
