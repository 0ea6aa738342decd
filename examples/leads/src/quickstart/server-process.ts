/**
 * The Stepwell server as a child process, found out to be ready by its log, and ended with this program.
 *
 *   P1. It never outlives this program: it notices when its parent is gone.
 *   P2. An end that nobody asked for is told to `onCrash`, once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface ServerProcessOptions {
  /** The port to listen on; when it is in use the server takes the next free one. 0 takes any. */
  readonly port: number;
  /** The folder that keeps the data. */
  readonly dataDir: string;
  /** More arguments for `stepwell dev`. */
  readonly args?: readonly string[];
  /** More arguments for Node. */
  readonly nodeArgs?: readonly string[];
  readonly onCrash?: (how: string) => void;
}

const START_MS_MAX = 20_000;
const END_MS_MAX = 10_000;
const LINES_KEPT = 30;

export class ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #isEnding = false;

  private constructor(child: ChildProcess, url: string, ended: Promise<string>) {
    this.url = url;
    this.port = Number(new URL(url).port);
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#ended = ended;
  }

  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const child = spawnServer(options);
    const lines: string[] = [];
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const url = await Promise.race([listening(child, lines), ended.then(() => null), timeout(START_MS_MAX)]);
    if (url === null) {
      child.kill("SIGKILL");
      throw new Error(`The server did not start.\n${lines.join("\n")}`);
    }
    const server = new ServerProcess(child, url, ended);
    ended.then((how) => {
      if (!server.#isEnding) options.onCrash?.(how); // P2
    });
    return server;
  }

  /** Ends it gently, or by force when that takes too long. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill("SIGTERM");
    if ((await Promise.race([this.#ended, timeout(END_MS_MAX)])) === null) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends it as a power cut would. */
  crash(): void {
    this.#child.kill("SIGKILL");
  }
}

function spawnServer({ port, dataDir, args = [], nodeArgs = [] }: ServerProcessOptions): ChildProcess {
  return spawn(
    process.execPath,
    [
      "--import",
      new URL("./end-with-parent.ts", import.meta.url).href, // P1
      ...nodeArgs,
      commandPath(),
      "dev",
      ...["--port", String(port), "--data-dir", dataDir, "--no-discovery", "--log-format", "json"],
      ...args,
    ],
    // In a process group of its own: a terminal's Ctrl-C is this program's to pass on.
    { stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true },
  );
}

/** The program behind the command `stepwell`. */
export function commandPath(): string {
  const manifestUrl = import.meta.resolve("stepwell/package.json");
  const manifest = JSON.parse(readFileSync(fileURLToPath(manifestUrl), "utf8")) as { bin: { stepwell: string } };
  return fileURLToPath(new URL(manifest.bin.stepwell, manifestUrl));
}

/** Resolves with the server's address once its log says that it listens. Keeps its last lines for who must explain. */
function listening(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
        const url = listeningUrl(line);
        if (url !== null) resolve(url);
      });
    }
  });
}

function listeningUrl(line: string): string | null {
  if (!line.startsWith("{")) return null;
  const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown };
  return msg === "listening" && typeof url === "string" ? url : null;
}

const timeout = (ms: number) => new Promise<null>((resolve) => setTimeout(() => resolve(null), ms).unref());
