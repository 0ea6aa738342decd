/**
 * Commands that wait to be applied, and which of them a turn of the loop takes.
 *
 *   IN1. What has begun goes before what begins: events wait behind everything else, so that under load runs end before more
 *        are begun and little is in memory. But each turn takes some events too: they are never kept waiting for good.
 *   IN2. A turn is short: the store gets what it brought while the next one works, and answers are read in between.
 *   IN3. Commands of a kind (events, everything else) are taken in the order in which they came.
 *   IN4. A command is the inbox's until the next one is asked for: when a turn fails, whoever was not seen to is found here.
 */
import type { Command } from "../core/command.ts";

/** Commands of a turn. With 64, main thread and writer thread are both at work; the commits get small when there are fewer. */
const PER_TURN_MAX = 64;
/** How many of them are events while there is something else to do. */
const EVENTS_BESIDE_MAX = 16;

/** First in, first out, without moving what waits: pushed on one stack, popped from another. */
class Line<T> {
  #incoming: T[] = [];
  #outgoing: T[] = [];

  get size(): number {
    return this.#incoming.length + this.#outgoing.length;
  }

  push(item: T): void {
    this.#incoming.push(item);
  }

  first(): T | undefined {
    if (this.#outgoing.length === 0 && this.#incoming.length > 0) {
      this.#outgoing = this.#incoming.reverse();
      this.#incoming = [];
    }
    return this.#outgoing.at(-1);
  }

  dropFirst(): void {
    this.#outgoing.pop();
  }

  drain(): T[] {
    return this.#outgoing.splice(0).reverse().concat(this.#incoming.splice(0));
  }
}

export class Inbox<Item extends { readonly command: Command }> {
  readonly #events = new Line<Item>();
  readonly #others = new Line<Item>();
  /** The line that the command being applied still heads (IN4). */
  #current: Line<Item> | null = null;
  #eventsTaken = 0;
  #othersTaken = 0;

  get size(): number {
    return this.#events.size + this.#others.size;
  }

  push(item: Item): void {
    (item.command.kind === "receive_events" ? this.#events : this.#others).push(item);
  }

  /** The next command of this turn; undefined when the turn is over, and the next call begins another. */
  next(): Item | undefined {
    this.#current?.dropFirst();
    this.#current = this.#choose();
    if (this.#current !== null) return this.#current.first();
    this.#eventsTaken = 0;
    this.#othersTaken = 0;
    return undefined;
  }

  /** Everything that was not applied; also what was being applied. */
  drain(): Item[] {
    this.#current = null;
    this.#eventsTaken = 0;
    this.#othersTaken = 0;
    return this.#others.drain().concat(this.#events.drain());
  }

  #choose(): Line<Item> | null {
    const taken = this.#eventsTaken + this.#othersTaken;
    if (taken >= PER_TURN_MAX) return null;
    const kept = Math.min(EVENTS_BESIDE_MAX, this.#events.size + this.#eventsTaken);
    if (this.#others.first() !== undefined && this.#othersTaken < PER_TURN_MAX - kept) {
      this.#othersTaken++;
      return this.#others;
    }
    const eventsMax = this.#othersTaken > 0 ? EVENTS_BESIDE_MAX : PER_TURN_MAX;
    if (this.#events.first() === undefined || this.#eventsTaken >= eventsMax) return null;
    this.#eventsTaken++;
    return this.#events;
  }
}
