/** `stepwell runs list`. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { isEnded, type RunRecord, statusOf, tookMs } from "./records.ts";
import type { Environment } from "./settings.ts";
import { statusText } from "./status-text.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { relativeText, tookText } from "./time-text.ts";

export interface RunListOptions extends ClientOptions {
  readonly status?: string;
  readonly function?: string;
  readonly app?: string;
  readonly from?: number;
  readonly until?: number;
  readonly cursor?: string;
  readonly limit: number;
}

export async function listRuns(options: RunListOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const { status, app, from, until, cursor, limit } = options;
  const query = { status, function: options.function, app, from, until, cursor };
  const page = await new ApiClient(options, env).list<RunRecord>("/v1/runs", query, limit);
  if (options.json) terminal.print(JSON.stringify(page));
  else if (page.data.length === 0) terminal.print("no runs");
  else {
    terminal.print(runTable(page.data, terminal));
    if (page.cursor !== null) terminal.print(terminal.colors.dim(`more: --cursor ${page.cursor}`));
  }
  return EXIT.ok;
}

export function runTable(runs: readonly RunRecord[], terminal: Terminal): string {
  const now = terminal.now();
  return table(
    [
      { title: "STATUS" },
      { title: "FUNCTION", isFlexible: true },
      { title: "QUEUED" },
      { title: "TOOK" },
      { title: "RUN" },
    ],
    runs.map((run) => [
      statusText(statusOf(run), terminal.colors),
      run.function_slug ?? run.function_id,
      relativeText(Date.parse(run.queued_at), now),
      isEnded(run) ? tookText(tookMs(run, now)) : "",
      run.run_id,
    ]),
    terminal.columns,
    terminal.colors,
  );
}
