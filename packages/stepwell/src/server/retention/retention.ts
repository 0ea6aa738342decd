/**
 * Retention: deletes what has ended long ago, and, when the store grows too large, what has ended first.
 *
 *   RE1. A little at a time: each transaction is short, and the pause after it is several times as long as it was, so that
 *        commits hardly wait.
 *   RE2. Nothing open is touched (PR1), and nothing that the engine holds (PR4). A crash in the middle leaves work for the next
 *        time, never half a run that anybody could see (PR2).
 *   RE3. It never fails the server: what goes wrong is told, and tried again later.
 */
import type { Clock, EngineLog } from "../../engine/ports.ts";
import type { EndedRun, HeldOf, PruneTask, RetentionStore } from "../../store/prune.ts";
import { isFatalStoreError } from "../../store/store.ts";
import { POLICY_DEFAULT, type RetentionPolicy, readPolicy } from "./policy.ts";

const INTERVAL_MS = 60_000;
/** The first look comes soon: nobody waits a minute to see that a setting works. */
const FIRST_MS = 5_000;
const BUDGET_MS = 10;
const PAUSE_MS_MIN = 20;
/** RE1. */
const PAUSE_FACTOR = 4;
/** Of a round that does not come to an end: more ends than goes, and catching up matters more. */
const PAUSE_FACTOR_LATE = 1;
const RUNS_PER_PAGE = 200;
/** A run that has just ended stays, however little room there is: somebody may be looking at it. */
const SIZE_AGE_MS_MIN = 60_000;
/** When it was too large, it is brought down to this part of the limit. */
const SIZE_TARGET = 0.95;
/** Walks through all values and all late lines, which find what a crash left: so often. */
const SWEEP_MS = 3_600_000;

export interface RetentionOptions {
  readonly store: RetentionStore;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly heldOf: HeldOf;
  /** What was given when the server was started: it holds, whatever is stored. */
  readonly fixed?: Partial<RetentionPolicy>;
}

type Kind = PruneTask["kind"];

export interface RetentionStats {
  readonly deleted: Readonly<Record<Kind, number>>;
  /** As it was last looked at; null when nobody has yet. */
  readonly sizeBytes: number | null;
}

export class Retention {
  readonly #options: RetentionOptions;
  #stored: RetentionPolicy | null = null;
  #cancel = () => {};
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();
  readonly #deleted: Record<Kind, number> = { runs: 0, events: 0, logs: 0, leftovers: 0, blobs: 0, operations: 0 };
  #sizeBytes: number | null = null;
  #sweptAt = 0;
  /** When the round under way began. */
  #beganAt = 0;
  #isTooLarge = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Reads what somebody set, and begins. The store must be open. */
  async start(): Promise<void> {
    const json = await this.#options.store.loadPolicy();
    this.#stored = json === null ? null : readPolicy(json);
    this.#again(FIRST_MS);
  }

  /** Resolves when the transaction under way, if any, has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#work;
  }

  get policy(): RetentionPolicy {
    return { ...POLICY_DEFAULT, ...this.#stored, ...this.#options.fixed };
  }

  /** Which parts of the policy were given at the start. */
  get fixed(): readonly (keyof RetentionPolicy)[] {
    return Object.keys(this.#options.fixed ?? {}) as (keyof RetentionPolicy)[];
  }

  get stats(): RetentionStats {
    return { deleted: { ...this.#deleted }, sizeBytes: this.#sizeBytes };
  }

  async set(policy: RetentionPolicy): Promise<void> {
    await this.#options.store.savePolicy(JSON.stringify(policy));
    this.#stored = policy;
  }

  /** One round, now. */
  async run(): Promise<void> {
    const now = this.#options.clock.now();
    this.#beganAt = now;
    const { keepMs, sizeBytesMax } = this.policy;
    if (keepMs !== null) {
      const before = now - keepMs;
      await this.#pruneRuns(before, async () => false);
      await this.#drain((after) => ({ kind: "events", before, after }));
      await this.#drain(() => ({ kind: "operations", before }));
    }
    await this.#drain(() => ({ kind: "leftovers" }));
    this.#sizeBytes = await this.#options.store.sizeBytes();
    if (sizeBytesMax !== null && this.#sizeBytes > sizeBytesMax) await this.#pruneToSize(sizeBytesMax, now);
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    await this.#drain((after) => ({ kind: "logs", before: now - SIZE_AGE_MS_MIN, after }));
    await this.#drain((after) => ({ kind: "blobs", after }));
  }

  async #pruneToSize(bytesMax: number, now: number): Promise<void> {
    const target = bytesMax * SIZE_TARGET;
    const isSmall = async () => {
      this.#sizeBytes = await this.#options.store.sizeBytes();
      return this.#sizeBytes <= target;
    };
    await this.#pruneRuns(now - SIZE_AGE_MS_MIN, isSmall, async ({ endedAt }) => {
      await this.#drain((after) => ({ kind: "events", before: endedAt, after }));
      await this.#drain(() => ({ kind: "leftovers" }));
    });
    let isTooLarge = !this.#isStopped && !(await isSmall());
    // What started nothing has no end to go by.
    for (let after: string | null = null; isTooLarge; isTooLarge = !(await isSmall())) {
      after = await this.#prune({ kind: "events", before: now - SIZE_AGE_MS_MIN, after });
      if (after === null) break;
    }
    isTooLarge &&= !this.#isStopped && !(await isSmall());
    if (isTooLarge && !this.#isTooLarge) {
      const details = { bytes: this.#sizeBytes, limit: bytesMax };
      this.#options.log.warn("the store is larger than its limit, and nothing more in it has ended", details);
    }
    this.#isTooLarge = isTooLarge;
  }

  /** The runs that ended before, the earliest first, until it is enough; `pageDone` follows each page. */
  async #pruneRuns(
    endedBefore: number,
    isEnough: () => Promise<boolean>,
    pageDone: (last: EndedRun) => Promise<void> = async () => {},
  ): Promise<void> {
    let after: EndedRun | null = null;
    while (!this.#isStopped) {
      const page: EndedRun[] = await this.#options.store.endedRuns({ after, endedBefore, limit: RUNS_PER_PAGE });
      after = page.at(-1) ?? null;
      let ids = page.map((run) => run.id);
      while (ids.length > 0 && !this.#isStopped) {
        const next = await this.#prune({ kind: "runs", ids });
        ids = next === null ? [] : ids.slice(ids.indexOf(next));
      }
      if (after === null) return;
      await pageDone(after);
      if ((await isEnough()) || page.length < RUNS_PER_PAGE) return;
    }
  }

  async #drain(taskAfter: (after: string | null) => PruneTask): Promise<void> {
    let after: string | null = null;
    do after = await this.#prune(taskAfter(after));
    while (after !== null && !this.#isStopped);
  }

  /** RE1. */
  async #prune(task: PruneTask): Promise<string | null> {
    if (this.#isStopped) return null;
    const { store, clock, heldOf } = this.#options;
    const began = clock.now();
    const { deleted, next } = await store.prune(task, BUDGET_MS, heldOf);
    this.#deleted[task.kind] += deleted;
    if (deleted > 0 || next !== null) {
      const isLate = clock.now() - this.#beganAt > INTERVAL_MS;
      const tookMs = Math.max(clock.now() - began, 0);
      const pauseMs = isLate ? tookMs * PAUSE_FACTOR_LATE : Math.max(PAUSE_MS_MIN, tookMs * PAUSE_FACTOR);
      await new Promise<void>((resolve) => {
        const cancel = clock.at(clock.now() + pauseMs, resolve);
        this.#cancel = () => {
          cancel();
          resolve();
        };
      });
    }
    return next;
  }

  #again(delayMs: number): void {
    if (this.#isStopped) return;
    const { clock, log } = this.#options;
    this.#cancel = clock.at(clock.now() + delayMs, () => {
      this.#work = this.run().then(
        () => this.#again(INTERVAL_MS),
        (error: unknown) => {
          // RE3. The engine meets the same store and decides what its failure means.
          if (!this.#isStopped) log.warn("deleting what has ended failed", { error: String(error) });
          if (!isFatalStoreError(error)) this.#again(INTERVAL_MS);
        },
      );
    });
  }
}
