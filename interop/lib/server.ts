/** A real server in a process of its own, and the little of its API that the tests read. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, type Process, startProcess, waitUntilUp } from "./processes.ts";

const COMMAND = fileURLToPath(new URL("../../packages/stepwell/src/cli/main.ts", import.meta.url));
const RUN_WAIT_MS = 25_000;
const POLL_MS = 20;

export interface Keys {
  readonly signingKey: string;
  readonly signingKeyFallback?: string;
  readonly eventKey: string;
}

export interface ServerOptions {
  /** With keys it is the production server (`start`), without them `dev`. */
  readonly keys?: Keys;
  /** Where an app is to be found; the server asks it for its functions. */
  readonly appUrl?: string;
  /** A port chosen before, for an app that must know it. */
  readonly port?: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Run {
  readonly run_id: string;
  readonly function_id: string;
  readonly event_id: string;
  readonly status: string;
  readonly output?: unknown;
}

/** A step as the server sees it, for tests that must know when a run has come so far. */
export interface StepState {
  readonly name: string;
  readonly index: number;
  readonly status: string;
  readonly child_run_id?: string | null;
}

export interface Server {
  readonly url: string;
  readonly process: Process;
  /** The runs an event has started so far. */
  runsOf(eventId: string): Promise<Run[]>;
  /** The runs of an event once there are `count` and all have ended. */
  endedRunsOf(eventId: string, count?: number): Promise<Run[]>;
  /** The only run of an event, ended. */
  endedRunOf(eventId: string): Promise<Run>;
  /** The run, ended. */
  ended(runId: string): Promise<Run>;
  /** The first run of an event, once its step of that name waits. */
  waitingRunOf(eventId: string, step: string, index?: number): Promise<string>;
  /** A step of that name waits, or sleeps, in the run. */
  waitingStep(runId: string, step: string, index?: number): Promise<void>;
  /** The runs that steps of a run have invoked, once there are some. */
  childrenOf(runId: string): Promise<string[]>;
  get(path: string): Promise<Answer>;
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startServer({ keys, appUrl, port: wanted }: ServerOptions = {}): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), "stepwell-interop-"));
  const port = wanted ?? (await freePort());
  const args = appUrl === undefined ? [] : ["--url", appUrl];
  const url = `http://127.0.0.1:${port}`;
  const all = [COMMAND, ...command(keys), "--port", String(port), "--host", "127.0.0.1", "--data-dir", dataDir];
  const started = startProcess(process.execPath, [...all, ...args], { cwd: dataDir });
  const stop = async (): Promise<void> => {
    await started.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await waitUntilUp(`${url}/health`, started);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, process: started, stop, ...reader(url, keys, started) };
}

function command(keys: Keys | undefined): string[] {
  if (keys === undefined) return ["dev", "--no-discovery", "--retry-interval", "1"];
  const fallback = keys.signingKeyFallback === undefined ? [] : ["--signing-key-fallback", keys.signingKeyFallback];
  return ["start", "--signing-key", keys.signingKey, ...fallback, "--event-key", keys.eventKey];
}

function reader(url: string, keys: Keys | undefined, started: Process) {
  const headers: Record<string, string> = keys === undefined ? {} : { authorization: `Bearer ${keys.signingKey}` };
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(url + path, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
  };
  const dataOf = async <Data>(path: string): Promise<Data> => {
    const { status, body } = await send("GET", path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return (body as { data: Data }).data;
  };
  const poll = async <Value>(read: () => Promise<Value>, isDone: (value: Value) => boolean): Promise<Value> => {
    const deadline = Date.now() + RUN_WAIT_MS;
    for (;;) {
      const value = await read();
      if (isDone(value)) return value;
      if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)}\n${started.output().slice(-4_000)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const runsOf = (eventId: string) => dataOf<Run[]>(`/v1/events/${eventId}/runs`);
  const endedRunsOf = (eventId: string, count = 1) =>
    poll(
      () => runsOf(eventId),
      (runs) => runs.length >= count && runs.every(hasEnded),
    );
  const endedRunOf = async (eventId: string): Promise<Run> => {
    const [run, ...others] = await endedRunsOf(eventId);
    if (run === undefined || others.length > 0) throw new Error(`one run expected, not ${others.length + 1}`);
    return run;
  };
  const ended = (runId: string) => poll(() => dataOf<Run>(`/v1/runs/${runId}`), hasEnded);
  const waitingStep = async (runId: string, step: string, index = 0): Promise<void> => {
    const isWaiting = ({ name, index: at, status }: StepState) =>
      name === step && at === index && (status === "Waiting" || status === "Sleeping");
    await poll(
      () => dataOf<StepState[]>(`/v1/runs/${runId}/steps`),
      (steps) => steps.some(isWaiting),
    );
  };
  const childrenOf = async (runId: string): Promise<string[]> => {
    const steps = await poll(
      () => dataOf<StepState[]>(`/v1/runs/${runId}/steps`),
      (all) => all.some((step) => step.child_run_id != null),
    );
    return steps.flatMap((step) => step.child_run_id ?? []);
  };
  const waitingRunOf = async (eventId: string, step: string, index = 0): Promise<string> => {
    const [run] = await poll(
      () => runsOf(eventId),
      (runs) => runs.length > 0,
    );
    await waitingStep(run!.run_id, step, index);
    return run!.run_id;
  };
  const get = (path: string) => send("GET", path);
  return { get, send, runsOf, endedRunsOf, endedRunOf, ended, waitingRunOf, waitingStep, childrenOf };
}

function hasEnded(run: Run): boolean {
  return run.status === "Completed" || run.status === "Failed" || run.status === "Cancelled";
}
