/**
 * Which names are waited for, and by what path: all that is kept in memory of waits (E6). An event on a name that nobody
 * waits for costs one look into a map.
 *
 *   WN1. A name is here as long as a wait on it is armed. One too many costs a look into the store; one too few would lose
 *        an event, so counts follow every entry.
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
  readonly #paths = new Map<string, Map<string, number>>();

  add({ kind, name, path }: WaitPlace, count = 1): void {
    const key = keyOf(topicOf(kind), name);
    const paths = this.#paths.get(key);
    if (paths === undefined) this.#paths.set(key, new Map([[path, count]]));
    else paths.set(path, (paths.get(path) ?? 0) + count);
  }

  remove({ kind, name, path }: WaitPlace): void {
    const key = keyOf(topicOf(kind), name);
    const paths = this.#paths.get(key);
    const count = (paths?.get(path) ?? 1) - 1;
    if (count > 0) paths!.set(path, count);
    else if (paths?.delete(path) === true && paths.size === 0) this.#paths.delete(key);
  }

  /** The paths by which a name is waited for; none when nobody waits. */
  pathsOf(topic: WaitTopic, name: string): readonly string[] {
    const paths = this.#paths.get(keyOf(topic, name));
    return paths === undefined ? [] : [...paths.keys()];
  }

  has(topic: WaitTopic, name: string): boolean {
    return this.#paths.has(keyOf(topic, name));
  }

  /** Every topic, name and path, in one text, with its count; for invariants. */
  *entries(): Generator<readonly [place: string, count: number]> {
    for (const [key, paths] of this.#paths) for (const [path, count] of paths) yield [`${key} ${path}`, count];
  }

  get size(): number {
    return this.#paths.size;
  }
}

const keyOf = (topic: WaitTopic, name: string) => `${topic} ${name}`;

/** The name under which runs with an entry are remembered until a load can show it (facts.ts). */
export function waitSet(topic: WaitTopic, name: string, path: string, value: string): string {
  return `${keyOf(topic, name)}\n${path}\n${value}`;
}

export const waitSetOf = (wait: Wait): string => waitSet(topicOf(wait.kind), wait.name, wait.path, wait.value);
