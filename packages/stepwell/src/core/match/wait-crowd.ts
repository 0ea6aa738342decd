/**
 * Names that events are waited for by, and their paths, counted by hash: bounded memory for however many names there are.
 *
 *   WC1. What was added is there until it is removed. What never was may seem to be there: that costs whoever asks a look into
 *        the store, and nothing else.
 *   WC2. Paths come from the code of functions: they are few, and known by name.
 */

/** A power of two; 16 MB in all, once there is a crowd. With a million names one of three that nobody waits for seems to be there. */
const BUCKETS = 2 ** 21;

export class WaitCrowd {
  /** Entries by the hash of their name, and by that of their name and path. */
  #names: Uint32Array | null = null;
  #places: Uint32Array | null = null;
  readonly #paths = new Map<string, number>();
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(name: string, path: string, count: number): void {
    this.#names ??= new Uint32Array(BUCKETS);
    this.#places ??= new Uint32Array(BUCKETS);
    this.#names[bucketOf(name)]! += count;
    this.#places[placeOf(name, path)]! += count;
    this.#paths.set(path, (this.#paths.get(path) ?? 0) + count);
    this.#count += count;
  }

  remove(name: string, path: string): void {
    if (!this.#hasPlace(name, path)) return;
    this.#names![bucketOf(name)]! -= 1;
    this.#places![placeOf(name, path)]! -= 1;
    const left = (this.#paths.get(path) ?? 1) - 1;
    if (left > 0) this.#paths.set(path, left);
    else this.#paths.delete(path);
    this.#count--;
  }

  has(name: string): boolean {
    return this.#count > 0 && this.#names![bucketOf(name)]! > 0;
  }

  pathsOf(name: string): readonly string[] {
    return this.has(name) ? [...this.#paths.keys()].filter((path) => this.#hasPlace(name, path)) : [];
  }

  #hasPlace(name: string, path: string): boolean {
    return this.has(name) && this.#places![placeOf(name, path)]! > 0;
  }
}

const bucketOf = (name: string): number => hashOf(name, FNV_OFFSET) & (BUCKETS - 1);
const placeOf = (name: string, path: string): number =>
  hashOf(path, Math.imul(hashOf(name, FNV_OFFSET) ^ 0x2f, FNV_PRIME)) & (BUCKETS - 1);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over the text's code units, from a state on. */
function hashOf(text: string, from: number): number {
  let hash = from;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return (hash ^ (hash >>> 15)) >>> 0;
}
