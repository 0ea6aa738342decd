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
import type { Gates, Waiter } from "../flow/gates.ts";
import { Heap } from "./heap.ts";
import type { JobHint } from "./job-queue.ts";

/** Says of the head of a lane where it is blocked; null: it goes now. */
export type Admit = (hint: JobHint, lane: Lane) => Blocked | null;

export interface Blocked {
  /** The gate that is full. */
  readonly gate: string;
  /** Below what is guaranteed to its key. */
  readonly isPreferred: boolean;
}

/** One half of a lane: starts wait for other things than what has begun. */
export class Lane implements Waiter {
  readonly functionId: string;
  readonly isStart: boolean;
  /** The key values that all jobs of the lane have. */
  readonly flow: RunFlow | null;
  readonly heap = new Heap<JobHint>(isOlder);
  readonly #pair: LanePair;
  blocked: Blocked | null = null;

  constructor(functionId: string, isStart: boolean, flow: RunFlow | null, pair: LanePair) {
    this.functionId = functionId;
    this.isStart = isStart;
    this.flow = flow;
    this.#pair = pair;
  }

  get mayTry(): boolean {
    return this.blocked === null && this.heap.size > 0;
  }

  wake(): void {
    this.blocked = null;
    this.#pair.offer();
  }
}

/** The jobs of a function with one set of key values. */
class LanePair {
  readonly begun: Lane;
  readonly starts: Lane;
  readonly key: string;
  readonly #fn: ReadyFunction;

  constructor(functionId: string, key: string, flow: RunFlow | null, fn: ReadyFunction) {
    this.key = key;
    this.#fn = fn;
    this.begun = new Lane(functionId, false, flow, this);
    this.starts = new Lane(functionId, true, flow, this);
  }

  get next(): Lane | null {
    if (this.begun.mayTry) return this.begun; // RQ1
    return this.starts.mayTry ? this.starts : null;
  }

  get isEmpty(): boolean {
    return this.begun.heap.size + this.starts.heap.size === 0;
  }

  /** It may have something to try: it takes its place in the turns. */
  offer(): void {
    if (this.next !== null) this.#fn.offer(this);
  }
}

class ReadyFunction {
  readonly id: string;
  readonly pairs = new Map<string, LanePair>();
  /** In the order of their turns. */
  readonly turns = new Set<LanePair>();
  credit = 0;
  readonly #queue: ReadyQueue;

  constructor(id: string, queue: ReadyQueue) {
    this.id = id;
    this.#queue = queue;
  }

  offer(pair: LanePair): void {
    this.turns.add(pair);
    this.#queue.offer(this);
  }
}

export class ReadyQueue {
  readonly #functions = new Map<string, ReadyFunction>();
  /** Functions with something to try, in the order of their turns. */
  readonly #turns = new Set<ReadyFunction>();
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
      pair = new LanePair(hint.functionId, hint.key, hint.flow, fn);
      fn.pairs.set(hint.key, pair);
    }
    (hint.isStart ? pair.starts : pair.begun).heap.push(hint);
    this.#size++;
    pair.offer();
  }

  /** The next job that may go, or undefined when everything that is ready is blocked. */
  next(admit: Admit): JobHint | undefined {
    for (;;) {
      const [fn] = this.#turns;
      if (fn === undefined) return undefined;
      const [pair] = fn.turns;
      const lane = pair?.next ?? null;
      if (pair === undefined || lane === null) {
        if (pair !== undefined) fn.turns.delete(pair);
        if (fn.turns.size === 0) this.#turns.delete(fn);
        continue;
      }
      const hint = lane.heap.peek()!;
      const blocked = admit(hint, lane);
      if (blocked !== null) {
        lane.blocked = blocked; // RQ3
        this.#gates.wait(lane, blocked.gate, blocked.isPreferred);
        continue;
      }
      lane.heap.pop();
      this.#size--;
      this.#gates.settled(lane);
      this.#turned(fn, pair);
      return hint;
    }
  }

  offer(fn: ReadyFunction): void {
    if (this.#turns.has(fn)) return;
    fn.credit = this.#weightOf(fn.id);
    this.#turns.add(fn);
  }

  /** The lane had its turn, and its function one of its own (RQ2). */
  #turned(fn: ReadyFunction, pair: LanePair): void {
    fn.turns.delete(pair);
    if (pair.isEmpty) this.#forget(fn, pair);
    else if (pair.next !== null) fn.turns.add(pair);
    if (fn.turns.size === 0) this.#turns.delete(fn);
    else if (--fn.credit < 1) {
      this.#turns.delete(fn);
      fn.credit = this.#weightOf(fn.id);
      this.#turns.add(fn);
    }
  }

  #forget(fn: ReadyFunction, pair: LanePair): void {
    for (const lane of [pair.begun, pair.starts]) this.#gates.forget(lane);
    fn.pairs.delete(pair.key);
    if (fn.pairs.size === 0) this.#functions.delete(fn.id);
  }

  /** Takes everything out, in no particular order. */
  drain(): JobHint[] {
    const hints: JobHint[] = [];
    for (const fn of this.#functions.values()) {
      for (const pair of fn.pairs.values()) {
        for (const lane of [pair.begun, pair.starts]) {
          for (const hint of lane.heap.drain()) hints.push(hint);
          this.#gates.forget(lane);
        }
      }
    }
    this.#functions.clear();
    this.#turns.clear();
    this.#size = 0;
    return hints;
  }

  /** Where the lane of a job is blocked, and how many of its lane go before it; null when it is not ready here. */
  find(functionId: string, key: string, isStart: boolean): Lane | null {
    const pair = this.#functions.get(functionId)?.pairs.get(key);
    if (pair === undefined) return null;
    return isStart ? pair.starts : pair.begun;
  }

  /** Functions with work, for whoever explains. */
  functionIds(): IterableIterator<string> {
    return this.#functions.keys();
  }

  /** The lanes of a function with work, for whoever explains. */
  *lanesOf(functionId: string): IterableIterator<Lane> {
    for (const pair of this.#functions.get(functionId)?.pairs.values() ?? []) {
      for (const lane of [pair.begun, pair.starts]) if (lane.heap.size > 0) yield lane;
    }
  }
}

export function isOlder(left: JobHint, right: JobHint): boolean {
  if (left.orderAt !== right.orderAt) return left.orderAt < right.orderAt;
  if (left.dueAt !== right.dueAt) return left.dueAt < right.dueAt;
  if (left.runId !== right.runId) return left.runId < right.runId;
  return left.slot < right.slot;
}
