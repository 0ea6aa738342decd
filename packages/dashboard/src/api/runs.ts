/** Runs: lists, one with its trace and steps, and what can be done to them. */
import { queryOptions } from "@tanstack/react-query";
import type { Page, Run, RunExplanation, RunRow, Span, Step } from "./records.ts";
import { pathOf, request } from "./request.ts";

export interface RunFilter {
  /** Names of statuses, with commas between. */
  readonly status?: string | undefined;
  readonly function?: string | undefined;
  readonly app?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  /** Part of what runs carry; looked for in the newest ones first, a thousand for each page. */
  readonly text?: string | undefined;
  /** An expression over `event` and `output`, looked for likewise. */
  readonly if?: string | undefined;
}

interface ListAnswer<Row> {
  readonly data: readonly Row[];
  readonly page: { readonly cursor: string | null };
}

export async function fetchRuns(
  filter: RunFilter,
  cursor: string | null,
  limit: number,
  signal?: AbortSignal,
): Promise<Page<RunRow>> {
  const query = { ...filter, cursor, limit };
  const { data, page } = await request<ListAnswer<RunRow>>("GET", "/api/v2/runs", { query, signal });
  return { rows: data, cursor: page.cursor };
}

export const runsQuery = (filter: RunFilter, limit: number) =>
  queryOptions({
    queryKey: ["runs", filter, limit],
    queryFn: ({ signal }) => fetchRuns(filter, null, limit, signal),
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: async ({ signal }) => (await request<{ data: Run }>("GET", `/v1/runs${pathOf(id)}`, { signal })).data,
  });

/** The run's tree, without results: those come with the steps, once one is looked at. */
export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "trace"],
    queryFn: async ({ signal }) => {
      const path = `/api/v2/runs${pathOf(id)}/trace`;
      return (await request<{ data: { rootSpan: Span } }>("GET", path, { signal })).data.rootSpan;
    },
  });

interface StepsPage {
  readonly data: readonly Step[];
  readonly page: { readonly cursor: string | null };
}

export const stepsQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "steps"],
    queryFn: async ({ signal }) => {
      const steps: Step[] = [];
      for (let cursor: string | null = "0"; cursor !== null; ) {
        const path = `/v1/runs${pathOf(id)}/steps?cursor=${cursor}`;
        const page: StepsPage = await request<StepsPage>("GET", path, { signal });
        steps.push(...page.data);
        cursor = page.page.cursor;
      }
      return steps;
    },
  });

/** Why it does not go on, or what it does. */
export const explainRunQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "explain"],
    queryFn: async ({ signal }) => {
      return (await request<{ data: RunExplanation }>("GET", `/v1/runs${pathOf(id)}/explain`, { signal })).data;
    },
  });

export const cancelRun = (id: string) => request<null>("DELETE", `/v1/runs${pathOf(id)}`);

export interface FromStep {
  readonly step_id: string;
  readonly input?: readonly unknown[];
}

/** Answers the new run's id. */
export async function rerun(id: string, fromStep?: FromStep): Promise<string> {
  const body = fromStep === undefined ? {} : { from_step: fromStep };
  const answer = await request<{ data: { run_id: string } }>("POST", `/v1/runs${pathOf(id)}/rerun`, { body });
  return answer.data.run_id;
}

export const resumeRun = (id: string) => request<unknown>("POST", `/v1/runs${pathOf(id)}/resume`, { body: {} });
