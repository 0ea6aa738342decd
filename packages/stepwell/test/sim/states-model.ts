/**
 * The reference model of what functions and runs may do by their state: paused, removed, out of time.
 *
 *   PA1. Nothing of a function is called while it is paused: from the answer to the pause until it is resumed.
 *   PA2. What an event finds paused starts as the mode says: later, as a skipped run, or not at all; and nothing else does.
 *   PA3. Only a run whose function was removed fails for that.
 *   TO1. A run's time is not over before it is, and it ends as the function's choice says.
 *   TO2. A run does not start when the time to start is over.
 */
import type { PauseMode } from "../../src/core/batch.ts";
import type { RunTimeouts } from "../../src/protocol/function.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { isOver, type Ledger } from "./ledger.ts";
import { APP_ID } from "./sim-app.ts";

export interface StatesWorld {
  fail(rule: string, what: string): void;
  wallMax(): number;
  /** The shortest limits that the function ever has; a sync may make them longer, up to `PATIENCE_MAX` times more. */
  timeoutsOf(functionId: string): RunTimeouts;
}

export const PATIENCE_MAX = 2;

export type FunctionState = PauseMode | "active" | "archived";

export class StatesModel {
  readonly #ledger: Ledger;
  readonly #world: StatesWorld;
  #appPaused: PauseMode | null = null;
  #possible = new Map<string, Set<FunctionState>>();

  constructor(ledger: Ledger, world: StatesWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  /** The states that functions have at some moment of this commit. */
  before(records: BatchRecords): void {
    const ofApp = new Set<PauseMode | null>([this.#appPaused]);
    for (const { paused } of records.apps) ofApp.add(paused);
    const rows = new Map([...this.#ledger.functions].map(([id, stored]) => [id, [stored]]));
    for (const stored of records.functions) rows.set(stored.fn.id, [...(rows.get(stored.fn.id) ?? []), stored]);
    this.#possible = new Map();
    for (const [id, versions] of rows) {
      const states = new Set<FunctionState>();
      for (const { paused, isArchived } of versions) {
        if (isArchived) states.add("archived");
        else for (const app of ofApp) states.add(paused ?? app ?? "active");
      }
      this.#possible.set(id, states);
    }
    this.#appPaused = records.apps.filter(({ app }) => app.id === APP_ID).at(-1)?.paused ?? this.#lastAppPause(records);
    this.#noteStarts(records);
  }

  #lastAppPause(records: BatchRecords): PauseMode | null {
    return records.apps.length > 0 ? null : this.#appPaused;
  }

  /** Events start functions when they are stored, or when a message says so. */
  #noteStarts(records: BatchRecords): void {
    const later = new Set<string>();
    for (const { content } of records.messages) {
      if (content.kind === "event" && content.starts) later.add(content.eventId);
    }
    for (const event of records.events) if (!later.has(event.id)) this.#noteStart(event.id);
    for (const id of records.deletedMessages) {
      const content = this.#ledger.messages.get(id)?.message.content;
      if (content?.kind === "event" && content.starts) this.#noteStart(content.eventId);
    }
  }

  #noteStart(eventId: string): void {
    this.#ledger.statesAtStart.set(eventId, this.#possible);
  }

  after(records: BatchRecords): void {
    const { fail } = this.#world;
    for (const run of records.runs) {
      if (this.#ledger.endedBefore.has(run.id)) continue;
      const states = this.#possible.get(run.functionId) ?? new Set();
      if (run.reason === "function_removed" && !states.has("archived"))
        fail("PA3", `run ${run.id} failed because its function was removed, which it is not`);
      if (run.status === "skipped" && run.reason === "paused" && !states.has("skip"))
        fail("PA2", `run ${run.id} was skipped, and its function was not paused so`);
      this.#checkTime(run);
    }
    for (const { outcome, functionId, eventId, reason } of records.decisions) {
      if (reason !== "the function is paused") continue; // The flow control of the function (starts-model.ts).
      const mode = outcome === "skipped" ? "skip" : outcome === "rejected" ? "reject" : null;
      if (mode !== null && this.#possible.get(functionId)?.has(mode) !== true)
        fail("PA2", `event ${eventId} was ${outcome} for ${functionId}, which was not paused so`);
    }
  }

  #checkTime(run: RunRecord): void {
    const { fail } = this.#world;
    const { startMs, finishMs, asFailure } = this.#world.timeoutsOf(run.functionId);
    const isStarting = run.startedAt === null;
    if (run.reason === "timed_out") {
      const limitMs = isStarting ? startMs : finishMs;
      const deadline = (run.startedAt ?? run.startAt) + (limitMs ?? Number.POSITIVE_INFINITY);
      if ((run.endedAt ?? 0) < deadline)
        fail("TO1", `run ${run.id} ran out of time at ${run.endedAt}, not ${deadline}`);
      if (run.status !== (asFailure ? "failed" : "cancelled"))
        fail("TO1", `run ${run.id} is ${run.status} when its time was over`);
    } else if (!isStarting && startMs !== null && !isOver(run.status) && (run.notes?.resumes ?? 0) === 0) {
      const latest = run.startAt + startMs * (1 + PATIENCE_MAX);
      if (run.startedAt! >= latest) fail("TO2", `run ${run.id} started at ${run.startedAt}, its time was ${latest}`);
    }
  }
}
