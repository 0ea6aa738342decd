/**
 * Facts that were decided a moment ago and that a load may not show yet: event ids and idempotency keys.
 *
 *   RF1. A fact stays here until its batch is stored and every load that began before that has arrived. So whoever
 *        asks the store and this set misses nothing.
 */
export class RecentFacts {
  readonly #facts = new Map<string, { readonly value: string; batch: number }>();
  readonly #byBatch: { readonly batch: number; readonly keys: string[] }[] = [];
  readonly #loads = new Map<number, number>();
  #storedBatch = -1;
  #loadCount = 0;

  get(key: string): string | undefined {
    return this.#facts.get(key)?.value;
  }

  /** A fact was decided in a batch; batches come in order. */
  add(batch: number, key: string, value: string): void {
    this.#facts.set(key, { value, batch });
    const last = this.#byBatch.at(-1);
    if (last?.batch === batch) last.keys.push(key);
    else this.#byBatch.push({ batch, keys: [key] });
  }

  stored(batch: number): void {
    this.#storedBatch = batch;
    this.#prune();
  }

  /** A load begins; call `loadEnded` with what this returns. */
  loadBegan(): number {
    const load = this.#loadCount++;
    this.#loads.set(load, this.#storedBatch);
    return load;
  }

  loadEnded(load: number): void {
    this.#loads.delete(load);
    this.#prune();
  }

  #prune(): void {
    // Loads end nearly in the order in which they begin, so the first is the oldest.
    const oldest = this.#loads.values().next().value ?? this.#storedBatch;
    const until = Math.min(oldest, this.#storedBatch);
    while (this.#byBatch.length > 0 && this.#byBatch[0]!.batch <= until) {
      for (const key of this.#byBatch.shift()!.keys) {
        const fact = this.#facts.get(key);
        if (fact !== undefined && fact.batch <= until) this.#facts.delete(key);
      }
    }
  }
}

export const eventFact = (id: string): string => `e ${id}`;
export const keyFact = (functionId: string, key: string): string => `k ${functionId} ${key}`;
