/**
 * From an event to runs: for every function that matched by name, start a run or record why not.
 *
 *   N1. A producer's event id starts a function once while it is remembered; the duplicate is recorded as a decision
 *       that names the run.
 *   N2. A future `ts` delays the first call, not the run.
 */
import type { StoredEvent } from "../protocol/event.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Batch, DecisionOutcome } from "./batch.ts";
import type { Instant } from "./instant.ts";
import type { TriggerMatch } from "./match/triggers.ts";
import type { NewRun } from "./run/create.ts";
import type { Run } from "./run/run.ts";

/** What the store knew about this command's events, and what has been decided since. */
export interface KnownFacts {
  hasEvent(internalId: string): boolean;
  noteEvent(internalId: string): void;
  /** The run that this key of this function started, if it is still remembered. */
  runOf(functionId: string, key: string): string | null;
  noteRun(functionId: string, key: string, runId: string): void;
}

export interface Starter {
  now(): Instant;
  env(): string;
  batch(): Batch;
  create(fields: Omit<NewRun, "id" | "env" | "partition">): Run;
}

/** Starts what matched; returns the ids of the new runs. `known` is null for events that cannot repeat. */
export function startRuns(
  starter: Starter,
  matches: readonly TriggerMatch[],
  event: StoredEvent,
  known: KnownFacts | null,
): string[] {
  const runIds: string[] = [];
  for (const { fn, outcome, reason } of matches) {
    if (outcome === "filtered") {
      decide(starter, event, fn.id, "filtered", reason ?? "its condition is false", null);
      continue;
    }
    const key = known === null ? null : event.idempotencyId;
    const earlier = key === null ? null : known!.runOf(fn.id, key);
    if (earlier !== null) {
      decide(starter, event, fn.id, "deduplicated", `event id ${key} was seen before`, earlier); // N1
      continue;
    }
    const run = starter.create({
      functionId: fn.id,
      events: [{ id: event.id, name: event.name, json: event.json }],
      cron: null,
      originalRunId: null,
      startAt: Math.max(starter.now(), event.ts), // N2
    });
    if (key !== null) {
      known!.noteRun(fn.id, key, run.id);
      starter.batch().flow.push({
        kind: "idempotency",
        functionId: fn.id,
        key,
        value: run.id,
        expiresAt: starter.now() + LIMITS.dedupeMs,
      });
    }
    runIds.push(run.id);
  }
  return runIds;
}

function decide(
  starter: Starter,
  event: StoredEvent,
  functionId: string,
  outcome: DecisionOutcome,
  reason: string,
  runId: string | null,
): void {
  starter.batch().decisions.push({ eventId: event.id, functionId, outcome, reason, runId, at: starter.now() });
}
