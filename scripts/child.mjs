/**
 * Child processes of the repository's commands.
 *
 * Invariants:
 *   C1. No child outlives its command: a signal to the command reaches the child, and a child that ignores it is killed.
 *   C2. A terminal's Ctrl-C reaches the child once. The terminal sends it to the whole foreground group itself, so it
 *       is passed on only when there is no terminal.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const KILL_AFTER_MS = 15_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

export const say = (line) => process.stdout.write(`stepwell: ${line}\n`);
export const complain = (line) => process.stderr.write(`stepwell: ${line}\n`);

/** Runs a program to its end with the terminal's own streams, and answers its exit code (128 + n after signal n). */
export function run(program, args, options = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: "inherit", ...options });
    const stop = (signal) => {
      if (!(signal === "SIGINT" && process.stdin.isTTY)) child.kill(signal); // C2
      setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref(); // C1
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    const end = (code) => {
      for (const signal of SIGNALS) process.off(signal, stop);
      done(code);
    };
    child.on("error", (error) => {
      complain(`${program} could not be started: ${error.message}`);
      end(127);
    });
    child.on("exit", (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** True when a child ended because it was told to: Ctrl-C is not worth an error message. */
export const wasInterrupted = (code) => code === 130 || code === 143 || code === 129;
