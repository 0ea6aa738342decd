/**
 * The checker of turns, by which calls go out. Runs of a function under the same limits, with the same values of their
 * keys, are a lane.
 *
 *   FA1. While a lane has work that is due and may go as far as its own limits are concerned, another lane of its function
 *        makes at most `LANE_TURNS` calls: the turn that it had before, and the one before that which it was using.
 *   FA2. While a function has such work in any lane, another makes at most as many calls as its weight for every turn of
 *        FA1, and one for every lane of it that may have waited before.
 *
 * What both share is no excuse: where the other went through, there was room. A job that is let go may have to be loaded and
 * its start to be stored, and then others go before it: only what was ahead of it by more than that counts. Throttles let
 * starts go one by one, and guarantees put some lanes first: neither is judged here.
 */
import { type FlowConfig, NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { keyOf } from "./flow-keys.ts";
import { numberOfRun } from "./flow-limits-model.ts";
import { type Place, placesOfCall, placesOfRun } from "./flow-places.ts";
import { isOver, type Ledger } from "./ledger.ts";

export interface FairnessWorld {
  fail(rule: string, what: string): void;
  readonly swarm: { readonly loadMsMax: number; readonly commitMsMax: number };
  readonly timeline: { readonly wall: number };
  readonly memory: string;
  readonly isStopping: boolean;
  /** An app that is not reached lets probes go, in no order. */
  readonly isAppDown: boolean;
  readonly paused: ReadonlySet<string>;
  readonly limits: { lastFullAt(place: Place): number } | null;
  readonly network: { isOut(runId: string, slot: string): boolean };
}

/** Work that has waited for long enough to be judged. */
interface Waiting {
  readonly lane: string;
  readonly functionId: string;
  readonly places: readonly Place[];
}

interface Tally {
  /** When the other went, while this one waited. */
  readonly at: number[];
  readonly what: string;
}

const LANE_TURNS = 2;
/** A lane of which memory has forgotten a part is read again, and what is before it. */
const READING_LOADS = 8;
const CALLS: ReadonlySet<string> = new Set(["discover", "step"]);

export class FairnessModel {
  readonly #ledger: Ledger;
  readonly #world: FairnessWorld;
  /** When a job was written last, and not called or answered since. */
  readonly #writtenAt = new Map<string, number>();
  /** By who waits and who went. */
  readonly #tallies = new Map<string, Map<string, Tally>>();
  /** Lanes that were seen, by function. */
  readonly #lanes = new Map<string, Set<string>>();
  #memory = "";
  /** Before this nothing is judged: the memory of before, or the rules of before. */
  #judgedFrom = 0;

  constructor(ledger: Ledger, world: FairnessWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  get #slackMs(): number {
    const { loadMsMax, commitMsMax } = this.#world.swarm;
    return READING_LOADS * loadMsMax + 2 * commitMsMax;
  }

  before(_records: BatchRecords): void {}

  after(records: BatchRecords): void {
    const now = this.#world.timeline.wall;
    for (const { runId, slot } of records.jobs) this.#writtenAt.set(`${runId} ${slot}`, now);
    for (const { runId, slot } of records.deletedJobs) {
      this.#writtenAt.delete(`${runId} ${slot}`);
      this.#forget(this.#ledger.runs.get(runId));
    }
    if (records.functions.length > 0) this.#reset();
  }

  /** Its lane has no turn to wait for any more, or begins to wait anew. */
  #forget(run: RunRecord | undefined): void {
    if (run === undefined) return;
    this.#tallies.delete(laneOf(run, this.#flowOf(run)));
    this.#tallies.delete(run.functionId);
  }

  #reset(): void {
    this.#tallies.clear();
    this.#judgedFrom = this.#world.timeline.wall;
  }

  callEnds(runId: string, slot: string): void {
    this.#writtenAt.delete(`${runId} ${slot}`);
  }

  /** Before the call counts anywhere. */
  callBegins(runId: string, slot: string): void {
    const { memory, isStopping, isAppDown, paused } = this.#world;
    this.#writtenAt.delete(`${runId} ${slot}`);
    const run = this.#ledger.runs.get(runId);
    if (memory !== this.#memory || isStopping || isAppDown || paused.size > 0) this.#reset();
    this.#memory = memory;
    if (run === undefined) return;
    const flow = this.#flowOf(run);
    const lane = laneOf(run, flow);
    const lanes = this.#lanes.get(run.functionId) ?? new Set();
    this.#lanes.set(run.functionId, lanes.add(lane));
    this.#forget(run);
    if (!isPreferred(flow)) this.#count(run, lane, placesOf(run, flow));
  }

  #flowOf(run: RunRecord): FlowConfig {
    return this.#ledger.functions.get(run.functionId)?.fn.flow ?? NO_FLOW;
  }

  /** The lane goes, and those that wait and share with it all that they do not have room in do not. */
  #count(run: RunRecord, lane: string, places: readonly Place[]): void {
    const shared = new Map(places.map(({ name, limit }) => [name, limit]));
    const waiting = this.#waiting().filter((other) => other.lane !== lane);
    const mayGo = waiting.filter((other) => this.#hasRoom(other, shared));
    const own = new Set(mayGo.filter((other) => other.functionId === run.functionId).map((other) => other.lane));
    const others = new Set(mayGo.map(({ functionId }) => functionId));
    others.delete(run.functionId);
    for (const [waits, tallies] of this.#tallies) if (!own.has(waits)) tallies.delete(lane);
    for (const [waits, tallies] of this.#tallies) if (!others.has(waits)) tallies.delete(run.functionId);
    for (const waits of own) this.#passed("FA1", waits, lane, LANE_TURNS);
    for (const waits of others) this.#passed("FA2", waits, run.functionId, this.#turnsOf(run));
  }

  #turnsOf(run: RunRecord): number {
    return LANE_TURNS * this.#flowOf(run).weight + this.#lanes.get(run.functionId)!.size;
  }

  /** One that waits in each lane, for long enough. */
  #waiting(): Waiting[] {
    const found = new Map<string, Waiting>();
    for (const runId of this.#ledger.openRuns) {
      const run = this.#ledger.runs.get(runId)!;
      const isServed = this.#ledger.functions.get(run.functionId)?.isArchived === false;
      if (!isServed || isOver(run.status)) continue;
      const flow = this.#flowOf(run);
      if (run.startedAt === null && flow.throttle !== null) continue;
      const lane = laneOf(run, flow);
      if (found.has(lane) || !this.#hasWaited(runId)) continue;
      found.set(lane, { lane, functionId: run.functionId, places: placesOf(run, flow) });
    }
    return [...found.values()];
  }

  #hasWaited(runId: string): boolean {
    const now = this.#world.timeline.wall;
    for (const { slot, kind, dueAt } of this.#ledger.jobs.get(runId)?.values() ?? []) {
      const writtenAt = this.#writtenAt.get(`${runId} ${slot}`);
      if (writtenAt === undefined || !CALLS.has(kind) || this.#world.network.isOut(runId, slot)) continue;
      if (Math.max(writtenAt, dueAt, this.#judgedFrom) + this.#slackMs < now) return true;
    }
    return false;
  }

  /** All that it does not share has had room for a while; a place where it may have fewer beside it is not shared. */
  #hasRoom({ places }: Waiting, shared: ReadonlyMap<string, number>): boolean {
    const { timeline, limits } = this.#world;
    const own = places.filter(({ name, limit }) => (shared.get(name) ?? Number.POSITIVE_INFINITY) > limit);
    return own.every((place) => limits!.lastFullAt(place) + this.#slackMs < timeline.wall);
  }

  /** `went` made a call while `waits` might have; all but the latest count, which may be of a time when that was let go. */
  #passed(rule: string, waits: string, went: string, turns: number): void {
    const tallies = this.#tallies.get(waits) ?? new Map<string, Tally>();
    this.#tallies.set(waits, tallies);
    const now = this.#world.timeline.wall;
    const tally = tallies.get(went) ?? { at: [], what: "" };
    tallies.set(went, tally);
    tally.at.push(now);
    const count = tally.at.filter((at) => at + this.#slackMs < now).length;
    if (count > turns)
      this.#world.fail(rule, `${name(went)} made ${count} calls since ${tally.at[0]} while ${name(waits)} waits`);
  }
}

const name = (lane: string): string => lane.replaceAll("\n", " ");

const isPreferred = ({ concurrency }: FlowConfig): boolean =>
  concurrency.some(({ guaranteed, burst }) => guaranteed > 0 || burst !== null);

function placesOf(run: RunRecord, flow: FlowConfig): readonly Place[] {
  const n = numberOfRun(run);
  const calls = placesOfCall(run.functionId, flow, n);
  return run.startedAt === null ? [...calls, ...placesOfRun(run.functionId, flow, n)] : calls;
}

function laneOf(run: RunRecord, flow: FlowConfig): string {
  const n = numberOfRun(run);
  const places = [...placesOfCall(run.functionId, flow, n), ...placesOfRun(run.functionId, flow, n)];
  return [run.functionId, ...places.map((place) => place.name), keyOf(flow.throttle?.key ?? null, n)].join("\n");
}
