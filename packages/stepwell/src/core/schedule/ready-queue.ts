/**
 * Work that is due: which job is next.
 *
 * Jobs of one function whose runs have the same key values share all their limits, so they form a lane. Lanes of a function
 * take turns, and functions take turns by their weights: a backlog of a million jobs in one lane delays the first job of
 * another by one turn.
 *
 *   RQ1. Within a lane work leaves in the order of run creation (minus priority); jobs of runs that have begun go before
 *        runs that have not.
 *   RQ2. Between the lanes of a function one each in turn; between functions `weight` each in turn.
 *   RQ3. A lane that may not go on waits where it is blocked and costs nothing until it is woken.
 *   RQ4. Every operation costs O(log n) of its own lane at most, whatever else is ready.
 */
import type { RunFlow } from "../../protocol/flow.ts";
import type { Blocked, Gates, Waiter } from "../flow/gates.ts";
import { Chain, Chained } from "./chain.ts";
import { Heap } from "./heap.ts";
import type { JobHint } from "./job-queue.ts";

/** Says of the head of a lane where it is blocked; null: it goes now; stale: there is nothing to do any more. */
export type Admit = (hint: JobHint, lane: Lane) => Blocked | "stale" | null;

/** One half of a lane: starts wait for other things than what has begun, and share the turns at the gates of both. */
export class Lane implements Waiter {
  readonly functionId: string;
  readonly isStart: boolean;
  /** The key values that all jobs of the lane have. */
  readonly flow: RunFlow | null;
  readonly heap = new Heap<JobHint>(isOlder);
  readonly party: LanePair;
  blocked: Blocked | null = null;

  constructor(functionId: string, isStart: boolean, flow: RunFlow | null, pair: LanePair) {
    this.functionId = functionId;
    this.isStart = isStart;
    this.flow = flow;
    this.party = pair;
  }

  get mayTry(): boolean {
    return this.blocked === null && this.heap.size > 0;
  }

  wake(): void {
    this.blocked = null;
    this.party.offer();
  }
}

/** The jobs of a function with one set of key values. */
class LanePair extends Chained {
  begun: Lane | null = null;
  starts: Lane | null = null;
  readonly key: string;
  readonly #flow: RunFlow | null;
  readonly #fn: ReadyFunction;

  constructor(key: string, flow: RunFlow | null, fn: ReadyFunction) {
    super();
    this.key = key;
    this.#flow = flow;
    this.#fn = fn;
  }

  get next(): Lane | null {
    if (this.begun?.mayTry === true) return this.begun; // RQ1
    return this.starts?.mayTry === true ? this.starts : null;
  }

  get isEmpty(): boolean {
    return (this.begun?.heap.size ?? 0) + (this.starts?.heap.size ?? 0) === 0;
  }

  get lanes(): Lane[] {
    return [this.begun, this.starts].filter((lane) => lane !== null);
  }

  add(hint: JobHint): void {
    if (hint.isStart) this.starts ??= new Lane(hint.functionId, true, this.#flow, this);
    else this.begun ??= new Lane(hint.functionId, false, this.#flow, this);
    (hint.isStart ? this.starts : this.begun)!.heap.push(hint);
    this.offer();
  }

  /** It may have something to try: it takes its place in the turns. */
  offer(): void {
    if (this.next !== null) this.#fn.offer(this);
  }
}

class ReadyFunction extends Chained {
  readonly id: string;
  readonly pairs = new Map<string, LanePair>();
  /** In the order of their turns. */
  readonly turns = new Chain<LanePair>();
  credit = 0;
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

  constructor(gates: Gates, weightOf: (functionId: string) => number) {
    this.#gates = gates;
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#size;
  }

  add(hint: JobHint): void {
    let fn = this.#functions.get(hint.functionId);
    if (fn === undefined) {
      fn = new ReadyFunction(hint.functionId, this);
      this.#functions.set(hint.functionId, fn);
    }
    let pair = fn.pairs.get(hint.key);
    if (pair === undefined) {
      pair = new LanePair(hint.key, hint.flow, fn);
      fn.pairs.set(hint.key, pair);
    }
    this.#size++;
    pair.add(hint);
  }

  /** The next job that may go, or undefined when everything that is ready is blocked. */
  next(admit: Admit): JobHint | undefined {
    for (let fn = this.#turns.first; fn !== null; fn = this.#turns.first) {
      const pair = fn.turns.first;
      const lane = pair?.next ?? null;
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
      if (verdict === "stale") {
        if (lane.heap.size === 0) this.#gates.settled(lane); // Otherwise the turn is for the next of the lane.
        if (pair.isEmpty) this.#forget(fn, pair);
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
    if (pair.isEmpty) this.#forget(fn, pair);
    else if (pair.next !== null) fn.turns.push(pair);
    if (fn.turns.size === 0) this.#turns.remove(fn);
    else if (--fn.credit < 1) {
      this.#turns.remove(fn);
      fn.credit = this.#weightOf(fn.id);
      this.#turns.push(fn);
    }
  }

  #forget(fn: ReadyFunction, pair: LanePair): void {
    fn.turns.remove(pair);
    for (const lane of pair.lanes) this.#gates.settled(lane);
    fn.pairs.delete(pair.key);
    if (fn.pairs.size === 0) this.#functions.delete(fn.id);
  }

  /** Takes everything out, in no particular order. */
  drain(): JobHint[] {
    const hints: JobHint[] = [];
    for (const fn of this.#functions.values()) {
      for (const pair of fn.pairs.values()) {
        for (const lane of pair.lanes) for (const hint of lane.heap.drain()) hints.push(hint);
      }
    }
    this.#gates.retry(); // With nothing to try with nobody takes a turn again.
    for (let fn = this.#turns.first; fn !== null; fn = this.#turns.first) this.#turns.remove(fn);
    this.#functions.clear();
    this.#size = 0;
    return hints;
  }

  /** The lane of a job, when it has work. */
  find(functionId: string, key: string, isStart: boolean): Lane | null {
    const pair = this.#functions.get(functionId)?.pairs.get(key);
    const lane = isStart ? pair?.starts : pair?.begun;
    return lane ?? null;
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

export function isOlder(left: JobHint, right: JobHint): boolean {
  if (left.orderAt !== right.orderAt) return left.orderAt < right.orderAt;
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt;
  if (left.runId !== right.runId) return left.runId < right.runId;
  return left.slot < right.slot;
}
