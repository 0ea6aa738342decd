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

export class Replay<Step> {
  readonly #memos: Memos;
  readonly #order: readonly string[];
  #position = 0;
  /** Reached, and waiting for their turn. */
  readonly #waiting = new Map<string, { step: Step; memo: Memo }>();
  /** Already behind `#position` though still waiting (P3). */
  readonly #late: { step: Step; memo: Memo }[] = [];
  /** Ids that `#position` passed without having resolved them. This set and the next are made when there is such an id. */
  #skipped: Set<string> | null = null;
  /** Ids that need no resolution: they only hold edited inputs. */
  #settled: Set<string> | null = null;
  readonly #reached = new Set<string>();
  /** Reached as something else than they were. */
  readonly #changed: string[] = [];

  constructor(memos: Memos, stack: readonly string[]) {
    this.#memos = memos;
    this.#order = completeOrder(memos, stack);
  }

  /** True when every stored result was given back. */
  get isOver(): boolean {
    return this.#waiting.size === 0 && this.#late.length === 0 && this.#reached.size >= this.#memos.size;
  }

  get isEmpty(): boolean {
    return this.#memos.size === 0;
  }

  /** True when the step has ended; a memo that only holds edited arguments does not end it. */
  hasResult(id: string): boolean {
    return this.#memos.has(id) && readMemo(this.#memos.get(id)).kind !== "input";
  }

  /** Notes that the handler reached a step, of a type if that is known. Returns its memo, or null when there is none. */
  reach(id: string, step: Step, type: StepType | null = null): Memo | null {
    if (!this.#memos.has(id)) return null;
    const value = this.#memos.get(id);
    const memo = readMemo(value);
    this.#reached.add(id);
    if (type !== null && !fitsMemo(type, value)) this.#changed.push(id);
    if (memo.kind === "input") this.#settled = (this.#settled ?? new Set()).add(id);
    else if (this.#skipped?.has(id) === true) this.#late.push({ step, memo });
    else this.#waiting.set(id, { step, memo });
    return memo;
  }

  /** The step whose turn it is, or null when none that was reached is left. */
  next(): { step: Step; memo: Memo } | null {
    const late = this.#late.shift();
    if (late !== undefined) return late;
    if (this.#waiting.size === 0) return null;
    for (; this.#position < this.#order.length; this.#position++) {
      const id = this.#order[this.#position]!;
      const found = this.#waiting.get(id);
      if (found !== undefined) {
        this.#waiting.delete(id);
        this.#position++;
        return found;
      }
      if (this.#settled?.has(id) !== true) this.#skipped = (this.#skipped ?? new Set()).add(id); // P3
    }
    return null;
  }

  /** Stored steps that the handler did not reach, or reached as something else. */
  unreached(): string[] {
    if (this.#reached.size >= this.#memos.size) return this.#changed;
    return [...this.#changed, ...this.#order.filter((id) => this.#memos.has(id) && !this.#reached.has(id))];
  }
}

/** The stack, with memos it does not name behind it: an empty stack is repaired from the order of the keys. */
function completeOrder(memos: Memos, stack: readonly string[]): readonly string[] {
  if (stack.length === 0 && memos.size === 0) return stack;
  const known = new Set(stack);
  if (known.size === memos.size && stack.every((id) => memos.has(id))) return stack;
  return [...stack, ...[...memos.keys()].filter((id) => !known.has(id))];
}
