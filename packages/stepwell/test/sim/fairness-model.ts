/**
 * The checker of turns, by which calls go out. Runs of a function under the same limits, with the same values of their
 * keys, are a lane.
 *
 *   FA1. While a lane has work that is due and may go as far as its own limits are concerned, another lane of its function
 *        makes at most `LANE_TURNS` calls: the turn that it had before, and the one before that which it was using.
 *   FA2. While a function has such work in any lane, another makes at most as many calls as its weight for every turn of
 *        FA1, and one for every lane of it that may have waited before.
 *
 *   FA3. While a key that has fewer places than it is guaranteed (or, with a burst, than its limit) waits at a limit that is
 *        shared, at most `OTHERS_MAX` calls that are guaranteed nothing go through there, and one more for each
 *        `FIRST_IN_ROW` calls that are.
 *
 * What both share is no excuse, be it a limit or a throttle: where the other went through, there was room. A job that is let go
 * may have to be loaded and its start to be stored, and then others go before it: only what was ahead of it by more than that
 * counts. What goes first because it is guaranteed passes others by; FA1 and FA2 count the rest.
 */
import { ENGINE_LIMITS } from "../../src/engine/options.ts";
import { type FlowConfig, NO_FLOW } from "../../src/protocol/flow.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { type Guaranteed, guaranteesOf, laneOf, type Place, placesOfCall, placesOfRun } from "./flow-places.ts";
import { isOver, type Ledger } from "./ledger.ts";
import type { Swarm } from "./swarm.ts";

export interface FairnessWorld {
  fail(rule: string, what: string): void;
  readonly swarm: Pick<Swarm, "loadMsMax" | "commitMsMax" | "limits">;
  readonly timeline: { readonly wall: number };
  readonly memory: string;
  readonly isStopping: boolean;
  /** An app that is not reached lets probes go, in no order. */
  readonly isAppDown: boolean;
  readonly hasPauses: boolean;
  readonly limits: { lastFullAt(place: Place): number } | null;
  readonly throttles: { bucketOf(run: RunRecord): string | null; freeFrom(run: RunRecord): number } | null;
  readonly network: { isOut(runId: string, slot: string): boolean };
}

/** Work that has waited for long enough to be judged. */
interface Waiting {
  readonly lane: string;
  readonly functionId: string;
  readonly places: readonly Place[];
  readonly guaranteed: readonly Guaranteed[];
  /** The throttle that its start has to pass, and since when that lets it. */
  readonly bucket: string | null;
  readonly freeFrom: number;
}

interface Tally {
  /** When the other went, while this one waited. */
  readonly at: number[];
  readonly what: string;
}

/** FA3. */
interface Guarantees {
  first: number;
  readonly others: number[];
}

const LANE_TURNS = 2;
const OTHERS_MAX = 2;
const FIRST_IN_ROW = 16;
/** With fewer calls at once, lanes wait for these and not at limits. */
const CALLS_ENOUGH = 256;
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
  /** By who waits for what is guaranteed to him. */
  readonly #guarantees = new Map<string, Guarantees>();
  /** Lanes that were seen, by function. */
  readonly #lanes = new Map<string, Set<string>>();
  /** Jobs of a function that were gone before they were called: a turn of theirs may find that out. */
  readonly #gone = new Map<string, number>();
  /** Runs that have made a call. */
  readonly #called = new Set<string>();
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
      const { functionId = "" } = this.#ledger.runs.get(runId) ?? {};
      if (this.#writtenAt.delete(`${runId} ${slot}`)) this.#gone.set(functionId, this.#goneOf(functionId) + 1);
      this.#forget(this.#ledger.runs.get(runId));
    }
    for (const { id, status, startedAt, functionId } of records.runs)
      if (isOver(status) && startedAt === null && !this.#ledger.endedBefore.has(id))
        this.#gone.set(functionId, this.#goneOf(functionId) + 1);
    if (records.functions.length > 0) this.#reset();
  }

  #goneOf(functionId: string): number {
    return this.#gone.get(functionId) ?? 0;
  }

  /** Its lane has no turn to wait for any more, or begins to wait anew. */
  #forget(run: RunRecord | undefined): void {
    if (run === undefined) return;
    const lane = laneOf(run, this.#flowOf(run));
    this.#tallies.delete(lane);
    this.#tallies.delete(atBucket(lane, this.#bucketOf(run)));
    this.#guarantees.delete(lane);
    this.#tallies.delete(run.functionId);
  }

  #reset(): void {
    this.#tallies.clear();
    this.#guarantees.clear();
    this.#judgedFrom = this.#world.timeline.wall;
  }

  callEnds(runId: string, slot: string): void {
    this.#writtenAt.delete(`${runId} ${slot}`);
  }

  /** Before the call counts anywhere. */
  callBegins(runId: string, slot: string): void {
    const { memory, isStopping, isAppDown, hasPauses } = this.#world;
    this.#writtenAt.delete(`${runId} ${slot}`);
    const run = this.#ledger.runs.get(runId);
    if (memory !== this.#memory || isStopping || isAppDown || hasPauses) this.#reset();
    this.#memory = memory;
    if (run === undefined) return;
    const flow = this.#flowOf(run);
    const lane = laneOf(run, flow);
    const lanes = this.#lanes.get(run.functionId) ?? new Set();
    this.#lanes.set(run.functionId, lanes.add(lane));
    this.#forget(run);
    const places = placesOf(run, flow);
    const isFirst = guaranteesOf(run, flow).some((one) => this.#isBelow(one));
    const waiting = this.#waiting().filter((other) => other.lane !== lane);
    const mayGo = waiting.filter((other) => this.#hasRoom(other, run, places));
    this.#countGuaranteed(mayGo, places, isFirst);
    if (!isFirst) this.#count(run, lane, mayGo);
    this.#called.add(run.id);
  }

  #isBelow({ name, count }: Guaranteed): boolean {
    return this.#world.limits!.lastFullAt({ name, limit: count }) !== Number.POSITIVE_INFINITY;
  }

  /** FA3. */
  #countGuaranteed(mayGo: readonly Waiting[], places: readonly Place[], isFirst: boolean): void {
    const { callsMax, callsPerAppMax, callsYoungMax } = { ...ENGINE_LIMITS, ...this.#world.swarm.limits };
    if (Math.min(callsMax, callsPerAppMax, callsYoungMax) < CALLS_ENOUGH) return;
    const names = new Set(places.map(({ name: place }) => place));
    const wronged = new Map(
      mayGo
        .filter((other) => other.places.some((place) => names.has(place.name)) && this.#hasBeenBelow(other))
        .map((other) => [other.lane, other]),
    );
    for (const lane of this.#guarantees.keys()) if (!wronged.has(lane)) this.#guarantees.delete(lane);
    const now = this.#world.timeline.wall;
    for (const lane of wronged.keys()) {
      const known = this.#guarantees.get(lane) ?? { first: 0, others: [] };
      this.#guarantees.set(lane, known);
      if (isFirst) known.first++;
      else known.others.push(now);
      const count = known.others.filter((at) => at + this.#slackMs < now).length;
      if (count > OTHERS_MAX + Math.floor(known.first / FIRST_IN_ROW))
        this.#world.fail("FA3", `${count} calls went since ${known.others[0]} while ${name(lane)} waits below its own`);
    }
  }

  /** For long enough that whoever let others go knew. */
  #hasBeenBelow({ guaranteed }: Waiting): boolean {
    const { limits, timeline } = this.#world;
    const isBelow = ({ name: place, count }: Guaranteed) =>
      limits!.lastFullAt({ name: place, limit: count }) + this.#slackMs < timeline.wall;
    return guaranteed.some(isBelow);
  }

  #flowOf(run: RunRecord): FlowConfig {
    return this.#ledger.functions.get(run.functionId)?.fn.flow ?? NO_FLOW;
  }

  /** The lane goes, and those that wait and share with it all that they do not have room in do not. */
  #count(run: RunRecord, lane: string, mayGo: readonly Waiting[]): void {
    const bucket = this.#bucketOf(run);
    const inFunction = mayGo.filter((other) => other.functionId === run.functionId);
    const own = new Set(inFunction.map((other) => atBucket(other.lane, other.bucket === bucket ? bucket : null)));
    const others = new Set(mayGo.map(({ functionId }) => functionId));
    others.delete(run.functionId);
    // Whoever waits for a throttle is passed by starts that go through it, and by nothing else.
    const isConcerned = (waits: string) => !waits.includes(AT) || (bucket !== null && waits.endsWith(`${AT}${bucket}`));
    for (const [waits, tallies] of this.#tallies) if (!own.has(waits) && isConcerned(waits)) tallies.delete(lane);
    for (const [waits, tallies] of this.#tallies) if (!others.has(waits)) tallies.delete(run.functionId);
    for (const waits of own) this.#passed("FA1", waits, lane, LANE_TURNS + this.#goneOf(run.functionId));
    for (const waits of others) this.#passed("FA2", waits, run.functionId, this.#turnsOf(run, waits));
  }

  #turnsOf(run: RunRecord, waits: string): number {
    const { weight } = this.#flowOf(run);
    return LANE_TURNS * weight + this.#lanes.get(run.functionId)!.size + weight * this.#goneOf(waits);
  }

  /** One that waits in each lane, for long enough. */
  #waiting(): Waiting[] {
    const found = new Map<string, Waiting>();
    for (const runId of this.#ledger.openRuns) {
      const run = this.#ledger.runs.get(runId)!;
      const isServed = this.#ledger.functions.get(run.functionId)?.isArchived === false;
      if (!isServed || isOver(run.status)) continue;
      const flow = this.#flowOf(run);
      const lane = laneOf(run, flow);
      if (found.has(lane) || !this.#hasWaited(runId)) continue;
      const bucket = this.#bucketOf(run);
      found.set(lane, {
        lane,
        functionId: run.functionId,
        places: placesOf(run, flow),
        guaranteed: guaranteesOf(run, flow),
        bucket,
        freeFrom: bucket === null ? 0 : this.#world.throttles!.freeFrom(run),
      });
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

  #bucketOf(run: RunRecord): string | null {
    // When its first call goes out it is stored as started.
    return this.#called.has(run.id) ? null : this.#world.throttles!.bucketOf(run);
  }

  /** All that it does not share has had room for a while; a place where it may have fewer beside it is not shared. */
  #hasRoom({ places, bucket, freeFrom }: Waiting, went: RunRecord, through: readonly Place[]): boolean {
    const { timeline, limits } = this.#world;
    const sharesBucket = bucket === null || bucket === this.#bucketOf(went);
    if (!sharesBucket && freeFrom + this.#slackMs >= timeline.wall) return false;
    const shared = new Map(through.map(({ name: place, limit }) => [place, limit]));
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

const AT = "\n@ ";
const atBucket = (lane: string, bucket: string | null): string => (bucket === null ? lane : `${lane}${AT}${bucket}`);

const name = (lane: string): string => lane.replaceAll("\n", " ");

function placesOf(run: RunRecord, flow: FlowConfig): readonly Place[] {
  const calls = placesOfCall(run, flow);
  return run.startedAt === null ? [...calls, ...placesOfRun(run, flow)] : calls;
}
