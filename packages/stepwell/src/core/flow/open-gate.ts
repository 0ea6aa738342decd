/**
 * One gate: who holds it, the turns of those that wait, and of those that were woken and have not tried yet.
 *
 *   OG1. A party has one turn at a gate. It keeps its number until it is used, also when its party came too early.
 *   OG2. Turns go in the order of their numbers, those that are preferred before the others. Turns with different limits
 *        stand in rows of their own, so that one that has no room yet holds up nobody with a higher limit.
 *   OG3. Where nothing is counted (limit null) one turn is woken at a time: nobody knows for how many there is room.
 *   OG4. After 16 preferred turns in a row the longest waiting of all goes, so what is guaranteed to some starves nobody.
 *
 * There are as many gates as keys, and most have one holder and one party that waits: so a gate is small until more come.
 */
import { Chain, Chained } from "../schedule/chain.ts";
import { Holders } from "./holders.ts";

/** Waiters that have one turn together: a place that is kept for one of them any of them may take. */
export interface Party {
  /** How many places had changed hands when it gave way last (GA6); before that -1. */
  gaveWayAt: number;
  /** Where it has turns; one or two gates. Replaced, never changed: an array that grows takes room for many more. */
  turns: readonly Turn[];
}

/** What waits at a gate: a lane of ready jobs (schedule/ready-queue.ts). */
export interface Waiter {
  readonly party: Party;
  /** For which it waits, or was woken. */
  turn: Turn | null;
  /** The gate has room, as far as it knows. */
  wake(): void;
}

/** While fewer than `count` hold this gate, whoever wants a place there goes first at the other gates. */
export interface Guarantee {
  readonly gate: string;
  readonly count: number;
}

/** A turn's place among those that are preferred; it keeps the one among all. */
class Preference extends Chained {
  readonly turn: Turn;

  constructor(turn: Turn) {
    super();
    this.turn = turn;
  }
}

export class Turn extends Chained {
  readonly gate: OpenGate;
  readonly party: Party;
  readonly number: number;
  readonly limit: number | null;
  readonly guarantees: readonly Guarantee[];
  /** One or two. */
  readonly waiters: Waiter[];
  preference: Preference | null = null;
  isWoken = false;

  constructor(gate: OpenGate, waiter: Waiter, number: number, limit: number | null, guarantees: readonly Guarantee[]) {
    super();
    this.gate = gate;
    this.party = waiter.party;
    this.number = number;
    this.limit = limit;
    this.guarantees = guarantees;
    this.waiters = [waiter];
  }
}

export const NO_TURNS: readonly Turn[] = [];

/** Turns with one limit. */
interface Row {
  readonly limit: number | null;
  readonly all: Chain<Turn>;
  /** Null before any. */
  preferred: Chain<Preference> | null;
}

/** Nobody waits; never added to. */
const NO_ROWS: Row[] = [];

/** OG4. */
const PREFERRED_MAX = 16;

export class OpenGate {
  readonly name: string;
  limit: number;
  readonly holders = new Holders();
  #rows: Row[] = NO_ROWS;
  /** Lanes that waited here and were left to the store, by their ids, in the order in which they were (gates.ts, GA7). */
  parked: Set<string> | null = null;
  /** The highest of their limits; null where nothing is counted. */
  parkedLimit: number | null = null;
  #woken: Chain<Turn> | null = null;
  #waiting = 0;
  #numbers = 0;
  /** Preferred turns in a row while others waited. */
  #preferredInRow = 0;

  constructor(name: string, limit: number) {
    this.name = name;
    this.limit = limit;
  }

  /** Nobody holds it, nobody waits. */
  get isIdle(): boolean {
    return this.holders.size === 0 && this.isFree && this.parked === null;
  }

  /** Nobody waits, nor was woken. */
  get isFree(): boolean {
    return this.#waiting + this.#wokenCount === 0;
  }

  /** Turns that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Places that nobody has and that are kept for nobody else. */
  roomFor(limit: number, party: Party | null): number {
    return limit - this.holders.size - this.#wokenBeside(party);
  }

  get #wokenCount(): number {
    return this.#woken === null ? 0 : this.#woken.size;
  }

  #wokenBeside(party: Party | null): number {
    const size = this.#wokenCount;
    return size === 0 || party === null || this.turnOf(party)?.isWoken !== true ? size : size - 1;
  }

  turnOf(party: Party): Turn | null {
    for (const turn of party.turns) if (turn.gate === this) return turn;
    return null;
  }

  wokenTurn(party: Party): Turn | null {
    const turn = this.#woken === null ? null : this.turnOf(party);
    return turn?.isWoken === true ? turn : null;
  }

  isNext(party: Party): boolean {
    return this.isFree || this.turnOf(party)?.isWoken === true;
  }

  /** Takes the last place, or the one that the party has (OG1). */
  join(waiter: Waiter, limit: number | null, guarantees: readonly Guarantee[]): Turn {
    let turn = this.turnOf(waiter.party);
    if (turn === null) {
      turn = new Turn(this, waiter, ++this.#numbers, limit, guarantees);
      waiter.party.turns = [...waiter.party.turns, turn];
      this.#rowOf(limit).all.push(turn);
      this.#waiting++;
    } else if (turn.isWoken) {
      turn.isWoken = false;
      this.#woken?.remove(turn);
      insert(this.#rowOf(turn.limit).all, turn);
      this.#waiting++;
    }
    if (!turn.waiters.includes(waiter)) turn.waiters.push(waiter);
    return turn;
  }

  prefer(turn: Turn): void {
    if (turn.preference !== null || turn.isWoken) return;
    turn.preference = new Preference(turn);
    const row = this.#rowOf(turn.limit);
    row.preferred ??= new Chain();
    row.preferred.push(turn.preference);
  }

  demote(turn: Turn): void {
    if (turn.preference === null) return;
    this.#rowOf(turn.limit).preferred?.remove(turn.preference);
    turn.preference = null;
  }

  /** The turn that comes next of those for whom there is room. */
  next(hasRoom: (limit: number | null) => boolean): Turn | null {
    let next: Turn | null = null;
    for (const row of this.#rows) {
      if (row.limit === null ? this.#wokenCount > 0 : !hasRoom(row.limit)) continue; // OG3
      const turn = this.#firstOf(row);
      if (turn !== null && (next === null || isBefore(turn, next))) next = turn;
    }
    return next;
  }

  #firstOf({ preferred, all }: Row): Turn | null {
    const preferredFirst = preferred?.first?.turn ?? null;
    return this.#preferredInRow >= PREFERRED_MAX ? all.first : (preferredFirst ?? all.first); // OG4
  }

  wake(turn: Turn): void {
    this.#preferredInRow = turn.preference === null ? 0 : this.#preferredInRow + 1;
    this.#leaveRow(turn);
    turn.isWoken = true;
    this.#woken ??= new Chain();
    this.#woken.push(turn);
  }

  /** The turn was used, or is given up. */
  end(turn: Turn): void {
    const { party } = turn;
    if (!party.turns.includes(turn)) return;
    party.turns = party.turns.length === 1 ? NO_TURNS : party.turns.filter((other) => other !== turn);
    if (!turn.isWoken) this.#leaveRow(turn);
    else this.#woken?.remove(turn);
  }

  /** Who waits, in the order in which they go. */
  *waiters(): IterableIterator<Waiter> {
    for (const { preferred } of this.#rows) for (const { turn } of preferred ?? []) yield* turn.waiters;
    for (const { all } of this.#rows) for (const turn of all) if (turn.preference === null) yield* turn.waiters;
  }

  /** Ends all turns; returns who waited, in order, then who was woken. */
  clear(): Waiter[] {
    const waiters = [...this.waiters()];
    const turns = new Set<Turn>();
    for (const { all } of this.#rows) for (const turn of all) turns.add(turn);
    for (const turn of this.#woken ?? []) {
      turns.add(turn);
      waiters.push(...turn.waiters);
    }
    for (const turn of turns) this.end(turn);
    return waiters;
  }

  #rowOf(limit: number | null): Row {
    for (const row of this.#rows) if (row.limit === limit) return row;
    const row: Row = { limit, all: new Chain(), preferred: null };
    if (this.#rows === NO_ROWS) this.#rows = [row];
    else this.#rows.push(row);
    return row;
  }

  #leaveRow(turn: Turn): void {
    this.demote(turn);
    const row = this.#rowOf(turn.limit);
    row.all.remove(turn);
    this.#waiting--;
    if (row.all.size > 0) return;
    if (this.#rows.length === 1) this.#rows = NO_ROWS;
    else this.#rows.splice(this.#rows.indexOf(row), 1);
  }
}

function isBefore(turn: Turn, other: Turn): boolean {
  const isPreferred = turn.preference !== null;
  return isPreferred === (other.preference !== null) ? turn.number < other.number : isPreferred;
}

/** By its number; who comes back was among the first, so the walk is short. */
function insert(chain: Chain<Turn>, turn: Turn): void {
  let next = chain.first;
  while (next !== null && next.number < turn.number) next = next.after;
  chain.insertBefore(turn, next);
}
