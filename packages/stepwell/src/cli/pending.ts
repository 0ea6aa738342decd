/** `stepwell pending`: debounces and batches that gather events, to see, to begin now, to discard. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Listing, printPage } from "./listing.ts";
import type { PendingRecord } from "./records.ts";
import { reportError } from "./report-error.ts";
import type { Environment } from "./settings.ts";
import type { Terminal } from "./terminal.ts";
import { relativeText } from "./time-text.ts";

export interface PendingListOptions extends ClientOptions {
  readonly function?: string;
  readonly app?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export async function listPending(
  options: PendingListOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { function: fn, app, cursor, limit } = options;
  const page = await new ApiClient(options, env).list<PendingRecord>(
    "/v1/pending",
    { function: fn, app, cursor },
    limit,
  );
  return printPage(page, pendingListing(terminal), options, terminal);
}

function pendingListing({ now }: Terminal): Listing<PendingRecord> {
  const ago = (time: string) => relativeText(Date.parse(time), now());
  return {
    nothing: "nothing gathers events",
    columns: [
      { title: "FUNCTION", isFlexible: true, of: (one) => one.function_slug ?? one.function_id },
      { title: "GATHERS", isFlexible: true, of: (one) => one.rule },
      { title: "EVENTS", of: (one) => String(one.event_count) },
      { title: "SINCE", of: (one) => ago(one.first_event_at) },
      { title: "BEGINS", of: (one) => ago(one.starts_at) },
      { title: "RUN", of: (one) => one.run_id },
    ],
  };
}

/** Begins runs that gather events now, or discards them. One that cannot be does not keep the others from it. */
export async function actOnPending(
  action: "run" | "discard",
  ids: readonly string[],
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  const { green, yellow } = terminal.colors;
  let code: ExitCode = EXIT.ok;
  for (const id of ids) {
    try {
      const path = `/v1/pending/${encodeURIComponent(id)}`;
      await (action === "run" ? api.post(`${path}/run`, {}) : api.delete(path));
      if (options.json) terminal.print(JSON.stringify({ run_id: id, action }));
      else terminal.print(action === "run" ? `${green("▸")} ${id} begins` : `${yellow("✕")} ${id} is discarded`);
    } catch (error) {
      code = reportError(error, terminal, options.json);
    }
  }
  return code;
}
