/**
 * Lanes of work that is due, of which memory holds the heads and the store the rest. However deep one lane is, it takes no
 * more memory than its head, and keeps nobody else's head out.
 *
 *   LH1. Of a lane in memory every job that is due and stored, at or before its `end` in the order of the lane, has a hint or
 *        has left; jobs after it are only in the store. Without an `end` all of them are here.
 *   LH2. A hint that is left to the store is kept until its batch is stored and no page of its lane is being read, so that
 *        it cannot fall between.
 *   LH3. Lanes that are not in memory are looked for: all of them once, when the process begins, and those of a function
 *        again when it had more than it may have here. Until they have been found, a lane that appears may have older jobs
 *        in the store, so its head is read first.
 *   LH4. A function may have its share of `lanesMax` lanes of each phase here; further ones wait in the store until half of
 *        them are done, and come for visits meanwhile (lane-visits.ts), so that none waits for others than its limits
 *        say. Those of runs that have begun have a share of their own: starts may wait for them.
 *   LH5. A hint whose row stands in another lane than its own stays until it is taken: no page of its lane would bring it
 *        again. There are no more of them than calls were out when the process before ended.
 */
import type { Instant } from "../instant.ts";
import {
  isOlder,
  type JobHint,
  type LaneParts,
  laneOf,
  lanesFrom,
  lanesUntil,
  type OrderPlace,
  partsOf,
} from "./hint.ts";
import { LaneVisits } from "./lane-visits.ts";
import { type Admit, FIRST, type Lane, type ReadyQueue } from "./ready-queue.ts";

/** A part of a lane: jobs after a place that do not wait for a time after `untilAt`. */
export interface LaneQuery {
  readonly lane: string;
  readonly after: OrderPlace;
  readonly untilAt: Instant;
  readonly limit: number;
}

/** A look for lanes with jobs, due or not: ids after `after`, and before `before` when that is given. */
export interface LaneWalk {
  /** The function whose lanes are looked for; null for all lanes. */
  readonly functionId: string | null;
  readonly after: string;
  readonly before: string | null;
  readonly limit: number;
}

export interface LaneRequest {
  readonly heads: readonly LaneQuery[];
  readonly walk: LaneWalk | null;
}

/** What the store answers: hints for each query, and the ids that the walk found. */
export interface LanePage {
  readonly heads: readonly (readonly JobHint[])[];
  readonly found: readonly string[];
}

/** A function that has lanes in the store alone. */
interface FunctionWalk {
  /** Lanes after this one have not been looked for in this round. */
  cursor: string;
  /** The last batch in which a lane was left to the store; before any: -1. */
  leftIn: number;
  /** What was stored when this round began at the first lane; -1 for a round that began further on. */
  coveredTo: number;
  /** The last batch in which a lane was left that nobody will ask to visit, and what rounds have visited since. */
  unknownIn: number;
  visitedTo: number;
}

const isUnvisited = ({ unknownIn, visitedTo }: FunctionWalk): boolean => unknownIn > visitedTo;

const NEW_WALK = { leftIn: -1, coveredTo: -1, unknownIn: -1, visitedTo: -1 } as const;

/** Of all hints, those that one lane may have are one in so many. */
const HEADS = 400;
const QUERIES_MAX = 200;
const WALK_LANES_MAX = 500;

export class LaneHeads {
  readonly #ready: ReadyQueue;
  readonly #hintsMax: number;
  /** A function has at least so many of its starting lanes here, and so many of the others. */
  readonly #lanesMin: number;
  readonly #visits = new LaneVisits();
  /** Lanes whose head is to be read. */
  readonly #hungry = new Set<Lane>();
  /** Lanes with hints that were left to the store and may not be found there yet (LH2). */
  readonly #leaving = new Set<Lane>();
  /** The lane up to which the walk of the beginning came; null when it is over. */
  #walk: string | null = "";
  readonly #walks = new Map<string, FunctionWalk>();
  readonly #misplaced = new WeakSet<JobHint>();
  #isReading = false;
  #storedBatch = -1;
  #openBatch = 0;
  /** Grows when trimming found little to leave, so that it cannot be tried at every hint. */
  #trimAt: number;

  constructor(ready: ReadyQueue, hintsMax: number, lanesMin: number) {
    this.#ready = ready;
    this.#hintsMax = hintsMax;
    this.#lanesMin = lanesMin;
    this.#trimAt = hintsMax;
  }

  get size(): number {
    return this.#ready.size;
  }

  /** Hints that one lane may have in memory. */
  get #headMax(): number {
    const most = Math.max(1, Math.floor(this.#hintsMax / HEADS));
    return Math.max(1, Math.min(most, Math.floor(this.#hintsMax / Math.max(1, this.#ready.laneCount))));
  }

  /** LH4. */
  get #lanesMax(): number {
    return Math.max(this.#lanesMin, Math.floor(this.#hintsMax / 2 / Math.max(1, this.#ready.functionCount)));
  }

  /** A job is due. `batch` is the one that is open. */
  add(hint: JobHint, batch: number): void {
    let lane = this.#ready.lane(hint);
    if (lane === null) {
      if (this.#isFull(hint)) {
        this.#leaveLane(hint.functionId, batch);
        this.#visitLater(laneOf(hint), batch);
        return;
      }
      lane = this.#open(hint);
    }
    if (lane.end !== null && isOlder(lane.end, hint)) {
      this.#leave(lane, hint, batch); // LH1
      return;
    }
    this.#ready.push(lane, hint);
    if (lane.heap.size > this.#headMax * 2) this.#trim(lane, batch);
    if (this.size > this.#trimAt) this.#trimAll(batch);
  }

  /** A hint that was taken and could not be used: it stays, no page would bring it again. */
  putBack(hint: JobHint): void {
    this.#ready.push(this.#ready.lane(hint) ?? this.#open(hint), hint);
  }

  next(admit: Admit, now: Instant): JobHint | undefined {
    return this.#ready.next(admit, now, this.#hadTurn);
  }

  readonly #hadTurn = (lane: Lane, isStale: boolean): void => {
    const isShort = this.#walks.size > 0 && this.#walks.has(lane.functionId);
    if (isShort && !isStale && !lane.isOver) this.#visits.served(lane);
    this.#shrunk(lane);
  };

  readonly #shrunk = (lane: Lane): void => {
    if (lane.end !== null && !lane.isReading && lane.heap.size <= this.#headMax >> 1) this.#hungry.add(lane);
  };

  // --- Reading ------------------------------------------------------------------------------------------------

  /** True while something waits to be read for nothing but what is not stored. */
  get waitsForBatch(): boolean {
    if (this.#walks.size === 0 || this.#isReading) return false;
    if (this.#visits.waitsFor(this.#storedBatch)) return true;
    for (const [functionId, walk] of this.#walks)
      if (this.#beginsFrom(functionId, walk) > this.#storedBatch) return true;
    for (const lane of this.#hungry) if (lane.readFrom > this.#storedBatch) return true;
    return false;
  }

  /** True when more may be found once a batch is stored. */
  get mayRead(): boolean {
    return this.#walks.size > 0 && !this.#isReading;
  }

  /** Lanes of the function are in the store alone. */
  hasLeft(functionId: string): boolean {
    return this.#walks.has(functionId);
  }

  /** What to read now, or null. Everything that is due at `now` must have been added. `batch` is the one that is open. */
  request(now: Instant, batch: number): LaneRequest | null {
    this.#openBatch = batch;
    if (this.#isReading) return null;
    if (this.#walks.size > 0) this.#visit();
    const walk = this.#nextWalk();
    if (walk === null && this.#hungry.size === 0) return null;
    const heads: LaneQuery[] = [];
    for (const lane of this.#hungry) {
      if (heads.length === QUERIES_MAX) break;
      if (lane.readFrom > this.#storedBatch) continue; // LH2
      this.#hungry.delete(lane);
      lane.isReading = true;
      heads.push({ lane: lane.id, after: lane.end ?? FIRST, untilAt: now, limit: this.#headMax });
    }
    if (walk === null && heads.length === 0) return null;
    this.#isReading = true;
    return { heads, walk };
  }

  #nextWalk(): LaneWalk | null {
    if (this.#walk !== null) {
      return { functionId: null, after: this.#walk, before: null, limit: WALK_LANES_MAX };
    }
    for (const [functionId, walk] of this.#walks) {
      const limit = this.#walkLimit(functionId, walk);
      if (limit <= 0 || this.#beginsFrom(functionId, walk) > this.#storedBatch) continue; // Not to be found yet.
      if (walk.cursor === lanesFrom(functionId)) walk.coveredTo = this.#storedBatch;
      this.#walks.delete(functionId);
      this.#walks.set(functionId, walk); // The others have their turn first.
      return { functionId, after: walk.cursor, before: lanesUntil(functionId), limit };
    }
    return null;
  }

  /** How many of the function's lanes may be looked for now (LH4). */
  #walkLimit(functionId: string, walk: FunctionWalk): number {
    if (this.#isFilling(functionId)) return WALK_LANES_MAX;
    return isUnvisited(walk) ? this.#visits.room : 0;
  }

  #isFilling(functionId: string): boolean {
    return this.#countOf(functionId) <= this.#lanesMax >> 1;
  }

  /** What has to be stored before the function's lanes are looked for; -1: nothing, or that is not to be done now. */
  #beginsFrom(functionId: string, walk: FunctionWalk): number {
    if (walk.cursor !== lanesFrom(functionId) || this.#walkLimit(functionId, walk) <= 0) return -1;
    return this.#isFilling(functionId) ? walk.leftIn : walk.unknownIn;
  }

  #countOf(functionId: string): number {
    return Math.max(this.#ready.laneCountOf(functionId, true), this.#ready.laneCountOf(functionId, false));
  }

  adopt(request: LaneRequest, page: LanePage): void {
    this.#isReading = false;
    for (const [index, query] of request.heads.entries()) {
      const lane = this.#ready.lane(partsOf(query.lane))!;
      this.#adoptHead(lane, query, page.heads[index]!);
    }
    if (request.walk !== null) this.#adoptWalk(request.walk, page.found);
  }

  #adoptHead(lane: Lane, query: LaneQuery, hints: readonly JobHint[]): void {
    lane.isReading = false;
    lane.end = hints.length < query.limit ? null : placeOf(hints.at(-1)!);
    for (const hint of hints) {
      // A run that was called before the process began is not a start any more, whatever its row says.
      if (lane.holds(hint)) this.#ready.push(lane, hint);
      else {
        this.#misplaced.add(hint); // LH5
        this.putBack(hint);
        this.#ready.lane(hint)!.keeps = true;
      }
    }
    const left = lane.left;
    lane.left = [];
    const seen = left.length === 0 ? null : new Set(hints.map(({ runId, slot }) => `${runId} ${slot}`));
    for (const entry of left) {
      const { runId, slot } = entry.hint;
      if (lane.end !== null && isOlder(lane.end, entry.hint)) {
        if (entry.batch > this.#storedBatch) lane.left.push(entry);
      } else if (seen?.has(`${runId} ${slot}`) !== true) this.#ready.push(lane, entry.hint);
    }
    if (lane.left.length === 0) this.#leaving.delete(lane);
    this.#shrunk(lane);
    this.#ready.forgetIfOver(lane);
  }

  #adoptWalk({ functionId, after, limit }: LaneWalk, found: readonly string[]): void {
    let cursor = after;
    let full: string | null = null;
    for (const id of found) {
      const parts = partsOf(id);
      if (parts.functionId === full) continue;
      const isHere = this.#ready.lane(parts) !== null;
      if (!isHere && this.#isFull(parts)) {
        const walk = this.#walks.get(parts.functionId);
        if (functionId !== null && isUnvisited(walk!) && this.#visits.room > 0) {
          this.#visits.came(this.#open(parts, true));
          cursor = id;
          continue;
        }
        this.#pauseWalk(parts.functionId, cursor);
        if (functionId !== null) return;
        this.#visitAll(parts.functionId, Math.max(0, this.#storedBatch));
        full = parts.functionId;
        cursor = lanesUntil(full);
        continue;
      }
      if (!isHere) this.#open(parts, true);
      cursor = id;
    }
    const isOver = found.length < limit;
    if (functionId === null) this.#walk = isOver ? null : cursor;
    else if (isOver) this.#endRound(functionId);
    else this.#pauseWalk(functionId, cursor);
  }

  #isFull({ functionId, isStart }: Pick<JobHint, "functionId" | "isStart">): boolean {
    return this.#ready.laneCountOf(functionId, isStart) >= this.#lanesMax;
  }

  /** The function has as many lanes as it may have: it goes on from here. */
  #pauseWalk(functionId: string, cursor: string): void {
    const from = cursor.startsWith(lanesFrom(functionId)) ? cursor : lanesFrom(functionId);
    const walk = this.#walks.get(functionId);
    if (walk === undefined) this.#walks.set(functionId, { ...NEW_WALK, cursor: from });
    else walk.cursor = from;
  }

  #endRound(functionId: string): void {
    const walk = this.#walks.get(functionId)!;
    if (walk.leftIn <= walk.coveredTo) {
      this.#walks.delete(functionId);
      this.#visits.forget(functionId);
      return;
    }
    walk.visitedTo = walk.coveredTo;
    walk.cursor = lanesFrom(functionId);
    walk.coveredTo = this.#storedBatch;
  }

  // --- Visits -------------------------------------------------------------------------------------------------

  /** Those that were tried stay or go; those that may go come (lane-visits.ts). */
  #visit(): void {
    for (const lane of this.#visits.visitors()) this.#settleVisitor(lane);
    for (const name of this.#ready.takeFreed()) {
      const { functionId } = partsOf(name);
      if (!this.#walks.has(functionId)) continue;
      if (name === lanesFrom(functionId)) this.#visitAll(functionId, this.#openBatch);
      else this.#visitLater(name, this.#walks.get(functionId)!.leftIn);
    }
    for (;;) {
      const id = this.#visits.next(this.#storedBatch);
      if (id === null) return;
      const parts = partsOf(id);
      if (this.#ready.lane(parts) === null) this.#visits.came(this.#open(parts, true));
    }
  }

  #settleVisitor(lane: Lane): void {
    const isGone = !this.#isHere(lane) || lane.isOver;
    // What has nothing here is read on: from its beginning on it would find its own calls that are out.
    const isTried = lane.blocked !== null || (lane.wasServed && lane.heap.size > 0);
    if (isGone || (isTried && this.#ready.laneCountOf(lane.functionId, lane.isStart) <= this.#lanesMax)) {
      this.#visits.left(lane);
      return;
    }
    if (!isTried || !this.#mayLeave(lane)) return;
    const other = this.#visits.takeServed(lane, this.#mayLeave);
    this.#visits.left(lane);
    this.#leaveToStore(other ?? lane);
  }

  #isHere(lane: Lane): boolean {
    const { functionId, isStart, party } = lane;
    return this.#ready.lane({ functionId, isStart, key: party.key }) === lane;
  }

  readonly #mayLeave = (lane: Lane): boolean => {
    return this.#isHere(lane) && !lane.isReading && !lane.keeps;
  };

  #leaveToStore(lane: Lane): void {
    this.#hungry.delete(lane);
    this.#leaving.delete(lane);
    this.#leaveLane(lane.functionId, this.#openBatch);
    if (!this.#ready.leave(lane)) this.#visitLater(lane.id, this.#openBatch);
  }

  #visitLater(id: string, batch: number): void {
    if (!this.#visits.ask(id, batch)) this.#visitAll(partsOf(id).functionId, batch);
  }

  /** Some of the function's lanes that were left up to this batch may go, and nobody knows which. */
  #visitAll(functionId: string, batch: number): void {
    const walk = this.#walks.get(functionId)!;
    walk.unknownIn = Math.max(walk.unknownIn, batch);
  }

  // --- Leaving ------------------------------------------------------------------------------------------------

  /** A batch is stored: what it has can be found by a page that is read from now on (LH2). */
  batchStored(batch: number): void {
    this.#storedBatch = batch;
    for (const lane of this.#leaving) {
      if (lane.isReading) continue;
      lane.left = lane.left.filter((entry) => entry.batch > batch);
      if (lane.left.length === 0) this.#leaving.delete(lane);
    }
  }

  #open(parts: LaneParts, isUnread = false): Lane {
    const lane = this.#ready.open(parts);
    if (isUnread || this.#walk !== null || this.#walks.has(lane.functionId)) {
      lane.end = FIRST; // LH3
      lane.readFrom = this.#walks.get(lane.functionId)?.leftIn ?? -1; // LH2
      this.#hungry.add(lane);
    }
    return lane;
  }

  #leave(lane: Lane, hint: JobHint, batch: number): void {
    if (lane.left.length === 0) lane.left = [];
    lane.left.push({ hint, batch });
    this.#leaving.add(lane);
  }

  #leaveLane(functionId: string, batch: number): void {
    const walk = this.#walks.get(functionId);
    if (walk !== undefined) walk.leftIn = batch;
    else this.#walks.set(functionId, { ...NEW_WALK, cursor: lanesFrom(functionId), leftIn: batch });
  }

  /** Leaves what is behind the head to the store. */
  #trim(lane: Lane, batch: number): void {
    if (lane.isReading) return;
    const hints = this.#ready.takeAll(lane).sort((left, right) => (isOlder(left, right) ? -1 : 1));
    const keep = this.#headMax;
    const end = hints.length > keep ? placeOf(hints[keep - 1]!) : null;
    // Never forward: what was put back may stand behind jobs that only the store knows.
    if (end !== null && (lane.end === null || isOlder(end, lane.end))) lane.end = end;
    for (const [index, hint] of hints.entries()) {
      if (index < keep || this.#misplaced.has(hint)) this.#ready.push(lane, hint);
      else this.#leave(lane, hint, batch);
    }
  }

  #trimAll(batch: number): void {
    const keep = this.#headMax;
    for (const lane of this.#ready.lanes()) if (lane.heap.size > keep) this.#trim(lane, batch);
    this.#trimAt = Math.max(this.#hintsMax, Math.ceil(this.size * 1.5));
  }
}

const placeOf = ({ orderAt, runId, slot }: OrderPlace): OrderPlace => ({ orderAt, runId, slot });
