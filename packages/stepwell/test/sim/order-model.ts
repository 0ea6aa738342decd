/**
 * The checker of order, by when runs are stored as started.
 *
 *   OR1. Of two runs of a function whose limits have the same key values, the one that was created earlier, less its
 *        priority, starts first: unless the other had started before it could.
 *
 * A run that is let go may have to be loaded, and others start meanwhile; a memory that was dropped in between tells nothing.
 */
import { NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { priorityMsOf } from "./flow-keys.ts";
import { laneOf, numberOfRun } from "./flow-places.ts";
import type { Ledger } from "./ledger.ts";

export interface OrderWorld {
  fail(rule: string, what: string): void;
  readonly swarm: { readonly loadMsMax: number };
  readonly memory: string;
}

interface Start {
  readonly runId: string;
  readonly at: number;
  readonly orderAt: number;
  readonly memory: string;
}

export class OrderModel {
  readonly #ledger: Ledger;
  readonly #world: OrderWorld;
  /** Starts of each lane, in the order in which they were stored. */
  readonly #starts = new Map<string, Start[]>();
  readonly #started = new Set<string>();

  constructor(ledger: Ledger, world: OrderWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  before(_records: BatchRecords): void {}

  after(records: BatchRecords): void {
    const starts = records.runs.filter((run) => run.startedAt !== null && !this.#started.has(run.id));
    starts.sort((left, right) => left.startedAt! - right.startedAt!);
    for (const run of starts) this.#check(run);
  }

  /** OR1. */
  #check(run: RunRecord): void {
    const { memory, swarm } = this.#world;
    const flow = this.#ledger.functions.get(run.functionId)?.fn.flow ?? NO_FLOW;
    const n = numberOfRun(run);
    const orderAt = run.createdAt - priorityMsOf(flow.priority, n);
    const start: Start = { runId: run.id, at: run.startedAt!, orderAt, memory };
    this.#started.add(run.id);
    const lane = laneOf(run, flow);
    const starts = this.#starts.get(lane) ?? [];
    this.#starts.set(lane, starts);
    const readyAt = Math.max(run.createdAt, run.startAt) + READING_LOADS * swarm.loadMsMax;
    const overtook = starts.find(
      (other) =>
        other.memory === memory &&
        other.orderAt > orderAt &&
        other.at > readyAt &&
        other.at + 2 * swarm.loadMsMax < start.at,
    );
    if (overtook !== undefined)
      this.#world.fail("OR1", `run ${overtook.runId} started at ${overtook.at}, and ${run.id} waited before it`);
    starts.push(start);
  }
}

/** What becomes due may have to be read, and the head of its lane before it. */
const READING_LOADS = 8;
