/**
 * Lanes of a function that has more of them than memory may hold: each is brought in for a visit, tried, and left to the store
 * again, or takes the place of a lane that has had a turn.
 *
 *   LV1. A lane that may go is visited: when it appears, when the gate where it was left may have room (gates.ts, GA7), and
 *        again after a visit that did not end at a gate. One after the other, in the order in which they asked.
 *   LV2. A lane that finds a gate full takes the place of one that had a turn since it came into memory, so that those in
 *        memory do not keep the turns to themselves; where none had one, it waits at its gate by its name.
 *   LV3. There are no more visits asked for than `VISITS_MAX`; beyond that all lanes of the function are visited in a round.
 *   LV4. A visit waits until what was left of its lane is stored (lane-heads.ts, LH2).
 */
import type { Lane } from "./ready-queue.ts";

/** Visitors at once, of all functions. */
const VISITORS_MAX = 100;
const VISITS_MAX = 50_000;

export class LaneVisits {
  /** Visits asked for: ids of lanes, and the batch that has to be stored first. */
  readonly #asked = new Map<string, number>();
  readonly #visitors = new Set<Lane>();
  /** Lanes with more to do that had a turn, by function and phase. */
  readonly #served = new Map<string, Set<Lane>>();

  get isEmpty(): boolean {
    return this.#asked.size + this.#visitors.size === 0;
  }

  get room(): number {
    return VISITORS_MAX - this.#visitors.size;
  }

  /** True while a visit waits for what is not stored. */
  waitsFor(storedBatch: number): boolean {
    for (const batch of this.#asked.values()) return batch > storedBatch;
    return false;
  }

  /** False: too many are asked for (LV3). */
  ask(id: string, batch: number): boolean {
    if (this.#asked.size >= VISITS_MAX && !this.#asked.has(id)) return false;
    this.#asked.set(id, batch);
    return true;
  }

  /** The next lane to bring in; null when there is none, or no room. */
  next(storedBatch: number): string | null {
    if (this.room <= 0) return null;
    for (const [id, batch] of this.#asked) {
      if (batch > storedBatch) return null; // LV4
      this.#asked.delete(id);
      return id;
    }
    return null;
  }

  came(lane: Lane): void {
    lane.isVisitor = true;
    this.#visitors.add(lane);
  }

  /** It stays, or is gone. */
  left(lane: Lane): void {
    lane.isVisitor = false;
    this.#visitors.delete(lane);
  }

  visitors(): Lane[] {
    return [...this.#visitors];
  }

  /** A job of the lane was let go, and it has more. */
  served(lane: Lane): void {
    lane.wasServed = true;
    if (lane.isVisitor) return;
    const phase = phaseOf(lane);
    const lanes = this.#served.get(phase);
    if (lanes === undefined) this.#served.set(phase, new Set([lane]));
    else lanes.add(lane);
  }

  /** A lane that had a turn and makes room for this one; null when there is none (LV2). */
  takeServed(visitor: Lane, mayLeave: (lane: Lane) => boolean): Lane | null {
    const lanes = this.#served.get(phaseOf(visitor));
    for (const lane of lanes ?? []) {
      lanes!.delete(lane);
      if (mayLeave(lane)) return lane;
    }
    return null;
  }

  /** All of the function's lanes are in memory. */
  forget(functionId: string): void {
    for (const isStart of [true, false]) this.#served.delete(phaseOf({ functionId, isStart }));
  }
}

const phaseOf = ({ functionId, isStart }: { readonly functionId: string; readonly isStart: boolean }): string =>
  `${functionId} ${isStart}`;
