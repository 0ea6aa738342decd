/** Deletes what has expired, a little at a time, so that no commit waits long for it. */
import type { Clock, EngineLog } from "../engine/ports.ts";
import { LIMITS } from "../protocol/limits.ts";
import { isFatalStoreError, type Store } from "../store/store.ts";

const INTERVAL_MS = 60_000;
/** A full portion means that there is more: the next one comes soon. */
const PORTION_ROWS = 1_000;
const NEXT_PORTION_MS = 100;

export interface Housekeeping {
  readonly clock: Clock;
  readonly store: Pick<Store, "expireFlow" | "expireRunStats" | "expireAudit">;
  /** Sessions, links and keys, where there are any. */
  readonly access?: { expire(): Promise<void> };
  readonly log: EngineLog;
}

/** Begins; returns how to stop. */
export function startHousekeeping({ clock, store, access, log }: Housekeeping): () => void {
  let isStopped = false;
  let cancel = () => {};
  const again = (delayMs: number) => {
    if (!isStopped) cancel = clock.at(clock.now() + delayMs, () => void portion());
  };
  const portion = async () => {
    try {
      const now = clock.now();
      const counts = await Promise.all([
        store.expireFlow(now, PORTION_ROWS),
        store.expireRunStats(now, PORTION_ROWS),
        store.expireAudit(now - LIMITS.auditMs, PORTION_ROWS),
      ]);
      await access?.expire();
      again(Math.max(...counts) < PORTION_ROWS ? INTERVAL_MS : NEXT_PORTION_MS);
    } catch (error) {
      // The engine meets the same store and decides what its failure means.
      if (!isStopped) log.warn("deleting what has expired failed", { error: String(error) });
      if (!isFatalStoreError(error)) again(INTERVAL_MS);
    }
  };
  again(INTERVAL_MS);
  return () => {
    isStopped = true;
    cancel();
  };
}
