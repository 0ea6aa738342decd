/**
 * How many jobs there are of each kind. Nothing keeps these counts, and there may be millions of jobs: they are counted a
 * stretch at a time, and a count that is not through when its time is over goes on where it was with the next question.
 *
 *   JC1. A question costs a limited time, however many jobs there are. Few are counted at once, and then the answer is exact.
 *   JC2. Until the first count is through, the answer is what it has found so far, and says that there are more; after that it
 *        is the last count that was through, as old as the one under way.
 */
import type { DatabaseSync } from "node:sqlite";
import type { JobCount } from "../../core/explain/explain-queue.ts";
import type { JobKind } from "../../core/run/run.ts";
import type { Budget } from "./walk.ts";

const STRETCH = 5_000;

interface Place {
  readonly runId: string;
  readonly slot: string;
}

interface KindCount {
  readonly kind: JobKind;
  readonly count: number;
  readonly due: number;
}

const FIRST: Place = { runId: "", slot: "" };

export class JobCounts {
  #place = FIRST;
  #counts = new Map<JobKind, KindCount>();
  #last: readonly KindCount[] | null = null;

  count(db: DatabaseSync, now: number, budget: Budget): JobCount[] {
    for (;;) {
      const end = endOf(db, this.#place);
      for (const found of countsWithin(db, this.#place, end, now)) this.#add(found);
      if (end === null) {
        this.#last = [...this.#counts.values()].sort((left, right) => (left.kind < right.kind ? -1 : 1));
        this.#place = FIRST;
        this.#counts = new Map();
        break;
      }
      this.#place = end;
      if (budget.isOver()) break; // JC1
    }
    const isMore = this.#last === null;
    return (this.#last ?? [...this.#counts.values()]).map((one) => ({ ...one, isMore })); // JC2
  }

  #add({ kind, count, due }: KindCount): void {
    const known = this.#counts.get(kind);
    this.#counts.set(kind, { kind, count: (known?.count ?? 0) + count, due: (known?.due ?? 0) + due });
  }
}

function endOf(db: DatabaseSync, { runId, slot }: Place): Place | null {
  const sql = `SELECT run_id AS runId, slot FROM jobs WHERE (run_id, slot) > (?, ?) ORDER BY run_id, slot LIMIT 1 OFFSET ?`;
  return (db.prepare(sql).get(runId, slot, STRETCH - 1) as unknown as Place | undefined) ?? null;
}

function countsWithin(db: DatabaseSync, from: Place, end: Place | null, now: number): KindCount[] {
  const until = end === null ? "" : "AND (run_id, slot) <= (?, ?)";
  const sql = `SELECT kind, count(*) AS count, sum(due_at <= ?) AS due FROM jobs WHERE (run_id, slot) > (?, ?) ${until} GROUP BY kind`;
  const values = [now, from.runId, from.slot, ...(end === null ? [] : [end.runId, end.slot])];
  return db.prepare(sql).all(...values) as unknown as KindCount[];
}
