/**
 * A walk through rows from the newest id to the oldest, or the other way, along the indexes that lead a list, a stretch at a time.
 *
 * A list that names several statuses or functions has a leg for each; the walk gives what they have in common order. Where
 * no index answers a condition, a leg looks at a bounded stretch of entries and gives those that fit.
 *
 *   WK1. Ids come in the order of the walk, each once, and none is left out.
 *   WK2. A walk stops soon after its time is over, and says how far it came: everything up to that id has been looked at. Each
 *        leg has looked at one stretch by then, so the next page is always further.
 *   WK3. No statement looks at more than a stretch, so no list holds its thread for long whatever its filter.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ListOrder } from "../store.ts";
import { type Clause, clause, valuesOf, whereOf } from "./select.ts";
import { decodeText, encodeText } from "./text.ts";
import { all } from "./typed.ts";

export interface Leg {
  /** The table with the index that leads this leg. */
  readonly table: string;
  /** What the index answers. */
  readonly lead: readonly Clause[];
  /** What rows have to be looked at for. */
  readonly rest: readonly Clause[];
}

/** Ends a walk: in good time for whoever waits for the page. */
export interface Budget {
  isOver(): boolean;
}

export interface Stretch {
  readonly ids: readonly string[];
  /** Everything up to this id has been looked at; null when that is everything. */
  readonly reached: string | null;
}

/** How a walk goes: which of two ids is first, and how a statement says so. */
interface Way {
  isFirst(left: string, right: string): boolean;
  readonly beyond: string;
  readonly until: string;
  readonly inOrder: string;
}

const WAYS: Readonly<Record<ListOrder, Way>> = {
  newest: {
    isFirst: (left, right) => left > right,
    beyond: "id < ?",
    until: "id >= ?",
    inOrder: "ORDER BY id DESC",
  },
  oldest: {
    isFirst: (left, right) => left < right,
    beyond: "id > ?",
    until: "id <= ?",
    inOrder: "ORDER BY id",
  },
};

/** Entries that one statement looks at when it may find nothing: a few ms. */
const STRETCH_MIN = 250;
const STRETCH_MAX = 4_000;

export class Walk {
  readonly #legs: readonly LegWalk[];
  readonly #budget: Budget;
  readonly #way: Way;
  #last: string | null = null;

  constructor(
    db: DatabaseSync,
    legs: readonly Leg[],
    before: string | null,
    budget: Budget,
    order: ListOrder = "newest",
  ) {
    const from = before === null ? null : encodeText(before);
    const way = WAYS[order];
    this.#way = way;
    this.#legs = legs.map((leg) => new LegWalk(db, leg, from, way));
    this.#budget = budget;
  }

  /** The next ids: `count` of them, unless the end or the end of its time comes first. */
  take(count: number): Stretch {
    const ids: string[] = [];
    while (ids.length < count) {
      const behind = this.#behind();
      if (behind !== null) {
        const { hasLooked, reached } = behind;
        if (hasLooked && reached !== null && this.#budget.isOver()) return { ids, reached: decodeText(reached) }; // WK2
        behind.look(count);
        continue;
      }
      const id = this.#pop();
      if (id === null) return { ids, reached: null };
      if (id !== this.#last) ids.push(decodeText(id)); // WK1: two legs may lead to one run.
      this.#last = id;
    }
    return { ids, reached: ids.at(-1) ?? null };
  }

  /** A leg whose next id is not known although it may be the next of all. */
  #behind(): LegWalk | null {
    let best: LegWalk | null = null;
    for (const leg of this.#legs) {
      if (leg.head !== undefined || leg.hasEnded) continue;
      if (best === null || leg.isBefore(best)) best = leg;
    }
    if (best === null) return null;
    // Ids that other legs have found before everything this one can still give come first.
    const isBehind = !this.#legs.some(
      (leg) => leg.head !== undefined && best.reached !== null && this.#way.isFirst(leg.head, best.reached),
    );
    return isBehind ? best : null;
  }

  #pop(): string | null {
    let best: LegWalk | null = null;
    for (const leg of this.#legs) {
      if (leg.head !== undefined && (best === null || this.#way.isFirst(leg.head, best.head!))) best = leg;
    }
    return best?.pop() ?? null;
  }
}

class LegWalk {
  readonly #db: DatabaseSync;
  readonly #leg: Leg;
  #found: string[] = [];
  #next = 0;
  #stretch = STRETCH_MIN;
  /** Everything up to it has been looked at; null before the first look of a walk from its beginning. */
  reached: string | null;
  hasLooked = false;
  hasEnded = false;

  readonly #way: Way;

  constructor(db: DatabaseSync, leg: Leg, before: string | null, way: Way) {
    this.#db = db;
    this.#leg = leg;
    this.#way = way;
    this.reached = before;
  }

  get head(): string | undefined {
    return this.#found[this.#next];
  }

  pop(): string {
    return this.#found[this.#next++]!;
  }

  /** True when this one has the longer way to go. */
  isBefore(other: LegWalk): boolean {
    return other.reached !== null && (this.reached === null || this.#way.isFirst(this.reached, other.reached));
  }

  look(count: number): void {
    this.#next = 0;
    this.hasLooked = true;
    if (this.#leg.rest.length === 0) {
      const size = Math.min(count, STRETCH_MAX);
      this.#found = this.#ids(this.#ahead(), size);
      this.#settle(this.#found.length < size ? null : this.#found.at(-1)!);
      return;
    }
    const end = this.#ids(this.#ahead(), 1, this.#stretch - 1)[0] ?? null;
    const within = end === null ? [] : [clause(this.#way.until, end)];
    this.#found = this.#ids([...this.#ahead(), ...within, ...this.#leg.rest], this.#stretch);
    this.#stretch = Math.min(this.#stretch * 2, STRETCH_MAX);
    this.#settle(end);
  }

  #settle(reached: string | null): void {
    if (reached === null) this.hasEnded = true;
    else this.reached = reached;
  }

  #ahead(): Clause[] {
    return this.reached === null ? [...this.#leg.lead] : [...this.#leg.lead, clause(this.#way.beyond, this.reached)];
  }

  #ids(where: readonly Clause[], limit: number, offset = 0): string[] {
    const tail = clause(`${this.#way.inOrder} LIMIT ? OFFSET ?`, limit, offset);
    const statement = this.#db.prepare(`SELECT id FROM ${this.#leg.table} ${whereOf(where)} ${tail.sql}`);
    const rows = all<{ readonly id: string }>(statement, ...valuesOf([...where, tail]));
    return rows.map((row) => row.id);
  }
}
