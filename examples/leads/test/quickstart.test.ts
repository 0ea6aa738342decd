/** The quickstart as people run it: a process in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { freePort } from "../src/quickstart/listen.ts";

const PROGRAM = fileURLToPath(new URL("../src/quickstart.ts", import.meta.url));
const STEPS = ["create-profile", "create-offer", "create-strategy", "create-email", "send-email"];

test.concurrent("it prints each step of a real run and ends well", async () => {
  await inFolder(async (folder) => {
    const { code, text } = await ended(start(folder, "--once"));
    expect([code, text]).toEqual([0, expect.stringContaining("Completed in")]);
    expect(stepsIn(text)).toEqual(STEPS);
    expect(text).toMatch(/Dashboard {2}http:/);
    expect(text).not.toContain("\u001b["); // No colours into a pipe.
  });
});

test.concurrent("a server killed in the middle is started again, and the run finishes", async () => {
  await inFolder(async (folder) => {
    const { code, text } = await ended(start(folder, "--once", "--crash"));
    expect([code, text]).toEqual([0, expect.stringContaining("The server is gone (SIGKILL)")]);
    expect(stepsIn(text)).toEqual(STEPS);
    expect(text).toContain("/create-strategy was called 2 times");
    expect(text.match(/was called/g)).toHaveLength(1);
  });
});

test.concurrent("killed itself, it finds the unfinished run again and finishes it", async () => {
  await inFolder(async (folder) => {
    // The app must be found where it was: the server goes on before anybody tells it of another address.
    const first = start(folder, "--once");
    await printed(first, "create-offer");
    first.kill("SIGKILL");
    await ended(first);
    const { code, text } = await ended(start(folder, "--once"));
    expect([code, text]).toEqual([0, expect.stringContaining("An unfinished run was found")]);
    expect(text.match(/before, kept/g)).toHaveLength(2);
    expect(stepsIn(text)).toEqual([...STEPS, ...STEPS]);
  });
});

test.concurrent("a server that cannot start is a clear error", async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, ".stepwell"), "a file where the folder should be");
    const { code, text } = await ended(start(folder, "--once"));
    expect([code, text]).toEqual([1, expect.stringContaining("The server did not start")]);
    expect(text).toContain(".stepwell");
  });
});

test.concurrent("told to end, it ends all it started", async () => {
  await inFolder(async (folder) => {
    const running = start(folder);
    const text = await printed(running, "Serving until Ctrl-C");
    running.kill("SIGINT");
    expect((await ended(running)).code).toBe(0);
    const url = /Dashboard {2}(\S+)/.exec(text)?.[1] ?? "";
    await expect(fetch(url)).rejects.toThrow();
  });
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stepwell-quickstart-"));
  appPorts.set(folder, await freePort(0));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the app of a folder listens, each time it is started. */
const appPorts = new Map<string, number>();

const outputs = new WeakMap<ChildProcess, string>();

function start(folder: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, "--port", "0", ...args], {
    cwd: folder,
    env: { ...process.env, PORT: String(appPorts.get(folder)) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  outputs.set(child, "");
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => outputs.set(child, outputs.get(child) + chunk.toString()));
  }
  return child;
}

/** Resolves with all that was printed once it holds `text`. */
function printed(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const output = outputs.get(child) ?? "";
      if (output.includes(text)) resolve(output);
    };
    child.stdout?.on("data", look);
    child.once("close", () => reject(new Error(`it ended before it said "${text}":\n${outputs.get(child)}`)));
  });
}

function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, text: outputs.get(child) ?? "" }));
  });
}

const stepsIn = (text: string) => [...text.matchAll(/ {4}✓ ([\w-]+)/g)].map((match) => match[1]);
