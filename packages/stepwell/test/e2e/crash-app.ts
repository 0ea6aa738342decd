/**
 * The app of the crash test. Every execution of a step body returns a value of its own and writes it into the ledger
 * before it returns; every value the handlers then see is written too. Two replays that see different values, or a
 * recorded value nobody computed, can so be told afterwards.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { type EventInput, RetryAfterError, type StepTools, Stepwell } from "../../src/index.ts";
import { createServer } from "../../src/node.ts";
import type { LedgerLine } from "./crash-ledger.ts";

const [ledgerPath, port, baseUrl, signingKey, eventKey] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const client = new Stepwell({ id: "crash", isProduction: true, baseUrl, signingKey, eventKey, logger: silent });

const write = (line: LedgerLine): void => appendFileSync(ledgerPath, `${JSON.stringify(line)}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Trail {
  readonly key: string;
  readonly step: StepTools;
  readonly values: Record<string, string>;
}

/** One step: a body that leaves its trace, and the value that came out of it. */
async function traced({ key, step, values }: Trail, name: string, ms = 0): Promise<void> {
  const value = await step.run(name, async () => {
    const made = `${name} ${randomUUID()}`;
    await pause(ms);
    write({ kind: "executed", key, step: name, value: made });
    return made;
  });
  write({ kind: "seen", key, step: name, value });
  values[name] = value;
}

const trailOf = (event: { data: Record<string, unknown> }, step: StepTools): Trail => ({
  key: String(event.data["key"]),
  step,
  values: {},
});

const RETRIES = 20;

const chain = client.createFunction(
  { id: "chain", triggers: { event: "crash/chain" }, retries: RETRIES },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    for (const name of ["one", "two", "three", "four"]) await traced(trail, name, 3);
    return trail.values;
  },
);

const classic = client.createFunction(
  { id: "classic", triggers: { event: "crash/classic" }, retries: RETRIES, checkpointing: false },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    for (const name of ["one", "two", "three"]) await traced(trail, name, 3);
    return trail.values;
  },
);

const fan = client.createFunction(
  { id: "fan", triggers: { event: "crash/fan" }, retries: RETRIES },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    await Promise.all(["left", "middle", "right"].map((name, index) => traced(trail, name, 5 * index)));
    await traced(trail, "join");
    return trail.values;
  },
);

const nap = client.createFunction(
  { id: "nap", triggers: { event: "crash/nap" }, retries: RETRIES },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    await traced(trail, "before");
    await step.sleep("nap", "300ms");
    await traced(trail, "after");
    return trail.values;
  },
);

const shaky = client.createFunction(
  { id: "shaky", triggers: { event: "crash/shaky" }, retries: RETRIES },
  async ({ event, step, attempt }) => {
    const trail = trailOf(event, step);
    await traced(trail, "before");
    await step.run("shaky", () => {
      if (attempt === 0) throw new RetryAfterError("not yet", "1s");
    });
    await traced(trail, "after");
    return trail.values;
  },
);

/** Its long step outlives the server that asked for it: the answer of the old call then meets the new one. */
const slow = client.createFunction(
  { id: "slow", triggers: { event: "crash/slow" }, retries: RETRIES },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    await traced(trail, "before");
    await traced(trail, "long", 900);
    for (const name of ["one", "two", "three"]) await traced(trail, name, 20);
    return trail.values;
  },
);

const parent = client.createFunction(
  { id: "parent", triggers: { event: "crash/parent" }, retries: RETRIES },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    await traced(trail, "before");
    // A body may run twice; the id is what makes one child of it.
    const key = `${trail.key}-child`;
    const child: EventInput = { name: "crash/chain", id: key, data: { key } };
    const { ids } = await step.sendEvent("send", child);
    await traced(trail, "after");
    return { ...trail.values, child: ids[0] ?? "" };
  },
);

/** Under limits, it waits for an event that it sends itself, and for a run that it invokes. */
const meet = client.createFunction(
  {
    id: "meet",
    triggers: { event: "crash/meet" },
    retries: RETRIES,
    concurrency: { limit: 3 },
    singleton: { key: "event.data.key", mode: "skip" },
    cancelOn: [{ event: "crash/stop", match: "data.key" }],
    timeouts: { finish: "1h" },
  },
  async ({ event, step }) => {
    const trail = trailOf(event, step);
    await traced(trail, "before");
    const [reply] = await Promise.all([
      step.waitForEvent("reply", { event: "crash/reply", match: "data.key", timeout: "30m" }),
      step.sendEvent("ask", { name: "crash/reply", data: { key: trail.key } }),
    ]);
    if (reply === null) throw new Error("the reply is lost");
    await step.invoke("child", { function: chain, data: { key: `${trail.key}-invoked` }, timeout: "30m" });
    await traced(trail, "after");
    return trail.values;
  },
);

createServer({ client, functions: [chain, classic, fan, nap, shaky, slow, parent, meet] }).listen(
  Number(port),
  "127.0.0.1",
  () => {
    console.log("up");
  },
);
