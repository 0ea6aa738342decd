/**
 * The kept connections to one origin.
 *
 *   CN1. A connection carries one request at a time, and there are never more than the limit; more requests wait in order.
 *   CN2. The connection that rested last is taken first: it is the least likely to have been closed meanwhile.
 *   CN3. None rests longer than the other side said it may; those that have are closed, a look every few seconds.
 */
import { Connection, type ConnectionTarget, type Rider } from "./connection.ts";
import { shuttingDown } from "./http-failure.ts";

/** A request that wants a connection. Once it has one, it gives it back when it has ended, unless it broke. */
export interface Passenger extends Rider {
  board(connection: Connection): void;
  /** There will be no connection. */
  refuse(reason: Error): void;
}

const LOOK_MS = 5_000;

export class Connections {
  readonly #target: ConnectionTarget;
  readonly #max: number;
  readonly #all = new Set<Connection>();
  readonly #resting: Connection[] = [];
  readonly #waiting: Passenger[] = [];
  #state: "open" | "closing" | "destroyed" = "open";
  #timer: NodeJS.Timeout | null = null;

  constructor(target: ConnectionTarget, connectionsMax: number) {
    this.#target = target;
    this.#max = connectionsMax;
  }

  send(passenger: Passenger): void {
    if (this.#state === "destroyed") passenger.refuse(shuttingDown());
    else this.#place(passenger);
  }

  /** Takes a connection back whose request was answered. It may rest for so long; 0: it is of no more use. */
  giveBack(connection: Connection, restMs: number): void {
    if (restMs <= 0) {
      connection.close();
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) next.board(connection);
    else if (this.#state === "open") this.#rest(connection, restMs);
    else connection.close();
  }

  /** Lets every request end, and then the connections. */
  close(): void {
    this.#state = "closing";
    for (const connection of this.#resting.splice(0)) connection.close();
  }

  /** Breaks off everything. */
  destroy(): void {
    this.#state = "destroyed";
    for (const passenger of this.#waiting.splice(0)) passenger.refuse(shuttingDown());
    for (const connection of [...this.#all]) connection.close(shuttingDown());
  }

  #place(passenger: Passenger): void {
    const rested = this.#takeRested(); // CN2
    if (rested !== undefined) passenger.board(rested);
    else if (this.#all.size >= this.#max)
      this.#waiting.push(passenger); // CN1
    else passenger.board(this.#open());
  }

  #takeRested(): Connection | undefined {
    const connection = this.#resting.pop();
    if (connection === undefined || connection.restsUntil > performance.now()) return connection;
    connection.close(); // CN3
    return this.#takeRested();
  }

  #open(): Connection {
    const connection = new Connection(this.#target, (gone) => this.#gone(gone));
    this.#all.add(connection);
    return connection;
  }

  /** A connection is no more: there is room for another. */
  #gone(connection: Connection): void {
    this.#all.delete(connection);
    const place = this.#resting.indexOf(connection);
    if (place >= 0) this.#resting.splice(place, 1);
    if (this.#state !== "destroyed") this.#waiting.shift()?.board(this.#open());
  }

  #rest(connection: Connection, restMs: number): void {
    connection.restsUntil = performance.now() + restMs;
    this.#resting.push(connection);
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  /** CN3. */
  #look(): void {
    this.#timer = null;
    const now = performance.now();
    for (const connection of this.#resting.filter((resting) => resting.restsUntil <= now)) connection.close();
    if (this.#resting.length > 0) this.#timer = setTimeout(() => this.#look(), LOOK_MS).unref();
  }
}
