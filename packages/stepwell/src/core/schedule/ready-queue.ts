/**
 * Work that is due: which job is next.
 *
 * Jobs of one function whose runs have the same key values share all their limits, so they form a lane. Lanes of a function
 * take turns, and functions take turns by their weights: a backlog of a million jobs in one lane delays the first job of
 * another by one turn.
 *
 *   RQ1. Within a lane work leaves in the order of run creation (minus priority); jobs of runs that have begun go before
 *        runs that have not, unless one of those is older and has waited for `AGING_MS`.
 *   RQ2. Between the lanes of a function one each in turn; between functions `weight` each in turn.
 *   RQ3. A lane that may not go on waits where it is blocked and costs nothing until it is woken.
 *   RQ4. Every operation costs O(log n) of its own lane at most, whatever else is ready.
 *   RQ5. A lane of which the store has more than memory stays, empty or not, until all of it has been read (lane-heads.ts).
 */
import type { RunFlow } from "../../protocol/flow.ts";
import type { Blocked, Gates } from "../flow/gates.ts";
import type { Party, Waiter } from "../flow/open-gate.ts";
import { NO_TURNS, type Turn } from "../flow/open-gate.ts";
import type { Instant } from "../instant.ts";
import { Chain, Chained } from "./chain.ts";
import { Heap } from "./heap.ts";
import { isOlder, type JobHint, type LaneParts, laneId, lanesFrom, type OrderPlace } from "./hint.ts";

/** A start that has waited this long goes by its age among the jobs of runs that have begun. */
export const AGING_MS = 60_000;

/** Before every job of a lane. */
export const FIRST: OrderPlace = { orderAt: Number.NEGATIVE_INFINITY, runId: "", slot: "" };

/** Says of the head of a lane where it is blocked; null: it goes now; stale: there is nothing to do any more. */
export type Admit = (hint: JobHint, lane: Lane) => Blocked | "stale" | null;

/** One half of a lane: starts wait for other things than what has begun, and share the turns at the gates of both. */
export class Lane implements Waiter {
  readonly isStart: boolean;
  readonly heap = new Heap<JobHint>(isOlder);
  readonly party: LanePair;
  turn: Turn | null = null;
  blocked: Blocked | null = null;
  /** How far memory knows the lane; null: all of it (lane-heads.ts). */
  end: OrderPlace | null = null;
  isReading = false;
  /** The batch that must be stored before its head is read. */
  readFrom = -1;
  /** It is here for one try (lane-visits.ts). */
  isVisitor = false;
  /** It had a turn since it came into memory. */
  wasServed = false;
  /** It has a hint that no page of it would bring again (lane-heads.ts, LH5). */
  keeps = false;
  /** Hints that were left to the store lately, with their batches. */
  left: { readonly hint: JobHint; readonly batch: number }[] = NONE_LEFT;

  constructor(isStart: boolean, pair: LanePair) {
    this.isStart = isStart;
    this.party = pair;
  }

  get functionId(): string {
    return this.party.fn.id;
  }

  /** What the store knows it by. */
  get id(): string {
    return laneId(this.functionId, this.isStart, this.party.key);
  }

  /** True for a hint whose lane this is. */
  holds({ functionId, isStart, key }: LaneParts): boolean {
    return isStart === this.isStart && key === this.party.key && functionId === this.functionId;
  }

  /** The key values that all jobs of the lane have; null also while none is here. */
  get flow(): RunFlow | null {
    return this.heap.peek()?.flow ?? null;
  }

  get mayTry(): boolean {
    return this.blocked === null && this.heap.size > 0;
  }

  /** RQ5. */
  get isOver(): boolean {
    return this.heap.size === 0 && this.end === null && !this.isReading;
  }

  wake(): void {
    this.blocked = null;
    this.party.offer();
  }
}

/** Nearly no lane leaves anything to the store. */
const NONE_LEFT: Lane["left"] = [];

/** The jobs of a function with one set of key values. */
class LanePair extends Chained implements Party {
  gaveWayAt = -1;
  turns = NO_TURNS;
  begun: Lane | null = null;
  starts: Lane | null = null;
  readonly key: string;
  readonly fn: ReadyFunction;

  constructor(key: string, fn: ReadyFunction) {
    super();
    this.key = key;
    this.fn = fn;
  }

  /** RQ1. */
  nextAt(now: Instant): Lane | null {
    const begun = this.begun?.mayTry === true ? this.begun : null;
    const starts = this.starts?.mayTry === true ? this.starts : null;
    if (begun === null || starts === null) return begun ?? starts;
    const [first, waits] = [begun.heap.peek()!, starts.heap.peek()!];
    return waits.dueAt + AGING_MS <= now && isOlder(waits, first) ? starts : begun;
  }

  get mayTry(): boolean {
    return this.begun?.mayTry === true || this.starts?.mayTry === true;
  }

  get isOver(): boolean {
    return (this.begun?.isOver ?? true) && (this.starts?.isOver ?? true);
  }

  get lanes(): Lane[] {
    return [this.begun, this.starts].filter((lane) => lane !== null);
  }

  /** It may have something to try: it takes its place in the turns. */
  offer(): void {
    if (this.mayTry) this.fn.offer(this);
  }
}

class ReadyFunction extends Chained {
  readonly id: string;
  readonly pairs = new Map<string, LanePair>();
  /** In the order of their turns. */
  readonly turns = new Chain<LanePair>();
  credit = 0;
  startLanes = 0;
  begunLanes = 0;
  readonly #queue: ReadyQueue;

  constructor(id: string, queue: ReadyQueue) {
    super();
    this.id = id;
    this.#queue = queue;
  }

  offer(pair: LanePair): void {
    if (!this.turns.has(pair)) this.turns.push(pair);
    this.#queue.offer(this);
  }
}

export class ReadyQueue {
  readonly #functions = new Map<string, ReadyFunction>();
  /** Functions with something to try, in the order of their turns. */
  readonly #turns = new Chain<ReadyFunction>();
  readonly #gates: Gates;
  readonly #weightOf: (functionId: string) => number;
  #size = 0;
  #laneCount = 0;

  constructor(gates: Gates, weightOf: (functionId: string) => number) {
    this.#gates = gates;
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#size;
  }

  get functionCount(): number {
    return this.#functions.size;
  }

  get laneCount(): number {
    return this.#laneCount;
  }

  laneCountOf(functionId: string, isStart: boolean): number {
    const fn = this.#functions.get(functionId);
    return (isStart ? fn?.startLanes : fn?.begunLanes) ?? 0;
  }

  /** Null when the lane is not here. */
  lane({ functionId, isStart, key }: LaneParts): Lane | null {
    const pair = this.#functions.get(functionId)?.pairs.get(key);
    return (isStart ? pair?.starts : pair?.begun) ?? null;
  }

  *lanes(): IterableIterator<Lane> {
    for (const fn of this.#functions.values()) for (const pair of fn.pairs.values()) yield* pair.lanes;
  }

  /** Makes a lane that is not here. */
  open({ functionId, isStart, key }: LaneParts): Lane {
    let fn = this.#functions.get(functionId);
    if (fn === undefined) {
      fn = new ReadyFunction(functionId, this);
      this.#functions.set(functionId, fn);
    }
    let pair = fn.pairs.get(key);
    if (pair === undefined) {
      pair = new LanePair(key, fn);
      fn.pairs.set(key, pair);
    }
    const lane = new Lane(isStart, pair);
    if (isStart) {
      pair.starts = lane;
      fn.startLanes++;
    } else {
      pair.begun = lane;
      fn.begunLanes++;
    }
    this.#laneCount++;
    return lane;
  }

  push(lane: Lane, hint: JobHint): void {
    lane.heap.push(hint);
    this.#size++;
    lane.party.offer();
  }

  /** Takes everything out of a lane that stays, in no particular order; it keeps its turns for what comes back. */
  takeAll(lane: Lane): JobHint[] {
    this.#size -= lane.heap.size;
    return lane.heap.drain();
  }

  /** A lane of which nothing is left here or in the store. */
  forgetIfOver(lane: Lane): void {
    const pair = lane.party;
    if (pair.isOver) this.#forget(pair.fn, pair);
  }

  /** The next job that may go, or undefined when everything that is ready is blocked. `left`: a job has left its lane. */
  next(admit: Admit, now: Instant, left: (lane: Lane, isStale: boolean) => void = () => {}): JobHint | undefined {
    for (let fn = this.#turns.first; fn !== null; fn = this.#turns.first) {
      const pair = fn.turns.first;
      const lane = pair?.nextAt(now) ?? null;
      if (pair === null || lane === null) {
        if (pair !== null) fn.turns.remove(pair);
        if (fn.turns.size === 0) this.#turns.remove(fn);
        continue;
      }
      const hint = lane.heap.peek()!;
      const verdict = admit(hint, lane);
      if (verdict !== null && verdict !== "stale") {
        lane.blocked = verdict; // RQ3
        this.#gates.wait(lane, verdict);
        continue;
      }
      lane.heap.pop();
      this.#size--;
      left(lane, verdict === "stale");
      if (verdict === "stale") {
        if (lane.heap.size === 0) this.#gates.settled(lane); // Otherwise the turn is for the next of the lane.
        if (pair.isOver) this.#forget(fn, pair);
        continue;
      }
      this.#gates.settled(lane);
      this.#turned(fn, pair);
      return hint;
    }
    return undefined;
  }

  offer(fn: ReadyFunction): void {
    if (this.#turns.has(fn)) return;
    fn.credit = this.#weightOf(fn.id);
    this.#turns.push(fn);
  }

  /** The lane had its turn, and its function one of its own (RQ2). */
  #turned(fn: ReadyFunction, pair: LanePair): void {
    fn.turns.remove(pair);
    if (pair.isOver) this.#forget(fn, pair);
    else if (pair.mayTry) fn.turns.push(pair);
    if (fn.turns.size === 0) this.#turns.remove(fn);
    else if (--fn.credit < 1) {
      this.#turns.remove(fn);
      fn.credit = this.#weightOf(fn.id);
      this.#turns.push(fn);
    }
  }

  #forget(fn: ReadyFunction, pair: LanePair): void {
    fn.turns.remove(pair);
    for (const lane of pair.lanes) {
      this.#gates.settled(lane);
      this.#laneCount--;
      if (lane.isStart) fn.startLanes--;
      else fn.begunLanes--;
    }
    fn.pairs.delete(pair.key);
    if (fn.pairs.size === 0) this.#functions.delete(fn.id);
  }

  /** Names of lanes that were left and may go now. */
  takeFreed(): readonly string[] {
    return this.#gates.takeFreed();
  }

  /** A lane is left to the store with all that it has. True: it is told of when the gate where it waited may have room. */
  leave(lane: Lane): boolean {
    const pair = lane.party;
    const { fn } = pair;
    this.#size -= lane.heap.size;
    const isParked = lane.blocked !== null && this.#gates.park(lane, lane.id, lanesFrom(fn.id));
    this.#gates.settled(lane);
    this.#laneCount--;
    if (lane.isStart) {
      pair.starts = null;
      fn.startLanes--;
    } else {
      pair.begun = null;
      fn.begunLanes--;
    }
    if (pair.lanes.length === 0) this.#forget(fn, pair);
    return isParked;
  }

  /** Functions with work, for whoever explains. */
  functionIds(): IterableIterator<string> {
    return this.#functions.keys();
  }

  /** The lanes of a function with work, for whoever explains. */
  *lanesOf(functionId: string): IterableIterator<Lane> {
    for (const pair of this.#functions.get(functionId)?.pairs.values() ?? []) {
      for (const lane of pair.lanes) if (lane.heap.size > 0) yield lane;
    }
  }
}
