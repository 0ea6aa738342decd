/** One run of a big store: what the engine would have stored of it by now. */
import type { Batch } from "../../stepwell/src/core/batch.ts";
import { MAIN_SLOT, type Run, type RunEvent, type RunStatus, type Step } from "../../stepwell/src/core/run/run.ts";
import { storePlace } from "../../stepwell/src/core/schedule/hint.ts";
import type { FunctionConfig } from "../../stepwell/src/protocol/function.ts";
import { stepHash } from "../../stepwell/src/protocol/step-id.ts";

export interface RunPlan {
  readonly id: string;
  readonly fn: FunctionConfig;
  readonly events: readonly RunEvent[];
  readonly createdAt: number;
  /** 0 for the oldest run, 1 for the newest. */
  readonly ageShare: number;
  readonly stepCount: number;
  readonly parentId: string | null;
  readonly alwaysFails: boolean;
  /** The newest runs of its function wait for its pause to end. */
  readonly isHeld: boolean;
  readonly endAt: number;
}

const DAY_MS = 86_400_000;
/** Values of a size that is often seen, and now and then one that lies apart from its row. */
const LARGE = "x".repeat(70_000);

export function bigRun(batch: Batch, plan: RunPlan, chance: () => number): Run {
  const { id, fn, events, createdAt, parentId } = plan;
  const status = statusOf(plan, chance());
  const run: Run = {
    id,
    env: "default",
    partition: 0,
    functionId: fn.id,
    events,
    cron: null,
    originalRunId: null,
    parent: parentId === null ? null : { runId: parentId, slot: stepHash("step-1", 0), onCancel: "cancel", depth: 1 },
    flow: null,
    functionVersion: 1,
    createdAt,
    startAt: createdAt,
    status,
    startedAt: null,
    endedAt: null,
    output: null,
    error: null,
    reason: null,
    notes: null,
    requestVersion: 2,
    forcePlan: false,
    steps: new Map(),
    stack: [],
    jobs: new Map(),
    waits: new Map(),
    stateSize: 0,
    isStored: false,
  };
  batch.runs.add(run);
  if (status === "queued") addJob(batch, run, "main", plan.createdAt);
  else if (status !== "skipped") execute(batch, run, plan, chance);
  else run.endedAt = createdAt;
  notice(batch, run);
  return run;
}

function statusOf({ ageShare, alwaysFails, isHeld, stepCount }: RunPlan, chance: number): RunStatus {
  if (stepCount === 1_000) return "completed";
  if (alwaysFails) return "failed";
  if (isHeld && ageShare > 0.5) return "queued";
  if (chance < 0.03) return "failed";
  if (chance < 0.045) return "cancelled";
  if (chance < 0.05) return "skipped";
  return chance < 0.055 && ageShare > 0.5 ? "running" : "completed";
}

/** Steps one after the other; the last one of a failed run fails, that of a running one sleeps. */
function execute(batch: Batch, run: Run, plan: RunPlan, chance: () => number): void {
  run.startedAt = run.createdAt + Math.round(2 + chance() ** 4 * 4_000);
  let at = run.startedAt;
  for (let index = 0; index < plan.stepCount; index++) {
    const tookMs = Math.round(3 + chance() ** 3 * 1_500);
    const isLast = index === plan.stepCount - 1;
    const step = addStep(batch, run, index, at, at + tookMs, chance() < 0.000_1 ? LARGE : null);
    at += tookMs;
    if (!isLast) continue;
    if (run.status === "failed") fail(batch, run, step, at);
    else if (run.status === "running") sleep(batch, run, step, plan.endAt + DAY_MS);
  }
  if (run.status === "running") return;
  run.endedAt = at;
  if (run.status === "completed")
    run.output = JSON.stringify({ ok: true, total: Math.floor(chance() * 10_000), note: "done" });
  if (run.status === "cancelled") run.error = JSON.stringify({ name: "cancelled", message: "cancelled by request" });
}

function addStep(batch: Batch, run: Run, index: number, from: number, until: number, large: string | null): Step {
  const name = `step-${index}`;
  const step: Step = {
    runId: run.id,
    id: stepHash(name, 0),
    kind: "run",
    name,
    index: 0,
    seq: index,
    status: "completed",
    memo: JSON.stringify({ data: { index, rows: from % 1_000, text: large ?? "as it should be" } }),
    options: null,
    childRunId: null,
    editedInput: null,
    isRace: false,
    attempts: 0,
    queuedAt: from,
    startedAt: from,
    endedAt: until,
    isStored: false,
  };
  run.steps.set(step.id, step);
  batch.steps.add(step);
  return step;
}

function fail(batch: Batch, run: Run, step: Step, at: number): void {
  const error = {
    name: "Error",
    message: `Order ${at % 1_000_000} was refused`,
    stack: "Error: refused\n    at run (app.js:10:5)",
  };
  const { id: runId, error: none } = run;
  run.error = none ?? JSON.stringify(error);
  Object.assign(step, { status: "failed", memo: JSON.stringify({ error }), attempts: 4 });
  for (let attempt = 0; attempt < 4; attempt++) {
    const [startedAt, endedAt] = [at + attempt * 10, at + attempt * 10 + 5];
    batch.attempts.push({ runId, slot: step.id, attempt, startedAt, endedAt, status: 206, error: run.error });
  }
}

function sleep(batch: Batch, run: Run, step: Step, dueAt: number): void {
  Object.assign(step, { kind: "sleep", status: "sleeping", seq: null, memo: null, endedAt: null });
  addJob(batch, run, step.id, dueAt);
}

function addJob(batch: Batch, run: Run, slot: string, dueAt: number): void {
  const kind = slot === MAIN_SLOT ? "discover" : "sleep";
  const isDelayed = dueAt > run.createdAt;
  const ofProcess = { isStored: false, call: null, again: false, generation: 0 };
  const place = storePlace(run, kind);
  batch.putJob({ runId: run.id, slot, kind, attempt: 0, dueAt, payload: null, isDelayed, ...place, ...ofProcess });
}

function notice(batch: Batch, run: Run): void {
  const { id, functionId, status } = run;
  const shared = { id, runId: id, functionId, name: "", status };
  batch.notices.push({ ...shared, kind: "run_created", at: run.createdAt });
  if (run.startedAt !== null) batch.notices.push({ ...shared, kind: "run_started", at: run.startedAt });
  if (run.endedAt !== null) batch.notices.push({ ...shared, kind: "run_ended", at: run.endedAt });
}
