/** `stepwell operations`: work on many runs, listed, shown, followed and stopped. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Listing, printPage } from "./listing.ts";
import { type OperationRecord, statusOf } from "./records.ts";
import type { Environment } from "./settings.ts";
import { statusText } from "./status-text.ts";
import type { Colors, Terminal } from "./terminal.ts";
import { relativeText, tookText } from "./time-text.ts";

export interface OperationListOptions extends ClientOptions {
  readonly cursor?: string;
  readonly limit: number;
}

/** How often a followed operation is asked for; at first more often, as many are over at once. */
const POLL_MS = 50;
const POLL_MS_MAX = 1_000;

export async function listOperations(
  options: OperationListOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { cursor, limit } = options;
  const page = await new ApiClient(options, env).list<OperationRecord>("/v1/operations", { cursor }, limit);
  return printPage(page, operationListing(terminal), options, terminal);
}

function operationListing({ colors, now }: Terminal): Listing<OperationRecord> {
  return {
    nothing: "no operations",
    columns: [
      { title: "STATUS", of: (one) => statusText(statusOf(one), colors) },
      { title: "KIND", of: (one) => one.kind },
      { title: "RUNS", isFlexible: true, of: countsText },
      { title: "BEGAN", of: (one) => relativeText(Date.parse(one.created_at), now()) },
      { title: "OPERATION", of: (one) => one.id },
    ],
  };
}

export async function showOperation(
  id: string,
  options: ClientOptions & { readonly follow: boolean },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  if (options.follow) return followOperation(id, options, terminal, env);
  const operation = await new ApiClient(options, env).get<OperationRecord>(pathOf(id));
  if (options.json) terminal.print(JSON.stringify(operation));
  else terminal.print(operationLines(operation, terminal).join("\n"));
  return EXIT.ok;
}

export async function cancelOperation(
  id: string,
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  await api.delete(pathOf(id));
  const operation = await api.get<OperationRecord>(pathOf(id));
  terminal.print(options.json ? JSON.stringify(operation) : operationLine(operation, terminal.colors));
  return EXIT.ok;
}

/** Prints how far it is whenever that changes, until it has ended. */
export async function followOperation(
  id: string,
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  let told = "";
  for (let pollMs = POLL_MS; ; pollMs = Math.min(pollMs * 2, POLL_MS_MAX)) {
    const operation = await api.get<OperationRecord>(pathOf(id));
    const line = options.json ? JSON.stringify(operation) : operationLine(operation, terminal.colors);
    if (line !== told) terminal.print(line);
    told = line;
    if (statusOf(operation) !== "running") {
      if (!options.json) for (const more of failureLines(operation)) terminal.print(more);
      return operation.progress.failed === 0 ? EXIT.ok : EXIT.failed;
    }
    await delay(pollMs);
  }
}

export function operationLine(operation: OperationRecord, colors: Colors): string {
  const counts = colors.bold(countsText(operation));
  return `${statusText(statusOf(operation), colors)} ${operation.kind} ${counts}  ${colors.dim(operation.id)}`;
}

function operationLines(operation: OperationRecord, terminal: Terminal): string[] {
  const began = Date.parse(operation.created_at);
  const filter = Object.entries(operation.filter).filter(([, value]) => value !== null);
  const took = operation.ended_at === null ? "" : `, took ${tookText(Date.parse(operation.ended_at) - began)}`;
  return [
    operationLine(operation, terminal.colors),
    `  began ${relativeText(began, terminal.now())}${took}`,
    ...filter.map(([name, value]) => `  ${name} ${Array.isArray(value) ? value.join(", ") : String(value)}`),
    ...(operation.per_second === null ? [] : [`  at most ${operation.per_second} runs per second`]),
    ...failureLines(operation),
  ];
}

function failureLines({ progress }: OperationRecord): string[] {
  return progress.last_error === null ? [] : [`  the last that failed: ${progress.last_error}`];
}

/** "40 of 120 runs, 2 failed, 1 skipped". */
function countsText({ progress }: OperationRecord): string {
  const { total, is_total_more: isMore, done, failed, skipped } = progress;
  const of = total === null ? "" : ` of ${total.toLocaleString("en-US")}${isMore ? " or more" : ""}`;
  const others = [failed > 0 ? `, ${failed} failed` : "", skipped > 0 ? `, ${skipped} skipped` : ""].join("");
  return `${done.toLocaleString("en-US")}${of} runs${others}`;
}

const pathOf = (id: string) => `/v1/operations/${encodeURIComponent(id)}`;
