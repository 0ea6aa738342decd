/**
 * The checker of throttles, by when runs are stored as started.
 *
 *   TR1. No run starts before its throttle lets it. From rest `limit` + `burst` start at once; each start costs one interval,
 *        `period` / `limit`, and so many intervals are made up for.
 *
 *   TR2. A rule that changes counts at once: starts that are not made up for are made up for at the new pace, and no more of
 *        them than may come at once.
 *
 * The instant that is stored is that of the first call; the turn was taken before the run was loaded, so two starts may be
 * closer by the time that loading takes.
 */
import { NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { keyOf } from "./flow-keys.ts";
import { numberOfRun } from "./flow-places.ts";
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
  readonly #before = new Map<string, { readonly rule: Rule | null; readonly version: number }>();
  readonly #changedAt = new Map<string, number>();
  /** Functions whose throttle may have been charged more than is known. */
  readonly #doubtful = new Set<string>();

  constructor(ledger: Ledger, world: ThrottleWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  before(records: BatchRecords): void {
    for (const { fn } of records.functions) {
      const version = this.#ledger.functions.get(fn.id)?.version ?? 0;
      this.#before.set(fn.id, { rule: this.#ruleOf(fn.id), version });
    }
  }

  after(records: BatchRecords): void {
    const starts = records.runs.filter((run) => run.startedAt !== null && !this.#started.has(startOf(run)));
    starts.sort((left, right) => left.startedAt! - right.startedAt!);
    // What began before the change was paid at the old pace; what began in that very moment may have been paid at either.
    const changes = new Map(records.functions.map(({ fn, changedAt }) => [fn.id, changedAt]));
    const changeOf = (run: RunRecord) => changes.get(run.functionId) ?? Number.NEGATIVE_INFINITY;
    for (const run of starts)
      if (run.startedAt! < changeOf(run)) this.#check(run, this.#before.get(run.functionId)?.rule ?? null);
    for (const { fn, changedAt, version } of records.functions) this.#changed(fn.id, changedAt, version);
    for (const run of starts)
      if (run.startedAt! > changeOf(run)) this.#check(run, this.#ruleOf(run.functionId));
      else {
        this.#started.add(startOf(run));
        if (run.startedAt === changeOf(run)) this.#doubtful.add(run.functionId);
      }
  }

  /** TR2. */
  #changed(functionId: string, at: number, version: number): void {
    const { rule: before, version: versionBefore } = this.#before.get(functionId)!;
    const rule = this.#ruleOf(functionId);
    if (before === null || rule === null) return;
    if (before.intervalMs === rule.intervalMs && before.atOnce === rule.atOnce) return;
    this.#changedAt.set(functionId, at);
    if (version > versionBefore + 1) this.#doubtful.add(functionId);
    for (const [key, restedAt] of this.#restedAt) {
      if (!key.startsWith(`${functionId} `)) continue;
      // Of two changes in one commit the first is not known.
      const starts = version > versionBefore + 1 ? 0 : Math.max(0, restedAt - at) / before.intervalMs;
      this.#restedAt.set(key, at + Math.min(starts, rule.atOnce) * rule.intervalMs);
    }
  }

  /** TR1. */
  #check(run: RunRecord, rule: Rule | null): void {
    this.#started.add(startOf(run));
    const at = run.startedAt!;
    if (rule === null) return;
    const key = this.#keyOf(run);
    const from = Math.max(this.#restedAt.get(key) ?? at, at);
    const allowedAt = from - rule.intervalMs * (rule.atOnce - 1);
    const roundingMs = this.#changedAt.has(run.functionId) ? 1 : ROUNDING_MS; // A bucket that changes is rounded.
    const isJustChanged = at - (this.#changedAt.get(run.functionId) ?? 0) <= 2 * this.#world.swarm.loadMsMax;
    if (allowedAt > at + 2 * this.#world.swarm.loadMsMax + roundingMs && !isJustChanged)
      this.#world.fail("TR1", `run ${run.id} starts at ${at}, its throttle lets it at ${allowedAt}`);
    this.#restedAt.set(key, Math.min(from, at + rule.intervalMs * (rule.atOnce - 1)) + rule.intervalMs);
  }

  /** The throttle that the run's start passes; null when there is none. */
  bucketOf(run: RunRecord): string | null {
    return this.#ruleOf(run.functionId) === null ? null : this.#keyOf(run);
  }

  /** Since when the throttle lets the run start, unless others take its turn. */
  freeFrom(run: RunRecord): number {
    if (this.#doubtful.has(run.functionId)) return Number.POSITIVE_INFINITY;
    const rule = this.#ruleOf(run.functionId);
    if (rule === null) return Number.NEGATIVE_INFINITY;
    const fullAt = Math.max(this.#restedAt.get(this.#keyOf(run)) ?? 0, this.#storedAt(run));
    return fullAt - rule.intervalMs * (rule.atOnce - 1);
  }

  /** When a run may start at the latest, as far as its throttle is concerned. */
  allowedAt(run: RunRecord, now: number): number {
    if (this.#doubtful.has(run.functionId)) return Number.POSITIVE_INFINITY;
    const rule = this.#ruleOf(run.functionId);
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

  #ruleOf(functionId: string): Rule | null {
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
