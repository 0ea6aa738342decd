/**
 * The rows of access in memory, as they are stored.
 *
 *   BK1. One change at a time: what one decides is still true when it is stored.
 *   BK2. Memory follows the store: a change counts once it is stored, and not before (E1). Reading never waits.
 */
import {
  ACCESS_KEYS,
  type AccessChange,
  type AccessRows,
  type AccessStore,
  type AccessTable,
  type AccessTables,
} from "../../store/access.ts";

type Tables = { readonly [Table in AccessTable]: Map<string, AccessTables[Table]> };

export interface Decision<Result> {
  readonly changes: readonly AccessChange[];
  readonly result: Result;
}

export class AccessBook {
  readonly #store: Pick<AccessStore, "saveAccess">;
  readonly #tables: Tables;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<AccessStore, "saveAccess">, rows: AccessRows) {
    this.#store = store;
    const byKey = <Row extends object>(table: readonly Row[], key: keyof Row) =>
      new Map(table.map((row) => [String(row[key]), row]));
    this.#tables = {
      users: byKey(rows.users, "id"),
      links: byKey(rows.links, "hash"),
      sessions: byKey(rows.sessions, "hash"),
      tokens: byKey(rows.tokens, "id"),
      eventKeys: byKey(rows.eventKeys, "id"),
    };
  }

  get tables(): { readonly [Table in AccessTable]: ReadonlyMap<string, AccessTables[Table]> } {
    return this.#tables;
  }

  /** Stores what is decided; `decide` runs when its turn has come, and may throw. */
  update<Result>(decide: () => Decision<Result>): Promise<Result> {
    const turn = this.#last.then(async () => {
      const { changes, result } = decide();
      if (changes.length === 0) return result;
      await this.#store.saveAccess(changes); // BK1
      for (const change of changes) this.#apply(change); // BK2
      return result;
    });
    this.#last = turn.catch(() => {}); // Whoever asked is told; the next one begins anyway.
    return turn;
  }

  #apply(change: AccessChange): void {
    if ("delete" in change) this.#tables[change.delete].delete(change.key);
    else if (change.put !== "audit") {
      const key = (change.row as unknown as Readonly<Record<string, string>>)[ACCESS_KEYS[change.put]]!;
      (this.#tables[change.put] as Map<string, object>).set(key, change.row);
    }
  }
}
