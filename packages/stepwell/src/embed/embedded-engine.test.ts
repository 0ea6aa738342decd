import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import { Stepwell } from "../sdk/client.ts";
import { type CreateEngineOptions, EmbeddedEngine } from "./embedded-engine.ts";

const client = new Stepwell({ id: "shop" });
const started: EmbeddedEngine[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const engine of started.splice(0)) await engine.stop({ grace: 0 });
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(options: CreateEngineOptions): Promise<EmbeddedEngine> {
  const engine = await EmbeddedEngine.start(options);
  started.push(engine);
  return engine;
}

function databasePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-embed-"));
  folders.push(folder);
  return join(folder, "data", "app.db");
}

const double = client.createFunction({ id: "double", triggers: { event: "number/sent" } }, async ({ event, step }) =>
  step.run("double", (value: number) => value * 2, event.data["value"] as number),
);

describe.each([
  ["memory", () => "memory" as const],
  ["a file", () => ({ path: databasePath() })],
])("with %s", (_name, store) => {
  test("an event runs a function of this process to its result", async () => {
    const engine = await start({ client, functions: [double], store: store() });
    const { ids, runIds } = await engine.send({ name: "number/sent", data: { value: 21 } });
    expect(ids).toHaveLength(1);
    expect(await engine.waitForRun(runIds[0]!)).toMatchObject({
      function: "shop-double",
      status: "completed",
      output: 42,
      error: null,
    });
    expect(await engine.getSteps(runIds[0]!)).toMatchObject([{ name: "double", status: "completed" }]);
  });

  test("a run that stands still says why", async () => {
    const lazy = client.createFunction({ id: "lazy", triggers: { event: "a" } }, ({ step }) => step.sleep("nap", "1h"));
    const engine = await start({ client, functions: [lazy], store: store() });
    const { runIds } = await engine.send({ name: "a" });
    await expect.poll(async () => (await engine.explainRun(runIds[0]!))!.reasons[0]!.code).toBe("sleeping");
    expect((await engine.explainRun(runIds[0]!))!.summary).toMatch(/^It sleeps \(the step "nap"\) until 20/);
    expect(await engine.explainRun("01HZZZZZZZZZZZZZZZZZZZZZZZ")).toBeNull();
  });

  test("a failed run keeps its error", async () => {
    const broken = client.createFunction({ id: "broken", triggers: { event: "a" }, retries: 0 }, () => {
      throw new TypeError("no luck");
    });
    const engine = await start({ client, functions: [broken], store: store() });
    const { runIds } = await engine.send({ name: "a" });
    const run = await engine.waitForRun(runIds[0]!);
    expect(run).toMatchObject({ status: "failed", error: { name: "TypeError", message: "no luck" } });
  });
});

test("a run that sleeps carries on in the next process, and finished steps are not run again", async () => {
  const path = databasePath();
  const bodies: string[] = [];
  const nap = client.createFunction({ id: "nap", triggers: { event: "nap/asked" } }, async ({ step }) => {
    await step.run("before", () => void bodies.push("before"));
    await step.sleep("nap", 200);
    return step.run("after", () => bodies.push("after"));
  });
  const first = await EmbeddedEngine.start({ client, functions: [nap], store: { path } });
  const slept = new Promise<void>((resolve) =>
    first.engine.watch((notices) => notices.some((notice) => notice.kind === "step_completed") && resolve()),
  );
  const { runIds } = await first.send({ name: "nap/asked" });
  await slept;
  await first.stop();
  const second = await start({ client, functions: [nap], store: { path } });
  expect(await second.waitForRun(runIds[0]!)).toMatchObject({ status: "completed", output: 2 });
  expect(bodies).toEqual(["before", "after"]);
});

test("what a function sends, as a step or through its client, starts functions of this engine", async () => {
  const seen: unknown[] = [];
  const relay = client.createFunction({ id: "relay", triggers: { event: "first" } }, async ({ step }) => {
    await step.sendEvent("second", { name: "second", data: { by: "step" } });
    await step.run("third", () => client.send({ name: "second", data: { by: "client" } }));
  });
  const all = new Promise<void>((resolve) => {
    sink = client.createFunction({ id: "sink", triggers: { event: "second" } }, ({ event }) => {
      if (seen.push(event.data["by"]) === 2) resolve();
    });
  });
  const engine = await start({ client, functions: [relay, sink!] });
  await engine.send({ name: "first" });
  await all;
  expect(seen.toSorted()).toEqual(["client", "step"]);
});
let sink: typeof double | ReturnType<typeof client.createFunction>;

test("a failure handler runs when a run has failed for good", async () => {
  const handled = new Promise((resolve) => {
    failing = client.createFunction(
      { id: "failing", triggers: { event: "a" }, retries: 0, onFailure: ({ error }) => resolve(error.message) },
      () => {
        throw new Error("no luck");
      },
    );
  });
  const engine = await start({ client, functions: [failing!] });
  await engine.send({ name: "a" });
  expect(await handled).toBe("no luck");
});
let failing: ReturnType<typeof client.createFunction>;

test("functions of several apps live side by side", async () => {
  const other = new Stepwell({ id: "mail" });
  const echo = other.createFunction({ id: "echo", triggers: { event: "number/sent" } }, () => "echo");
  const engine = await start({ client: [client, other], functions: [double, echo] });
  const { runIds } = await engine.send({ name: "number/sent", data: { value: 1 } });
  const outputs = await Promise.all(runIds.map(async (id) => (await engine.waitForRun(id)).output));
  expect(outputs.toSorted()).toEqual([2, "echo"].toSorted());
});

test("a wrong function is refused with every problem, before anything is opened", async () => {
  const wrong = client.createFunction({ id: "wrong", triggers: { cron: "* *" } }, () => null);
  const failure = await EmbeddedEngine.start({ client, functions: [wrong] }).catch((error: unknown) => error);
  expect(isStepwellError(failure) && failure.code).toBe("function_config_invalid");
  expect(String(failure)).toContain("shop-wrong");
});

test("one bad event refuses all, and nothing is stored", async () => {
  const engine = await start({ client, functions: [double] });
  const failure = await engine.send([{ name: "a" }, { name: "inngest/mine" }]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "event_name_reserved" });
  expect((await engine.engine.store.counts()).events).toBe(0);
});

test("waiting for a run that does not exist, or not long enough, is an error that says so", async () => {
  const stuck = client.createFunction({ id: "stuck", triggers: { event: "a" } }, async ({ step }) => {
    await step.sleep("long", "1d");
  });
  const engine = await start({ client, functions: [stuck] });
  const { runIds } = await engine.send({ name: "a" });
  await expect(engine.waitForRun("01J00000000000000000000000")).rejects.toMatchObject({ code: "not_found" });
  await expect(engine.waitForRun(runIds[0]!, { timeout: 1 })).rejects.toMatchObject({ code: "run_not_ended" });
  expect(await engine.cancelRun(runIds[0]!)).toMatchObject({ outcome: "cancelled" });
  expect(await engine.waitForRun(runIds[0]!)).toMatchObject({ status: "cancelled" });
});

test("after stop nothing is taken any more, and the client sends over HTTP again", async () => {
  const engine = await start({ client, functions: [double] });
  await engine.stop();
  await expect(engine.send({ name: "a" })).rejects.toMatchObject({ code: "server_stopping" });
  const failure = await client.send({ name: "a" }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "event_key_missing" });
});

test("traces of its runs go where the variables say, if it is asked to send them", async () => {
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (part: string) => void bodies.push(part));
    request.on("end", () => response.end("{}"));
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void collector.close());
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${(collector.address() as AddressInfo).port}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const [silent, traced] = [await start({ functions: [double] }), await start({ functions: [double], tracing: true })];
  for (const engine of [silent, traced]) {
    const { runId } = await engine.invoke(double, { data: { value: 1 } });
    await engine.waitForRun(runId);
    await engine.stop();
  }
  const text = bodies.join("");
  expect(text.match(/"name":"shop-double"/g)).toHaveLength(1);
  expect(text).toContain('"name":"double"');
});
