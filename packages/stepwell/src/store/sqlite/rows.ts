/** Rows as SQLite gives them, and what they mean. Each SELECT list names its columns as the record names its fields. */
import type { Attempt, Decision } from "../../core/batch.ts";
import type { JobKind, RunEvent, RunStatus, StepKind, StepStatus } from "../../core/run/run.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import type { JobRecord, RunRecord, StepRecord } from "../records.ts";
import type { RunRow } from "../store.ts";
import { decodeText, decodeTextOrNull } from "./text.ts";

export const EVENT_COLUMNS = `id, name, ts, received_at AS receivedAt, idempotency_id AS idempotencyId,
  is_internal AS isInternal, json`;

export interface EventColumns extends Omit<StoredEvent, "isInternal"> {
  readonly isInternal: number;
}

export function eventOfRow(row: EventColumns): StoredEvent {
  return {
    id: decodeText(row.id),
    name: decodeText(row.name),
    ts: row.ts,
    receivedAt: row.receivedAt,
    idempotencyId: decodeTextOrNull(row.idempotencyId),
    json: decodeText(row.json),
    isInternal: row.isInternal === 1,
  };
}

/** What lists show of a run. */
export const RUN_ROW_COLUMNS = `id, env, function_id AS functionId, event_id AS eventId, event_ids AS eventIds, cron,
  original_run_id AS originalRunId, created_at AS createdAt, status, started_at AS startedAt, ended_at AS endedAt, error,
  output`;

export const RUN_COLUMNS = `${RUN_ROW_COLUMNS}, partition, request_version AS requestVersion, force_plan AS forcePlan,
  events`;

export interface RunRowColumns {
  readonly id: string;
  readonly env: string;
  readonly functionId: string;
  readonly eventId: string | null;
  readonly eventIds: string | null;
  readonly cron: string | null;
  readonly originalRunId: string | null;
  readonly createdAt: number;
  readonly status: RunStatus;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
  readonly output: string | null;
}

export interface RunColumns extends RunRowColumns {
  readonly partition: number;
  readonly requestVersion: number;
  readonly forcePlan: number;
  readonly events: string | null;
}

export function eventIdsOfRow(row: RunRowColumns): string[] {
  if (row.eventIds !== null) return JSON.parse(row.eventIds) as string[];
  return row.eventId === null ? [] : [decodeText(row.eventId)];
}

function sharedFields(row: RunRowColumns): Omit<RunRow, "eventIds"> {
  return {
    id: decodeText(row.id),
    env: decodeText(row.env),
    functionId: decodeText(row.functionId),
    cron: decodeTextOrNull(row.cron),
    originalRunId: decodeTextOrNull(row.originalRunId),
    createdAt: row.createdAt,
    status: row.status,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    output: decodeTextOrNull(row.output),
    error: decodeTextOrNull(row.error),
  };
}

export function runRowOfRow(row: RunRowColumns): RunRow {
  return { ...sharedFields(row), eventIds: eventIdsOfRow(row) };
}

export function runOfRow(row: RunColumns, events: readonly RunEvent[]): RunRecord {
  return {
    ...sharedFields(row),
    partition: row.partition,
    events,
    requestVersion: row.requestVersion,
    forcePlan: row.forcePlan === 1,
  };
}

export const STEP_COLUMNS = `run_id AS runId, id, kind, name, idx, seq, status, is_race AS isRace, attempts,
  queued_at AS queuedAt, started_at AS startedAt, ended_at AS endedAt, options, memo`;

export interface StepColumns {
  readonly runId: string;
  readonly id: string;
  readonly kind: StepKind;
  readonly name: string;
  readonly idx: number;
  readonly seq: number | null;
  readonly status: StepStatus;
  readonly isRace: number;
  readonly attempts: number;
  readonly queuedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly options: string | null;
  readonly memo: string | null;
}

export function stepOfRow(row: StepColumns): StepRecord {
  return {
    runId: decodeText(row.runId),
    id: decodeText(row.id),
    kind: row.kind,
    name: decodeText(row.name),
    index: row.idx,
    seq: row.seq,
    status: row.status,
    memo: decodeTextOrNull(row.memo),
    options: decodeTextOrNull(row.options),
    isRace: row.isRace === 1,
    attempts: row.attempts,
    queuedAt: row.queuedAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
  };
}

export const JOB_COLUMNS = "run_id AS runId, slot, kind, attempt, due_at AS dueAt";

export interface JobColumns {
  readonly runId: string;
  readonly slot: string;
  readonly kind: JobKind;
  readonly attempt: number;
  readonly dueAt: number;
}

export function jobOfRow(row: JobColumns): JobRecord {
  return {
    runId: decodeText(row.runId),
    slot: decodeText(row.slot),
    kind: row.kind,
    attempt: row.attempt,
    dueAt: row.dueAt,
  };
}

export const ATTEMPT_COLUMNS = `run_id AS runId, slot, attempt, started_at AS startedAt, ended_at AS endedAt, status,
  error`;

export function attemptOfRow(row: Attempt): Attempt {
  return { ...row, runId: decodeText(row.runId), slot: decodeText(row.slot), error: decodeText(row.error) };
}

export const DECISION_COLUMNS = "event_id AS eventId, function_id AS functionId, outcome, reason, run_id AS runId, at";

export function decisionOfRow(row: Decision): Decision {
  return {
    ...row,
    eventId: decodeText(row.eventId),
    functionId: decodeText(row.functionId),
    reason: decodeText(row.reason),
    runId: decodeTextOrNull(row.runId),
  };
}
