/** Runs as whoever embeds the engine sees them. */
import type { Apps } from "../core/apps.ts";
import type { EndReason, RunStatus } from "../core/run/run.ts";
import type { ErrorValue } from "../protocol/error-value.ts";
import type { RunRow } from "../store/store.ts";

/** A run as it is at a moment. */
export interface RunResult {
  readonly id: string;
  /** `<app id>-<function id>`. */
  readonly function: string;
  readonly status: RunStatus;
  /** What the handler returned; null when it has not, or when it returned nothing. */
  readonly output: unknown;
  /** Why it failed, or null. */
  readonly error: ErrorValue | null;
  /** Why it ended as it did, beside the status: `timed_out`, `cancelled_by_event`, …; null when that says it all. */
  readonly reason: EndReason | null;
  readonly createdAt: Date;
  /** Null while it is open. */
  readonly endedAt: Date | null;
}

export function runResult(row: RunRow, apps: Apps): RunResult {
  return {
    id: row.id,
    function: apps.anyFunction(row.functionId)?.fn.slug ?? row.functionId,
    status: row.status,
    output: row.output === null ? null : JSON.parse(row.output),
    error: row.error === null ? null : (JSON.parse(row.error) as ErrorValue),
    reason: row.reason,
    createdAt: new Date(row.createdAt),
    endedAt: row.endedAt === null ? null : new Date(row.endedAt),
  };
}
