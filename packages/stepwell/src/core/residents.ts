/**
 * The runs in memory: a cache of the store (E2).
 *
 *   R1. A run that is not here has no change that is not stored. So what is loaded is the truth.
 *   R2. A run leaves only when its last change is stored, no command pins it and nothing of it is being executed.
 *   R3. A run that is wanted is asked for once, however many actions wait for it; each action runs once.
 *   R4. A run that collects events is needed for each of them: of those that have many, the last few stay.
 */
import { hasCallInFlight, isEnded, MAIN_SLOT, type Run } from "./run/run.ts";

/** Runs that stay because they collect, and from how many events on: fewer are loaded as fast as they are kept. */
const COLLECTING_MAX = 16;
const COLLECTED_MIN = 8;

export class Residents {
  /** At most this many runs stay between two of their jobs. */
  readonly #runsMax: number;
  readonly #runs = new Map<string, Run>();
  /** Runs that must stay until a command that waits for others is applied; how many such commands. */
  readonly #pins = new Map<string, number>();
  /** What to do with runs once they are loaded. */
  readonly #whenLoaded = new Map<string, (() => void)[]>();
  readonly #wanted: string[] = [];
  /** Runs changed in the open batch, and in the batches that are being stored. */
  #changed = new Set<Run>();
  readonly #storing = new Map<number, Set<Run>>();
  /** Runs that stay because they collect events (R4), the one that was needed last at the end. */
  readonly #collecting = new Set<string>();

  constructor(runsMax: number) {
    this.#runsMax = runsMax;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** How many runs are asked for and not yet here. */
  get loading(): number {
    return this.#whenLoaded.size;
  }

  get(runId: string): Run | undefined {
    return this.#runs.get(runId);
  }

  has(runId: string): boolean {
    return this.#runs.has(runId);
  }

  isLoading(runId: string): boolean {
    return this.#whenLoaded.has(runId);
  }

  values(): IterableIterator<Run> {
    return this.#runs.values();
  }

  /** A run that begins its life here. */
  add(run: Run): void {
    this.#runs.set(run.id, run);
    this.#changed.add(run);
  }

  /** The run belongs to the open batch. */
  change(run: Run): void {
    this.#changed.add(run);
  }

  /** Does the action as soon as the run is loaded, or known not to exist. */
  want(runId: string, action: () => void): void {
    const actions = this.#whenLoaded.get(runId);
    if (actions !== undefined) actions.push(action);
    else {
      this.#whenLoaded.set(runId, [action]);
      this.#wanted.push(runId);
    }
  }

  /** Runs to load; each is named once. */
  takeWanted(): string[] {
    return this.#wanted.splice(0);
  }

  /** Runs arrived from the store; `ids` are all that were asked for, so the missing ones do not exist. */
  adopt(ids: readonly string[], runs: readonly Run[]): void {
    for (const run of runs) if (!this.#runs.has(run.id)) this.#runs.set(run.id, run);
    for (const id of ids) {
      const actions = this.#whenLoaded.get(id) ?? [];
      this.#whenLoaded.delete(id);
      for (const action of actions) action();
    }
  }

  /** These runs stay, once they are here, until they are unpinned. */
  pin(ids: readonly string[]): void {
    for (const id of ids) this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1);
  }

  unpin(ids: readonly string[]): void {
    for (const id of ids) {
      const count = this.#pins.get(id)! - 1;
      if (count > 0) this.#pins.set(id, count);
      else this.#pins.delete(id);
    }
  }

  /** The open batch is handed over under a number. */
  closeBatch(number: number): void {
    this.#storing.set(number, this.#changed);
    this.#changed = new Set();
  }

  /** The batch is durable: what it changed may leave. */
  batchStored(number: number, isDue: (run: Run) => boolean): void {
    const changed = this.#storing.get(number);
    this.#storing.delete(number);
    for (const run of changed ?? []) this.#release(run, isDue);
  }

  /** Lets go of runs that were loaded for a command and did not change. */
  release(ids: readonly string[], isDue: (run: Run) => boolean): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run !== undefined) this.#release(run, isDue);
    }
  }

  #release(run: Run, isDue: (run: Run) => boolean, mayCollect = true): void {
    if (this.#changed.has(run) || this.#pins.has(run.id) || hasCallInFlight(run)) return; // R2
    for (const changed of this.#storing.values()) if (changed.has(run)) return;
    const hasRoom = !isEnded(run) && this.#runs.size <= this.#runsMax;
    if (hasRoom && isDue(run)) return;
    if (hasRoom && mayCollect && collectsMany(run)) this.#keepCollecting(run, isDue);
    else this.#runs.delete(run.id);
  }

  /** R4: the run stays in place of the one that was needed longest ago. */
  #keepCollecting(run: Run, isDue: (run: Run) => boolean): void {
    this.#collecting.delete(run.id);
    this.#collecting.add(run.id);
    if (this.#collecting.size <= COLLECTING_MAX) return;
    const [oldest] = this.#collecting;
    this.#collecting.delete(oldest!);
    const other = this.#runs.get(oldest!);
    if (other !== undefined) this.#release(other, isDue, false);
  }
}

function collectsMany(run: Run): boolean {
  return run.events.length >= COLLECTED_MIN && run.jobs.get(MAIN_SLOT)?.kind === "collect";
}
