/**
 * A batch as rows. Reads everything it needs before it returns (ST1).
 *
 * The event of a run is not written twice: when the batch stores the event too, the run only refers to it.
 */
import type { Batch } from "../../core/batch.ts";
import { holdsPlaces } from "../../core/flow/rules.ts";
import type { Job, Run, Step, Wait } from "../../core/run/run.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { runStatsOf } from "../run-stats.ts";
import { type LargeValue, pushValue } from "./blobs.ts";
import { encodeText, encodeTextOrNull } from "./text.ts";
import type { SqlValue, WriteName, WriteRows } from "./writes.ts";

/** A file is one partition: it has one writer. */
export const PARTITION = 0;

export interface BatchRows {
  readonly rows: WriteRows;
  /** Places in `rows`. A thread that gets both in one message finds them there. */
  readonly large: readonly LargeValue[];
}

type Into = (name: WriteName) => SqlValue[];

export function batchRows(batch: Batch): BatchRows {
  const rows: { [Name in WriteName]?: SqlValue[] } = {};
  const large: LargeValue[] = [];
  const into: Into = (name) => {
    rows[name] ??= [];
    return rows[name];
  };
  pushDeletes(batch, into);
  for (const event of batch.events) pushEvent(into("insertEvent"), event, large);
  const events = new Map(batch.events.map((event) => [event.id, event]));
  for (const run of batch.runs) {
    if (run.isStored) {
      pushRunChanges(into("updateRun"), run, large).push(encodeText(run.id));
      const stored = batch.collecting.get(run);
      if (stored === undefined) continue;
      pushRunEvents(into("updateRunEvents"), run, large);
      for (const { id } of run.events.slice(Math.max(1, stored)))
        into("insertRunEvent").push(encodeText(id), encodeText(run.id));
    } else {
      pushRun(into("insertRun"), run, events, large);
      for (const event of run.events.slice(1)) into("insertRunEvent").push(encodeText(event.id), encodeText(run.id));
    }
  }
  for (const step of batch.steps) {
    if (step.isStored) {
      pushStepChanges(into("updateStep"), step, large).push(encodeText(step.runId), encodeText(step.id));
    } else pushStep(into("insertStep"), step, large);
  }
  for (const job of batch.jobs) pushJob(into("putJob"), job, large);
  for (const wait of batch.waits) pushWait(into("putWait"), wait);
  for (const { id, content } of batch.messages) {
    const values = into("putMessage");
    values.push(PARTITION, encodeText(id));
    pushValue(values, JSON.stringify(content), large);
  }
  pushFacts(batch, into, large);
  for (const { env, stepMs, at, functionId, values } of runStatsOf(batch)) {
    into("addRunStat").push(encodeText(env), stepMs, at, encodeText(functionId), ...values);
  }
  pushRegistry(batch, into);
  return { rows, large };
}

function pushDeletes(batch: Batch, into: Into): void {
  for (const job of batch.deletedJobs) into("deleteJob").push(encodeText(job.runId), encodeText(job.slot));
  for (const { runId, slot, seq } of batch.deletedWaits) {
    into("deleteWait").push(encodeText(runId), encodeText(slot), seq);
  }
  for (const id of batch.deletedMessages) into("deleteMessage").push(PARTITION, encodeText(id));
  for (const { kind, functionId, key, ifValue } of batch.deletedFlow) {
    into("deleteFlow").push(
      PARTITION,
      kind,
      encodeText(functionId),
      encodeText(key),
      encodeTextOrNull(ifValue ?? null),
    );
  }
}

function pushEvent(values: SqlValue[], event: StoredEvent, large: LargeValue[]): void {
  values.push(
    encodeText(event.id),
    DEFAULT_ENV,
    encodeText(event.name),
    event.ts,
    event.receivedAt,
    encodeTextOrNull(event.idempotencyId),
    event.isInternal ? 1 : 0,
    encodeTextOrNull(event.traceparent ?? null),
  );
  pushValue(values, encodeText(event.json), large);
}

function pushRun(values: SqlValue[], run: Run, stored: ReadonlyMap<string, StoredEvent>, large: LargeValue[]): void {
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
    run.parent === null ? null : JSON.stringify(run.parent),
    run.flow === null ? null : JSON.stringify(run.flow),
    holdsPlaces(run.flow) ? 1 : 0,
    run.functionVersion,
    run.createdAt,
    run.startAt,
  );
  const own = events.map(({ id, name, json }) => ({ id, name, json }));
  pushValue(pushRunChanges(values, run, large), isStoredElsewhere ? null : JSON.stringify(own), large);
}

/** The events of a run that collects them have changed, and with them its start and what its limits go by. */
function pushRunEvents(values: SqlValue[], run: Run, large: LargeValue[]): void {
  const { events } = run;
  const ids = events.length > 1 ? JSON.stringify(events.map((event) => event.id)) : null;
  values.push(encodeTextOrNull(events[0]?.id ?? null), ids);
  values.push(run.flow === null ? null : JSON.stringify(run.flow), holdsPlaces(run.flow) ? 1 : 0, run.startAt);
  // They were stored as events of their own, in this batch or an earlier one.
  pushValue(values, null, large);
  values.push(encodeText(run.id));
}

function pushRunChanges(values: SqlValue[], run: Run, large: LargeValue[]): SqlValue[] {
  values.push(
    run.status,
    run.startedAt,
    run.endedAt,
    run.requestVersion,
    run.forcePlan ? 1 : 0,
    run.reason,
    run.notes === null ? null : JSON.stringify(run.notes),
  );
  pushValue(values, encodeTextOrNull(run.error), large);
  pushValue(values, encodeTextOrNull(run.output), large);
  return values;
}

function pushStep(values: SqlValue[], step: Step, large: LargeValue[]): void {
  values.push(
    encodeText(step.runId),
    encodeText(step.id),
    encodeText(step.name),
    step.index,
    step.isRace ? 1 : 0,
    step.queuedAt,
  );
  pushValue(values, encodeTextOrNull(step.editedInput), large);
  pushValue(values, encodeTextOrNull(step.options), large);
  pushStepChanges(values, step, large);
}

function pushStepChanges(values: SqlValue[], step: Step, large: LargeValue[]): SqlValue[] {
  values.push(step.kind, encodeTextOrNull(step.childRunId));
  values.push(step.seq, step.status, step.attempts, step.startedAt, step.endedAt);
  pushValue(values, encodeTextOrNull(step.memo), large);
  return values;
}

function pushJob(values: SqlValue[], job: Job, large: LargeValue[]): void {
  values.push(encodeText(job.runId), encodeText(job.slot), PARTITION, job.kind, job.attempt, job.dueAt);
  values.push(encodeTextOrNull(job.lane), job.orderAt, job.isDelayed ? 1 : 0);
  pushValue(values, encodeTextOrNull(job.payload), large);
}

function pushWait(values: SqlValue[], wait: Wait): void {
  values.push(
    encodeText(wait.runId),
    encodeText(wait.slot),
    wait.seq,
    PARTITION,
    wait.kind,
    encodeText(wait.name),
    encodeText(wait.path),
    encodeText(wait.value),
    wait.armedAt,
    wait.untilAt,
    encodeTextOrNull(wait.expression),
  );
}

/** What comes as it is stored. */
function pushFacts(batch: Batch, into: Into, large: LargeValue[]): void {
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
    const values = into("putFlow");
    values.push(PARTITION, kind, encodeText(functionId), encodeText(key), expiresAt);
    pushValue(values, encodeText(value), large);
  }
}

/** What is rare. */
function pushRegistry(batch: Batch, into: Into): void {
  for (const { id, kind, status, createdAt, json } of batch.operations.values()) {
    into("putOperation").push(encodeText(id), kind, status, createdAt, encodeText(json));
  }
  for (const { functionId, json } of batch.schedules.values()) {
    into("putSchedule").push(encodeText(functionId), encodeText(json));
  }
  for (const { app, checksum, syncedAt, paused } of batch.apps) {
    into("putApp").push(encodeText(app.id), encodeText(checksum), syncedAt, paused, JSON.stringify(app));
  }
  for (const { fn, version, isArchived, changedAt, paused } of batch.functions) {
    const [id, config] = [encodeText(fn.id), JSON.stringify(fn)];
    into("putFunction").push(id, encodeText(fn.appId), version, isArchived ? 1 : 0, changedAt, paused, config);
    into("insertFunctionVersion").push(id, version, changedAt, config);
  }
}
