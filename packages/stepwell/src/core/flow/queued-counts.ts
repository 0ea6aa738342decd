/** How many runs of each function wait for their first call: the backlog that its rule limits. */
export class QueuedCounts {
  readonly #counts: Map<string, number>;

  constructor(stored: readonly { readonly functionId: string; readonly count: number }[]) {
    this.#counts = new Map(stored.map(({ functionId, count }) => [functionId, count]));
  }

  readonly of = (functionId: string): number => this.#counts.get(functionId) ?? 0;

  add(functionId: string, by: 1 | -1): void {
    const count = this.of(functionId) + by;
    if (count > 0) this.#counts.set(functionId, count);
    else this.#counts.delete(functionId);
  }
}
