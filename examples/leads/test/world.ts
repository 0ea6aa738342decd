/**
 * The whole thing for a test, over real HTTP: a stub of the services, the app in this process, and the server as a
 * process of its own with data in a temporary folder.
 *
 *   W1. Time only moves forward: travelling ends the server and starts it again with its clock moved on, which is what
 *       a machine that was switched off for so long would see.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { createApp } from "../src/app.ts";
import { eventRuns, isOver, oneRun, type RunView, runSteps, type StepView } from "../src/quickstart/server-api.ts";
import { ServerProcess } from "../src/quickstart/server-process.ts";
import { sync } from "../src/quickstart/sync.ts";
import { type Stub, type StubCall, startStub } from "../src/stub/server.ts";

const POLL_MS = 15;
const WAIT_MS_MAX = 20_000;
/** Between attempts, in seconds, so that no test waits for the growing delays. */
const RETRY_INTERVAL = "0.05";

export class World {
  readonly stub: Stub;
  readonly appUrl: string;
  readonly #app: FastifyInstance;
  readonly #dataDir: string;
  #server: ServerProcess;
  #shiftMs = 0;

  private constructor(stub: Stub, app: FastifyInstance, appUrl: string, dataDir: string, server: ServerProcess) {
    this.stub = stub;
    this.appUrl = appUrl;
    this.#app = app;
    this.#dataDir = dataDir;
    this.#server = server;
  }

  static async start(): Promise<World> {
    const stub = await startStub();
    process.env["SERVICES_URL"] = stub.url;
    const app = createApp();
    const appUrl = await app.listen({ host: "127.0.0.1", port: 0 });
    const dataDir = await mkdtemp(join(tmpdir(), "stepwell-leads-"));
    const world = new World(stub, app, appUrl, dataDir, await startServer(dataDir, 0, 0));
    process.env["STEPWELL_BASE_URL"] = world.serverUrl;
    await sync(appUrl, world.serverUrl, "leads");
    return world;
  }

  get serverUrl(): string {
    return this.#server.url;
  }

  /** The server's time. */
  get now(): number {
    return Date.now() + this.#shiftMs;
  }

  async end(): Promise<void> {
    await this.#server.end();
    await this.#app.close();
    await this.stub.close();
    await rm(this.#dataDir, { recursive: true });
  }

  /** Switches the server off, and on again at a later instant. */
  async travelTo(instant: number): Promise<void> {
    if (instant < this.now) throw new Error("time only moves forward"); // W1
    await this.#server.end();
    this.#shiftMs = instant - Date.now();
    this.#server = await startServer(this.#dataDir, this.#server.port, this.#shiftMs);
  }

  travel(ms: number): Promise<void> {
    return this.travelTo(this.now + ms);
  }

  /** Calls the app's API and returns the answer, which must be 202. */
  async api<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(`${this.appUrl}${path}`, { method, headers, ...init });
    const text = await response.text();
    if (response.status !== 202) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as Answer;
  }

  /** Sends an event as any HTTP client would, and returns its id. */
  async send(name: string, data: object): Promise<string> {
    const response = await fetch(`${this.serverUrl}/e/any-key`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, data }),
    });
    return ((await response.json()) as { ids: [string] }).ids[0];
  }

  /** The run of a function that an event started. */
  run(eventId: string, functionId: string): Promise<RunView> {
    return until(`a run of ${functionId}`, async () => {
      const runs = await eventRuns(this.serverUrl, eventId);
      return runs.find((run) => run.function_slug === `leads-${functionId}`);
    });
  }

  /** The same run, once it has ended. */
  async ended(eventId: string, functionId: string): Promise<RunView> {
    const { run_id: runId } = await this.run(eventId, functionId);
    return until(`the end of ${functionId}`, async () => {
      const run = await oneRun(this.serverUrl, runId);
      return isOver(run) ? run : undefined;
    });
  }

  async steps(run: RunView): Promise<StepView[]> {
    return runSteps(this.serverUrl, run.run_id);
  }

  /** A step of a run, once it is in a state. */
  step(run: RunView, name: string, status: StepView["status"]): Promise<StepView> {
    return until(`step ${name} being ${status}`, async () => {
      const steps = await this.steps(run);
      return steps.find((step) => step.name === name && step.status === status);
    });
  }

  /** What a service was asked, in order, as far as the body holds `fields`. */
  asked(path: string, fields: Readonly<Record<string, unknown>> = {}): StubCall[] {
    const isMeant = (call: StubCall) => Object.entries(fields).every(([name, value]) => call.body[name] === value);
    return this.stub.calls.filter((call) => call.path === path && isMeant(call));
  }
}

function startServer(dataDir: string, port: number, shiftMs: number): Promise<ServerProcess> {
  const clock = new URL(`./shifted-clock.ts?ms=${shiftMs}`, import.meta.url).href;
  return ServerProcess.start({
    port,
    dataDir,
    args: ["--retry-interval", RETRY_INTERVAL],
    nodeArgs: ["--import", clock],
  });
}

/** Asks again and again until there is an answer. */
export async function until<Answer>(what: string, ask: () => Promise<Answer | undefined>): Promise<Answer> {
  const deadline = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${WAIT_MS_MAX} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
