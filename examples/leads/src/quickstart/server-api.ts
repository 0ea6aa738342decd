/** What the quickstart and the tests ask the server: its REST API, as plain reads. */

export type RunStatus = "Scheduled" | "Running" | "Completed" | "Failed" | "Cancelled" | "Skipped";

export interface RunView {
  readonly run_id: string;
  readonly function_slug: string | null;
  readonly status: RunStatus;
  /** Why it ended so, where the status does not say it. */
  readonly reason?: string;
  readonly output?: unknown;
  readonly queued_at: string;
  readonly ended_at: string | null;
  readonly event_id: string | null;
  /** The run that invoked it. */
  readonly parent_run_id?: string;
}

export interface StepView {
  readonly id: string;
  readonly name: string;
  readonly kind: "run" | "sleep" | "wait" | "signal" | "invoke" | "fetch" | "ai";
  readonly status: "Planned" | "Retrying" | "Sleeping" | "Waiting" | "Completed" | "Failed" | "TimedOut";
  readonly attempts: number;
  readonly queued_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly output?: unknown;
  readonly error?: unknown;
  /** The run that the step invoked. */
  readonly child_run_id?: string;
  readonly failed_attempts: readonly { readonly attempt: number; readonly error: { readonly message?: string } }[];
}

/** A function as its app registered it. */
export interface FunctionView {
  readonly slug: string;
  readonly retries: number;
  readonly triggers: readonly { readonly event?: string; readonly cron?: string }[];
}

export const eventRuns = (url: string, eventId: string) => read<RunView[]>(url, `/v1/events/${eventId}/runs`);
export const oneRun = (url: string, runId: string) => read<RunView>(url, `/v1/runs/${runId}`);
export const runSteps = (url: string, runId: string) => read<StepView[]>(url, `/v1/runs/${runId}/steps`);
export const listRuns = (url: string, query: string) => read<RunView[]>(url, `/v1/runs?${query}`);

export async function appFunctions(url: string, appId: string): Promise<FunctionView[]> {
  return (await readJson(url, `/v1/apps/${encodeURIComponent(appId)}/functions`)) as FunctionView[];
}

export function isOver(run: RunView): boolean {
  return run.status !== "Scheduled" && run.status !== "Running";
}

async function read<Data>(url: string, path: string): Promise<Data> {
  return ((await readJson(url, path)) as { data: Data }).data;
}

async function readJson(url: string, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
