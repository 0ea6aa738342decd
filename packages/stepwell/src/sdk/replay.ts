/**
 * Replay: gives stored results back to the handler in the order in which the steps finished.
 *
 *   P1. One result at a time, strictly in stack order; the caller lets all continuations settle in between.
 *   P2. Work per step is constant, and a memo is parsed only when its step is reached.
 *   P3. When the code has changed and the next of the stack was not reached, the first reached one in stack order
 *       takes its place; one that is reached later comes next.
 */
import { type Memo, type Memos, readMemo } from "./memo.ts";
import { fitsMemo } from "./memo-kind.ts";
import type { StepType } from "./step-request.ts";

const NONE: readonly string[] = [];

interface Found<Step> {
  readonly step: Step;
  readonly memo: Memo;
}

/** What it holds is made when there is something to hold: most handlers reach one step at a time, in order. */
export class Replay<Step> {
  readonly #memos: Memos;
  /** The stack; with what it does not name behind it, once something of that waits. */
  #order: readonly string[];
  #isWhole = false;
  #position = 0;
  /** Every id that was reached, with a memo or without. */
  readonly #reached = new Set<string>();
  /** How many memos there are of those. */
  #memosReached = 0;
  /** The one at `#position`, when it was reached and is waiting for its turn. */
  #next: Found<Step> | null = null;
  /** The others that wait. */
  #waiting: Map<string, Found<Step>> | null = null;
  /** Already behind `#position` though still waiting (P3). */
  #late: Found<Step>[] | null = null;
  /** Ids that `#position` passed without having resolved them. */
  #skipped: Set<string> | null = null;
  /** Ids that need no resolution: they only hold edited inputs. */
  #settled: Set<string> | null = null;
  /** Reached as something else than they were. */
  #changed: string[] | null = null;

  constructor(memos: Memos, stack: readonly string[]) {
    this.#memos = memos;
    this.#order = stack;
  }

  /** True when every stored result was given back. */
  get isOver(): boolean {
    const isWaiting = this.#next !== null || (this.#late?.length ?? 0) + (this.#waiting?.size ?? 0) > 0;
    return !isWaiting && this.#memosReached >= this.#memos.size;
  }

  get isEmpty(): boolean {
    return this.#memos.size === 0;
  }

  /** True when the step has ended; a memo that only holds edited arguments does not end it. */
  hasResult(id: string): boolean {
    return this.#memos.has(id) && readMemo(this.#memos.get(id)).kind !== "input";
  }

  isReached(id: string): boolean {
    return this.#reached.has(id);
  }

  /** Notes that the handler reached a step, of a type if that is known. Returns its memo, or null when there is none. */
  reach(id: string, step: Step, type: StepType | null = null): Memo | null {
    this.#reached.add(id);
    if (!this.#memos.has(id)) return null;
    this.#memosReached++;
    const value = this.#memos.get(id);
    const memo = readMemo(value);
    if (type !== null && !fitsMemo(type, value)) {
      this.#changed ??= [];
      this.#changed.push(id);
    }
    if (memo.kind === "input") this.#settled = (this.#settled ?? new Set()).add(id);
    else this.#place(id, { step, memo });
    return memo;
  }

  #place(id: string, found: Found<Step>): void {
    if (this.#skipped?.has(id) === true) {
      this.#late ??= [];
      this.#late.push(found);
    } else if (id === this.#order[this.#position]) this.#next = found;
    else this.#waiting = (this.#waiting ?? new Map()).set(id, found);
  }

  /** The step whose turn it is, or null when none that was reached is left. */
  next(): Found<Step> | null {
    const found = this.#late?.shift() ?? this.#next;
    if (found === null) return this.#waiting === null || this.#waiting.size === 0 ? null : this.#search(this.#waiting);
    if (found === this.#next) {
      this.#next = null;
      this.#position++;
    }
    return found;
  }

  /** The first of those that wait, in order. */
  #search(waiting: Map<string, Found<Step>>): Found<Step> | null {
    this.#completeOrder();
    for (; this.#position < this.#order.length; this.#position++) {
      const id = this.#order[this.#position]!;
      const found = waiting.get(id);
      if (found !== undefined) {
        waiting.delete(id);
        this.#position++;
        return found;
      }
      if (this.#settled?.has(id) !== true) this.#skipped = (this.#skipped ?? new Set()).add(id); // P3
    }
    return null;
  }

  /** Stored steps that the handler did not reach, or reached as something else. */
  unreached(): readonly string[] {
    if (this.#memosReached >= this.#memos.size) return this.#changed ?? NONE;
    this.#completeOrder();
    const missing = this.#order.filter((id) => this.#memos.has(id) && !this.#reached.has(id));
    return this.#changed === null ? missing : [...this.#changed, ...missing];
  }

  /** Puts memos that the stack does not name behind it: an empty stack is repaired from the order of the keys. */
  #completeOrder(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    const known = new Set(this.#order);
    const rest = [...this.#memos.keys()].filter((id) => !known.has(id));
    if (rest.length > 0) this.#order = [...this.#order, ...rest];
  }
}
