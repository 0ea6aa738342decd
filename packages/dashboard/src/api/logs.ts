/** Lines that handlers logged: of one run, and of all. */
import type { LogLine, Page } from "./records.ts";
import { pathOf, request } from "./request.ts";

export type LogLevel = LogLine["level"];

export interface LogFilter {
  readonly text?: string | undefined;
  readonly level?: string | undefined;
  readonly function?: string | undefined;
  readonly app?: string | undefined;
  readonly from?: string | undefined;
}

interface LogAnswer {
  readonly data: readonly LogLine[];
  readonly page: { readonly cursor: string | null };
}

/** Newest first. A page may be short, or empty, and go on: a request looks at so many lines and no more. */
export async function fetchLogs(
  filter: LogFilter,
  cursor: string | null,
  limit: number,
  signal?: AbortSignal,
): Promise<Page<LogLine>> {
  const query = { ...filter, cursor, limit };
  const { data, page } = await request<LogAnswer>("GET", "/v1/logs", { query, signal });
  return { rows: data, cursor: page.cursor };
}

export interface RunLogs {
  readonly lines: readonly LogLine[];
  readonly dropped: number;
}

export const RUN_LINES_MAX = 1_000;

/** The newest lines of a run, oldest first. */
export async function fetchRunLogs(id: string, step: string | null, signal?: AbortSignal): Promise<RunLogs> {
  const query = { limit: RUN_LINES_MAX, order: "desc", step };
  const path = `/v1/runs${pathOf(id)}/logs`;
  const answer = await request<LogAnswer & { readonly totals: { readonly dropped: number } }>("GET", path, {
    query,
    signal,
  });
  return { lines: [...answer.data].reverse(), dropped: answer.totals.dropped };
}
