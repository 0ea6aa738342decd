import { expect, test } from "vitest";
import { Stepwell } from "../sdk/client.ts";
import { TestEngine } from "./test-engine.ts";

const client = new Stepwell({ id: "leads" });

const followUp = client.createFunction({ id: "follow-up", triggers: { event: "lead/created" } }, async ({ step }) => {
  await step.run("greet", () => "hello");
  await step.sleep("wait-3-days", "3d");
  return step.run("follow-up", () => "followed up");
});

test("a sleep of three days is tested in milliseconds", async () => {
  await using engine = await TestEngine.start({ client, functions: [followUp] });
  const { runIds } = await engine.send({ name: "lead/created" });
  await engine.runUntilIdle();
  expect(await engine.getSteps(runIds[0]!)).toMatchObject([
    { name: "greet", status: "completed" },
    { name: "wait-3-days", status: "sleeping" },
  ]);
  await engine.advance("2d23h59m");
  expect((await engine.getRun(runIds[0]!))?.status).toBe("running");
  await engine.advance("1m");
  expect(await engine.waitForRun(runIds[0]!)).toMatchObject({ status: "completed", output: "followed up" });
  expect(engine.now.toISOString()).toBe("2030-01-04T00:00:00.000Z");
});

test("a run that has not ended is an error that says until when it waits", async () => {
  await using engine = await TestEngine.start({ client, functions: [followUp] });
  const { runIds } = await engine.send({ name: "lead/created" });
  const failure = await engine.waitForRun(runIds[0]!).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "run_not_ended" });
  expect(String(failure)).toMatch(/running; the next timer is due at 2030-01-/);
});

test("retries happen when their time has come", async () => {
  let tries = 0;
  const flaky = client.createFunction({ id: "flaky", triggers: { event: "a" }, retries: 2 }, async ({ step }) =>
    step.run("try", () => {
      tries++;
      if (tries < 3) throw new Error("not yet");
      return tries;
    }),
  );
  await using engine = await TestEngine.start({ client, functions: [flaky], retryInterval: "10s" });
  const { runIds } = await engine.send({ name: "a" });
  await engine.runUntilIdle();
  expect(tries).toBe(1);
  await engine.advance("10s");
  expect(tries).toBe(2);
  await engine.advance("10s");
  expect(await engine.waitForRun(runIds[0]!)).toMatchObject({ output: 3 });
});

test("schedules tick while the clock moves", async () => {
  const ticks: string[] = [];
  const daily = client.createFunction({ id: "daily", triggers: { cron: "0 9 * * *" } }, ({ event }) => {
    ticks.push(new Date(event.ts).toISOString().slice(0, 13));
  });
  await using engine = await TestEngine.start({ client, functions: [daily] });
  await engine.advance("2d");
  expect(ticks).toEqual(["2030-01-01T09", "2030-01-02T09"]);
});

test("a step that waits for the outside world is waited for", async () => {
  const slow = client.createFunction({ id: "slow", triggers: { event: "a" } }, async ({ step }) =>
    step.run("fetch", () => new Promise((resolve) => setTimeout(resolve, 20, "fetched"))),
  );
  await using engine = await TestEngine.start({ client, functions: [slow] });
  const { runIds } = await engine.send({ name: "a" });
  expect((await engine.waitForRun(runIds[0]!)).output).toBe("fetched");
});

test("the same test gives the same ids", async () => {
  const idsOf = async (seed: number) => {
    await using engine = await TestEngine.start({ client, functions: [followUp], seed });
    return await engine.send([{ name: "lead/created" }, { name: "lead/created" }]);
  };
  expect(await idsOf(7)).toEqual(await idsOf(7));
  expect(await idsOf(8)).not.toEqual(await idsOf(7));
});

test("events happen at the clock's time, whatever year it shows", async () => {
  const when = client.createFunction({ id: "when", triggers: { event: "a" } }, ({ event }) =>
    new Date(event.ts).toISOString(),
  );
  await using engine = await TestEngine.start({ client, functions: [when], startAt: "2001-02-03T04:05:06Z" });
  const { runIds } = await engine.send({ name: "a" });
  expect((await engine.waitForRun(runIds[0]!)).output).toBe("2001-02-03T04:05:06.000Z");
});
