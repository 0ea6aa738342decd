/**
 * Gates: limits with their holders. A job passes all its gates at once or none; what waits at a gate is woken when the
 * gate has room again, and nothing else is (E8).
 *
 *   GA1. A gate never has more holders than its limit, whatever the limit was before. A limit that is lowered takes no
 *        place away; it lets nobody in until enough have left.
 *   GA2. Places are taken together: a job that would find one of its gates full takes none.
 *   GA3. A freed place wakes who waited longest at that gate, once, and is kept for it until it has tried: newcomers line up
 *        behind. Who is woken and does not take the place passes it on.
 *   GA4. Every place has a holder with a name: whoever waits can be told whom it waits for.
 *
 * Nothing here is stored. Calls in flight are not stored either (E3); places of whole runs are taken again when a
 * process begins (core.ts).
 */
import type { Instant } from "../instant.ts";

/** What waits at a gate: a lane of ready jobs (schedule/ready-queue.ts). */
export interface Waiter {
  /** The gate has room, as far as it knows. */
  wake(): void;
}

export interface Gate {
  readonly name: string;
  readonly holders: ReadonlyMap<string, Instant>;
}

/** A limit as it is now. */
export interface GateSpec {
  readonly name: string;
  readonly limit: number;
  /** Who takes the place: a call, or a run. */
  readonly holder: string;
}

class OpenGate implements Gate {
  readonly name: string;
  limit: number;
  readonly holders = new Map<string, Instant>();
  readonly waiters = new Set<Waiter>();
  /** Waiters that are below what they are guaranteed: they go first. */
  readonly preferred = new Set<Waiter>();

  constructor(name: string, limit: number) {
    this.name = name;
    this.limit = limit;
  }

  /** Waiters that were woken and have not tried yet: their places are spoken for. */
  readonly woken = new Set<Waiter>();

  /** Places for somebody who is not among the woken, or who is. */
  roomFor(waiter: Waiter | null): number {
    const spokenFor = waiter !== null && this.woken.has(waiter) ? this.woken.size - 1 : this.woken.size;
    return this.limit - this.holders.size - spokenFor;
  }
}

export class Gates {
  readonly #gates = new Map<string, OpenGate>();
  /** By holder: the gates in which it has a place. */
  readonly #places = new Map<string, OpenGate[]>();
  /** Where a waiter waits, and which gate let it try again. */
  readonly #waitsAt = new Map<Waiter, OpenGate>();
  readonly #wokenBy = new Map<Waiter, OpenGate>();

  /**
   * Takes a place in every gate (GA2). Returns the first gate that is full, or null. The gates come from narrow to wide,
   * so that the one that is told is the narrowest reason.
   */
  enter(specs: readonly GateSpec[], now: Instant, waiter: Waiter | null): GateSpec | null {
    for (const spec of specs) {
      const { name, limit, holder } = spec;
      const gate = this.#gates.get(name);
      if (gate !== undefined) gate.limit = limit;
      const isFull = gate === undefined ? limit <= 0 : gate.roomFor(waiter) <= 0 && !gate.holders.has(holder);
      if (isFull) return spec; // GA1
    }
    for (const spec of specs) this.hold(spec, now);
    return null;
  }

  /** Takes a place that is there: after `enter` found it, or for who had it before this process began. */
  hold({ name, limit, holder }: GateSpec, now: Instant): void {
    const gate = this.#gateOf(name, limit);
    if (gate.holders.has(holder)) return;
    gate.holders.set(holder, now);
    const places = this.#places.get(holder);
    if (places === undefined) this.#places.set(holder, [gate]);
    else places.push(gate);
  }

  /** The holder gives all its places back. */
  leave(holder: string): void {
    const places = this.#places.get(holder);
    if (places === undefined) return;
    this.#places.delete(holder);
    for (const gate of places) {
      gate.holders.delete(holder);
      this.#pass(gate);
    }
  }

  /** For gates that are no count of holders (a time, a pause): so many of the longest waiters try again. */
  open(name: string, places: number): void {
    const gate = this.#gates.get(name);
    if (gate !== undefined) this.#wakeUpTo(gate, places);
  }

  holds(holder: string): boolean {
    return this.#places.has(holder);
  }

  /** Waits until the gate has room. `isPreferred`: below what is guaranteed to it. */
  wait(waiter: Waiter, name: string, isPreferred: boolean): void {
    const gate = this.#gateOf(name, 0);
    (isPreferred ? gate.preferred : gate.waiters).add(waiter);
    this.#waitsAt.set(waiter, gate);
    this.settled(waiter); // GA3
  }

  /** The waiter tried and took its place, or has nothing left to try with. */
  settled(waiter: Waiter): void {
    const gate = this.#wokenBy.get(waiter);
    if (gate === undefined) return;
    this.#wokenBy.delete(waiter);
    gate.woken.delete(waiter);
    this.#pass(gate); // What it did not take goes on to the next.
  }

  /** The waiter is gone. */
  forget(waiter: Waiter): void {
    const gate = this.#waitsAt.get(waiter);
    this.#waitsAt.delete(waiter);
    gate?.waiters.delete(waiter);
    gate?.preferred.delete(waiter);
    if (gate !== undefined) this.#drop(gate);
    this.settled(waiter);
  }

  gate(name: string): (Gate & { readonly limit: number; readonly waiting: number }) | null {
    const gate = this.#gates.get(name);
    if (gate === undefined) return null;
    const waiting = gate.waiters.size + gate.preferred.size;
    return { name, limit: gate.limit, holders: gate.holders, waiting };
  }

  /** Who waits at a gate, in the order in which they go. */
  *waitersAt(name: string): IterableIterator<Waiter> {
    const gate = this.#gates.get(name);
    if (gate === undefined) return;
    yield* gate.preferred;
    yield* gate.waiters;
  }

  /** How many a gate holds; for what is guaranteed to a key. */
  count(name: string): number {
    return this.#gates.get(name)?.holders.size ?? 0;
  }

  get size(): number {
    return this.#gates.size;
  }

  names(): IterableIterator<string> {
    return this.#gates.keys();
  }

  /** As many of the longest waiters as there is room for try again (GA3). */
  #pass(gate: OpenGate): void {
    this.#wakeUpTo(gate, gate.roomFor(null));
    this.#drop(gate);
  }

  #wakeUpTo(gate: OpenGate, places: number): void {
    let room = places;
    for (const waiters of [gate.preferred, gate.waiters]) {
      for (const waiter of waiters) {
        if (room <= 0) return;
        room--;
        this.#wake(gate, waiter);
      }
    }
  }

  #wake(gate: OpenGate, waiter: Waiter): void {
    gate.waiters.delete(waiter);
    gate.preferred.delete(waiter);
    this.#waitsAt.delete(waiter);
    this.#wokenBy.set(waiter, gate);
    gate.woken.add(waiter);
    waiter.wake();
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
    if (gate.holders.size + gate.waiters.size + gate.preferred.size + gate.woken.size === 0)
      this.#gates.delete(gate.name);
  }
}
