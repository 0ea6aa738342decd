/**
 * What retention asks of a store: to find what has ended, and to delete it a little at a time.
 *
 *   PR1. Only what nothing open needs goes: a run goes once it has ended, has no jobs and no waits, and its parent is
 *        not open; an event once no run that is stored has it and no message is about it.
 *   PR2. A run goes in one transaction as far as anybody can see. What a long run leaves behind (its steps and attempts) goes
 *        in later ones; a note of it is stored with the first, so a crash in between leaves nothing for ever.
 *   PR3. A call ends soon after `budgetMs`: it stops between two rows. It deletes at least one thing when there is one.
 *   PR4. From the moment of the call, `loadRuns` finds none of the runs that it is about: nobody takes up a run that is going
 *        away. Those that the engine holds at that moment stay: `heldOf` is asked once nobody can take up another one.
 */
import type { Instant } from "../core/instant.ts";

export type PruneTask =
  /** These runs. */
  | { readonly kind: "runs"; readonly ids: readonly string[] }
  /** Events that were received before, with their decisions; `after` is where the last call stopped. */
  | { readonly kind: "events"; readonly before: Instant; readonly after: string | null }
  /** What long runs left behind. */
  | { readonly kind: "leftovers" }
  /** Large values that nothing refers to; `after` is where the last call stopped. */
  | { readonly kind: "blobs"; readonly after: string | null }
  /** Lines that came in before and whose run is not there; `after` is where the last call stopped. */
  | { readonly kind: "logs"; readonly before: Instant; readonly after: string | null }
  /** Operations that have ended and were begun before. */
  | { readonly kind: "operations"; readonly before: Instant };

export interface PruneResult {
  /** Of runs: which went. Of events too, where that costs nothing. */
  readonly ids?: readonly string[];
  /** Runs, events, rows or values, whatever the task is about. */
  readonly deleted: number;
  /** Where to go on (of runs: the first that was not looked at); null when the task is done. */
  readonly next: string | null;
}

/** A run by when it ended. */
export interface EndedRun {
  readonly id: string;
  readonly endedAt: Instant;
}

export interface EndedRunsQuery {
  /** In the order in which runs ended, behind this one; null from the first. */
  readonly after: EndedRun | null;
  readonly endedBefore: Instant;
  readonly limit: number;
}

/** Which of these runs somebody works with. */
export type HeldOf = (ids: readonly string[]) => Promise<readonly string[]>;

export interface RetentionStore {
  /** Runs that ended before, the earliest first. */
  endedRuns(query: EndedRunsQuery): Promise<EndedRun[]>;
  /** PR1 to PR4. */
  prune(task: PruneTask, budgetMs: number, heldOf?: HeldOf): Promise<PruneResult>;
  /** Bytes in use; free pages of a file, which are used again, do not count. */
  sizeBytes(): Promise<number>;
  /** What somebody set, as JSON; null: nothing. */
  loadPolicy(): Promise<string | null>;
  savePolicy(json: string): Promise<void>;
}

/** How long a run that went is not found by a load that began before (PR4): loads take far less. */
const LINGER_MS = 10_000;

/** Runs that are being deleted, and those that were a moment ago (PR4). */
export class Pruning {
  /** When they may be forgotten. */
  readonly #ids = new Map<string, number>();
  readonly #now: () => number;

  /** `now` is a clock of the process, in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** These are about to go; those that are going already are left out. */
  begin(ids: readonly string[]): string[] {
    const now = this.#now();
    for (const [id, until] of this.#ids) {
      if (until > now) break; // Those behind it went later, or are going.
      this.#ids.delete(id);
    }
    const own = ids.filter((id) => !this.#ids.has(id));
    for (const id of own) this.#ids.set(id, Number.POSITIVE_INFINITY);
    return own;
  }

  /** Those that stay are found again at once. */
  end(ids: readonly string[], gone: readonly string[]): void {
    for (const id of ids) this.#ids.delete(id);
    for (const id of gone) this.#ids.set(id, this.#now() + LINGER_MS);
  }

  without<Run extends { readonly id: string }>(runs: Run[]): Run[] {
    return this.#ids.size === 0 ? runs : runs.filter((run) => !this.#ids.has(run.id));
  }
}
