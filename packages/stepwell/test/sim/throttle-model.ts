/**
 * The checker of throttles, by when runs are stored as started.
 *
 *   TR1. No run starts before its throttle lets it. From rest `limit` + `burst` start at once; each start costs one interval,
 *        `period` / `limit`, and so many intervals are made up for.
 *
 * The instant that is stored is that of the first call; the turn was taken before the run was loaded, so two starts may be
 * closer by the time that loading takes.
 */
import { NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { keyOf } from "./flow-keys.ts";
import { numberOfRun } from "./flow-limits-model.ts";
import type { Ledger } from "./ledger.ts";

export interface ThrottleWorld {
  fail(rule: string, what: string): void;
  readonly swarm: { readonly loadMsMax: number };
  /** Names the life of the server's memory: the first is `1.0`. */
  readonly memory: string;
}

/** Instants have thirteen digits before the point: what is left for fractions adds up over many starts. */
const ROUNDING_MS = 0.01;

/** What a deploy may have changed: how much of a throttle's rule is known. */
interface Rule {
  readonly intervalMs: number;
  readonly atOnce: number;
}

export class ThrottleModel {
  readonly #ledger: Ledger;
  readonly #world: ThrottleWorld;
  /** When everything is made up for again, by function and key. */
  readonly #restedAt = new Map<string, number>();
  readonly #started = new Set<string>();

  constructor(ledger: Ledger, world: ThrottleWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  before(_records: BatchRecords): void {}

  after(records: BatchRecords): void {
    const starts = records.runs.filter((run) => run.startedAt !== null && !this.#started.has(startOf(run)));
    starts.sort((left, right) => left.startedAt! - right.startedAt!);
    for (const run of starts) this.#check(run);
  }

  /** TR1. */
  #check(run: RunRecord): void {
    this.#started.add(startOf(run));
    const at = run.startedAt!;
    const rule = this.#ruleOf(run);
    if (rule === null) return;
    const key = this.#keyOf(run);
    const from = Math.max(this.#restedAt.get(key) ?? at, at);
    const allowedAt = from - rule.intervalMs * (rule.atOnce - 1);
    if (allowedAt > at + 2 * this.#world.swarm.loadMsMax + ROUNDING_MS)
      this.#world.fail("TR1", `run ${run.id} starts at ${at}, its throttle lets it at ${allowedAt}`);
    this.#restedAt.set(key, from + rule.intervalMs);
  }

  /** When a run may start at the latest, as far as its throttle is concerned. */
  allowedAt(run: RunRecord, now: number): number {
    const rule = this.#ruleOf(run);
    if (rule === null) return now;
    const from = Math.max(this.#restedAt.get(this.#keyOf(run)) ?? now, this.#storedAt(run), now);
    return Math.ceil(from - rule.intervalMs * (rule.atOnce - 1));
  }

  /** A start that was paid for and never made before a crash is paid for. */
  #storedAt({ functionId, ...run }: RunRecord): number {
    if (this.#world.memory === "1.0") return 0;
    const { key } = this.#ledger.functions.get(functionId)!.fn.flow.throttle!;
    const value = keyOf(key, numberOfRun({ functionId, ...run }));
    return Number(this.#ledger.flow.get(`throttle ${functionId} ${value}`)?.value ?? 0);
  }

  #ruleOf({ functionId }: RunRecord): Rule | null {
    const { throttle } = this.#ledger.functions.get(functionId)?.fn.flow ?? NO_FLOW;
    if (throttle === null) return null;
    return { intervalMs: throttle.periodMs / throttle.limit, atOnce: throttle.limit + throttle.burst };
  }

  #keyOf(run: RunRecord): string {
    const { throttle } = this.#ledger.functions.get(run.functionId)!.fn.flow;
    return `${run.functionId} ${keyOf(throttle!.key, numberOfRun(run))}`;
  }
}

/** A run that failed and was resumed begins once more, like a run that starts. */
const startOf = ({ id, notes }: RunRecord): string => `${id} ${notes?.resumes ?? 0}`;
