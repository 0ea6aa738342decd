/** `stepwell events list` and `stepwell events show`. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Listing, listText, printPage } from "./listing.ts";
import type { DecisionRecord, EventRecord, RunRecord } from "./records.ts";
import { runListing } from "./runs.ts";
import { safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
import { cut } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { relativeText } from "./time-text.ts";
import { valueLines } from "./value-lines.ts";

export interface EventListOptions extends ClientOptions {
  readonly name?: string;
  readonly from?: number;
  readonly until?: number;
  readonly cursor?: string;
  readonly limit: number;
}

/** Data is cut here even where the width is unbounded: a line is a line. */
const DATA_CHARS_MAX = 200;

export async function listEvents(options: EventListOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const { name, from, until, cursor, limit } = options;
  const query = { name, received_after: from, received_before: until, cursor };
  const page = await new ApiClient(options, env).list<EventRecord>("/v1/events", query, limit);
  return printPage(page, eventListing(terminal), options, terminal);
}

function eventListing({ now }: Terminal): Listing<EventRecord> {
  return {
    nothing: "no events",
    columns: [
      { title: "NAME", isFlexible: true, of: (event) => event.name },
      { title: "RECEIVED", of: (event) => relativeText(Date.parse(event.received_at), now()) },
      { title: "EVENT", of: (event) => event.internal_id },
      { title: "DATA", isFlexible: true, of: (event) => cut(JSON.stringify(event.data), DATA_CHARS_MAX) },
    ],
  };
}

export async function showEvent(
  id: string,
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  const path = `/v1/events/${encodeURIComponent(id)}`;
  const event = await api.get<EventRecord>(path);
  const [runs, decisions] = await Promise.all([
    api.get<readonly RunRecord[]>(`${path}/runs`),
    api.get<readonly DecisionRecord[]>(`${path}/decisions`),
  ]);
  if (options.json) terminal.print(JSON.stringify({ event, runs, decisions }));
  else {
    tell(event, runs, decisions, terminal);
    if (runs.length + decisions.length === 0) {
      terminal.print((await api.get<{ readonly summary: string }>(`${path}/explain`)).summary);
    }
  }
  return EXIT.ok;
}

function tell(
  event: EventRecord,
  runs: readonly RunRecord[],
  decisions: readonly DecisionRecord[],
  terminal: Terminal,
): void {
  const { bold, dim } = terminal.colors;
  terminal.print(`${bold(safeText(event.name))}  ${dim(event.internal_id)}`);
  terminal.print(`  received ${relativeText(Date.parse(event.received_at), terminal.now())}, ${event.received_at}`);
  if (event.id !== event.internal_id) terminal.print(`  id ${safeText(event.id)}`);
  terminal.print(valueLines("data", event.data, "  ").join("\n"));
  terminal.print("");
  if (runs.length + decisions.length > 0) {
    terminal.print(listText(runs, { ...runListing(terminal), nothing: "no runs started" }, terminal));
  }
  for (const one of decisions) {
    if (one.outcome === "started") continue;
    const name = one.function_slug ?? one.function_id;
    terminal.print(`${name} ${one.outcome}: ${one.reason}${one.run_id === null ? "" : dim(`  ${one.run_id}`)}`);
  }
}
