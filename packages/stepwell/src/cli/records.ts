/** Records of the server's API, as far as the commands show them. */

export interface RunRecord {
  readonly run_id: string;
  readonly function_id: string;
  readonly function_slug: string | null;
  readonly app: string | null;
  readonly event_id: string | null;
  readonly cron?: string;
  readonly status: string;
  readonly queued_at: string;
  readonly run_started_at: string;
  readonly ended_at: string | null;
  /** The error, when it failed. */
  readonly output?: unknown;
}

export interface StepRecord {
  readonly id: string;
  readonly name: string;
  readonly index: number;
  readonly kind: string;
  readonly status: string;
  readonly attempts: number;
  readonly queued_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly failed_attempts: readonly AttemptRecord[];
}

export interface AttemptRecord {
  readonly attempt: number;
  readonly started_at: string;
  readonly ended_at: string;
  readonly http_status: number | null;
  readonly error: unknown;
}

export interface EventRecord {
  readonly internal_id: string;
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly ts: number;
  readonly received_at: string;
}

export interface DecisionRecord {
  readonly function_id: string;
  readonly function_slug: string | null;
  readonly outcome: string;
  readonly reason: string;
  readonly run_id: string | null;
}

export const isEnded = (run: RunRecord): boolean => run.ended_at !== null;

/** What the statuses of the wire are called here. */
export const statusOf = (record: { readonly status: string }): string =>
  record.status === "Scheduled" ? "queued" : record.status.toLowerCase();

/** How long it took, or has taken until now. */
export function tookMs(run: RunRecord, nowMs: number): number {
  const endedAt = run.ended_at === null ? nowMs : Date.parse(run.ended_at);
  return Math.max(endedAt - Date.parse(run.run_started_at), 0);
}
