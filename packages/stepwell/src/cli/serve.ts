/**
 * Runs a server until somebody ends it.
 *
 *   SV1. The first SIGTERM or SIGINT ends it gently: intake stops, calls may finish, what they report is stored.
 *   SV2. The second ends the process at once. Nothing acknowledged is lost: the store survives that.
 *   SV3. A store that failed for good ends the process with exit code 1, after saying why.
 */
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerOptions } from "../server/options.ts";
import { type RunningServer, startServer } from "../server/server.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { trimMemoryAtRest } from "./idle-memory.ts";
import { reportError } from "./report-error.ts";
import type { Terminal } from "./terminal.ts";
import { letYoungGenerationGrow } from "./young-generation.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
type Signal = (typeof SIGNALS)[number];

/** How long a server that failed may take to end. */
const FAILED_STOP_MS_MAX = 2_000;

export interface Serving {
  readonly options: Omit<ServerOptions, "onFatal">;
  readonly terminal: Terminal;
  /** How errors are told. */
  readonly isJson: boolean;
  /** Called once it listens. */
  readonly started: (server: RunningServer) => void | Promise<void>;
  /** Called when the first signal came. */
  readonly stopping: (signal: Signal) => void;
}

export async function serve({ options, terminal, isJson, started, stopping }: Serving): Promise<ExitCode> {
  const end = endOf();
  let server: RunningServer | null = null;
  let stopTrimming = () => {};
  try {
    server = await startServer({ ...options, onFatal: end.failed });
    await started(server);
    letYoungGenerationGrow();
    const { engine } = server;
    stopTrimming = trimMemoryAtRest(() => engine.stats);
    const why = await end.reached;
    if (why.kind === "failed") throw why.error;
    stopping(why.signal); // SV1
    await server.stop();
    return EXIT.ok;
  } catch (error) {
    const exitCode = reportError(error, terminal, isJson); // SV3
    if (server !== null) await Promise.race([server.stop().catch(() => {}), delay(FAILED_STOP_MS_MAX)]);
    return exitCode;
  } finally {
    stopTrimming();
    end.forget();
  }
}

/** Runs beyond this number are not counted at the start; "many" says enough. */
const UNFINISHED_RUNS_MAX = 10_000;

/** How many runs were found unfinished, in words; null for none. */
export async function unfinishedRuns(server: RunningServer): Promise<string | null> {
  const count = await server.engine.store.countOpenRuns(UNFINISHED_RUNS_MAX);
  if (count === 0) return null;
  return count < UNFINISHED_RUNS_MAX ? String(count) : `${UNFINISHED_RUNS_MAX} or more`;
}

/** 0 seconds: an app that has answered is not asked again. */
export const pollIntervalMs = (seconds: number): number | null => (seconds === 0 ? null : seconds * 1_000);

type End = { readonly kind: "signal"; readonly signal: Signal } | { readonly kind: "failed"; readonly error: unknown };

function endOf() {
  let resolve: (end: End) => void = () => {};
  const reached = new Promise<End>((done) => {
    resolve = done;
  });
  let isEnding = false;
  const onSignal = (signal: Signal) => {
    if (isEnding) process.exit(128 + constants.signals[signal]); // SV2
    isEnding = true;
    resolve({ kind: "signal", signal });
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    reached,
    failed: (error: unknown) => resolve({ kind: "failed", error }),
    forget() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
