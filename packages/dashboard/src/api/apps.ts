/** Applications and functions: what is registered, pausing, invoking, syncing. */
import { queryOptions } from "@tanstack/react-query";
import type { App, AppSync, Fn, PauseMode, SyncFailure, Ticks } from "./records.ts";
import { pathOf, request } from "./request.ts";

export const appsQuery = queryOptions({
  queryKey: ["apps"],
  queryFn: async ({ signal }) => (await request<{ data: App[] }>("GET", "/v1/apps", { signal })).data,
});

export const functionsQuery = queryOptions({
  queryKey: ["functions"],
  queryFn: async ({ signal }) => (await request<{ data: Fn[] }>("GET", "/v1/functions", { signal })).data,
});

/** What its syncs changed, the newest first. */
export const appSyncsQuery = (name: string) =>
  queryOptions({
    queryKey: ["apps", name, "syncs"],
    queryFn: async ({ signal }) => {
      const path = `/v1/apps${pathOf(name)}/syncs`;
      return (await request<{ data: AppSync[] }>("GET", path, { query: { limit: 50 }, signal })).data;
    },
  });

export const syncFailuresQuery = queryOptions({
  queryKey: ["apps", "failures"],
  queryFn: async ({ signal }) => {
    return (await request<{ data: SyncFailure[] }>("GET", "/v1/syncs/failures", { signal })).data;
  },
});

/** When its schedules tick next. */
export const ticksQuery = (slug: string, limit: number) =>
  queryOptions({
    queryKey: ["functions", slug, "ticks", limit],
    queryFn: async ({ signal }) => {
      const path = `/v1/functions${pathOf(slug)}/ticks`;
      return (await request<{ data: Ticks[] }>("GET", path, { query: { limit }, signal })).data;
    },
  });

export type Pausable = "apps" | "functions";

export const pause = (what: Pausable, id: string, mode: PauseMode) =>
  request<unknown>("POST", `/v1/${what}${pathOf(id)}/pause`, { body: { mode } });

export const unpause = (what: Pausable, id: string) =>
  request<unknown>("POST", `/v1/${what}${pathOf(id)}/resume`, { body: {} });

/** Answers the new run's id. */
export async function invoke(id: string, data: unknown): Promise<string> {
  const answer = await request<{ data: { run_id: string } }>("POST", `/v1/functions${pathOf(id)}/invoke`, {
    body: { data },
  });
  return answer.data.run_id;
}

export interface SyncAnswer {
  readonly modified: boolean;
  readonly app: string | null;
}

export const syncApp = (url: string) => request<SyncAnswer>("POST", "/fn/sync", { body: { url } });

export const removeApp = (name: string) => request<unknown>("DELETE", "/fn/remove", { query: { appId: name } });
