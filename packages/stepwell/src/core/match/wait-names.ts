/**
 * Which names are waited for, and by what path: all that is kept in memory of waits (E6). An event on a name that nobody
 * waits for costs one look into a map.
 *
 *   WN1. A name is here as long as a wait on it is armed. One too many costs a look into the store; one too few would lose
 *        an event, so counts follow every entry.
 *   WN2. Signals have a name for each run that waits, and none has a path: such a name costs its text and a number.
 */
import type { Wait, WaitKind } from "../run/run.ts";

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
  /** By topic and name: how many entries each path has. A number alone is that of the path "". */
  readonly #counts = new Map<string, number | Map<string, number>>();

  add({ kind, name, path }: WaitPlace, count = 1): void {
    const key = keyOf(topicOf(kind), name);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, path === "" ? count : new Map([[path, count]]));
    else if (typeof known !== "number") known.set(path, (known.get(path) ?? 0) + count);
    else if (path === "") this.#counts.set(key, known + count);
    else this.#counts.set(key, new Map([["", known]]).set(path, count));
  }

  remove({ kind, name, path }: WaitPlace): void {
    const key = keyOf(topicOf(kind), name);
    const known = this.#counts.get(key);
    if (known === undefined) return;
    if (typeof known === "number") {
      if (path !== "") return;
      if (known > 1) this.#counts.set(key, known - 1);
      else this.#counts.delete(key);
      return;
    }
    const count = (known.get(path) ?? 1) - 1;
    if (count > 0) known.set(path, count);
    else if (known.delete(path) && known.size === 0) this.#counts.delete(key);
  }

  /** The paths by which a name is waited for; none when nobody waits. */
  pathsOf(topic: WaitTopic, name: string): readonly string[] {
    const known = this.#counts.get(keyOf(topic, name));
    if (known === undefined) return [];
    return typeof known === "number" ? [""] : [...known.keys()];
  }

  has(topic: WaitTopic, name: string): boolean {
    return this.#counts.has(keyOf(topic, name));
  }

  /** Every topic, name and path, in one text, with its count; for invariants. */
  *entries(): Generator<readonly [place: string, count: number]> {
    for (const [key, known] of this.#counts) {
      if (typeof known === "number") yield [`${key} `, known];
      else for (const [path, count] of known) yield [`${key} ${path}`, count];
    }
  }

  get size(): number {
    return this.#counts.size;
  }
}

const keyOf = (topic: WaitTopic, name: string) => `${topic} ${name}`;

/** The name under which runs with an entry are remembered until a load can show it (facts.ts). */
export function waitSet(topic: WaitTopic, name: string, path: string, value: string): string {
  return `${keyOf(topic, name)}\n${path}\n${value}`;
}

export const waitSetOf = (wait: Wait): string => waitSet(topicOf(wait.kind), wait.name, wait.path, wait.value);
