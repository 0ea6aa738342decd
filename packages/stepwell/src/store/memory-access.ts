/** The rows of `access.ts` in memory. */
import type { Instant } from "../core/instant.ts";
import {
  ACCESS_KEYS,
  type AccessChange,
  type AccessRows,
  type AccessTable,
  type AccessTables,
  type AuditFilter,
  type AuditRow,
} from "./access.ts";
import { compareTexts } from "./records.ts";

type Row = AccessTables[AccessTable];

export class MemoryAccess {
  readonly #tables: { readonly [Table in AccessTable]: Map<string, Row> } = {
    users: new Map(),
    links: new Map(),
    sessions: new Map(),
    tokens: new Map(),
    eventKeys: new Map(),
  };
  readonly #audit = new Map<string, AuditRow>();

  save(changes: readonly AccessChange[]): void {
    for (const change of changes) {
      if ("delete" in change) this.#tables[change.delete].delete(change.key);
      else if (change.put === "audit") this.#audit.set(change.row.id, { ...change.row });
      else this.#tables[change.put].set(keyOf(change.put, change.row), { ...change.row });
    }
  }

  rows(): AccessRows {
    const entries = Object.entries(this.#tables).map(([table, rows]) => {
      const sorted = [...rows].sort(([left], [right]) => compareTexts(left, right));
      return [table, sorted.map(([, row]) => ({ ...row }))];
    });
    return Object.fromEntries(entries) as AccessRows;
  }

  listAudit({ action, actor, before, limit }: AuditFilter): AuditRow[] {
    const rows = [...this.#audit.values()].filter((row) => {
      if (action !== undefined && row.action !== action) return false;
      if (actor !== undefined && row.actor !== actor) return false;
      return before === undefined || row.id < before;
    });
    rows.sort((left, right) => compareTexts(right.id, left.id));
    return rows.slice(0, limit).map((row) => ({ ...row }));
  }

  expireAudit(until: Instant, limit: number): number {
    const old = [...this.#audit.values()].filter(({ at }) => at < until).slice(0, limit);
    for (const { id } of old) this.#audit.delete(id);
    return old.length;
  }
}

function keyOf(table: AccessTable, row: Row): string {
  return String((row as unknown as Readonly<Record<string, unknown>>)[ACCESS_KEYS[table]]);
}
