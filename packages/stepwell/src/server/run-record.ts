/** Records of the REST API: how runs, steps, events and functions look to clients. */
import type { Apps } from "../core/apps.ts";
import type { Attempt, Decision } from "../core/batch.ts";
import { type Instant, isoTime } from "../core/instant.ts";
import type { RunStatus, StepStatus } from "../core/run/run.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { FunctionConfig, Trigger } from "../protocol/function.ts";
import { uuidFromName } from "../protocol/hash.ts";
import { isJsonObject, type JsonObject, type JsonText, type JsonValue } from "../protocol/json.ts";
import type { ListedStep, RunRow } from "../store/store.ts";
import { traceIdOf } from "./tracing/trace-ids.ts";

const STATUS_NAMES = {
  queued: "Scheduled",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  skipped: "Skipped",
} as const satisfies Record<RunStatus, string>;

const STEP_STATUS_NAMES = {
  planned: "Planned",
  retrying: "Retrying",
  sleeping: "Sleeping",
  waiting: "Waiting",
  completed: "Completed",
  failed: "Failed",
  timed_out: "TimedOut",
} as const satisfies Record<StepStatus, string>;

/** One account and one environment for now; clients expect ids. */
const ACCOUNT_ID = uuidFromName("stepwell:account:default");
export const ENVIRONMENT_ID = uuidFromName("stepwell:environment:default");

export function runStatusName(status: RunStatus): string {
  return STATUS_NAMES[status];
}

/** The status a client names, in either language and any case; null when there is none. */
export function runStatusOf(name: string): RunStatus | null {
  const wanted = name.trim().toLowerCase();
  const found = Object.entries(STATUS_NAMES).find(([key, text]) => key === wanted || text.toLowerCase() === wanted);
  return (found?.[0] as RunStatus | undefined) ?? null;
}

export function appUuid(appId: string): string {
  return uuidFromName(`stepwell:app:${appId}`);
}

export const timeOrNull = (at: Instant | null) => (at === null ? null : isoTime(at));
const parsed = (json: JsonText) => JSON.parse(json) as JsonValue;

export function eventRecord(event: StoredEvent): JsonObject {
  const { data, id, user, ts, v } = parsed(event.json) as JsonObject;
  return {
    internal_id: event.id,
    account_id: ACCOUNT_ID,
    environment_id: ENVIRONMENT_ID,
    source: "",
    source_id: null,
    received_at: isoTime(event.receivedAt),
    id: id ?? event.id,
    name: event.name,
    data: data ?? {},
    user: user ?? {},
    ts: ts ?? event.ts,
    ...(v === undefined ? {} : { v }),
  };
}

export function runRecord(run: RunRow, apps: Apps): JsonObject {
  const fn = apps.anyFunction(run.functionId);
  const result = run.status === "failed" ? run.error : run.output;
  return {
    run_id: run.id,
    run_started_at: isoTime(run.startedAt ?? run.createdAt),
    function_id: run.functionId,
    function_version: run.functionVersion,
    environment_id: ENVIRONMENT_ID,
    event_id: run.eventIds[0] ?? null,
    ...(run.originalRunId === null ? {} : { original_run_id: run.originalRunId }),
    ...(run.cron === null ? {} : { cron: run.cron }),
    status: runStatusName(run.status),
    ended_at: timeOrNull(run.endedAt),
    ...(result === null ? {} : { output: parsed(result) }),
    // Ours: what a list needs without asking again.
    event_ids: run.eventIds,
    ...(run.reason === null ? {} : { reason: run.reason }),
    ...reasonText(run),
    ...(run.parent === null ? {} : { parent_run_id: run.parent.runId }),
    ...notesOf(run),
    function_slug: fn?.fn.slug ?? null,
    function_name: fn?.fn.name ?? null,
    app: fn?.fn.appId ?? null,
    queued_at: isoTime(run.createdAt),
    trace_id: traceIdOf(run.id),
  };
}

/** In words, where the output does not say it: of runs that were cancelled or skipped. */
function reasonText({ status, error }: RunRow): JsonObject {
  if ((status !== "cancelled" && status !== "skipped") || error === null) return {};
  const value = parsed(error);
  return isJsonObject(value) && typeof value["message"] === "string" ? { reason_text: value["message"] } : {};
}

/** What happened to a run that its steps do not tell. */
function notesOf({ notes }: RunRow): JsonObject {
  const { codeChange, resumes, eventAttempt, retriedBy } = notes ?? {};
  return {
    ...(codeChange === undefined ? {} : { code_change: { ...codeChange, at: isoTime(codeChange.at) } }),
    ...(resumes === undefined ? {} : { resumes }),
    ...(eventAttempt === undefined ? {} : { event_attempt: eventAttempt + 1 }),
    ...(retriedBy === undefined ? {} : { retried_by: retriedBy }),
  };
}

export function stepRecord(step: ListedStep, attempts: readonly Attempt[]): JsonObject {
  return {
    id: step.id,
    name: step.name,
    index: step.index,
    kind: step.kind,
    status: STEP_STATUS_NAMES[step.status],
    attempts: step.attempts,
    queued_at: isoTime(step.queuedAt),
    started_at: timeOrNull(step.startedAt),
    ended_at: timeOrNull(step.endedAt),
    /** When an open step goes on: it wakes, is tried again, or became ready. */
    due_at: timeOrNull(step.dueAt),
    ...(step.options === null ? {} : { options: parsed(step.options) }),
    ...(step.childRunId === null ? {} : { child_run_id: step.childRunId }),
    ...resultOf(step),
    failed_attempts: attempts.filter((attempt) => attempt.slot === step.id).map(attemptRecord),
  };
}

/** A memo is `{"data":…}`, `{"error":…}`, the bare event of a wait, or a bare value of an old SDK. */
export function resultOf(step: ListedStep): JsonObject {
  if (step.memo === null || step.kind === "sleep") return {};
  const memo = parsed(step.memo);
  if (step.kind === "wait") return { output: memo };
  const isError = step.status === "failed" || (step.status === "timed_out" && step.kind === "invoke");
  if (isError && isJsonObject(memo)) return { error: memo["error"] ?? null };
  return { output: isJsonObject(memo) && Object.hasOwn(memo, "data") ? memo["data"]! : memo };
}

export function attemptRecord(attempt: Attempt): JsonObject {
  return {
    attempt: attempt.attempt,
    started_at: isoTime(attempt.startedAt),
    ended_at: isoTime(attempt.endedAt),
    http_status: attempt.status,
    error: parsed(attempt.error),
  };
}

export function decisionRecord(decision: Decision, apps: Apps): JsonObject {
  return {
    function_id: decision.functionId,
    function_slug: apps.anyFunction(decision.functionId)?.fn.slug ?? null,
    outcome: decision.outcome,
    reason: decision.reason,
    run_id: decision.runId,
    at: isoTime(decision.at),
  };
}

export function functionRecord(fn: FunctionConfig, apps: Apps): JsonObject {
  return {
    id: fn.id,
    slug: fn.slug,
    name: fn.name,
    app: fn.appId,
    app_id: appUuid(fn.appId),
    url: fn.url,
    retries: fn.retries,
    version: apps.anyFunction(fn.id)?.version ?? 1,
    triggers: fn.triggers.map(triggerRecord),
    paused: apps.pauseOf(fn.id),
    config: fn.raw,
  };
}

function triggerRecord(trigger: Trigger): JsonObject {
  if (trigger.kind === "event") {
    return { event: trigger.event, ...(trigger.expression === null ? {} : { expression: trigger.expression }) };
  }
  return { cron: trigger.cron, jitter_ms: trigger.jitterMs, misfire: trigger.misfire, overlap: trigger.overlap };
}
