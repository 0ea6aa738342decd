/**
 * The command as a real process, for tests. Every process is ended by its own handle, also when a test fails:
 * `endAll` belongs into `afterEach`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMMAND = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

const LINE_MS_MAX = 15_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  #told: (() => void)[] = [];

  constructor(program: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(program, args, { cwd, env: { ...cleanEnv(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (name: "stdout" | "stderr") =>
      this.child[name]!.setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
        for (const tell of this.#told.splice(0)) tell();
      });
    keep("stdout");
    keep("stderr");
    this.ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        for (const tell of this.#told.splice(0)) tell();
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Resolves with the match as soon as the output has it. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const until = Date.now() + LINE_MS_MAX;
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.child.exitCode !== null || Date.now() > until) {
        throw new Error(`the process never said ${pattern}; it said:\n${this.stdout}${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - Date.now());
        this.#told.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** No settings of the host: they would change what commands do. */
function cleanEnv(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(STEPWELL|INNGEST)_|^(FORCE_COLOR|NODE_ENV|PORT|VITEST.*)$/.test(name),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

const running: Process[] = [];
const folders: string[] = [];

export function launch(program: string, args: readonly string[], cwd: string, env?: Readonly<Record<string, string>>) {
  const process = new Process(program, args, cwd, env);
  running.push(process);
  return process;
}

/** `stepwell` with arguments. */
export function stepwell(args: readonly string[], cwd: string, env?: Readonly<Record<string, string>>): Process {
  return launch(process.execPath, [COMMAND, ...args], cwd, env);
}

/** A server that listens on a free port, and its address. */
export async function listening(process: Process): Promise<string> {
  return (await process.said(/"url":"(http:[^"]+)"[^\n]*"msg":"listening"/))[1]!;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-cli-"));
  folders.push(folder);
  return folder;
}

export async function endAll(): Promise<void> {
  await Promise.all(running.splice(0).map((process) => process.stop("SIGKILL")));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
