/** A server (`start`, durability FULL) and an app, each in a process of its own, signed as in production. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";
import { type Child, rssBytes, start } from "./process.ts";

const SIGNING_KEY = "5eed".repeat(16);
const EVENT_KEY = "bench-event-key";
const AUTHORIZATION = `Bearer ${SIGNING_KEY}`;

export interface Cluster {
  readonly app: Child;
  readonly url: string;
  /** The header that the server wants to see. */
  readonly authorization: string;
  serverRssBytes(): number;
  /** Sends events in one request; resolves when they are acknowledged. */
  send(events: readonly object[]): Promise<string[]>;
  /** Waits until the app has seen so many ends of a function. */
  waitForEnds(fn: string, number: number, seconds: number): Promise<void>;
  killServer(signal: NodeJS.Signals): Promise<void>;
  startServer(): Promise<void>;
  get(path: string): Promise<unknown>;
  /** Throws when it is refused. */
  post(path: string, body: object): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-bench-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    STEPWELL_SIGNING_KEY: SIGNING_KEY,
    STEPWELL_EVENT_KEY: EVENT_KEY,
    STEPWELL_BASE_URL: url,
    STEPWELL_DEV: "0",
    NODE_NO_WARNINGS: "1",
  };
  const app = await start("./app.ts", [], env);
  const appUrl = `http://127.0.0.1:${String(app.ready["port"])}/api/stepwell`;
  let server: ChildProcess;
  const pool = new Pool(url, { connections: 64, pipelining: 1 });
  const request = async (method: "GET" | "POST" | "PUT", path: string, body: string | null) => {
    const answer = await pool.request({
      method,
      path,
      body,
      headers: { "content-type": "application/json", authorization: AUTHORIZATION },
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
  const startServer = async () => {
    const cli = fileURLToPath(new URL("../../stepwell/dist/cli/main.js", import.meta.url));
    server = spawn(
      process.execPath,
      [cli, "start", "--port", String(port), "--data-dir", folder, "--log-level", "error"],
      {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, ...env },
      },
    );
    await until(
      () =>
        request("GET", "/health", null).then(
          ({ status }) => status === 200,
          () => false,
        ),
      20,
      "the server to start",
    );
  };
  const endServer = async (signal: NodeJS.Signals) => {
    server.kill(signal);
    await new Promise((resolve) => server.once("exit", resolve));
  };
  process.on("exit", () => server.kill("SIGKILL"));
  await startServer();
  const synced = await request("POST", "/fn/sync", JSON.stringify({ url: appUrl }));
  if (synced.status !== 200) throw new Error(`The app could not be synced: ${JSON.stringify(synced)}`);
  return {
    app,
    url,
    authorization: AUTHORIZATION,
    startServer,
    serverRssBytes: () => rssBytes(server.pid!),
    async send(events) {
      const answer = await request("POST", `/e/${EVENT_KEY}`, JSON.stringify(events));
      return accepted("events", answer)["ids"] as string[];
    },
    async waitForEnds(fn, number, seconds) {
      await until(
        async () => (((await app.ask("ends")) as Record<string, number>)[fn] ?? 0) >= number,
        seconds,
        `${number} ends of ${fn}`,
      );
    },
    killServer: endServer,
    post: async (path, content) => void accepted(path, await request("POST", path, JSON.stringify(content))),
    get: async (path) => (await request("GET", path, null)).body,
    async stop() {
      await endServer("SIGKILL");
      await app.kill("SIGKILL");
      await pool.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepted<Body>(what: string, { status, body }: { readonly status: number; readonly body: Body }): Body {
  if (status >= 300) throw new Error(`${what} was refused: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Looks every few milliseconds whether something holds; throws after the limit. */
export async function until(holds: () => Promise<boolean>, seconds: number, what: string): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
