/** Child processes of a test: started with their output kept, ended by their id, and never left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

const OUTPUT_CHARS_MAX = 200_000;

export interface Process {
  readonly child: ChildProcess;
  /** All it has printed so far. */
  output(): string;
  /** Asks it to end, insists after a while, and waits until it is gone. */
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startProcess(command: string, args: readonly string[], options: ProcessOptions = {}): Process {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...withoutSettings(process.env), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  child.on("error", (error) => keep(Buffer.from(`${error.message}\n`)));
  return { child, output: () => output, stop: () => stop(child) };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      probe.close(() => resolve(address.port));
    });
  });
}

/** Tries until the address answers; gives up with what the process said. */
export async function waitUntilUp(url: string, started: Process, waitMs = 20_000): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    if (started.child.exitCode !== null) throw new Error(`ended before it answered:\n${started.output()}`);
    const answer = await fetch(url).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`${url} did not answer:\n${started.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const insist = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(insist);
}

/** The settings of whoever runs the tests must not reach what the tests start. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(STEPWELL|INNGEST|NODE_ENV|VITEST|PORT$)/.test(name)),
  );
}
