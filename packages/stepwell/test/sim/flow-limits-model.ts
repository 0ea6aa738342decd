/**
 * The checker of limits, by what goes out and what is stored.
 *
 *   FL1. No call goes out that makes one too many at any of its function's limits, as they are when it is let go. A call
 *        counts from when it goes out until its reply is in; those of an earlier life of the memory are nobody's any more (E3).
 *   FL2. No run begins that makes one too many of whole runs: a run counts from its first call to its end, across restarts.
 *   FL3. At rest every place is free, and nothing is remembered for good.
 *   FL4. A run is created with the keys that its function has then, and goes by them as long as it lasts.
 *
 * Functions that share a limit may each have a number of their own for it. Whoever is in was let in by his own number while
 * those who were there before him were there: so the k-th lowest number of those who are in is at least k.
 */
import { type FlowConfig, NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { type Place, placesOfCall, placesOfRun, wrongKeys } from "./flow-places.ts";
import { isOver, type Ledger } from "./ledger.ts";

export interface LimitsWorld {
  fail(rule: string, what: string): void;
  readonly timeline: { readonly now: number; readonly wall: number };
  /** The longest that loading takes, between letting a job go and its call. */
  readonly swarm: { readonly loadMsMax: number; readonly commitMsMax: number };
}

interface Holder {
  readonly memory: string;
  /** The limit that let it in, by place. */
  readonly limits: ReadonlyMap<string, number>;
  /** Where it has a place, whether that let it in or not: all of `limits`, and what a deploy of that moment has made. */
  readonly places: ReadonlySet<string>;
}

export class FlowLimitsModel {
  readonly #ledger: Ledger;
  readonly #world: LimitsWorld;
  readonly #out = new Map<string, Holder>();
  /** Runs that have begun and not ended. */
  readonly #begun = new Map<string, Holder>();
  /** By place: when so many were last there that one of them left. */
  readonly #leftAt = new Map<string, Map<number, number>>();
  /** Of the commit that is being judged. */
  #flowsBefore: ReadonlyMap<string, FlowConfig> = new Map();
  #isNew: ReadonlySet<string> = new Set();
  #versions: ReadonlyMap<string, number> = new Map();
  readonly #replaced = new Map<string, { readonly flow: FlowConfig; readonly untilAt: number }>();

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
    const run = this.#ledger.runs.get(runId);
    if (run === undefined) return;
    const holder = this.#holderOf(memory, run, placesOfCall);
    this.#out.set(key, holder);
    this.#check("FL1", "calls are out", holder, this.#out);
  }

  callEnds(key: string): void {
    this.#leave(this.#out, key);
  }

  // --- Whole runs ---------------------------------------------------------------------------------------------

  before(records: BatchRecords): void {
    const { timeline, swarm } = this.#world;
    const untilAt = timeline.now + 2 * swarm.loadMsMax + 2 * swarm.commitMsMax;
    this.#flowsBefore = new Map(records.runs.map(({ id, functionId }) => [id, this.flowOf(functionId)]));
    this.#isNew = new Set(records.runs.filter(({ id }) => !this.#ledger.runs.has(id)).map(({ id }) => id));
    this.#versions = new Map([...this.#ledger.functions].map(([id, { version }]) => [id, version]));
    for (const { fn } of records.functions) this.#replaced.set(fn.id, { flow: this.flowOf(fn.id), untilAt });
  }

  /** FL2 and FL4. */
  after(records: BatchRecords): void {
    for (const run of records.runs) {
      if (!this.#isNew.has(run.id) || this.#hasSkipped(run.functionId, records)) continue;
      const wrong = wrongKeys(run, [this.#flowsBefore.get(run.id)!, this.flowOf(run.functionId)]);
      if (wrong !== null) this.#world.fail("FL4", `run ${run.id}: ${wrong}`);
    }
    const begins: Holder[] = [];
    for (const run of records.runs) {
      if (isOver(run.status) || run.startedAt === null) this.#leave(this.#begun, run.id);
      else if (!this.#begun.has(run.id)) {
        const holder = this.#holderOf("", run, placesOfRun);
        this.#begun.set(run.id, holder);
        begins.push(holder);
      }
    }
    for (const holder of begins) this.#check("FL2", "runs are under way", holder, this.#begun);
  }

  /** The function had a version of which only this commit would know. */
  #hasSkipped(functionId: string, records: BatchRecords): boolean {
    const versionNext = (this.#versions.get(functionId) ?? 0) + 1;
    return records.functions.some(({ fn, version }) => fn.id === functionId && version > versionNext);
  }

  /** What lets a job of the run in: the limits of now, and those of before a deploy that came while it was loaded. */
  #holderOf(memory: string, run: RunRecord, placesOf: typeof placesOfCall): Holder {
    const { functionId } = run;
    const before = this.#replaced.get(functionId);
    const earlier = before !== undefined && before.untilAt >= this.#world.timeline.now ? before.flow : null;
    const limits = new Map<string, number>();
    for (const { name, limit } of placesOf(run, this.flowOf(functionId))) limits.set(name, limit);
    const all = new Set(limits.keys());
    if (earlier === null) return { memory, limits, places: all };
    const places = new Map(placesOf(run, earlier).map(({ name, limit }) => [name, limit]));
    for (const [name, limit] of limits) {
      const limitBefore = places.get(name);
      if (limitBefore === undefined) limits.delete(name);
      else limits.set(name, Math.max(limit, limitBefore));
    }
    return { memory, limits, places: all };
  }

  #check(rule: string, what: string, holder: Holder, all: ReadonlyMap<string, Holder>): void {
    for (const place of holder.limits.keys()) {
      const limits = [...all.values()]
        .flatMap((other) => other.limits.get(place) ?? [])
        .sort((left, right) => left - right);
      const tooMany = limits.findIndex((limit, index) => limit < index + 1);
      if (tooMany >= 0) this.#world.fail(rule, `${limits.length} ${what} at ${place}, which lets ${limits}`);
    }
  }

  #leave(holders: Map<string, Holder>, key: string): void {
    for (const place of holders.get(key)?.places ?? []) {
      const leftAt = this.#leftAt.get(place) ?? new Map<number, number>();
      this.#leftAt.set(place, leftAt.set(this.#countAt(place), this.#world.timeline.wall));
    }
    holders.delete(key);
  }

  #countAt(place: string): number {
    return [...this.#out.values(), ...this.#begun.values()].filter(({ places }) => places.has(place)).length;
  }

  // --- What has room ------------------------------------------------------------------------------------------

  outCount(memory: string): number {
    return [...this.#out.values()].filter((holder) => holder.memory === memory).length;
  }

  /** The first place at which a call, or the whole of a run, would be one too many; null when it may go. */
  fullFor(run: RunRecord, memory: string, isStart: boolean): string | null {
    const flow = this.flowOf(run.functionId);
    const isFull = (holders: ReadonlyMap<string, Holder>) => (place: Place) => {
      const count = [...holders.values()].filter((other) => other.places.has(place.name) && isOf(other, memory)).length;
      return count >= place.limit;
    };
    const calls = placesOfCall(run, flow).find(isFull(this.#out));
    if (calls !== undefined) return calls.name;
    const runs = isStart ? placesOfRun(run, flow).find(isFull(this.#begun)) : undefined;
    return runs?.name ?? null;
  }

  /** When the place last had no room; infinite while it has none. */
  lastFullAt({ name, limit }: Place): number {
    if (this.#countAt(name) >= limit) return Number.POSITIVE_INFINITY;
    const leftAt = [...(this.#leftAt.get(name) ?? [])].filter(([count]) => count >= limit).map(([, at]) => at);
    return Math.max(Number.NEGATIVE_INFINITY, ...leftAt);
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

const isOf = (holder: Holder, memory: string): boolean => holder.memory === "" || holder.memory === memory;
