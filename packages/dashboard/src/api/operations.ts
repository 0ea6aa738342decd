/** Work on all runs of a filter: counted first, then done in the background by the server. */
import { queryOptions } from "@tanstack/react-query";
import type { Operation } from "./records.ts";
import { pathOf, request } from "./request.ts";
import type { RunFilter } from "./runs.ts";

export type OperationKind = Operation["kind"];

export interface Preview {
  readonly count: number;
  /** Counting ended at its limit. */
  readonly is_more: boolean;
}

/**
 * The filter of a list, as the body of an operation has it. All of it: a condition that was left out would widen it to runs that
 * nobody has seen.
 */
export function operationFilter({ status, ...rest }: RunFilter): Record<string, unknown> {
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { ...(status === undefined ? {} : { status: status.split(",") }), ...Object.fromEntries(given) };
}

export const previewQuery = (kind: OperationKind, filter: RunFilter) =>
  queryOptions({
    queryKey: ["operations", "preview", kind, filter],
    queryFn: async () => {
      const body = { kind, filter: operationFilter(filter), dry_run: true };
      return (await request<{ data: Preview }>("POST", "/v1/operations", { body })).data;
    },
    staleTime: 0,
  });

export async function startOperation(kind: OperationKind, filter: RunFilter): Promise<Operation> {
  const body = { kind, filter: operationFilter(filter) };
  return (await request<{ data: Operation }>("POST", "/v1/operations", { body })).data;
}

export const operationsQuery = queryOptions({
  queryKey: ["operations"],
  queryFn: async ({ signal }) => {
    return (await request<{ data: Operation[] }>("GET", "/v1/operations", { query: { limit: 50 }, signal })).data;
  },
});

export const stopOperation = (id: string) => request<unknown>("DELETE", `/v1/operations${pathOf(id)}`);
