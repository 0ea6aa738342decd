/**
 * A run as a tree: its steps, and below a step that invoked a run, that run's tree.
 *
 *   TR1. The answer is bounded: beyond so many spans, or so many runs below one another, children are left out, and
 *        their parent says so. Runs are never visited twice, so no cycle of rows can keep it going.
 *   TR2. The runs of many steps are one question to the store, and no answer of it is large.
 */

import type { Attempt } from "../../../core/batch.ts";
import { isoTime } from "../../../core/instant.ts";
import { MAIN_SLOT, type StepKind, type StepStatus } from "../../../core/run/run.ts";
import { DEFAULT_ENV } from "../../../protocol/event.ts";
import type { JsonObject, JsonValue } from "../../../protocol/json.ts";
import type { ListedStep, RunDetails, RunRow } from "../../../store/store.ts";
import { resultOf, timeOrNull } from "../../run-record.ts";
import type { ApiContext } from "../api-engine.ts";
import { durationMs, parsedOrNull, runStatusV2 } from "./record-v2.ts";
import type { SpanKind, SpanStatus } from "./schemas-v2.ts";

const SPANS_MAX = 5_000;
const DEPTH_MAX = 8;

/** Steps whose runs are read together (TR2). */
const STEPS_PER_READ = 50;
/** Of each of them so many steps; whoever has more is read alone. */
const STEPS_OF_EACH = 100;

interface Walk {
  readonly context: ApiContext;
  readonly includeOutput: boolean;
  readonly seen: Set<string>;
  /** Spans that may still be added (TR1). */
  left: number;
}

export async function traceOf(context: ApiContext, run: RunRow, includeOutput: boolean): Promise<JsonObject> {
  const walk = { context, includeOutput, seen: new Set<string>(), left: SPANS_MAX };
  const [found] = await context.store.listRunDetails(DEFAULT_ENV, [run.id], SPANS_MAX + 1);
  return runSpan(walk, found ?? { run, steps: [], attempts: [] }, 0);
}

async function runSpan(walk: Walk, { run, steps: found, attempts }: RunDetails, depth: number): Promise<JsonObject> {
  const { context, includeOutput } = walk;
  walk.seen.add(run.id);
  const steps = found.slice(0, Math.max(walk.left, 0));
  walk.left -= steps.length;
  const children: JsonObject[] = [];
  for (let start = 0; start < steps.length; start += STEPS_PER_READ) {
    const part = steps.slice(start, start + STEPS_PER_READ);
    const below = await runsBelow(walk, part, depth + 1);
    for (const step of part) children.push(await stepSpan(walk, run, step, attempts, below, depth));
  }
  return {
    name: context.engine.apps.anyFunction(run.functionId)?.fn.name ?? run.functionId,
    kind: "RUN" satisfies SpanKind,
    status: runStatusV2(run.status),
    runId: run.id,
    stepId: null,
    ...failuresOf(attempts, MAIN_SLOT),
    ...timesOf(run.createdAt, run.startedAt, run.endedAt),
    ...(includeOutput ? { output: run.status === "failed" ? null : parsedOrNull(run.output) } : {}),
    error: parsedOrNull(run.error),
    childRunId: null,
    isTruncated: found.length > steps.length,
    children,
  };
}

async function stepSpan(
  walk: Walk,
  run: RunRow,
  step: ListedStep,
  attempts: readonly Attempt[],
  below: ReadonlyMap<string, RunDetails>,
  depth: number,
): Promise<JsonObject> {
  const { output = null, error = null } = resultOf(step) as { readonly output?: JsonValue; readonly error?: JsonValue };
  const childRunId = step.childRunId ?? null;
  const child = childRunId === null ? null : await childSpan(walk, childRunId, below, depth + 1);
  const failures = failuresOf(attempts, step.id);
  return {
    name: step.name,
    kind: KINDS[step.kind],
    status: statusOf(step, run.endedAt !== null),
    runId: run.id,
    stepId: step.id,
    ...failures,
    attempts: Math.max(step.attempts, failures.attempts),
    ...timesOf(step.queuedAt, step.startedAt, step.endedAt),
    ...(walk.includeOutput ? { output } : {}),
    error,
    childRunId,
    isTruncated: childRunId !== null && child === null,
    children: child === null ? [] : [child],
  };
}

/** Null: left out (TR1), or the run is not there any more. */
async function childSpan(
  walk: Walk,
  runId: string,
  below: ReadonlyMap<string, RunDetails>,
  depth: number,
): Promise<JsonObject | null> {
  const found = below.get(runId);
  if (found === undefined || walk.left <= 0 || walk.seen.has(runId)) return null;
  walk.left--;
  if (found.steps.length <= STEPS_OF_EACH) return runSpan(walk, found, depth);
  const steps = await walk.context.store.listSteps(runId, { offset: 0, limit: Math.max(walk.left, 0) + 1 });
  return runSpan(walk, { ...found, steps }, depth);
}

/** TR2. The runs that these steps invoked, by id. */
async function runsBelow(
  { context, seen, left }: Walk,
  steps: readonly ListedStep[],
  depth: number,
): Promise<ReadonlyMap<string, RunDetails>> {
  const ids = new Set(steps.flatMap(({ childRunId }) => childRunId ?? []).filter((id) => !seen.has(id)));
  if (ids.size === 0 || depth > DEPTH_MAX || left <= 0) return new Map();
  const found = await context.store.listRunDetails(DEFAULT_ENV, [...ids], STEPS_OF_EACH + 1);
  return new Map(found.map((details) => [details.run.id, details]));
}

function failuresOf(attempts: readonly Attempt[], slot: string) {
  const failed = attempts.filter((attempt) => attempt.slot === slot);
  const failedAttempts = failed.map(({ attempt, startedAt, endedAt, status, error }) => ({
    attempt,
    startedAt: isoTime(startedAt),
    endedAt: isoTime(endedAt),
    durationMs: durationMs(startedAt, endedAt),
    httpStatus: status,
    error: parsedOrNull(error),
  }));
  return { attempts: failed.length, failedAttempts };
}

function timesOf(queuedAt: number, startedAt: number | null, endedAt: number | null): JsonObject {
  return {
    queuedAt: isoTime(queuedAt),
    startedAt: timeOrNull(startedAt),
    endedAt: timeOrNull(endedAt),
    durationMs: durationMs(startedAt ?? queuedAt, endedAt),
  };
}

const KINDS = {
  run: "STEP",
  sleep: "SLEEP",
  wait: "WAIT_FOR_EVENT",
  signal: "WAIT_FOR_SIGNAL",
  invoke: "INVOKE",
  fetch: "FETCH",
  ai: "AI",
} as const satisfies Record<StepKind, SpanKind>;

const STATUSES = {
  planned: "QUEUED",
  retrying: "ERRORED",
  sleeping: "SLEEPING",
  waiting: "WAITING",
  completed: "COMPLETED",
  failed: "FAILED",
  timed_out: "TIMED_OUT",
} as const satisfies Record<StepStatus, SpanStatus>;

function statusOf({ kind, status, startedAt, endedAt }: ListedStep, hasRunEnded: boolean): SpanStatus {
  if (endedAt === null && hasRunEnded && status !== "completed" && status !== "failed") return "CANCELLED";
  if (status === "waiting" && kind === "invoke") return "INVOKING";
  return status === "planned" && startedAt !== null ? "RUNNING" : STATUSES[status];
}
