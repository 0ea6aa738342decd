/**
 * What is durable, kept a second time beside the store under test, and the rules every commit must keep.
 *
 *   LG1. A memo, once stored, never changes, and neither does its place in the stack; the stack only grows.
 *   LG2. A run ends once: nothing of an ended run is written again, and it has no job.
 *   LG3. Every stored run is sound by the core's own invariants (run/invariants.ts).
 *   LG4. A function starts at most once for an event, and at most once for a producer's id.
 *   LG5. A failed attempt is followed by the next one after a delay of the curve (or the wished one), or by the end.
 *   LG6. A sleep ends when it was due, not before.
 *   LG7. Where the overlap policy wants ticks one after the other, at most one run of a schedule is open.
 *   LG8. What goes out (calls, notices, answers) says only what is durable at that moment (E1).
 */
import type { Attempt, Decision, Notice, Schedule, StoredFunction } from "../../src/core/batch.ts";
import { runProblems } from "../../src/core/run/invariants.ts";
import { isEnded, MAIN_SLOT, type RunStatus } from "../../src/core/run/run.ts";
import type { Call } from "../../src/protocol/call.ts";
import type { StoredEvent } from "../../src/protocol/event.ts";
import {
  assembleRun,
  type BatchRecords,
  compareSteps,
  type JobRecord,
  type RunRecord,
  type StepRecord,
  type WaitRecord,
} from "../../src/store/records.ts";

const CURVE_S = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];
const JITTER_MS = 30_000;

export interface LedgerWorld {
  fail(rule: string, what: string): void;
  /** The latest instant any clock has shown. */
  wallMax(): number;
  /** What the last outcome of a job asked for, in ms; null for the curve. */
  retryAfterOf(runId: string, slot: string): number | null;
  sleepMsOf(functionId: string, stepName: string): number | undefined;
  retriesMax(functionId: string): number;
  /** True when a tick must not start while the run of an earlier one is open. */
  hasTicksInTurn(functionId: string): boolean;
}

export class Ledger {
  readonly events = new Map<string, StoredEvent>();
  readonly runs = new Map<string, RunRecord>();
  readonly steps = new Map<string, Map<string, StepRecord>>();
  readonly jobs = new Map<string, Map<string, JobRecord>>();
  readonly waits = new Map<string, Map<string, WaitRecord>>();
  readonly decisions = new Map<string, Decision[]>();
  readonly attempts: Attempt[] = [];
  readonly functions = new Map<string, StoredFunction>();
  readonly schedules = new Map<string, Schedule>();
  readonly syncedAt = new Map<string, number>();
  readonly runOfStart = new Map<string, string>();
  readonly stacks = new Map<string, string[]>();
  readonly openRuns = new Set<string>();
  readonly #world: LedgerWorld;

  constructor(world: LedgerWorld) {
    this.#world = world;
  }

  /** A commit takes effect. */
  apply(records: BatchRecords): void {
    const jobsBefore = new Map<string, JobRecord>();
    for (const job of [...records.jobs, ...records.deletedJobs]) {
      const before = this.jobs.get(job.runId)?.get(job.slot);
      if (before !== undefined) jobsBefore.set(`${job.runId} ${job.slot}`, before);
    }
    const touched = new Set<string>();
    for (const job of records.deletedJobs) {
      this.jobs.get(job.runId)?.delete(job.slot);
      touched.add(job.runId);
    }
    for (const wait of records.deletedWaits) this.waits.get(wait.runId)?.delete(`${wait.slot} ${wait.seq}`);
    for (const wait of records.waits) {
      const waits = this.waits.get(wait.runId) ?? new Map<string, WaitRecord>();
      this.waits.set(wait.runId, waits.set(`${wait.slot} ${wait.seq}`, wait));
      touched.add(wait.runId);
    }
    for (const event of records.events) this.events.set(event.id, event);
    for (const decision of records.decisions)
      this.decisions.set(decision.eventId, [...(this.decisions.get(decision.eventId) ?? []), decision]);
    for (const run of records.runs) {
      this.#putRun(run);
      touched.add(run.id);
    }
    const inline: StepRecord[] = [];
    for (const step of records.steps) {
      if (this.#putStep(step, jobsBefore) && !jobsBefore.has(`${step.runId} ${step.id}`)) inline.push(step);
      touched.add(step.runId);
    }
    for (const job of records.jobs) {
      this.#putJob(job);
      touched.add(job.runId);
    }
    for (const [id, schedule] of records.schedules) this.schedules.set(id, schedule);
    for (const stored of records.apps)
      if (!this.syncedAt.has(stored.app.id)) this.syncedAt.set(stored.app.id, stored.syncedAt);
    for (const stored of records.functions) this.functions.set(stored.fn.id, stored);
    for (const attempt of records.attempts) this.#checkAttempt(attempt, records);
    this.attempts.push(...records.attempts);
    for (const step of inline) this.#checkAttemptsReset(step, records);
    for (const id of touched) this.#checkRun(id);
    for (const run of records.runs) if (run.cron !== null) this.#checkOverlap(run);
  }

  #putRun(run: RunRecord): void {
    const before = this.runs.get(run.id);
    if (before === undefined) this.#checkStart(run);
    else if (isOver(before.status) && JSON.stringify(before) !== JSON.stringify(run)) {
      this.#world.fail("LG2", `run ${run.id} was ${before.status} and is written again as ${run.status}`);
    }
    this.runs.set(run.id, { ...run });
    if (isOver(run.status)) this.openRuns.delete(run.id);
    else this.openRuns.add(run.id);
  }

  #checkOverlap(run: RunRecord): void {
    if (!this.#world.hasTicksInTurn(run.functionId)) return;
    const open = [...this.openRuns].filter((id) => {
      const other = this.runs.get(id);
      return other?.functionId === run.functionId && other.cron !== null;
    });
    if (open.length > 1) this.#world.fail("LG7", `the ticks ${open.join(" and ")} of ${run.functionId} run at once`);
  }

  #checkStart(run: RunRecord): void {
    for (const event of run.events) {
      const starts = [`${run.functionId} ${event.id}`];
      const stored = this.events.get(event.id);
      if (stored === undefined)
        this.#world.fail("E4", `run ${run.id} started for event ${event.id}, which is not stored`);
      else if (stored.idempotencyId !== null) starts.push(`${run.functionId} id:${stored.idempotencyId}`);
      for (const start of starts) {
        const earlier = this.runOfStart.get(start);
        if (earlier !== undefined) this.#world.fail("LG4", `runs ${earlier} and ${run.id} both started for ${start}`);
        this.runOfStart.set(start, run.id);
      }
    }
  }

  /** True when the step got its result now. */
  #putStep(step: StepRecord, jobsBefore: ReadonlyMap<string, JobRecord>): boolean {
    const { fail } = this.#world;
    let steps = this.steps.get(step.runId);
    if (steps === undefined) {
      steps = new Map();
      this.steps.set(step.runId, steps);
    }
    const before = steps.get(step.id);
    steps.set(step.id, { ...step });
    if (before !== undefined && before.memo !== null) {
      if (before.memo !== step.memo)
        fail("LG1", `the memo of ${step.name} in ${step.runId} changed: ${before.memo} → ${step.memo}`);
      if (before.seq !== step.seq) fail("LG1", `${step.name} in ${step.runId} moved from ${before.seq} to ${step.seq}`);
      return false;
    }
    if (step.memo === null) return false;
    const stack = this.stacks.get(step.runId) ?? [];
    this.stacks.set(step.runId, stack);
    stack[step.seq ?? -1] = step.id;
    if (step.kind === "sleep") this.#checkSleep(step, jobsBefore.get(`${step.runId} ${step.id}`));
    return true;
  }

  #checkSleep(step: StepRecord, job: JobRecord | undefined): void {
    const { fail } = this.#world;
    const endedAt = step.endedAt ?? 0;
    if (endedAt > this.#world.wallMax()) fail("LG6", `${step.name} ended at ${endedAt}, which has not come`);
    if (job !== undefined && endedAt < job.dueAt) fail("LG6", `${step.name} ended at ${endedAt}, due at ${job.dueAt}`);
    const run = this.runs.get(step.runId);
    const ms = run === undefined ? undefined : this.#world.sleepMsOf(run.functionId, step.name);
    if (ms !== undefined && endedAt - step.queuedAt < ms) {
      fail("LG6", `${step.name} of ${step.runId} slept ${endedAt - step.queuedAt} ms instead of ${ms}`);
    }
  }

  #putJob(job: JobRecord): void {
    const run = this.runs.get(job.runId);
    if (run !== undefined && job.attempt > this.#world.retriesMax(run.functionId)) {
      this.#world.fail("LG5", `job ${job.slot} of ${job.runId} has attempt ${job.attempt}`);
    }
    let jobs = this.jobs.get(job.runId);
    if (jobs === undefined) {
      jobs = new Map();
      this.jobs.set(job.runId, jobs);
    }
    jobs.set(job.slot, { ...job });
  }

  #checkAttempt(attempt: Attempt, records: BatchRecords): void {
    const run = this.runs.get(attempt.runId);
    if (run === undefined || isOver(run.status)) return;
    const next = records.jobs.find(
      (job) =>
        job.runId === attempt.runId &&
        (job.slot === attempt.slot || job.slot === MAIN_SLOT) &&
        job.attempt === attempt.attempt + 1,
    );
    if (next === undefined) {
      // A result of the same step, or progress of a sibling, may have come in the same batch.
      const jobs = this.jobs.get(attempt.runId);
      const isDone = this.steps.get(attempt.runId)?.get(attempt.slot)?.memo != null;
      const isReset = records.jobs.some((job) => job.runId === attempt.runId && job.attempt === 0);
      if (!isDone && !isReset) {
        this.#world.fail(
          "LG5",
          `attempt ${attempt.attempt} of ${attempt.slot} in ${attempt.runId} failed and no next one is stored: ${JSON.stringify([...(jobs?.values() ?? [])])}`,
        );
      }
      return;
    }
    const delay = next.dueAt - attempt.endedAt;
    const wished = this.#world.retryAfterOf(attempt.runId, next.slot);
    const base = (CURVE_S[Math.min(attempt.attempt, CURVE_S.length - 1)] ?? 0) * 1_000;
    const isRight =
      wished === null
        ? delay >= base && delay < base + JITTER_MS
        : delay === Math.min(Math.max(wished, 1_000), 86_400_000);
    if (!isRight) {
      this.#world.fail(
        "LG5",
        `attempt ${attempt.attempt} of ${next.slot} in ${attempt.runId} is repeated after ${delay} ms (wished ${wished})`,
      );
    }
  }

  /** A step that ran within a discovery gave the discovery its attempts back. */
  #checkAttemptsReset(step: StepRecord, records: BatchRecords): void {
    const main = this.jobs.get(step.runId)?.get(MAIN_SLOT);
    if (main === undefined || main.attempt === 0) return;
    const hasFailedSince = records.attempts.some((attempt) => attempt.runId === step.runId);
    if (!hasFailedSince)
      this.#world.fail("LG5", `${step.name} of ${step.runId} succeeded and the job kept attempt ${main.attempt}`);
  }

  #checkRun(runId: string): void {
    const record = this.runs.get(runId);
    if (record === undefined) {
      this.#world.fail("LG3", `rows of run ${runId} without the run`);
      return;
    }
    const steps = [...(this.steps.get(runId)?.values() ?? [])].sort(compareSteps);
    const jobs = [...(this.jobs.get(runId)?.values() ?? [])];
    const waits = [...(this.waits.get(runId)?.values() ?? [])];
    try {
      for (const problem of runProblems(assembleRun(record, steps, jobs, waits)))
        this.#world.fail("LG3", `${runId}: ${problem}`);
    } catch (error) {
      this.#world.fail("LG3", `${runId}: ${String(error)}`);
    }
  }

  // --- LG8 ----------------------------------------------------------------------------------------------------

  checkCall(call: Call): void {
    const { fail } = this.#world;
    const run = this.runs.get(call.runId);
    const slot = call.target ?? MAIN_SLOT;
    const job = this.jobs.get(call.runId)?.get(slot);
    if (run === undefined || run.status !== "running" || job === undefined) {
      fail("E1", `a call of ${slot} in ${call.runId}, which is stored as ${run?.status}, its job as ${job?.kind}`);
      return;
    }
    if (job.attempt !== call.attempt)
      fail("E1", `a call of ${slot} in ${call.runId} as attempt ${call.attempt}, stored is ${job.attempt}`);
    if (job.dueAt > this.#world.wallMax()) fail("E1", `a call of ${slot} in ${call.runId} before it is due`);
    if (call.attempt >= call.attemptsMax) fail("LG5", `attempt ${call.attempt} of at most ${call.attemptsMax}`);
    // Results of siblings may have come in the same batch after the call was made: it carries a beginning of the stack.
    const stack = this.stacks.get(call.runId) ?? [];
    for (const [index, memo] of call.memos.entries()) {
      const stored = stack[index] === memo.id ? this.memoOf(call.runId, memo.id) : undefined;
      if (stored !== memo.json) {
        fail(
          "E1",
          `a call of ${slot} in ${call.runId} carries ${memo.id} ${memo.json} at ${index}, stored is ${stack[index]} ${stored}`,
        );
      }
    }
  }

  checkNotices(notices: readonly Notice[]): void {
    for (const notice of notices) {
      const run = notice.runId === null ? undefined : this.runs.get(notice.runId);
      const memo = run === undefined ? undefined : this.steps.get(run.id)?.get(notice.id)?.memo;
      const isTrue =
        notice.kind === "event_received"
          ? this.events.has(notice.id)
          : notice.kind === "run_created" || notice.kind === "run_started"
            ? run !== undefined && (notice.kind === "run_created" || run.status !== "queued")
            : notice.kind === "run_ended"
              ? run?.status === notice.status
              : notice.kind === "app_synced" || memo != null;
      if (!isTrue) this.#world.fail("E1", `notice ${notice.kind} ${notice.status} of ${notice.id} before it is stored`);
    }
  }

  /** The memo of a step, or undefined. */
  memoOf(runId: string, hash: string): string | undefined {
    return this.steps.get(runId)?.get(hash)?.memo ?? undefined;
  }
}

function isOver(status: RunStatus): boolean {
  return isEnded({ status } as Parameters<typeof isEnded>[0]);
}
