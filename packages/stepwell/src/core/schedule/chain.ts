/**
 * A queue from whose middle anything can leave: a doubly linked list through its elements. Everything costs O(1), whatever
 * has left before; a Set used as a queue would walk over the places of all that has.
 *
 *   CH1. An element is in one chain at a time.
 */
export class Chained {
  chain: object | null = null;
  before: this | null = null;
  after: this | null = null;
}

export class Chain<Item extends Chained> {
  #first: Item | null = null;
  #last: Item | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Item | null {
    return this.#first;
  }

  has(item: Item): boolean {
    return item.chain === this;
  }

  push(item: Item): void {
    this.insertBefore(item, null);
  }

  /** Null: at the end. */
  insertBefore(item: Item, next: Item | null): void {
    if (item.chain !== null) throw new Error("it is in a chain already"); // CH1
    const previous = next === null ? this.#last : next.before;
    item.chain = this;
    item.before = previous;
    item.after = next;
    if (previous === null) this.#first = item;
    else previous.after = item;
    if (next === null) this.#last = item;
    else next.before = item;
    this.#size++;
  }

  /** False when it is not in this chain. */
  remove(item: Item): boolean {
    if (item.chain !== this) return false;
    const { before, after } = item;
    if (before === null) this.#first = after;
    else before.after = after;
    if (after === null) this.#last = before;
    else after.before = before;
    item.chain = null;
    item.before = null;
    item.after = null;
    this.#size--;
    return true;
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let item = this.#first; item !== null; item = item.after) yield item;
  }
}
