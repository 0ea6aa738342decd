/**
 * Gates: limits with their holders. A job passes all its gates at once or none; what waits at a gate is woken when the
 * gate has room again, and nothing else is (E8).
 *
 *   GA1. Nobody enters a gate that has as many holders as his limit, whatever it was before. A limit that is lowered takes
 *        no place away. Functions that share a gate may have different limits at it; each goes by its own.
 *   GA2. Places are taken together: a job that would find one of its gates full takes none.
 *   GA3. A freed place wakes who waited longest at that gate, once, and is kept for it until it has tried: newcomers line up
 *        behind. Who is woken and does not take the place passes it on; who finds the same gate full keeps its turn.
 *   GA4. Every place has a holder with a name: whoever waits can be told whom it waits for.
 *   GA5. Where somebody waits, somebody will wake him: a holder, a woken waiter that has not tried yet, or, at a gate that
 *        counts nobody (a throttle, an app), whoever opens it.
 *   GA6. Who has given way to a turn of another gives way no more before a place has changed hands: parties with turns at
 *        each other's gates would pass them on in a circle for ever.
 *
 *   GA7. Lanes that memory has no room for wait here by their names alone. One is freed for every turn that is woken here, so
 *        that they are not passed by, and all of them when there is room and nobody waits in memory: whoever is freed
 *        is tried again (schedule/lane-visits.ts). Beyond `PARKED_MAX` names only their functions are known.
 *
 * Nothing here is stored. Calls in flight are not stored either (E3); places of whole runs are taken again when a
 * process begins (core.ts).
 */
import type { Instant } from "../instant.ts";
import type { Holders } from "./holders.ts";
import { type Guarantee, OpenGate, type Party, type Turn, type Waiter } from "./open-gate.ts";

export interface Gate {
  readonly name: string;
  readonly holders: Pick<Holders, "size" | typeof Symbol.iterator>;
}

/** A limit as it is now. */
export interface GateSpec {
  readonly name: string;
  readonly limit: number;
  /** Who takes the place: a call, or a run. */
  readonly holder: string;
}

/** Where somebody cannot go on. */
export interface Blocked {
  readonly gate: string;
  /** How many may hold the gate, for whoever waits; null for a gate that counts nobody and is opened from outside. */
  readonly limit: number | null;
  readonly guarantees: readonly Guarantee[];
}

/** GA7. */
const PARKED_MAX = 100_000;
const NOBODY: readonly string[] = [];

export class Gates {
  readonly #gates = new Map<string, OpenGate>();
  /** By holder: the gates in which it has a place. */
  readonly #places = new Map<string, OpenGate[]>();
  /** Turns that wait and go first as soon as fewer hold the gate of this name. */
  readonly #guaranteed = new Map<string, Set<Turn>>();
  /** Places that have changed hands (GA6). */
  #moves = 0;
  #parkedCount = 0;
  /** Names that have been freed (GA7). */
  #freed: string[] = [];

  /**
   * Takes a place in every gate (GA2). Returns the first gate that is full, or null. The gates come from narrow to wide,
   * so that the one that is told is the narrowest reason.
   */
  enter(specs: readonly GateSpec[], now: Instant, waiter: Waiter | null): GateSpec | null {
    const party = waiter?.party ?? null;
    for (const spec of specs) {
      const { name, limit, holder } = spec;
      const gate = this.#gates.get(name);
      if (gate !== undefined) gate.limit = limit;
      const isFull = gate === undefined ? limit <= 0 : gate.holders.size >= limit && !gate.holders.has(holder);
      if (isFull) return spec; // GA1
      if (gate !== undefined && gate.roomFor(limit, party) <= 0 && !gate.holders.has(holder) && this.#givesWay(party))
        return spec;
    }
    for (const spec of specs) {
      this.hold(spec, now);
      if (party !== null) this.#useTurn(this.#gates.get(spec.name)!, party);
    }
    return null;
  }

  /** Takes a place that is there: after `enter` found it, or for who had it before this process began. */
  hold({ name, limit, holder }: GateSpec, now: Instant): void {
    const gate = this.#gateOf(name, limit);
    if (gate.holders.has(holder)) return;
    gate.holders.add(holder, now);
    this.#moves++;
    const places = this.#places.get(holder);
    if (places === undefined) this.#places.set(holder, [gate]);
    else places.push(gate);
  }

  /** The holder gives all its places back. */
  leave(holder: string): void {
    const places = this.#places.get(holder);
    if (places === undefined) return;
    this.#places.delete(holder);
    this.#moves++;
    for (const gate of places) gate.holders.delete(holder);
    for (const gate of places) this.#promote(gate);
    for (const gate of places) this.#pass(gate);
  }

  /** For gates that are no count of holders: who waited longest tries again, and as long as one gets through, the next. */
  open(name: string): void {
    const gate = this.#gates.get(name);
    this.#moves++;
    if (gate !== undefined) this.#pass(gate);
  }

  /** At a gate that counts nobody: true when nobody else waits there, or the turn has come. */
  isNext(name: string, waiter: Waiter): boolean {
    const gate = this.#gates.get(name);
    return gate === undefined || gate.isNext(waiter.party) || !this.#givesWay(waiter.party);
  }

  /** GA6. */
  #givesWay(party: Party | null): boolean {
    if (party === null) return true;
    if (party.gaveWayAt === this.#moves) return false;
    party.gaveWayAt = this.#moves;
    return true;
  }

  /** It waits, and is left to the store; it waits on by its name, or by that of all like it. False: it waits nowhere. */
  park(waiter: Waiter, name: string, nameOfAll: string): boolean {
    const { turn } = waiter;
    if (turn === null || turn.isWoken) return false;
    const { gate, limit } = turn;
    gate.parked ??= new Set();
    const known = this.#parkedCount < PARKED_MAX ? name : nameOfAll;
    if (!gate.parked.has(known)) this.#parkedCount++;
    gate.parked.add(known);
    gate.parkedLimit = limit === null ? null : Math.max(limit, gate.parkedLimit ?? 0);
    this.#giveUp(waiter, turn); // Nothing was kept for it, so there is nothing to pass on.
    return true;
  }

  /** Who is to be tried again, in order (GA7). */
  takeFreed(): readonly string[] {
    if (this.#freed.length === 0) return NOBODY;
    const freed = this.#freed;
    this.#freed = [];
    return freed;
  }

  get hasFreed(): boolean {
    return this.#freed.length > 0;
  }

  /** Somebody has a place somewhere. */
  get hasHolders(): boolean {
    return this.#places.size > 0;
  }

  holds(holder: string): boolean {
    return this.#places.has(holder);
  }

  /** Waits until the gate has room. */
  wait(waiter: Waiter, { gate: name, limit, guarantees }: Blocked): void {
    const gate = this.#gateOf(name, limit ?? 0);
    if (waiter.turn !== null && waiter.turn.gate !== gate) this.settled(waiter); // GA3
    const turn = gate.join(waiter, limit, guarantees);
    waiter.turn = turn;
    if (this.#isBelow(turn)) this.#prefer(turn);
    else this.#watch(turn);
    // What was kept for who came back may do for somebody with a higher limit.
    if (limit !== null) this.#pass(gate);
  }

  /** The waiter went on, or has nothing left to go on with: what was kept for it and not taken goes to the next (GA3). */
  settled(waiter: Waiter): void {
    const { turn } = waiter;
    if (turn === null) return;
    if (this.#giveUp(waiter, turn)) this.#pass(turn.gate);
  }

  /** True when nobody of the party waits any more. */
  #giveUp(waiter: Waiter, turn: Turn): boolean {
    waiter.turn = null;
    turn.waiters.splice(turn.waiters.indexOf(waiter), 1);
    if (turn.waiters.length > 0) return false;
    turn.gate.end(turn);
    this.#unwatch(turn);
    return true;
  }

  /** At a gate that counts nobody: somebody of the party went through, so the turn for which it was woken is used. */
  passed(name: string, party: Party): void {
    const gate = this.#gates.get(name);
    if (gate !== undefined) this.#useTurn(gate, party);
  }

  /** Everybody tries again, in the order of the gates and of the turns at each. */
  retry(): void {
    this.#moves++;
    const waiters: Waiter[] = [];
    for (const gate of this.#gates.values()) {
      this.#free(gate, gate.parked?.size ?? 0);
      waiters.push(...gate.clear());
      this.#drop(gate);
    }
    this.#guaranteed.clear();
    for (const waiter of waiters) waiter.turn = null;
    for (const waiter of waiters) waiter.wake();
  }

  gate(name: string): (Gate & { readonly limit: number; readonly waiting: number }) | null {
    const gate = this.#gates.get(name);
    if (gate === undefined) return null;
    return { name, limit: gate.limit, holders: gate.holders, waiting: gate.waiting };
  }

  /** Who waits at a gate, in the order in which they go. */
  waitersAt(name: string): Iterable<Waiter> {
    return this.#gates.get(name)?.waiters() ?? [];
  }

  /** How many hold a gate. */
  count(name: string): number {
    return this.#gates.get(name)?.holders.size ?? 0;
  }

  get size(): number {
    return this.#gates.size;
  }

  names(): IterableIterator<string> {
    return this.#gates.keys();
  }

  /** A turn of the party at the gate is over, if it was woken, and who else of the party waited for it tries again by himself. */
  #useTurn(gate: OpenGate, party: Party): void {
    const turn = gate.wokenTurn(party);
    if (turn === null) return;
    for (const waiter of turn.waiters) waiter.turn = null;
    gate.end(turn);
    this.#pass(gate); // Should it have had its place all along.
  }

  /** As many of the longest waiters as there is room for try again (GA3). */
  #pass(gate: OpenGate): void {
    let woken = 0;
    while (gate.waiting > 0) {
      const turn = gate.next((limit) => limit === null || gate.roomFor(limit, null) > 0);
      if (turn === null) break;
      if (turn.preference !== null && !this.#isBelow(turn)) {
        gate.demote(turn);
        this.#watch(turn);
        continue;
      }
      gate.wake(turn);
      woken++;
      this.#unwatch(turn);
      for (const waiter of [...turn.waiters]) waiter.wake();
    }
    if (gate.parked !== null) {
      const hasRoom = gate.parkedLimit === null ? gate.isFree : gate.roomFor(gate.parkedLimit, null) > 0;
      this.#free(gate, hasRoom ? gate.parked.size : woken);
    }
    this.#drop(gate);
  }

  /** GA7. */
  #free(gate: OpenGate, count: number): void {
    const { parked } = gate;
    if (parked === null) return;
    for (const name of parked) {
      if (count-- <= 0) break;
      parked.delete(name);
      this.#parkedCount--;
      this.#freed.push(name);
    }
    if (parked.size > 0) return;
    gate.parked = null;
    gate.parkedLimit = null;
  }

  #isBelow({ guarantees }: Turn): boolean {
    return guarantees.some(({ gate, count }) => this.count(gate) < count);
  }

  /** Fewer hold this gate: somebody for whom that is less than he is guaranteed goes first where he waits. */
  #promote(gate: OpenGate): void {
    const [next] = this.#guaranteed.get(gate.name) ?? [];
    if (next !== undefined && this.#isBelow(next)) this.#prefer(next);
  }

  #prefer(turn: Turn): void {
    this.#unwatch(turn);
    turn.gate.prefer(turn);
  }

  #watch(turn: Turn): void {
    for (const guarantee of turn.guarantees) {
      const turns = this.#guaranteed.get(guarantee.gate);
      if (turns === undefined) this.#guaranteed.set(guarantee.gate, new Set([turn]));
      else turns.add(turn);
    }
  }

  #unwatch(turn: Turn): void {
    for (const guarantee of turn.guarantees) {
      const turns = this.#guaranteed.get(guarantee.gate);
      if (turns?.delete(turn) === true && turns.size === 0) this.#guaranteed.delete(guarantee.gate);
    }
  }

  #gateOf(name: string, limit: number): OpenGate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const gate = new OpenGate(name, limit);
    this.#gates.set(name, gate);
    return gate;
  }

  /** A gate that nobody holds and nobody waits at is forgotten: keys come and go (E6). */
  #drop(gate: OpenGate): void {
    if (gate.isIdle) this.#gates.delete(gate.name);
  }
}
