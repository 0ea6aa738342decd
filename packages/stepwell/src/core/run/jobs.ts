/** The moves of a run's jobs. Every one marks the row and tells the queue, so neither can be forgotten. */
import type { JsonText } from "../../protocol/json.ts";
import type { Instant } from "../instant.ts";
import { standsIn, storePlace } from "../schedule/hint.ts";
import type { RunContext } from "./context.ts";
import { type Job, type JobKind, MAIN_SLOT, type Run } from "./run.ts";

/** Makes a job; the slot must be free (R4). */
export function addJob(
  context: RunContext,
  run: Run,
  slot: string,
  kind: JobKind,
  dueAt: Instant,
  payload: JsonText | null = null,
): Job {
  const { lane, orderAt } = storePlace(run, kind);
  const job: Job = {
    runId: run.id,
    slot,
    kind,
    attempt: 0,
    dueAt,
    payload,
    lane,
    orderAt,
    isDelayed: dueAt > context.now,
    isStored: false,
    call: null,
    again: false,
    generation: 0,
  };
  run.jobs.set(slot, job);
  context.batch.putJob(job);
  context.schedule(run, job);
  return job;
}

/** Makes sure a discovery will happen: now, or right after the one that is out. */
export function ensureDiscovery(context: RunContext, run: Run): void {
  const main = run.jobs.get(MAIN_SLOT);
  if (main === undefined) addJob(context, run, MAIN_SLOT, "discover", context.now);
  else if (main.call !== null) main.again = true;
}

export function removeJob(context: RunContext, run: Run, job: Job): void {
  run.jobs.delete(job.slot);
  context.batch.deleteJob(job);
}

/** The job as it is, at another time. */
export function moveJob(context: RunContext, run: Run, job: Job, dueAt: Instant): void {
  writeJob(context, run, job, dueAt);
  context.schedule(run, job);
}

/** The same call again, later: the next attempt. `failedSlot`: what of it failed, the function or a step. */
export function retryJob(context: RunContext, run: Run, job: Job, dueAt: Instant, failedSlot: string = job.slot): void {
  job.attempt++;
  writeJob(context, run, job, dueAt);
  context.schedule(run, job);
  const step = run.steps.get(failedSlot);
  context.batch.notices.push({
    kind: "attempt_failed",
    id: step?.id ?? run.id,
    runId: run.id,
    functionId: run.functionId,
    name: step?.name ?? "",
    status: "retrying",
    at: context.now,
  });
}

/** The same call again at once, as if it had not been made. */
export function restartJob(context: RunContext, run: Run, job: Job): void {
  job.attempt = 0;
  moveJob(context, run, job, context.now);
}

/** The run's first call is made: its job stands with those of runs that have begun. */
export function leaveStarts(context: RunContext, run: Run, job: Job): void {
  job.lane = storePlace(run, job.kind).lane;
  context.batch.putJob(job);
}

/**
 * The discovery goes on with a fresh attempt counter. A row that says the same as the one stored is not written
 * again: a job that is due stays due, so a sequential step costs one row, not two.
 */
export function continueDiscovery(context: RunContext, run: Run, job: Job): void {
  job.again = false;
  const isInPlace = standsIn(job.lane, run, job.kind);
  if (job.attempt !== 0 || !job.isStored || job.dueAt > context.now || !isInPlace) {
    job.attempt = 0;
    writeJob(context, run, job, context.now);
  }
  context.schedule(run, job);
}

function writeJob(context: RunContext, run: Run, job: Job, dueAt: Instant): void {
  job.dueAt = dueAt;
  job.isDelayed = dueAt > context.now;
  job.lane = storePlace(run, job.kind).lane;
  context.batch.putJob(job);
}
