/** Rows as SQLite gives them, and what they mean. Each SELECT list names its columns as the record names its fields. */
import type { Attempt, Decision, StoredOperation } from "../../core/batch.ts";
import type {
  EndReason,
  JobKind,
  ParentLink,
  RunEvent,
  RunNotes,
  RunStatus,
  StepKind,
  StepStatus,
} from "../../core/run/run.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import type { RunFlow } from "../../protocol/flow.ts";
import type { JobRecord, RunRecord, StepRecord, WaitRecord } from "../records.ts";
import type { RunRow } from "../store.ts";
import { decodeText, decodeTextOrNull } from "./text.ts";

export const EVENT_COLUMNS = `id, name, ts, received_at AS receivedAt, idempotency_id AS idempotencyId,
  is_internal AS isInternal, traceparent, json`;

export interface EventColumns extends Omit<StoredEvent, "isInternal" | "traceparent"> {
  readonly isInternal: number;
  readonly traceparent: string | null;
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
    ...(row.traceparent === null ? {} : { traceparent: decodeText(row.traceparent) }),
  };
}

/** What lists show of a run. */
export const RUN_ROW_COLUMNS = `id, env, function_id AS functionId, event_id AS eventId, event_ids AS eventIds, cron,
  original_run_id AS originalRunId, parent, flow, function_version AS functionVersion, created_at AS createdAt,
  start_at AS startAt, status, started_at AS startedAt, ended_at AS endedAt, reason, notes, error, output`;

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
  readonly parent: string | null;
  readonly flow: string | null;
  readonly functionVersion: number;
  readonly createdAt: number;
  readonly startAt: number;
  readonly status: RunStatus;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly reason: EndReason | null;
  readonly notes: string | null;
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
    parent: row.parent === null ? null : (JSON.parse(row.parent) as ParentLink),
    flow: row.flow === null ? null : (JSON.parse(row.flow) as RunFlow),
    functionVersion: row.functionVersion,
    createdAt: row.createdAt,
    startAt: row.startAt,
    status: row.status,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    reason: row.reason,
    notes: row.notes === null ? null : (JSON.parse(row.notes) as RunNotes),
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
  queued_at AS queuedAt, started_at AS startedAt, ended_at AS endedAt, child_run_id AS childRunId,
  edited_input AS editedInput, options, memo`;

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
  readonly childRunId: string | null;
  readonly editedInput: string | null;
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
    childRunId: decodeTextOrNull(row.childRunId),
    editedInput: decodeTextOrNull(row.editedInput),
    isRace: row.isRace === 1,
    attempts: row.attempts,
    queuedAt: row.queuedAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
  };
}

export const JOB_COLUMNS = `run_id AS runId, slot, kind, attempt, due_at AS dueAt, payload, lane, order_at AS orderAt,
  is_delayed AS isDelayed`;

export interface JobColumns {
  readonly runId: string;
  readonly slot: string;
  readonly kind: JobKind;
  readonly attempt: number;
  readonly dueAt: number;
  readonly payload: string | null;
  readonly lane: string | null;
  readonly orderAt: number;
  readonly isDelayed: number;
}

export function jobOfRow(row: JobColumns): JobRecord {
  return {
    runId: decodeText(row.runId),
    slot: decodeText(row.slot),
    kind: row.kind,
    attempt: row.attempt,
    dueAt: row.dueAt,
    payload: decodeTextOrNull(row.payload),
    lane: decodeTextOrNull(row.lane),
    orderAt: row.orderAt,
    isDelayed: row.isDelayed === 1,
  };
}

export const WAIT_COLUMNS = `run_id AS runId, slot, seq, kind, name, path, value, armed_at AS armedAt,
  until_at AS untilAt, expression`;

export function waitOfRow(row: WaitRecord): WaitRecord {
  return {
    runId: decodeText(row.runId),
    slot: decodeText(row.slot),
    seq: row.seq,
    kind: row.kind,
    name: decodeText(row.name),
    path: decodeText(row.path),
    value: decodeText(row.value),
    expression: decodeTextOrNull(row.expression),
    armedAt: row.armedAt,
    untilAt: row.untilAt,
  };
}

export const OPERATION_COLUMNS = "id, kind, status, created_at AS createdAt, json";

export function operationOfRow(row: StoredOperation): StoredOperation {
  return { ...row, id: decodeText(row.id), json: decodeText(row.json) };
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
