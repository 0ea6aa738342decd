/** Events: lists, one with what became of it, and sending. */
import { queryOptions } from "@tanstack/react-query";
import type { Decision, EventRow, Page, Run } from "./records.ts";
import { pathOf, request } from "./request.ts";

export interface EventFilter {
  readonly name?: string | undefined;
  readonly received_after?: string | undefined;
  /** Part of an id, the name or the data; looked for in the newest ones first. */
  readonly text?: string | undefined;
}

export const EVENTS_MAX = 51;

export async function fetchEvents(
  filter: EventFilter,
  cursor: string | null,
  limit: number,
  signal?: AbortSignal,
): Promise<Page<EventRow>> {
  const query = { ...filter, cursor, limit: Math.min(limit, EVENTS_MAX) };
  const { data, page } = await request<{ data: EventRow[]; page: { cursor: string | null } }>("GET", "/v1/events", {
    query,
    signal,
  });
  return { rows: data, cursor: page.cursor };
}

export const eventsQuery = (filter: EventFilter, limit: number) =>
  queryOptions({
    queryKey: ["events", filter, limit],
    queryFn: ({ signal }) => fetchEvents(filter, null, limit, signal),
  });

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id],
    queryFn: async ({ signal }) => {
      return (await request<{ data: EventRow }>("GET", `/v1/events${pathOf(id)}`, { signal })).data;
    },
  });

export const decisionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id, "decisions"],
    queryFn: async ({ signal }) => {
      return (await request<{ data: Decision[] }>("GET", `/v1/events${pathOf(id)}/decisions`, { signal })).data;
    },
  });

export const eventRunsQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id, "runs"],
    queryFn: async ({ signal }) => {
      return (await request<{ data: Run[] }>("GET", `/v1/events${pathOf(id)}/runs`, { signal })).data;
    },
  });

export interface OutgoingEvent {
  readonly name: string;
  readonly data?: unknown;
  readonly user?: unknown;
  readonly id?: string;
  readonly ts?: number;
  readonly v?: string;
}

/** One after the other, in their order; answers their ids. */
export async function sendEvents(events: readonly OutgoingEvent[]): Promise<string[]> {
  const ids: string[] = [];
  for (const body of events) {
    const answer = await request<{ data: { eventId: string } }>("POST", "/api/v2/events", { body });
    ids.push(answer.data.eventId);
  }
  return ids;
}
