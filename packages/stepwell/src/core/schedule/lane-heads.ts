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
 *        them are done. Those of runs that have begun have a share of their own: starts may wait for them.
 *   LH5. A hint whose row stands in another lane than its own stays until it is taken: no page of its lane would bring it
 *        again. There are no more of them than calls were out when the process before ended.
 */
import type { Instant } from "../instant.ts";
import { isOlder, type JobHint, type LaneParts, lanesFrom, lanesUntil, type OrderPlace, partsOf } from "./hint.ts";
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
}

/** Of all hints, those that one lane may have are one in so many. */
const HEADS = 400;
/** A function has at least so many of its starting lanes here, and so many of the others. */
const LANES_MIN = 100;
const QUERIES_MAX = 200;
const WALK_LANES_MAX = 500;

export class LaneHeads {
  readonly #ready: ReadyQueue;
  readonly #hintsMax: number;
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
  /** Grows when trimming found little to leave, so that it cannot be tried at every hint. */
  #trimAt: number;

  constructor(ready: ReadyQueue, hintsMax: number) {
    this.#ready = ready;
    this.#hintsMax = hintsMax;
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
    return Math.max(LANES_MIN, Math.floor(this.#hintsMax / 2 / Math.max(1, this.#ready.functionCount)));
  }

  /** A job is due. `batch` is the one that is open. */
  add(hint: JobHint, batch: number): void {
    let lane = this.#ready.lane(hint);
    if (lane === null) {
      if (this.#isFull(hint)) {
        this.#leaveLane(hint.functionId, batch);
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
    return this.#ready.next(admit, now, this.#shrunk);
  }

  readonly #shrunk = (lane: Lane): void => {
    if (lane.end !== null && !lane.isReading && lane.heap.size <= this.#headMax >> 1) this.#hungry.add(lane);
  };

  // --- Reading ------------------------------------------------------------------------------------------------

  /** What to read now, or null. Everything that is due at `now` must have been added. */
  request(now: Instant): LaneRequest | null {
    if (this.#isReading) return null;
    const walk = this.#nextWalk();
    if (walk === null && this.#hungry.size === 0) return null;
    const heads: LaneQuery[] = [];
    for (const lane of this.#hungry) {
      if (heads.length === QUERIES_MAX) break;
      this.#hungry.delete(lane);
      lane.isReading = true;
      heads.push({ lane: lane.id, after: lane.end ?? FIRST, untilAt: now, limit: this.#headMax });
    }
    this.#isReading = true;
    return { heads, walk };
  }

  #nextWalk(): LaneWalk | null {
    if (this.#walk !== null) {
      return { functionId: null, after: this.#walk, before: null, limit: WALK_LANES_MAX };
    }
    for (const [functionId, walk] of this.#walks) {
      if (this.#countOf(functionId) > this.#lanesMax >> 1) continue;
      if (walk.cursor === lanesFrom(functionId)) {
        if (walk.leftIn > this.#storedBatch) continue; // Not to be found yet.
        walk.coveredTo = this.#storedBatch;
      }
      return { functionId, after: walk.cursor, before: lanesUntil(functionId), limit: WALK_LANES_MAX };
    }
    return null;
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
      if (this.#ready.lane(hint) === lane) this.#ready.push(lane, hint);
      else {
        this.#misplaced.add(hint); // LH5
        this.putBack(hint);
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
        this.#pauseWalk(parts.functionId, cursor);
        if (functionId !== null) return;
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
    if (walk === undefined) this.#walks.set(functionId, { cursor: from, leftIn: -1, coveredTo: -1 });
    else walk.cursor = from;
  }

  #endRound(functionId: string): void {
    const walk = this.#walks.get(functionId)!;
    if (walk.leftIn <= walk.coveredTo) {
      this.#walks.delete(functionId);
      return;
    }
    walk.cursor = lanesFrom(functionId);
    walk.coveredTo = this.#storedBatch;
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
    else this.#walks.set(functionId, { cursor: lanesFrom(functionId), leftIn: batch, coveredTo: -1 });
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
