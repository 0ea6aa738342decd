/** Child processes of the benchmarks: a server, an app, a floor. Each is ended by its id, also when a benchmark throws. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Child {
  readonly pid: number;
  /** The object that the process said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Asks a question over the process's channel. */
  ask(question: string): Promise<unknown>;
  kill(signal: NodeJS.Signals): Promise<void>;
  rssBytes(): number;
}

/** Starts a script of this folder (or a path) and waits until it says `{ready: true, …}` over its channel. */
export async function start(
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...(env["NODE_FLAGS"]?.split(" ") ?? []), path, ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void ended.then(() => running.delete(child));
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${script} ended with code ${code} before it was ready`)));
    child.on("message", (message: Record<string, unknown>) => {
      if (message["ready"] === true) resolve(message);
    });
  });
  return {
    pid: child.pid!,
    ready,
    ask: (question) =>
      new Promise((resolve) => {
        const listen = (message: Record<string, unknown>) => {
          if (message["answerTo"] !== question) return;
          child.off("message", listen);
          resolve(message["value"]);
        };
        child.on("message", listen);
        child.send({ question });
      }),
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
    rssBytes: () => rssBytes(child.pid!),
  };
}

/** Resident memory of a process, from the kernel. */
export function rssBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) * 1_024;
}

/** The child's side: says that it is ready, and answers questions. */
export function serveQuestions(
  ready: Readonly<Record<string, unknown>>,
  answers: Readonly<Record<string, () => unknown>>,
): void {
  process.on("message", async ({ question }: { question: string }) => {
    process.send?.({ answerTo: question, value: await answers[question]?.() });
  });
  process.on("disconnect", () => process.exit(0));
  process.on("SIGTERM", () => process.exit(0));
  process.send?.({ ready: true, ...ready });
}
