/**
 * The checker of limits, by what goes out and what is stored.
 *
 *   FL1. No call goes out that makes one too many at any of its function's limits, as they are at that instant. A call counts
 *        from when it goes out until its reply is in; those of an earlier life of the memory are nobody's any more (E3).
 *   FL2. No run begins that makes one too many of whole runs: a run counts from its first call to its end, across restarts.
 *   FL3. At rest every place is free, and nothing is remembered for good.
 */
import type { FlowConfig } from "../../src/protocol/flow.ts";
import { NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { numberOf, type Place, placesOfCall, placesOfRun } from "./flow-places.ts";
import { isOver, type Ledger } from "./ledger.ts";

export interface LimitsWorld {
  fail(rule: string, what: string): void;
}

interface Out {
  readonly memory: string;
  readonly places: readonly string[];
}

export class FlowLimitsModel {
  readonly #ledger: Ledger;
  readonly #world: LimitsWorld;
  readonly #out = new Map<string, Out>();
  /** Runs that have begun and not ended, at the limits of whole runs. */
  readonly #begun = new Map<string, readonly string[]>();
  readonly #beforeRuns = new Set<string>();

  constructor(ledger: Ledger, world: LimitsWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  flowOf(functionId: string): FlowConfig {
    return this.#ledger.functions.get(functionId)?.fn.flow ?? NO_FLOW;
  }

  // --- Calls --------------------------------------------------------------------------------------------------

  /** FL1. `memory` names the life of the engine's memory. */
  callBegins(memory: string, key: string, runId: string): void {
    for (const [other, { memory: of }] of this.#out) if (of !== memory) this.#out.delete(other);
    const places = this.placesOfCall(runId);
    this.#out.set(key, { memory, places: places.map(({ name }) => name) });
    for (const { name, limit } of places) {
      const count = this.callsAt(memory, name);
      if (count > limit) this.#world.fail("FL1", `${count} calls are out at ${name}, which lets ${limit}`);
    }
  }

  callEnds(key: string): void {
    this.#out.delete(key);
  }

  placesOfCall(runId: string): readonly Place[] {
    const run = this.#ledger.runs.get(runId);
    return run === undefined ? [] : placesOfCall(run.functionId, this.flowOf(run.functionId), numberOfRun(run));
  }

  isOut(memory: string, key: string): boolean {
    return this.#out.get(key)?.memory === memory;
  }

  callsAt(memory: string, place: string): number {
    let count = 0;
    for (const out of this.#out.values()) if (out.memory === memory && out.places.includes(place)) count++;
    return count;
  }

  // --- Whole runs ---------------------------------------------------------------------------------------------

  before(records: BatchRecords): void {
    this.#beforeRuns.clear();
    for (const { id } of records.runs) if (this.#begun.has(id)) this.#beforeRuns.add(id);
  }

  /** FL2. */
  after(records: BatchRecords): void {
    for (const run of records.runs) {
      if (isOver(run.status) || run.startedAt === null) this.#begun.delete(run.id);
      else if (!this.#begun.has(run.id))
        this.#begun.set(
          run.id,
          this.placesOfRun(run.id).map(({ name }) => name),
        );
    }
    for (const { id } of records.runs) {
      if (this.#beforeRuns.has(id) || !this.#begun.has(id)) continue;
      for (const { name, limit } of this.placesOfRun(id)) {
        const count = this.runsAt(name);
        if (count > limit) this.#world.fail("FL2", `${count} runs are under way at ${name}, which lets ${limit}`);
      }
    }
  }

  placesOfRun(runId: string): readonly Place[] {
    const run = this.#ledger.runs.get(runId);
    return run === undefined ? [] : placesOfRun(run.functionId, this.flowOf(run.functionId), numberOfRun(run));
  }

  runsAt(place: string): number {
    let count = 0;
    for (const places of this.#begun.values()) if (places.includes(place)) count++;
    return count;
  }

  // --- Rest ---------------------------------------------------------------------------------------------------

  /** FL3. */
  checkRest(gates: Iterable<string>): void {
    for (const gate of gates) this.#world.fail("FL3", `the gate ${gate} is not empty`);
    for (const { kind, functionId, key, expiresAt } of this.#ledger.flow.values())
      if (expiresAt === Number.MAX_SAFE_INTEGER)
        this.#world.fail("FL3", `${kind} ${key} of ${functionId} is remembered for good`);
  }
}

export function numberOfRun(run: RunRecord): number {
  const [first] = run.events;
  return first === undefined ? 0 : numberOf(first.json);
}
