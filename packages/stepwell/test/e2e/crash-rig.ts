/**
 * Real processes for the tests of crashes: a server, an app, and a load of events, each killed and started again at will.
 *
 *   R1. Only processes started here are killed, by their id.
 *   R2. An event counts as sent when its sender got the id, and not before.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EventInput, Stepwell } from "../../src/index.ts";
import type { EndedRun, Sent } from "./crash-ledger.ts";

const SERVER = fileURLToPath(new URL("./crash-server.ts", import.meta.url));
const APP = fileURLToPath(new URL("./crash-app.ts", import.meta.url));
const SIGNING_KEY = "5eed".repeat(16);
const EVENT_KEY = "crash-test";
const EVENT_NAMES = ["chain", "classic", "fan", "nap", "shaky", "slow", "parent", "meet"].map(
  (name) => `crash/${name}`,
);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

type Role = "server" | "app";

interface Started {
  readonly child: ChildProcess;
  /** False when it ended before. */
  readonly isUp: Promise<boolean>;
}

export class CrashRig {
  readonly folder = mkdtempSync(join(tmpdir(), "stepwell-crash-"));
  readonly databasePath = join(this.folder, "stepwell.db");
  readonly ledgerPath = join(this.folder, "ledger.jsonl");
  readonly sent: Sent[] = [];
  /** What the processes complained about, last first to be read. */
  readonly complaints: string[] = [];
  readonly #running = new Map<Role, Started>();
  readonly #ports: Record<Role, number>;
  readonly #app: string;
  readonly #client: Stepwell;
  #made = 0;
  #isLoading = false;
  #load: Promise<unknown> = Promise.resolve();

  /** `app` is the file of the app's process. */
  static async create(app = APP): Promise<CrashRig> {
    return new CrashRig({ server: await freePort(), app: await freePort() }, app);
  }

  private constructor(ports: Record<Role, number>, app: string) {
    this.#ports = ports;
    this.#app = app;
    writeFileSync(this.ledgerPath, "");
    this.#client = new Stepwell({
      id: "load",
      isProduction: true,
      baseUrl: this.serverUrl,
      eventKey: EVENT_KEY,
      logger: silent,
    });
  }

  get serverUrl(): string {
    return `http://127.0.0.1:${this.#ports.server}`;
  }

  /** Starts a process without waiting for it. */
  start(role: Role): void {
    const { server, app } = this.#ports;
    const appUrl = `http://127.0.0.1:${app}/api/stepwell`;
    const args =
      role === "server"
        ? [SERVER, this.databasePath, String(server), appUrl]
        : [this.#app, this.ledgerPath, String(app), this.serverUrl];
    const child = spawn(process.execPath, [...args, SIGNING_KEY, EVENT_KEY], { stdio: ["ignore", "pipe", "pipe"] });
    const isUp = new Promise<boolean>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        if (chunk.toString().startsWith("up")) resolve(true);
        else this.#note(role, chunk);
      });
      child.once("exit", () => resolve(false));
    });
    child.stderr.on("data", (chunk: Buffer) => this.#note(role, chunk));
    this.#running.set(role, { child, isUp });
  }

  /** Waits until the process says that it is up. */
  async up(role: Role): Promise<void> {
    const isUp = await this.#running.get(role)?.isUp;
    if (!isUp) throw new Error(`the ${role} is not there:\n${this.complaints.slice(-20).join("")}`);
  }

  /** Waits until the server knows the app's functions: before that, events start nothing. */
  async registered(): Promise<void> {
    while ((await this.get<unknown[]>("/v1/apps")).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async kill(role: Role): Promise<void> {
    await this.#end(role, "SIGKILL");
  }

  async stopGently(role: Role): Promise<void> {
    await this.#end(role, "SIGTERM");
  }

  /** Ends every process and removes the folder. */
  async dispose(): Promise<void> {
    this.#isLoading = false;
    await this.#load;
    for (const role of [...this.#running.keys()]) await this.kill(role);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** `senders` senders send single events and small batches, as fast as the answers come and a short rest allows. */
  startLoad(senders: number, restMs: number, eventsMax: number): void {
    this.#isLoading = true;
    this.#load = Promise.all(Array.from({ length: senders }, (_, sender) => this.#sendOn(sender, restMs, eventsMax)));
  }

  async stopLoad(): Promise<void> {
    this.#isLoading = false;
    await this.#load;
  }

  /** Sends events and returns their ids; throws when the server does not take them. */
  async send(events: readonly EventInput[]): Promise<readonly string[]> {
    return (await this.#client.send([...events])).ids;
  }

  async #sendOn(sender: number, restMs: number, eventsMax: number): Promise<void> {
    for (let round = 0; this.#isLoading; round++) {
      if (this.sent.length < eventsMax) await this.#sendSome(`${sender}-${round}`, 1 + (round % 4));
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  }

  async #sendSome(prefix: string, count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, index) => {
      const key = `${prefix}-${index}`;
      return { name: EVENT_NAMES[this.#made++ % EVENT_NAMES.length]!, data: { key }, key };
    });
    try {
      const { ids } = await this.#client.send(events.map(({ name, data }) => ({ name, data })));
      for (const [index, { name, key }] of events.entries()) this.sent.push({ id: ids[index]!, name, key }); // R2
    } catch {
      // The server stayed away for longer than the SDK tries. Nothing was promised.
    }
  }

  async get<Data>(path: string): Promise<Data> {
    const answer = await fetch(this.serverUrl + path, { headers: { authorization: `Bearer ${SIGNING_KEY}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { data: Data }).data;
  }

  /** The runs of an event, or of the one it repeats, with the values of their steps. */
  async runsOf(eventId: string): Promise<EndedRun[]> {
    const decisions = await this.get<{ run_id: string }[]>(`/v1/events/${eventId}/decisions`);
    const runs = await Promise.all(decisions.map(({ run_id }) => this.get<RunRecord>(`/v1/runs/${run_id}`)));
    return Promise.all(
      runs.map(async ({ run_id, status, output }) => {
        const steps = await this.get<StepRecord[]>(`/v1/runs/${run_id}/steps`);
        return {
          id: run_id,
          status,
          output: output ?? {},
          steps: new Map(steps.map((step) => [step.name, step.output])),
        };
      }),
    );
  }

  async #end(role: Role, signal: NodeJS.Signals): Promise<void> {
    const child = this.#running.get(role)?.child;
    this.#running.delete(role);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal); // R1
    await gone;
  }

  #note(role: Role, chunk: Buffer): void {
    this.complaints.push(`${role}: ${chunk.toString()}`);
  }
}

interface RunRecord {
  readonly run_id: string;
  readonly status: string;
  readonly output?: Readonly<Record<string, string>>;
}

interface StepRecord {
  readonly name: string;
  readonly output?: unknown;
}

/** A free port below those the system gives to connections: one of them must not take it while its owner is dead. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
