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
  /** Why it ended so, when that has a name, and in words. */
  readonly reason?: string;
  readonly reason_text?: string;
  readonly original_run_id?: string;
  readonly parent_run_id?: string;
  readonly resumes?: number;
  readonly code_change?: { readonly at: string; readonly steps: readonly string[]; readonly reason: string };
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
  /** When an open step goes on by itself: it wakes, is tried again, or its patience ends. */
  readonly due_at?: string | null;
  /** What the step asked for. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly child_run_id?: string;
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

export interface FunctionRecord {
  readonly id: string;
  readonly slug: string;
  readonly app: string;
  readonly triggers: readonly TriggerRecord[];
  /** How it is paused, itself or with its app. */
  readonly paused?: string | null;
}

export interface TriggerRecord {
  readonly event?: string;
  readonly cron?: string;
}

/** A run that gathers events. */
export interface PendingRecord {
  readonly run_id: string;
  readonly function_id: string;
  readonly function_slug: string | null;
  readonly rule: string;
  readonly event_count: number;
  readonly first_event_at: string;
  readonly starts_at: string;
}

export interface AppRecord {
  readonly name: string;
  readonly url: string;
  readonly sdk: string;
  readonly function_count: number;
  readonly synced_at: string | null;
  readonly paused?: string | null;
  /** Since when it cannot be reached. */
  readonly down?: { readonly since: string; readonly reason: string } | null;
}

export interface OperationRecord {
  readonly id: string;
  readonly kind: "cancel" | "replay" | "resume";
  readonly status: string;
  readonly created_at: string;
  readonly ended_at: string | null;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly per_second: number | null;
  readonly progress: {
    readonly total: number | null;
    readonly is_total_more: boolean;
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
    readonly last_error: string | null;
  };
}

export const isEnded = (run: RunRecord): boolean => run.ended_at !== null;

const NAMES: Readonly<Record<string, string>> = { Scheduled: "queued", TimedOut: "timed out" };

/** What the statuses of the wire are called here. */
export const statusOf = (record: { readonly status: string }): string =>
  NAMES[record.status] ?? record.status.toLowerCase();

/** How long it took, or has taken until now. */
export function tookMs(run: RunRecord, nowMs: number): number {
  const endedAt = run.ended_at === null ? nowMs : Date.parse(run.ended_at);
  return Math.max(endedAt - Date.parse(run.run_started_at), 0);
}
