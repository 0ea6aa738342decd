/**
 * A batch as rows. Reads everything it needs before it returns (ST1).
 *
 * The event of a run is not written twice: when the batch stores the event too, the run only refers to it.
 */
import type { Batch } from "../../core/batch.ts";
import type { Job, Run, Step } from "../../core/run/run.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { encodeText, encodeTextOrNull } from "./text.ts";
import type { SqlValue, WriteName, WriteRows } from "./writes.ts";

/** A file is one partition: it has one writer. */
export const PARTITION = 0;

export function batchRows(batch: Batch): WriteRows {
  const rows: { [Name in WriteName]?: SqlValue[] } = {};
  const into = (name: WriteName): SqlValue[] => {
    rows[name] ??= [];
    return rows[name];
  };
  for (const job of batch.deletedJobs) into("deleteJob").push(encodeText(job.runId), encodeText(job.slot));
  for (const event of batch.events) pushEvent(into("insertEvent"), event);
  const events = new Map(batch.events.map((event) => [event.id, event]));
  for (const run of batch.runs) {
    if (run.isStored) pushRunChanges(into("updateRun"), run).push(encodeText(run.id));
    else {
      pushRun(into("insertRun"), run, events);
      for (const event of run.events.slice(1)) into("insertRunEvent").push(encodeText(event.id), encodeText(run.id));
    }
  }
  for (const step of batch.steps) {
    if (step.isStored) pushStepChanges(into("updateStep"), step).push(encodeText(step.runId), encodeText(step.id));
    else pushStep(into("insertStep"), step);
  }
  for (const job of batch.jobs) pushJob(into("putJob"), job);
  pushFacts(batch, into);
  return rows;
}

function pushEvent(values: SqlValue[], event: StoredEvent): void {
  values.push(
    encodeText(event.id),
    DEFAULT_ENV,
    encodeText(event.name),
    event.ts,
    event.receivedAt,
    encodeTextOrNull(event.idempotencyId),
    event.isInternal ? 1 : 0,
    encodeText(event.json),
  );
}

function pushRun(values: SqlValue[], run: Run, stored: ReadonlyMap<string, StoredEvent>): void {
  const { events } = run;
  const isStoredElsewhere = events.every((event) => {
    const other = stored.get(event.id);
    return other !== undefined && other.json === event.json && other.name === event.name;
  });
  values.push(
    encodeText(run.id),
    encodeText(run.env),
    PARTITION,
    encodeText(run.functionId),
    encodeTextOrNull(events[0]?.id ?? null),
    events.length > 1 ? JSON.stringify(events.map((event) => event.id)) : null,
    encodeTextOrNull(run.cron),
    encodeTextOrNull(run.originalRunId),
    run.createdAt,
  );
  const own = events.map(({ id, name, json }) => ({ id, name, json }));
  pushRunChanges(values, run).push(isStoredElsewhere ? null : JSON.stringify(own));
}

function pushRunChanges(values: SqlValue[], run: Run): SqlValue[] {
  values.push(
    run.status,
    run.startedAt,
    run.endedAt,
    run.requestVersion,
    run.forcePlan ? 1 : 0,
    encodeTextOrNull(run.error),
    encodeTextOrNull(run.output),
  );
  return values;
}

function pushStep(values: SqlValue[], step: Step): void {
  values.push(
    encodeText(step.runId),
    encodeText(step.id),
    step.kind,
    encodeText(step.name),
    step.index,
    step.isRace ? 1 : 0,
    step.queuedAt,
    encodeTextOrNull(step.options),
  );
  pushStepChanges(values, step);
}

function pushStepChanges(values: SqlValue[], step: Step): SqlValue[] {
  values.push(step.seq, step.status, step.attempts, step.startedAt, step.endedAt, encodeTextOrNull(step.memo));
  return values;
}

function pushJob(values: SqlValue[], job: Job): void {
  values.push(encodeText(job.runId), encodeText(job.slot), PARTITION, job.kind, job.attempt, job.dueAt);
}

/** Everything that is rare, or that comes as it is stored. */
function pushFacts(batch: Batch, into: (name: WriteName) => SqlValue[]): void {
  for (const { eventId, functionId, outcome, reason, runId, at } of batch.decisions) {
    const texts = [encodeText(eventId), encodeText(functionId), outcome, encodeText(reason)];
    into("insertDecision").push(...texts, encodeTextOrNull(runId), at);
  }
  for (const { runId, slot, attempt, startedAt, endedAt, status, error } of batch.attempts) {
    into("insertAttempt").push(
      encodeText(runId),
      encodeText(slot),
      attempt,
      startedAt,
      endedAt,
      status,
      encodeText(error),
    );
  }
  for (const { kind, functionId, key, value, expiresAt } of batch.flow) {
    into("putFlow").push(PARTITION, kind, encodeText(functionId), encodeText(key), encodeText(value), expiresAt);
  }
  for (const { functionId, json } of batch.schedules.values()) {
    into("putSchedule").push(encodeText(functionId), encodeText(json));
  }
  for (const { app, checksum, syncedAt } of batch.apps) {
    into("putApp").push(encodeText(app.id), encodeText(checksum), syncedAt, JSON.stringify(app));
  }
  for (const { fn, version, isArchived } of batch.functions) {
    const texts = [encodeText(fn.id), encodeText(fn.appId)];
    into("putFunction").push(...texts, version, isArchived ? 1 : 0, JSON.stringify(fn));
  }
}
