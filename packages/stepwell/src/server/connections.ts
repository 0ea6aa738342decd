/**
 * The kept connections to one origin. undici's own pool looks through its connections at each request; with a thousand
 * of them that is dearer than the request.
 *
 *   CN1. A connection carries one request at a time, and there are never more than the limit; more requests wait in order.
 *   CN2. The connection that rested last is taken first: it is the least likely to have been closed meanwhile.
 *   CN3. A connection that broke is given to nobody before undici has dealt with the break.
 */
import { Client, errors } from "undici";

/** A request that wants a connection. Once it has one, it gives it back when it has ended. */
export interface Passenger {
  board(connection: Client): void;
  /** There will be no connection. */
  refuse(reason: Error): void;
}

export class Connections {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #max: number;
  readonly #all: Client[] = [];
  readonly #resting: Client[] = [];
  readonly #waiting: Passenger[] = [];
  #state: "open" | "closing" | "destroyed" = "open";

  constructor(origin: string, connectionsMax: number, options: Client.Options) {
    this.#origin = origin;
    this.#max = connectionsMax;
    this.#options = { ...options, pipelining: 1 };
  }

  send(passenger: Passenger): void {
    if (this.#state === "destroyed") {
      passenger.refuse(new errors.ClientDestroyedError());
      return;
    }
    const connection = this.#resting.pop() ?? this.#open(); // CN2
    if (connection === null) this.#waiting.push(passenger);
    else passenger.board(connection);
  }

  /** Takes a connection back whose request was answered. */
  giveBack(connection: Client): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next.board(connection);
    else if (this.#state === "closing") void connection.close();
    else this.#resting.push(connection);
  }

  /** Takes a connection back whose request failed (CN3). */
  giveBackBroken(connection: Client): void {
    queueMicrotask(() => this.giveBack(connection));
  }

  /** Lets every request end, and then the connections. */
  close(): void {
    this.#state = "closing";
    for (const connection of this.#resting.splice(0)) void connection.close();
  }

  /** Breaks off everything. */
  async destroy(): Promise<void> {
    this.#state = "destroyed";
    const reason = new errors.ClientDestroyedError();
    for (const passenger of this.#waiting.splice(0)) passenger.refuse(reason);
    await Promise.all(this.#all.map((connection) => connection.destroy()));
  }

  #open(): Client | null {
    if (this.#all.length >= this.#max) return null; // CN1
    const connection = new Client(this.#origin, this.#options);
    this.#all.push(connection);
    return connection;
  }
}
