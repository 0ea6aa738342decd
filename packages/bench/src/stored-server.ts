/** A server (`start`) on a data folder that is there already, without an app. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { freePort, until } from "./cluster.ts";
import { rssBytes } from "./process.ts";

const SIGNING_KEY = "5eed".repeat(16);

export interface StoredServer {
  get(path: string): Promise<Record<string, unknown>>;
  send(event: object): Promise<void>;
  rssBytes(): number;
  stop(): Promise<void>;
}

export async function startStoredServer(folder: string): Promise<StoredServer> {
  const port = await freePort();
  const cli = fileURLToPath(new URL("../../stepwell/dist/cli/main.js", import.meta.url));
  const server = spawn(
    process.execPath,
    [cli, "start", "--port", String(port), "--data-dir", folder, "--log-level", "error"],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        STEPWELL_SIGNING_KEY: SIGNING_KEY,
        STEPWELL_EVENT_KEY: "bench-event-key",
        NODE_NO_WARNINGS: "1",
      },
    },
  );
  const kill = () => server.kill("SIGKILL");
  process.on("exit", kill);
  const headers = { authorization: `Bearer ${SIGNING_KEY}` };
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const isUp = () =>
    get("/health")
      .then(({ ok }) => ok)
      .catch(() => false);
  await until(isUp, 60, "the server to start");
  return {
    async get(path) {
      const answer = await get(path);
      const body = (await answer.json()) as Record<string, unknown>;
      if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${JSON.stringify(body)}`);
      return body;
    },
    async send(event) {
      const address = `http://127.0.0.1:${port}/e/bench-event-key`;
      const answer = await fetch(address, { method: "POST", body: JSON.stringify(event) });
      if (!answer.ok) throw new Error(`The event was refused: ${await answer.text()}`);
    },
    rssBytes: () => rssBytes(server.pid!),
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
      process.off("exit", kill);
    },
  };
}
