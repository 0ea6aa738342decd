/**
 * `stepwell runs follow` and `stepwell events follow`: what happens, as it happens.
 *
 *   FO1. A connection that breaks is made again, for ever, and that is said once each time. Only the first may fail.
 *   FO2. Following one run ends with the run, also when its end fell into a gap of the connection.
 *   FO3. What happened while the connection was broken is shown afterwards; what the server no longer knows is counted.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isStepwellError } from "../protocol/errors.ts";
import { shownUrl } from "../server/app-url.ts";
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { isEnded, type RunRecord, statusOf } from "./records.ts";
import { safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
import { createSseParser, type ServerSentEvent } from "./sse.ts";
import { statusText } from "./status-text.ts";
import type { Terminal } from "./terminal.ts";
import { clockText } from "./time-text.ts";

const RETRY_MS = 500;
const RETRY_MS_MAX = 10_000;

/** One entry of the feed. */
export interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly run_id: string | null;
  readonly function: string | null;
  readonly name: string;
  readonly status: string;
  readonly at: string;
  /** Of `logs_stored`: how many. */
  readonly lines?: number;
}

const RUN_KINDS: ReadonlySet<string> = new Set(["run_created", "run_started", "run_ended"]);
const STEP_KINDS: ReadonlySet<string> = new Set(["step_completed", "step_failed", "attempt_failed"]);

export async function followRuns(
  id: string | undefined,
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  const isWanted = (entry: Entry) =>
    (id === undefined || entry.run_id === id) &&
    (RUN_KINDS.has(entry.kind) || (id !== undefined && STEP_KINDS.has(entry.kind)));
  await follow(api, terminal, id === undefined ? "/v1/feed" : `/v1/feed?run=${encodeURIComponent(id)}`, {
    connected: async () => {
      if (id === undefined) return false;
      const run = await api.get<RunRecord>(`/v1/runs/${encodeURIComponent(id)}`);
      if (isEnded(run)) tellEnd(run, options, terminal);
      return isEnded(run); // FO2
    },
    entry: (entry) => {
      if (!isWanted(entry)) return false;
      terminal.print(options.json ? JSON.stringify(entry) : runLine(entry, terminal));
      return id !== undefined && entry.kind === "run_ended";
    },
  });
  return EXIT.ok;
}

export async function followEvents(options: ClientOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  await follow(new ApiClient(options, env), terminal, "/v1/feed", {
    connected: async () => false,
    entry: (entry) => {
      if (entry.kind !== "event_received") return false;
      const line = `${time(entry, terminal)}  ${terminal.colors.bold(safeText(entry.name))}  ${terminal.colors.dim(entry.id)}`;
      terminal.print(options.json ? JSON.stringify(entry) : line);
      return false;
    },
  });
  return EXIT.ok;
}

interface Follower {
  /** Called after every connection; true ends the following. */
  connected(): Promise<boolean>;
  /** True ends the following. */
  entry(entry: Entry): boolean | Promise<boolean>;
}

export async function follow(api: ApiClient, terminal: Terminal, path: string, follower: Follower): Promise<void> {
  const abort = new AbortController();
  const place: Place = { lastId: null };
  let retryMs = RETRY_MS;
  let isFirst = true;
  try {
    for (;;) {
      try {
        const response = await api.stream(path, place.lastId, abort.signal);
        if (!isFirst) terminal.complain(terminal.colors.dim("connected again"));
        else if (terminal.isTty)
          terminal.complain(terminal.colors.dim(`following ${shownUrl(api.url)}; Ctrl-C ends it`));
        isFirst = false;
        retryMs = RETRY_MS;
        if ((await follower.connected()) || (await readAll(response, follower, terminal, place))) return;
      } catch (error) {
        if (isFirst || (isStepwellError(error) && error.code !== "server_unreachable")) throw error;
      }
      if (retryMs === RETRY_MS) terminal.complain(terminal.colors.dim("connection lost; trying again"));
      await delay(retryMs); // FO1
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    }
  } finally {
    abort.abort();
  }
}

/** Where a connection broke off: the feed goes on from there (FO3). */
interface Place {
  lastId: string | null;
}

/** True when the follower has seen enough, false when the stream ended or broke. */
async function readAll(response: Response, follower: Follower, terminal: Terminal, place: Place): Promise<boolean> {
  const parse = createSseParser();
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) {
      for (const event of parse(decoder.decode(chunk as Uint8Array, { stream: true }))) {
        place.lastId = event.id ?? place.lastId;
        if (await handle(event, follower, terminal)) return true;
      }
    }
  } catch (error) {
    if (isStepwellError(error)) throw error;
    // Broken: the same as ended.
  }
  return false;
}

async function handle(event: ServerSentEvent, follower: Follower, terminal: Terminal): Promise<boolean> {
  if (event.event === "dropped") {
    const { count } = JSON.parse(event.data) as { readonly count: number | null };
    terminal.complain(terminal.colors.dim(`${count ?? "some"} left out: too much, or too long ago`));
    return false;
  }
  return follower.entry(JSON.parse(event.data) as Entry);
}

const time = (entry: Entry, terminal: Terminal) => terminal.colors.dim(clockText(Date.parse(entry.at)));

function runLine(entry: Entry, terminal: Terminal): string {
  const { bold, dim } = terminal.colors;
  const status = statusText(entry.status, terminal.colors);
  if (entry.kind === "attempt_failed" && entry.name === "") return `${time(entry, terminal)}    ${status}`;
  if (STEP_KINDS.has(entry.kind)) return `${time(entry, terminal)}    ${status} step ${bold(safeText(entry.name))}`;
  return `${time(entry, terminal)}  ${status} ${bold(entry.function ?? "")}  ${dim(entry.run_id ?? "")}`;
}

function tellEnd(run: RunRecord, options: ClientOptions, terminal: Terminal): void {
  const line = `${statusText(statusOf(run), terminal.colors)} ${run.function_slug ?? run.function_id}`;
  terminal.print(options.json ? JSON.stringify(run) : line);
}
