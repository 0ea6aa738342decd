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
  const pool = new Pool(url, { connections: 64, pipelining: 1 });
  const request = requestOver(pool);
  const server = serverOf(["--port", String(port), "--data-dir", folder], env, request);
  await server.start();
  accepted("the app", await request("POST", "/fn/sync", { url: appUrl }));
  return {
    app,
    url,
    authorization: AUTHORIZATION,
    startServer: server.start,
    serverRssBytes: () => rssBytes(server.pid()),
    send: async (events) => accepted("events", await request("POST", `/e/${EVENT_KEY}`, events))["ids"] as string[],
    async waitForEnds(fn, number, seconds) {
      const ends = async () => ((await app.ask("ends")) as Record<string, number>)[fn] ?? 0;
      await until(async () => (await ends()) >= number, seconds, `${number} ends of ${fn}`);
    },
    killServer: server.end,
    post: async (path, content) => void accepted(path, await request("POST", path, content)),
    get: async (path) => (await request("GET", path)).body,
    async stop() {
      await server.end("SIGKILL");
      await app.kill("SIGKILL");
      await pool.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Request = (
  method: "GET" | "POST" | "PUT",
  path: string,
  content?: object,
) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;

function requestOver(pool: Pool): Request {
  const headers = { "content-type": "application/json", authorization: AUTHORIZATION };
  return async (method, path, content) => {
    const body = content === undefined ? null : JSON.stringify(content);
    const answer = await pool.request({ method, path, body, headers });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
}

/** The process of the server: it may be killed and started again, and does not outlive this one. */
function serverOf(options: readonly string[], env: Readonly<Record<string, string>>, request: Request) {
  const cli = fileURLToPath(new URL("../../stepwell/dist/cli/main.js", import.meta.url));
  let child: ChildProcess | null = null;
  process.on("exit", () => child?.kill("SIGKILL"));
  const isUp = () =>
    request("GET", "/health").then(
      ({ status }) => status === 200,
      () => false,
    );
  return {
    pid: () => child!.pid!,
    async start() {
      const args = [cli, "start", ...options, "--log-level", "error"];
      child = spawn(process.execPath, args, {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, ...env },
      });
      await until(isUp, 20, "the server to start");
    },
    async end(signal: NodeJS.Signals) {
      const ending = child!;
      ending.kill(signal);
      await new Promise((resolve) => ending.once("exit", resolve));
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
