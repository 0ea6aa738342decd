/**
 * What is durable, kept a second time beside the store under test, and the rules every commit must keep.
 *
 *   LG1. A memo, once stored, never changes, and neither does its place in the stack; the stack only grows.
 *        A resume takes away one memo, the error that ended the run; what is behind it moves up (LG9).
 *   LG2. A run ends once: nothing of an ended run is written again, and it has no job, unless it is resumed (LG9).
 *   LG3. Every stored run is sound by the core's own invariants (run/invariants.ts).
 *   LG4. A function starts at most once for an event, and at most once for a producer's id.
 *   LG5. A failed attempt is followed by the next one after a delay of the curve (or the wished one), or by the end.
 *   LG6. A sleep ends when it was due, not before.
 *   LG7. Where the overlap policy wants ticks one after the other, at most one run of a schedule is open.
 *   LG8. What goes out (calls, notices, answers) says only what is durable at that moment (E1); see outgoing.ts.
 *   LG9. Only a failed run is resumed, and only the failed step whose error is the run's error loses its result. Later, an
 *        error that is older than the resume does not end the run: the step that had it loses it, too.
 *   LG10. An event is stored once. What a step sends is stored with the step's result.
 *   LG11. A message is stored once and acted on once: the commit that acts on it deletes it.
 *   KP3. Nothing of a run that has gone is written again (retention-model.ts).
 *   LG12. The engine's picture of what is waited for is that of the stored waits, with each commit.
 *
 * Waits, signals, children and states have models of their own, told before and after each commit.
 */
import type { Attempt, Decision, FlowFactKey, FlowState, Schedule, StoredFunction } from "../../src/core/batch.ts";
import type { InboxMessage } from "../../src/core/inbox.ts";
import { SIGNALS } from "../../src/core/match/wait-names.ts";
import { runProblems } from "../../src/core/run/invariants.ts";
import { isEnded, MAIN_SLOT, type RunStatus } from "../../src/core/run/run.ts";
import type { StoredEvent } from "../../src/protocol/event.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import {
  assembleRun,
  type BatchRecords,
  compareSteps,
  type JobRecord,
  type RunRecord,
  type StepRecord,
  type WaitRecord,
} from "../../src/store/records.ts";
import { SECRET } from "./program.ts";
import type { FunctionState } from "./states-model.ts";

const CURVE_S = [15, 30, 60, 120, 300, 600, 1_200, 2_400, 3_600, 7_200];
const JITTER_MS = 30_000;

export interface LedgerWorld {
  fail(rule: string, what: string): void;
  /** The latest instant any clock has shown. */
  wallMax(): number;
  /** What the last outcome of a job asked for, in ms; null for the curve. */
  retryAfterOf(runId: string, slot: string): number | null;
  sleepMsOf(functionId: string, stepName: string): number | undefined;
  sendsAlong(step: StepRecord): boolean;
  retriesMax(functionId: string): number;
  /** True when a tick must not start while the run of an earlier one is open. */
  hasTicksInTurn(functionId: string): boolean;
}

/** Rules that look at a commit from both sides. */
export interface CommitModel {
  before(records: BatchRecords): void;
  after(records: BatchRecords): void;
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
  /** The runs that something started; more than one only when a producer's id was forgotten meanwhile. */
  readonly runsOfStart = new Map<string, string[]>();
  readonly messages = new Map<string, { readonly message: InboxMessage; readonly batch: number }>();
  readonly flow = new Map<string, FlowState>();
  readonly batchOfEvent = new Map<string, number>();
  /** How runs ended, each time. */
  readonly endings = new Map<string, RunStatus[]>();
  /** Stored waits by kind, name and path. */
  readonly waitCounts = new Map<string, number>();
  /** Of the commit that is being applied: steps that had a result, runs that had ended, runs that are resumed. */
  readonly resultsBefore = new Set<string>();
  readonly endedBefore = new Set<string>();
  readonly resumed = new Set<string>();
  readonly wasRemoved = new Set<string>();
  readonly models: CommitModel[] = [];
  /** Steps that reruns took over. */
  readonly copied = new Set<string>();
  /** What state each function may have had when an event started, or did not start, it. */
  readonly statesAtStart = new Map<string, ReadonlyMap<string, ReadonlySet<FunctionState>>>();
  /** Jobs that the commit that is being applied changes or deletes, as they were. */
  jobsBefore = new Map<string, JobRecord>();
  batch = 0;
  readonly stacks = new Map<string, string[]>();
  readonly openRuns = new Set<string>();
  /** Runs and events that retention has deleted. What they were stays here. */
  readonly gone = new Set<string>();
  readonly goneEvents = new Set<string>();
  readonly #world: LedgerWorld;
  /** What runs threw last: the messages of failed calls of the commit that is being applied. */
  readonly #thrown = new Map<string, string>();
  /** Runs that begin in the commit that is being applied. */
  readonly #newRuns = new Set<string>();

  constructor(world: LedgerWorld) {
    this.#world = world;
  }

  /** A commit takes effect. */
  apply(records: BatchRecords): void {
    this.batch++;
    if (this.gone.size > 0) this.#checkGone(records);
    this.#noteBefore(records);
    for (const model of this.models) model.before(records);
    this.#apply(records);
    for (const model of this.models) model.after(records);
  }

  /** KP3. */
  #checkGone({ runs, steps, jobs, waits }: BatchRecords): void {
    for (const id of [...runs.map((run) => run.id), ...[...steps, ...jobs, ...waits].map((row) => row.runId)])
      if (this.gone.has(id)) this.#world.fail("KP3", `run ${id} has gone, and is written again`);
  }

  #noteBefore(records: BatchRecords): void {
    this.resultsBefore.clear();
    this.endedBefore.clear();
    this.resumed.clear();
    this.#newRuns.clear();
    this.#thrown.clear();
    for (const { runId, error } of records.attempts) this.#thrown.set(runId, errorOf(error) ?? "");
    for (const run of records.runs) if (!this.runs.has(run.id)) this.#newRuns.add(run.id);
    for (const step of records.steps)
      if (this.memoOf(step.runId, step.id) !== undefined) this.resultsBefore.add(`${step.runId} ${step.id}`);
    for (const run of records.runs) {
      const before = this.runs.get(run.id);
      if (before === undefined || !isOver(before.status)) continue;
      if ((run.notes?.resumes ?? 0) > (before.notes?.resumes ?? 0)) this.resumed.add(run.id);
      else this.endedBefore.add(run.id);
    }
  }

  #apply(records: BatchRecords): void {
    const jobsBefore = new Map<string, JobRecord>();
    this.jobsBefore = jobsBefore;
    for (const job of [...records.jobs, ...records.deletedJobs]) {
      const before = this.jobs.get(job.runId)?.get(job.slot);
      if (before !== undefined) jobsBefore.set(`${job.runId} ${job.slot}`, before);
    }
    const touched = new Set<string>();
    for (const job of records.deletedJobs) {
      this.jobs.get(job.runId)?.delete(job.slot);
      touched.add(job.runId);
    }
    for (const wait of records.deletedWaits) {
      if (this.waits.get(wait.runId)?.delete(`${wait.slot} ${wait.seq}`)) this.#countWait(wait, -1);
    }
    for (const wait of records.waits) {
      this.#countWait(wait, 1);
      const waits = this.waits.get(wait.runId) ?? new Map<string, WaitRecord>();
      this.waits.set(wait.runId, waits.set(`${wait.slot} ${wait.seq}`, wait));
      touched.add(wait.runId);
    }
    this.#applyMessages(records);
    for (const fact of records.flow) this.flow.set(flowText(fact), fact);
    for (const { ifValue, ...key } of records.deletedFlow)
      if (ifValue === undefined || this.flow.get(flowText(key))?.value === ifValue) this.flow.delete(flowText(key));
    for (const event of records.events) {
      if (this.events.has(event.id)) this.#world.fail("LG10", `event ${event.id} is stored twice`);
      this.events.set(event.id, event);
      this.batchOfEvent.set(event.id, this.batch);
    }
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
    for (const stored of records.functions) {
      this.functions.set(stored.fn.id, stored);
      if (stored.isArchived) this.wasRemoved.add(stored.fn.id);
    }
    for (const attempt of records.attempts) this.#checkAttempt(attempt, records);
    this.attempts.push(...records.attempts);
    for (const step of inline) this.#checkAttemptsReset(step, records);
    for (const id of touched) this.#checkRun(id);
    for (const run of records.runs) if (run.cron !== null) this.#checkOverlap(run);
  }

  #applyMessages(records: BatchRecords): void {
    for (const id of records.deletedMessages)
      if (!this.messages.delete(id)) this.#world.fail("LG11", `message ${id} is acted on, and it is not there`);
    for (const message of records.messages) {
      if (this.messages.has(message.id)) this.#world.fail("LG11", `message ${message.id} is stored twice`);
      this.messages.set(message.id, { message, batch: this.batch });
    }
  }

  #countWait(wait: WaitRecord, by: number): void {
    const key = wait.kind === "signal" ? SIGNALS : `event ${wait.name} ${wait.path}`;
    const count = (this.waitCounts.get(key) ?? 0) + by;
    if (count === 0) this.waitCounts.delete(key);
    else this.waitCounts.set(key, count);
  }

  /** LG12. Asked when a commit begins: what the core counts then is what will be stored with it. */
  checkWaitCounts(records: BatchRecords, counted: Iterable<readonly [key: string, count: number]>): void {
    const expected = new Map(this.waitCounts);
    const add = ({ kind, name, path }: WaitRecord, by: number) => {
      const key = kind === "signal" ? SIGNALS : `event ${name} ${path}`;
      const count = (expected.get(key) ?? 0) + by;
      if (count === 0) expected.delete(key);
      else expected.set(key, count);
    };
    for (const wait of records.deletedWaits) add(wait, -1);
    for (const wait of records.waits) add(wait, 1);
    const actual = new Map(counted);
    for (const key of new Set([...expected.keys(), ...actual.keys()])) {
      if (expected.get(key) !== actual.get(key))
        this.#world.fail(
          "LG12",
          `${actual.get(key) ?? 0} waits of ${key} are counted, ${expected.get(key) ?? 0} stored`,
        );
    }
  }

  /** True for a step that a rerun took over with its result. */
  isCopied(step: StepRecord): boolean {
    const originalRunId = this.runs.get(step.runId)?.originalRunId ?? null;
    return originalRunId !== null && this.copied.has(`${step.runId} ${step.id}`);
  }

  #putRun(run: RunRecord): void {
    const before = this.runs.get(run.id);
    const isResumed = this.resumed.has(run.id);
    if (before === undefined) this.#checkStart(run);
    else if (isResumed) this.#resume(before);
    else if ((before.notes?.oldResults ?? 0) > (run.notes?.oldResults ?? 0)) this.#askAgain(run);
    else if (isOver(before.status) && JSON.stringify(before) !== JSON.stringify(run)) {
      this.#world.fail("LG2", `run ${run.id} was ${before.status} and is written again as ${run.status}`);
    }
    this.runs.set(run.id, { ...run });
    if (!isOver(run.status)) this.openRuns.add(run.id);
    else {
      this.openRuns.delete(run.id);
      if (before === undefined || !isOver(before.status) || isResumed)
        this.endings.set(run.id, [...(this.endings.get(run.id) ?? []), run.status]);
    }
  }

  /** LG9. */
  #resume(before: RunRecord): void {
    if (before.status !== "failed") this.#world.fail("LG9", `run ${before.id} was ${before.status} and is resumed`);
    this.#forgetError(before.id, errorOf(before.error));
  }

  /** LG9. */
  #askAgain({ id, notes }: RunRecord): void {
    this.resumed.add(id);
    const place = this.#forgetError(id, this.#thrown.get(id));
    if (place > (notes?.oldResults ?? 0))
      this.#world.fail("LG9", `${id} takes back a result that is newer than its resume`);
  }

  /** The last result that is this error is gone, and those behind it move up. Returns the place that it had, or -1. */
  #forgetError(runId: string, message: string | undefined): number {
    const stack = this.stacks.get(runId) ?? [];
    const steps = this.steps.get(runId);
    const place = stack.findLastIndex((id) => {
      const step = steps?.get(id);
      return step?.status !== "completed" && errorOf(step?.memo ?? null) === message;
    });
    if (place < 0 || message === undefined) return -1;
    const [id] = stack.splice(place, 1);
    steps!.set(id!, { ...steps!.get(id!)!, memo: null, seq: null, status: "planned" });
    this.resultsBefore.delete(`${runId} ${id}`);
    return place;
  }

  #checkOverlap(run: RunRecord): void {
    if (!this.#world.hasTicksInTurn(run.functionId)) return;
    const open = [...this.openRuns].filter((id) => {
      const other = this.runs.get(id);
      if (other?.functionId !== run.functionId || other.cron === null) return false;
      // What somebody starts again by hand is nobody's tick.
      return other.originalRunId === null && other.notes?.resumes === undefined;
    });
    if (open.length > 1) this.#world.fail("LG7", `the ticks ${open.join(" and ")} of ${run.functionId} run at once`);
  }

  #checkStart(run: RunRecord): void {
    if (run.originalRunId !== null) return;
    for (const event of run.events) {
      const starts = [`${run.functionId} ${event.id}`];
      const stored = this.events.get(event.id);
      if (stored === undefined)
        this.#world.fail("E4", `run ${run.id} started for event ${event.id}, which is not stored`);
      else if (stored.idempotencyId !== null && run.status !== "skipped" && (!stored.isInternal || run.cron !== null))
        starts.push(`${run.functionId} id:${stored.idempotencyId}`);
      for (const start of starts) {
        const earlier = this.runsOfStart.get(start) ?? [];
        const last = earlier.at(-1);
        const isForgotten = last !== undefined && run.createdAt >= this.runs.get(last)!.createdAt + LIMITS.dedupeMs;
        if (last !== undefined && !isForgotten)
          this.#world.fail("LG4", `runs ${last} and ${run.id} both started for ${start}`);
        this.runsOfStart.set(start, [...earlier, run.id]);
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
    if (before === undefined && step.memo !== null && this.#isNewRerun(step.runId))
      this.copied.add(`${step.runId} ${step.id}`);
    steps.set(step.id, { ...step });
    if (SECRET_KINDS.has(step.kind) && JSON.stringify(step).includes(SECRET))
      fail("RQ1", `the secret of ${step.name} in ${step.runId} is in its row`);
    if (before !== undefined && before.memo !== null) {
      if (before.memo !== step.memo)
        fail("LG1", `the memo of ${step.name} in ${step.runId} changed: ${before.memo} → ${step.memo}`);
      const seq = this.resumed.has(step.runId) ? this.stacks.get(step.runId)?.indexOf(step.id) : before.seq;
      if (seq !== step.seq) fail("LG1", `${step.name} in ${step.runId} moved from ${before.seq} to ${step.seq}`);
      return false;
    }
    if (step.memo === null) return false;
    const stack = this.stacks.get(step.runId) ?? [];
    this.stacks.set(step.runId, stack);
    stack[step.seq ?? -1] = step.id;
    if (this.isCopied(step)) return false;
    for (const id of idsSentBy(step.memo))
      if (this.batchOfEvent.get(id) !== this.batch && this.#world.sendsAlong(step))
        fail("LG10", `${step.name} of ${step.runId} has its result, and its event ${id} is not stored with it`);
    if (step.kind === "sleep") this.#checkSleep(step, jobsBefore.get(`${step.runId} ${step.id}`));
    return true;
  }

  #isNewRerun(runId: string): boolean {
    const run = this.runs.get(runId);
    return run !== undefined && run.originalRunId !== null && this.#newRuns.has(runId);
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
    if (run === undefined || isOver(run.status) || this.resumed.has(run.id)) return;
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

  /** Who waits for a signal, and since when. */
  waiterOf(signal: string): string | undefined {
    for (const waits of this.waits.values())
      for (const { kind, name, runId, slot, armedAt } of waits.values())
        if (kind === "signal" && name === signal) return `${slot} of ${runId} since ${armedAt}`;
    return undefined;
  }

  /** The memo of a step, or undefined. */
  memoOf(runId: string, hash: string): string | undefined {
    return this.steps.get(runId)?.get(hash)?.memo ?? undefined;
  }
}

const SECRET_KINDS: ReadonlySet<string> = new Set(["fetch", "ai"]);

/** The ids of events that a step says it has sent. */
function idsSentBy(memo: string): readonly string[] {
  if (!memo.startsWith('{"data":{"ids":')) return [];
  return (JSON.parse(memo) as { data: { ids: string[] } }).data.ids;
}

/** The message of an error, or of a memo that is one. */
function errorOf(text: string | null): string | undefined {
  const value = JSON.parse(text ?? "null") as { message?: string; error?: { message: string } } | null;
  return value?.error?.message ?? value?.message;
}

const flowText = ({ kind, functionId, key }: FlowFactKey) => `${kind} ${functionId} ${key}`;

export function isOver(status: RunStatus): boolean {
  return isEnded({ status } as Parameters<typeof isEnded>[0]);
}
