/**
 * `stepwell logs`: what handlers have logged, of one run or across runs, and as it happens.
 *
 *   LO1. Following prints each line once: of a run, those after the last one that was printed.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ApiClient, type ClientOptions, pathWith } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Entry, follow } from "./follow.ts";
import { isEnded, type RunRecord } from "./records.ts";
import { safeLines, safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface LogOptions extends ClientOptions {
  readonly follow: boolean;
  readonly text?: string;
  readonly level?: string;
  readonly function?: string;
  readonly app?: string;
  readonly from?: number;
  readonly until?: number;
  readonly cursor?: string;
  readonly limit: number;
}

interface LineRecord {
  readonly id: string;
  readonly run_id: string;
  readonly function_slug: string | null;
  readonly step_name: string | null;
  readonly attempt: number;
  readonly level: string;
  readonly at: string;
  readonly message: string;
}

/** The last lines of a run may be stored a little after its end. */
const STORED_MS = 300;
/** What one request gives at most. */
const PAGE_MAX = 1_000;

export async function showLogs(
  run: string | undefined,
  options: LogOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  if (options.follow) await followLogs(api, run, options, terminal);
  else if (run !== undefined) await printRun(api, run, options, terminal);
  else await printFound(api, options, terminal);
  return EXIT.ok;
}

async function printRun(api: ApiClient, run: string, options: LogOptions, terminal: Terminal): Promise<void> {
  const { level, cursor, limit } = options;
  const page = await api.list<LineRecord>(runPath(run), { level, cursor }, limit);
  for (const line of page.data) printLine(line, options, terminal, false);
  if (options.json) return;
  if (page.data.length === 0) terminal.complain(terminal.colors.dim("nothing was logged"));
  if (page.cursor !== null) terminal.complain(terminal.colors.dim(`more: --cursor ${page.cursor}`));
}

/** The newest lines, the last of them at the bottom, as in a file. */
async function printFound(api: ApiClient, options: LogOptions, terminal: Terminal): Promise<void> {
  const { text, level, app, from, until, cursor, limit } = options;
  const query = { text, level, function: options.function, app, from, until, cursor };
  const page = await api.list<LineRecord>("/v1/logs", query, limit);
  for (const line of page.data.toReversed()) printLine(line, options, terminal, true);
  if (options.json) return;
  if (page.data.length === 0) terminal.complain(terminal.colors.dim("nothing found"));
  if (page.cursor !== null) terminal.complain(terminal.colors.dim(`older: --cursor ${page.cursor}`));
}

async function followLogs(
  api: ApiClient,
  run: string | undefined,
  options: LogOptions,
  terminal: Terminal,
): Promise<void> {
  const last = new Map<string, string>();
  /** Prints what a run has after the last line that was printed; `newest` of its lines when none was. */
  const printNew = async (runId: string, newest: number) => {
    const known = last.get(runId);
    const place =
      known === undefined ? { order: "desc", limit: Math.min(newest, PAGE_MAX) } : { cursor: known, limit: PAGE_MAX };
    const found = await api.get<readonly LineRecord[]>(pathWith(runPath(runId), { level: options.level, ...place }));
    for (const line of known === undefined ? found.toReversed() : found) {
      last.set(runId, line.id); // LO1
      if (isWanted(line, options)) printLine(line, options, terminal, run === undefined);
    }
  };
  const path = run === undefined ? "/v1/feed" : `/v1/feed?run=${encodeURIComponent(run)}`;
  await follow(api, terminal, path, {
    connected: async () => {
      if (run === undefined) return false;
      const record = await api.get<RunRecord>(`/v1/runs/${encodeURIComponent(run)}`);
      await printNew(run, PAGE_MAX);
      return isEnded(record);
    },
    entry: async (entry: Entry) => {
      if (entry.run_id === null) return false;
      const isEnd = run !== undefined && entry.kind === "run_ended";
      if (isEnd) await delay(STORED_MS);
      const isOfFunction = options.function === undefined || entry.function === options.function;
      if ((entry.kind === "logs_stored" && isOfFunction) || isEnd) await printNew(entry.run_id, entry.lines ?? 0);
      return isEnd;
    },
  });
}

const runPath = (run: string): string => `/v1/runs/${encodeURIComponent(run)}/logs`;

const isWanted = (line: LineRecord, { text }: LogOptions): boolean =>
  text === undefined || line.message.toLowerCase().includes(text.toLowerCase());

/** `hasName`: of several runs, so each line says whose it is. */
function printLine(line: LineRecord, options: LogOptions, terminal: Terminal, hasName: boolean): void {
  if (options.json) {
    terminal.print(JSON.stringify(line));
    return;
  }
  const { dim, bold } = terminal.colors;
  const time = dim(new Date(line.at).toTimeString().slice(0, 8));
  const where = [hasName ? bold(safeText(line.function_slug ?? "")) : "", hasName ? dim(line.run_id) : ""];
  const attempt = line.attempt === 0 ? "" : `attempt ${line.attempt + 1}`;
  const step = [line.step_name === null ? "" : safeText(line.step_name), attempt].filter((part) => part !== "");
  const [first = "", ...more] = safeLines(line.message);
  const head = [
    time,
    levelText(line.level, terminal),
    ...where,
    step.length === 0 ? "" : dim(`[${step.join(", ")}]`),
    first,
  ];
  terminal.print([head.filter((part) => part !== "").join(" "), ...more.map((text) => `    ${text}`)].join("\n"));
}

function levelText(level: string, { colors }: Terminal): string {
  const text = level.padEnd(5);
  if (level === "error") return colors.red(text);
  if (level === "warn") return colors.yellow(text);
  return level === "debug" ? colors.dim(text) : colors.cyan(text);
}
