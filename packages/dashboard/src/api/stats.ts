/** Figures over time, and what waits on what. */
import { queryOptions } from "@tanstack/react-query";
import type { FunctionQueue, FunctionStats, Pending, Queue, Stats } from "./records.ts";
import { pathOf, request } from "./request.ts";

const MINUTE = 60_000;

/** How far back charts look. */
export const RANGES = {
  "1h": { label: "1 hour", ms: 60 * MINUTE, step: "1m" },
  "24h": { label: "24 hours", ms: 24 * 60 * MINUTE, step: "15m" },
  "7d": { label: "7 days", ms: 7 * 24 * 60 * MINUTE, step: "1h" },
} as const;

export type Range = keyof typeof RANGES;

/** `function` absent: of all. */
export const statsQuery = (range: Range, slug?: string) =>
  queryOptions({
    queryKey: ["stats", range, slug ?? null],
    queryFn: async ({ signal }) => {
      const { ms, step } = RANGES[range];
      const query = { from: new Date(Date.now() - ms).toISOString(), step, function: slug };
      return (await request<{ data: Stats }>("GET", "/v1/stats", { query, signal })).data;
    },
  });

/** Of the last day, function by function; those without runs are left out. */
export const functionStatsQuery = queryOptions({
  queryKey: ["stats", "functions"],
  queryFn: async ({ signal }) =>
    (await request<{ data: FunctionStats[] }>("GET", "/v1/stats/functions", { signal })).data,
});

export const queueQuery = queryOptions({
  queryKey: ["queue"],
  queryFn: async ({ signal }) => (await request<{ data: Queue }>("GET", "/v1/queue", { signal })).data,
});

/** Debounces and batches that gather events, the newest first. */
export const pendingQuery = queryOptions({
  queryKey: ["queue", "pending"],
  queryFn: async ({ signal }) => {
    return (await request<{ data: Pending[] }>("GET", "/v1/pending", { query: { limit: 50 }, signal })).data;
  },
});

/** It begins now, with the events that it has. */
export const beginPending = (runId: string) =>
  request<unknown>("POST", `/v1/pending${pathOf(runId)}/run`, { body: {} });

/** It ends; its events start nothing. */
export const discardPending = (runId: string) => request<unknown>("DELETE", `/v1/pending${pathOf(runId)}`);

export const functionQueueQuery = (slug: string) =>
  queryOptions({
    queryKey: ["queue", slug],
    queryFn: async ({ signal }) => {
      return (await request<{ data: FunctionQueue }>("GET", `/v1/functions${pathOf(slug)}/queue`, { signal })).data;
    },
  });
