/**
 * Which names are waited for, and by what path: all that is kept in memory of waits (E6). An event on a name that nobody
 * waits for costs one look into a map.
 *
 *   WN1. A name is here as long as a wait on it is armed. One too many costs a look into the store; one too few would lose
 *        an event, so counts follow every entry.
 *   WN2. Signals have a name for each run that waits: they are counted as one, and who waits for which is asked of the store.
 *   WN3. So many names of events are known by name; further ones are counted by hash (wait-crowd.ts). Where a name stands does not
 *        change while one of its entries is left, so that each is taken away from where it was put.
 */
import type { Wait, WaitKind } from "../run/run.ts";
import { WaitCrowd } from "./wait-crowd.ts";

/** Names that are known by name: some megabytes of them. */
const NAMES_MAX = 50_000;

/** Cancel rules are found by events, like the waits of steps. */
export type WaitTopic = "event" | "signal";

const topicOf = (kind: WaitKind): WaitTopic => (kind === "signal" ? "signal" : "event");

/** Names one index entry. */
export interface WaitPlace {
  readonly kind: WaitKind;
  readonly name: string;
  readonly path: string;
}

export class WaitNames {
  /** Of events, by name: how many entries each path has. A number alone is that of the path "". */
  readonly #counts = new Map<string, number | Map<string, number>>();
  /** Of names beyond those. */
  readonly #crowd = new WaitCrowd();
  readonly #namesMax: number;
  #signals = 0;

  constructor(namesMax = NAMES_MAX) {
    this.#namesMax = namesMax;
  }

  add({ kind, name, path }: WaitPlace, count = 1): void {
    if (kind === "signal") {
      this.#signals += count; // WN2
      return;
    }
    const known = this.#counts.get(name);
    if (known === undefined && (this.#counts.size >= this.#namesMax || this.#crowd.has(name)))
      this.#crowd.add(name, path, count); // WN3
    else if (known === undefined) this.#counts.set(name, path === "" ? count : new Map([[path, count]]));
    else if (typeof known !== "number") known.set(path, (known.get(path) ?? 0) + count);
    else if (path === "") this.#counts.set(name, known + count);
    else this.#counts.set(name, new Map([["", known]]).set(path, count));
  }

  remove({ kind, name, path }: WaitPlace): void {
    if (kind === "signal") {
      this.#signals = Math.max(0, this.#signals - 1);
      return;
    }
    const known = this.#counts.get(name);
    if (known === undefined) {
      this.#crowd.remove(name, path);
      return;
    }
    if (typeof known === "number") {
      if (path !== "") return;
      if (known > 1) this.#counts.set(name, known - 1);
      else this.#counts.delete(name);
      return;
    }
    const count = (known.get(path) ?? 1) - 1;
    if (count > 0) known.set(path, count);
    else if (known.delete(path) && known.size === 0) this.#counts.delete(name);
  }

  /** The paths by which events of a name are waited for; none when nobody waits. */
  pathsOf(name: string): readonly string[] {
    const known = this.#counts.get(name);
    if (known === undefined) return this.#crowd.pathsOf(name);
    return typeof known === "number" ? [""] : [...known.keys()];
  }

  /** Events of this name are waited for, or may be. */
  has(name: string): boolean {
    return this.#counts.has(name) || this.#crowd.has(name);
  }

  /** Some signal is waited for. */
  get hasSignals(): boolean {
    return this.#signals > 0;
  }

  /** Every name and path that is known by name, in one text, with its count, and signals as one; for invariants. */
  *entries(): Generator<readonly [place: string, count: number]> {
    for (const [name, known] of this.#counts) {
      if (typeof known === "number") yield [`event ${name} `, known];
      else for (const [path, count] of known) yield [`event ${name} ${path}`, count];
    }
    if (this.#signals > 0) yield [SIGNALS, this.#signals];
  }

  /** How many names; more than are known by name when there are others. */
  get size(): number {
    const known = this.#crowd.isEmpty ? this.#counts.size : Math.max(this.#counts.size, this.#namesMax) + 1;
    return known + (this.#signals > 0 ? 1 : 0);
  }
}

/** What all signals are counted as. */
export const SIGNALS = "signals";

/** The name under which runs with an entry are remembered until a load can show it (facts.ts). */
export function waitSet(topic: WaitTopic, name: string, path: string, value: string): string {
  return `${topic} ${name}\n${path}\n${value}`;
}

export const waitSetOf = (wait: Wait): string => waitSet(topicOf(wait.kind), wait.name, wait.path, wait.value);
