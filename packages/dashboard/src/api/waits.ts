/** Steps that sleep or wait, what goes on next first, a page at a time. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import type { WaitingStep } from "./records.ts";
import { request } from "./request.ts";

export type WaitingKind = WaitingStep["kind"];

export interface WaitingFilter {
  readonly kind?: WaitingKind | undefined;
  /** A function's slug. */
  readonly function?: string | undefined;
}

interface WaitingAnswer {
  readonly data: readonly WaitingStep[];
  /** `stopped_at`: the time of the search was over there. */
  readonly page: { readonly cursor: string | null; readonly stopped_at?: string };
}

const PAGE_ROWS = 25;

export const waitsQuery = (filter: WaitingFilter) =>
  infiniteQueryOptions({
    queryKey: ["waits", filter],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam: cursor, signal }) => {
      return request<WaitingAnswer>("GET", "/v1/waits", { query: { ...filter, cursor, limit: PAGE_ROWS }, signal });
    },
    getNextPageParam: ({ page }) => page.cursor,
  });
