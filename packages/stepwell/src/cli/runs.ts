/** `stepwell runs list`. */
import { ApiClient, type ClientOptions } from "./api.ts";
import type { ExitCode } from "./exit-code.ts";
import { type Listing, printPage } from "./listing.ts";
import { isEnded, type RunRecord, statusOf, tookMs } from "./records.ts";
import type { Environment } from "./settings.ts";
import { statusText } from "./status-text.ts";
import type { Terminal } from "./terminal.ts";
import { relativeText, tookText } from "./time-text.ts";

export interface RunListOptions extends ClientOptions {
  readonly status?: string;
  readonly function?: string;
  readonly app?: string;
  readonly event?: string;
  readonly text?: string;
  readonly if?: string;
  readonly from?: number;
  readonly until?: number;
  readonly cursor?: string;
  readonly limit: number;
}

export async function listRuns(options: RunListOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const { status, app, event, text, from, until, cursor, limit } = options;
  const query = { status, function: options.function, app, event, text, if: options.if, from, until, cursor };
  const page = await new ApiClient(options, env).list<RunRecord>("/v1/runs", query, limit);
  return printPage(page, runListing(terminal), options, terminal);
}

export function runListing({ colors, now }: Terminal): Listing<RunRecord> {
  return {
    nothing: "no runs",
    columns: [
      { title: "STATUS", of: (run) => statusText(statusOf(run), colors) },
      { title: "FUNCTION", isFlexible: true, of: (run) => run.function_slug ?? run.function_id },
      { title: "QUEUED", of: (run) => relativeText(Date.parse(run.queued_at), now()) },
      { title: "TOOK", of: (run) => (isEnded(run) ? tookText(tookMs(run, now())) : "") },
      { title: "RUN", of: (run) => run.run_id },
    ],
  };
}
