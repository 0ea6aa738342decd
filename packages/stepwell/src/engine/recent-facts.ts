/**
 * Facts that were decided a moment ago and that a load may not show yet: event ids, idempotency keys, runs that began to
 * wait, messages that were acted on.
 *
 *   RF1. A fact stays here until its batch is stored and every load that began before that has arrived. So whoever
 *        asks the store and this set misses nothing.
 */
interface BatchEntry {
  readonly batch: number;
  readonly keys: string[];
  readonly members: [set: string, member: string][];
}

export class RecentFacts {
  readonly #facts = new Map<string, { readonly value: string; batch: number }>();
  readonly #sets = new Map<string, Map<string, number>>();
  readonly #byBatch: BatchEntry[] = [];
  readonly #loads = new Map<number, number>();
  #storedBatch = -1;
  #loadCount = 0;

  get(key: string): string | undefined {
    return this.#facts.get(key)?.value;
  }

  /** A fact was decided in a batch; batches come in order. */
  add(batch: number, key: string, value: string): void {
    this.#facts.set(key, { value, batch });
    this.#entryOf(batch).keys.push(key);
  }

  /** What joined a set lately. */
  members(set: string): Iterable<string> {
    return this.#sets.get(set)?.keys() ?? [];
  }

  join(batch: number, set: string, member: string): void {
    const members = this.#sets.get(set);
    if (members === undefined) this.#sets.set(set, new Map([[member, batch]]));
    else members.set(member, batch);
    this.#entryOf(batch).members.push([set, member]);
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

  #entryOf(batch: number): BatchEntry {
    const last = this.#byBatch.at(-1);
    if (last?.batch === batch) return last;
    const entry: BatchEntry = { batch, keys: [], members: [] };
    this.#byBatch.push(entry);
    return entry;
  }

  #prune(): void {
    // Loads end nearly in the order in which they begin, so the first is the oldest.
    const oldest = this.#loads.values().next().value ?? this.#storedBatch;
    const until = Math.min(oldest, this.#storedBatch);
    while (this.#byBatch.length > 0 && this.#byBatch[0]!.batch <= until) {
      const { keys, members } = this.#byBatch.shift()!;
      for (const key of keys) {
        const fact = this.#facts.get(key);
        if (fact !== undefined && fact.batch <= until) this.#facts.delete(key);
      }
      for (const [set, member] of members) this.#leave(set, member, until);
    }
  }

  #leave(set: string, member: string, until: number): void {
    const members = this.#sets.get(set);
    if (members === undefined || (members.get(member) ?? 0) > until) return;
    members.delete(member);
    if (members.size === 0) this.#sets.delete(set);
  }
}
