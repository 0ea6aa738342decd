/** The filters of the runs list, as its address holds them. */
import type { RunFilter } from "../../api/runs.ts";
import { RUN_STATUSES } from "../../words/status.ts";

export interface RunSearch {
  /** Names of statuses, with commas between. */
  readonly status?: string | undefined;
  readonly function?: string | undefined;
  readonly app?: string | undefined;
  /** One of `PERIODS`, or a time. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Part of what a run carries. */
  readonly text?: string | undefined;
  /** An expression over `event` and `output`. */
  readonly if?: string | undefined;
}

export const PERIODS: Readonly<Record<string, { readonly label: string; readonly ms: number }>> = {
  "15m": { label: "Last 15 minutes", ms: 900_000 },
  "1h": { label: "Last hour", ms: 3_600_000 },
  "24h": { label: "Last 24 hours", ms: 86_400_000 },
  "7d": { label: "Last 7 days", ms: 604_800_000 },
};

const KEYS = ["status", "function", "app", "since", "until", "text", "if"] as const;

export function readRunSearch(search: Record<string, unknown>): RunSearch {
  const read = Object.fromEntries(
    KEYS.flatMap((key) => {
      const value = search[key];
      return typeof value === "string" && value !== "" ? [[key, value.slice(0, 256)]] : [];
    }),
  ) as RunSearch;
  const statuses = statusesOf(read.status);
  return { ...read, status: statuses.length === 0 ? undefined : statuses.join(",") };
}

/** The known ones among names with commas between. */
export function statusesOf(text: string | undefined): string[] {
  const names = new Set((text ?? "").toUpperCase().split(","));
  return RUN_STATUSES.filter((status) => names.has(status));
}

/** What the server is asked. `now` makes a period a time. */
export function filterOf(search: RunSearch, now: number): RunFilter {
  const { since } = search;
  const period = since === undefined ? undefined : PERIODS[since];
  const from = period === undefined ? since : new Date(now - period.ms).toISOString();
  const { status, function: fn, app, until, text, if: condition } = search;
  return { status, function: fn, app, from, until, text, if: condition };
}

/** Runs are looked through for these, and not found by an index. */
export const isSearching = ({ text, if: condition }: RunSearch): boolean =>
  text !== undefined || condition !== undefined;

export function isFiltered(search: RunSearch): boolean {
  return KEYS.some((key) => search[key] !== undefined);
}
