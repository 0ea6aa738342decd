/** The app of the stress run of flow control: every body writes when it began and ended into the ledger. */
import { appendFileSync } from "node:fs";
import { type StepTools, Stepwell } from "../../src/index.ts";
import { createServer } from "../../src/node.ts";
import type { Interval } from "./intervals.ts";

export interface BodyLine extends Interval {
  readonly kind: string;
  readonly runId: string;
  readonly lane: number;
}

interface Run {
  readonly event: { readonly data: Record<string, unknown> };
  readonly runId: string;
  readonly step: StepTools;
}

const [ledgerPath, port, baseUrl, signingKey, eventKey] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const client = new Stepwell({ id: "stress", isProduction: true, baseUrl, signingKey, eventKey, logger: silent });
const RETRIES = 20;

/** The wall clock, and finer than a millisecond. */
const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function timed(kind: string, { event, runId, step }: Run, name: string, ms: number): Promise<void> {
  await step.run(name, async () => {
    const from = now();
    await pause(ms);
    const line: BodyLine = { kind, runId, lane: Number(event.data["lane"]), from, to: now() };
    appendFileSync(ledgerPath, `${JSON.stringify(line)}\n`);
  });
}

const calls = client.createFunction(
  {
    id: "calls",
    triggers: { event: "stress/calls" },
    retries: RETRIES,
    concurrency: [{ limit: 6 }, { limit: 2, key: "event.data.lane" }],
  },
  async (run) => {
    await timed("calls", run, "first", 60);
    await Promise.all(["left", "right"].map((name) => timed("calls", run, name, 60)));
  },
);

const runs = client.createFunction(
  {
    id: "runs",
    triggers: { event: "stress/runs" },
    retries: RETRIES,
    runConcurrency: [{ limit: 3 }, { limit: 1, key: "event.data.lane" }],
  },
  async (run) => {
    await timed("runs", run, "before", 40);
    await run.step.sleep("nap", "100ms");
    await timed("runs", run, "after", 40);
  },
);

const starts = client.createFunction(
  { id: "starts", triggers: { event: "stress/starts" }, retries: RETRIES, throttle: { limit: 4, period: "2s" } },
  async (run) => {
    await timed("starts", run, "only", 20);
  },
);

createServer({ client, functions: [calls, runs, starts] }).listen(Number(port), "127.0.0.1", () => {
  console.log("up");
});
