/**
 * From an event to runs: for every function that matched by name, start a run or record why not.
 *
 *   N1. A producer's event id starts a function once while it is remembered; the duplicate is recorded as a decision
 *       that names the run.
 *   N3. A paused function starts nothing now: by its mode the run waits, is left behind as skipped, or is not made at all.
 *   N2. A future `ts` delays the first call, not the run.
 */
import type { StoredEvent } from "../protocol/event.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Batch, DecisionOutcome, PauseMode } from "./batch.ts";
import type { Facts } from "./facts.ts";
import type { Instant } from "./instant.ts";
import type { TriggerMatch } from "./match/triggers.ts";
import type { NewRun } from "./run/create.ts";
import type { Run } from "./run/run.ts";

export interface Starter {
  now(): Instant;
  env(): string;
  batch(): Batch;
  /** `runId` only where somebody else has chosen it. */
  create(fields: Omit<NewRun, "id" | "env" | "partition">, runId?: string): Run;
  pauseOf(functionId: string): PauseMode | null;
  /** Ends a run that has just been created: only its row and the reason are left. */
  skip(run: Run, reason: string): void;
}

/** Starts what matched; returns the ids of the new runs. `known` is null for events that cannot repeat. */
export function startRuns(
  starter: Starter,
  matches: readonly TriggerMatch[],
  event: StoredEvent,
  known: Facts | null,
): string[] {
  const runIds: string[] = [];
  for (const { fn, outcome, reason } of matches) {
    if (outcome === "filtered") {
      decide(starter, event, fn.id, "filtered", reason ?? "its condition is false", null);
      continue;
    }
    const key = known === null ? null : event.idempotencyId;
    const earlier = key === null ? null : known!.flow({ kind: "idempotency", functionId: fn.id, key });
    if (earlier !== null) {
      decide(starter, event, fn.id, "deduplicated", `event id ${key} was seen before`, earlier); // N1
      continue;
    }
    // What the engine itself has to tell is never lost: a hook of a paused app waits until the app is resumed.
    const pause = event.isInternal ? null : starter.pauseOf(fn.id);
    if (pause === "reject") {
      decide(starter, event, fn.id, "rejected", "the function is paused", null);
      continue;
    }
    const run = starter.create({
      functionId: fn.id,
      events: [{ id: event.id, name: event.name, json: event.json }],
      cron: null,
      originalRunId: null,
      parent: null,
      startAt: Math.max(starter.now(), event.ts), // N2
    });
    if (pause === "skip") {
      decide(starter, event, fn.id, "skipped", "the function is paused", run.id);
      starter.skip(run, "the function is paused");
      continue;
    }
    if (key !== null) {
      const fact = { kind: "idempotency", functionId: fn.id, key } as const;
      known!.noteFlow(fact, run.id);
      starter.batch().flow.push({ ...fact, value: run.id, expiresAt: starter.now() + LIMITS.dedupeMs });
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
