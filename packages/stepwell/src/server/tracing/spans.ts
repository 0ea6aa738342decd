/**
 * What is stored of a run, as spans in the JSON form of OTLP: one for the run, one for each step that has ended below it, and
 * below these one for each attempt of what was tried more than once. Names, times, states and errors; no inputs and no results.
 */
import type { Attempt } from "../../core/batch.ts";
import type { Instant } from "../../core/instant.ts";
import { isJsonObject, type JsonText } from "../../protocol/json.ts";
import type { ListedStep, RunRow } from "../../store/store.ts";
import { spanIdOf, type TraceContext, traceIdOf } from "./trace-ids.ts";

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events?: readonly SpanEvent[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

interface SpanEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

/** What is known of a run that has ended. */
export interface EndedRun {
  readonly run: RunRow;
  readonly functionSlug: string;
  readonly appId: string | null;
  /** Where its events come from, as far as their producers said. */
  readonly origins: readonly TraceContext[];
}

const KIND = { internal: 1, consumer: 5 } as const;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;
/** What errors say is cut to this. */
const TEXT_CHARS_MAX = 4_096;

export function runSpan({ run, functionSlug, appId, origins }: EndedRun): Span {
  const startedAt = run.startedAt ?? run.createdAt;
  const { parent, originalRunId } = run;
  const links = [
    ...origins,
    ...(parent === null ? [] : [{ traceId: traceIdOf(parent.runId), spanId: spanIdOf(parent.runId, parent.slot) }]),
    ...(originalRunId === null ? [] : [{ traceId: traceIdOf(originalRunId), spanId: spanIdOf(originalRunId, null) }]),
  ];
  return {
    traceId: traceIdOf(run.id),
    spanId: spanIdOf(run.id, null),
    name: functionSlug,
    kind: KIND.consumer,
    startTimeUnixNano: nanos(run.createdAt),
    endTimeUnixNano: nanos(run.endedAt ?? startedAt),
    attributes: [
      ...attributes({
        "stepwell.run.id": run.id,
        "stepwell.function": functionSlug,
        "stepwell.app": appId,
        "stepwell.event.id": run.eventIds[0] ?? null,
        "stepwell.cron": run.cron,
        "stepwell.status": run.status,
        "stepwell.reason": run.reason,
        "stepwell.queued_ms": startedAt - run.createdAt,
      }),
    ],
    ...(links.length === 0 ? {} : { links }),
    status:
      run.status === "failed" ? failure(run.error) : { code: run.status === "completed" ? STATUS.ok : STATUS.unset },
  };
}

/** `failed` are its attempts that failed before the last: the step began with the first of them. */
export function stepSpan(runId: string, step: ListedStep, failed: readonly Attempt[]): Span {
  const isFailed = step.status === "failed";
  const startedAt = Math.min(beginOf(step), ...failed.map((attempt) => attempt.startedAt));
  return {
    traceId: traceIdOf(runId),
    spanId: spanIdOf(runId, step.id),
    parentSpanId: spanIdOf(runId, null),
    name: step.name,
    kind: KIND.internal,
    startTimeUnixNano: nanos(startedAt),
    endTimeUnixNano: nanos(step.endedAt ?? beginOf(step)),
    attributes: attributes({
      "stepwell.run.id": runId,
      "stepwell.step.id": step.id,
      "stepwell.step.kind": step.kind,
      "stepwell.status": step.status,
      "stepwell.attempts": step.attempts,
      "stepwell.queued_ms": Math.max(startedAt - step.queuedAt, 0),
      "stepwell.child_run.id": step.childRunId,
    }),
    status: isFailed ? failure(memoError(step.memo)) : { code: STATUS.ok },
  };
}

/** The attempt that ended the step, where others failed before it; null where the step's own span says it all. */
export function lastAttemptSpan(runId: string, step: ListedStep, failed: readonly Attempt[]): Span | null {
  const before = Math.max(...failed.map((attempt) => attempt.endedAt));
  // An app that does not say when bodies began leaves only the first attempt's time.
  if (failed.length === 0 || step.endedAt === null || beginOf(step) <= before) return null;
  const number = Math.max(...failed.map(({ attempt }) => attempt)) + 1;
  return {
    ...attemptPlace(runId, step.id, number, false),
    startTimeUnixNano: nanos(beginOf(step)),
    endTimeUnixNano: nanos(step.endedAt),
    attributes: attributes({ "stepwell.attempt": number }),
    status: step.status === "failed" ? failure(memoError(step.memo)) : { code: STATUS.ok },
  };
}

const beginOf = ({ startedAt, queuedAt }: ListedStep): Instant => startedAt ?? queuedAt;

/** `isOfRun`: the function itself failed, outside of its steps. */
export function attemptSpan(attempt: Attempt, isOfRun: boolean): Span {
  const { runId, slot, startedAt, endedAt, error } = attempt;
  return {
    ...attemptPlace(runId, slot, attempt.attempt, isOfRun),
    startTimeUnixNano: nanos(startedAt),
    endTimeUnixNano: nanos(endedAt),
    attributes: attributes({ "stepwell.attempt": attempt.attempt, "http.response.status_code": attempt.status }),
    events: [{ timeUnixNano: nanos(endedAt), name: "exception", attributes: exceptionOf(error) }],
    status: failure(error),
  };
}

function attemptPlace(runId: string, slot: string, number: number, isOfRun: boolean) {
  return {
    traceId: traceIdOf(runId),
    spanId: spanIdOf(runId, `${slot}/${number}`),
    parentSpanId: spanIdOf(runId, isOfRun ? null : slot),
    name: `attempt ${number + 1}`,
    kind: KIND.internal,
  };
}

/** Instants are milliseconds; as a number, nanoseconds would be rounded. */
const nanos = (at: Instant): string => `${Math.floor(at)}000000`;

function attributes(values: Readonly<Record<string, string | number | null>>): Attribute[] {
  return Object.entries(values).flatMap(([key, value]): Attribute[] => {
    if (value === null) return [];
    return [{ key, value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value } }];
  });
}

function failure(error: JsonText | null): Span["status"] {
  const { name, message } = errorOf(error);
  return { code: STATUS.error, message: [name, message].filter((part) => part !== null).join(": ") };
}

function exceptionOf(error: JsonText): Attribute[] {
  const { name, message, stack } = errorOf(error);
  return attributes({ "exception.type": name, "exception.message": message, "exception.stacktrace": stack });
}

function errorOf(json: JsonText | null) {
  const value: unknown = json === null ? null : JSON.parse(json);
  const text = (key: string) => {
    const found = isJsonObject(value) ? value[key] : undefined;
    return typeof found === "string" && found !== "" ? found.slice(0, TEXT_CHARS_MAX) : null;
  };
  return { name: text("name"), message: text("message"), stack: text("stack") };
}

function memoError(memo: JsonText | null): JsonText | null {
  const value: unknown = memo === null ? null : JSON.parse(memo);
  return isJsonObject(value) && value["error"] !== undefined ? JSON.stringify(value["error"]) : null;
}
