/**
 * The queue at one gate: the turns of those that wait, and of those that were woken and have not tried yet.
 *
 *   GQ1. A party has one turn at a gate. It keeps its number until it is used, also when its party came too early.
 *   GQ2. Turns go in the order of their numbers, those that are preferred before the others. Turns with different limits
 *        stand in rows of their own, so that one that has no room yet holds up nobody with a higher limit.
 *   GQ3. Where nothing is counted (limit null) one turn is woken at a time: nobody knows for how many there is room.
 *   GQ4. After 16 preferred turns in a row the longest waiting of all goes, so what is guaranteed to some starves nobody.
 */
import { Chain, Chained } from "../schedule/chain.ts";
import type { Guarantee, Waiter } from "./gates.ts";

/** A turn's place among those that are preferred; it keeps the one among all. */
class Preference extends Chained {
  readonly turn: Turn;

  constructor(turn: Turn) {
    super();
    this.turn = turn;
  }
}

export class Turn extends Chained {
  readonly party: object;
  readonly number: number;
  readonly limit: number | null;
  readonly guarantees: readonly Guarantee[];
  readonly waiters = new Set<Waiter>();
  readonly preference = new Preference(this);
  isWoken = false;

  constructor(party: object, number: number, limit: number | null, guarantees: readonly Guarantee[]) {
    super();
    this.party = party;
    this.number = number;
    this.limit = limit;
    this.guarantees = guarantees;
  }

  get isPreferred(): boolean {
    return this.preference.chain !== null;
  }
}

/** Turns with one limit. */
interface Row {
  readonly all: Chain<Turn>;
  readonly preferred: Chain<Preference>;
}

export class GateQueue {
  readonly #turns = new Map<object, Turn>();
  readonly #rows = new Map<number | null, Row>();
  #numbers = 0;
  #woken = 0;
  /** Preferred turns in a row while others waited. */
  #preferredInRow = 0;

  get isEmpty(): boolean {
    return this.#turns.size === 0;
  }

  /** Turns that wait. */
  get waiting(): number {
    return this.#turns.size - this.#woken;
  }

  /** Places that are kept for others than this party. */
  wokenBeside(party: object | null): number {
    if (this.#woken === 0 || party === null) return this.#woken;
    return this.#turns.get(party)?.isWoken === true ? this.#woken - 1 : this.#woken;
  }

  wokenTurn(party: object): Turn | null {
    const turn = this.#woken === 0 ? undefined : this.#turns.get(party);
    return turn?.isWoken === true ? turn : null;
  }

  isNext(party: object): boolean {
    return this.#turns.size === 0 || this.#turns.get(party)?.isWoken === true;
  }

  /** Takes the last place, or the one that the party has (GQ1). */
  join(waiter: Waiter, limit: number | null, guarantees: readonly Guarantee[]): Turn {
    let turn = this.#turns.get(waiter.party);
    if (turn === undefined) {
      turn = new Turn(waiter.party, ++this.#numbers, limit, guarantees);
      this.#turns.set(waiter.party, turn);
      this.#rowOf(turn).all.push(turn);
    } else if (turn.isWoken) {
      turn.isWoken = false;
      this.#woken--;
      insert(this.#rowOf(turn).all, turn);
    }
    turn.waiters.add(waiter);
    return turn;
  }

  prefer(turn: Turn): void {
    if (!turn.isPreferred && !turn.isWoken) this.#rowOf(turn).preferred.push(turn.preference);
  }

  demote(turn: Turn): void {
    this.#rowOf(turn).preferred.remove(turn.preference);
  }

  /** The turn that comes next of those for whom there is room. */
  next(hasRoom: (limit: number | null) => boolean): Turn | null {
    let next: Turn | null = null;
    for (const [limit, row] of this.#rows) {
      if (limit === null ? this.#woken > 0 : !hasRoom(limit)) continue; // GQ3
      const turn = this.#firstOf(row);
      if (turn !== null && (next === null || isBefore(turn, next))) next = turn;
    }
    return next;
  }

  #firstOf({ preferred, all }: Row): Turn | null {
    const preferredFirst = preferred.first?.turn ?? null;
    return this.#preferredInRow >= PREFERRED_MAX ? all.first : (preferredFirst ?? all.first); // GQ4
  }

  wake(turn: Turn): void {
    this.#preferredInRow = turn.isPreferred ? this.#preferredInRow + 1 : 0;
    this.#leaveRow(turn);
    turn.isWoken = true;
    this.#woken++;
  }

  /** The turn was used, or is given up. */
  end(turn: Turn): void {
    if (this.#turns.get(turn.party) !== turn) return;
    this.#turns.delete(turn.party);
    if (turn.isWoken) this.#woken--;
    else this.#leaveRow(turn);
  }

  /** Who waits, in the order in which they go. */
  *waiters(): IterableIterator<Waiter> {
    for (const { preferred } of this.#rows.values()) for (const { turn } of preferred) yield* turn.waiters;
    for (const { all } of this.#rows.values()) for (const turn of all) if (!turn.isPreferred) yield* turn.waiters;
  }

  /** Ends all turns; returns who waited, in order, then who was woken. */
  clear(): Waiter[] {
    const waiters = new Set(this.waiters());
    for (const turn of this.#turns.values()) for (const waiter of turn.waiters) waiters.add(waiter);
    this.#turns.clear();
    this.#rows.clear();
    this.#woken = 0;
    return [...waiters];
  }

  #rowOf({ limit }: Turn): Row {
    let row = this.#rows.get(limit);
    if (row === undefined) {
      row = { all: new Chain(), preferred: new Chain() };
      this.#rows.set(limit, row);
    }
    return row;
  }

  #leaveRow(turn: Turn): void {
    const row = this.#rows.get(turn.limit)!;
    row.preferred.remove(turn.preference);
    row.all.remove(turn);
    if (row.all.size === 0) this.#rows.delete(turn.limit);
  }
}

/** GQ4. */
const PREFERRED_MAX = 16;

function isBefore(turn: Turn, other: Turn): boolean {
  return turn.isPreferred === other.isPreferred ? turn.number < other.number : turn.isPreferred;
}

/** By its number; who comes back was among the first, so the walk is short. */
function insert(chain: Chain<Turn>, turn: Turn): void {
  let next = chain.first;
  while (next !== null && next.number < turn.number) next = next.after;
  chain.insertBefore(turn, next);
}
