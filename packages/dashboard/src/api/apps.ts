/** Applications and functions: what is registered, pausing, invoking, syncing. */
import { queryOptions } from "@tanstack/react-query";
import type { App, Fn, PauseMode } from "./records.ts";
import { pathOf, request } from "./request.ts";

export const appsQuery = queryOptions({
  queryKey: ["apps"],
  queryFn: async ({ signal }) => (await request<{ data: App[] }>("GET", "/v1/apps", { signal })).data,
});

export const functionsQuery = queryOptions({
  queryKey: ["functions"],
  queryFn: async ({ signal }) => (await request<{ data: Fn[] }>("GET", "/v1/functions", { signal })).data,
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
