/**
 * Turns many reasons to look again into few looks.
 *
 *   CO1. The first reason is followed at once; those that come meanwhile are followed by one more look.
 *   CO2. There is never more than one look under way, and the gap after a slow one is as long as it took: a server that
 *        is busy is asked less.
 */
export interface Coalesced {
  (): void;
  stop(): void;
}

export function coalesce(look: () => Promise<unknown> | undefined, gapMs: number): Coalesced {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isBusy = false;
  let isWanted = false;
  let isStopped = false;

  const run = async () => {
    timer = null;
    isBusy = true;
    isWanted = false;
    const startedAt = performance.now();
    try {
      await look();
    } catch {
      // Whoever shows the data shows its error.
    }
    isBusy = false;
    if (isStopped) return;
    timer = setTimeout(rest, Math.max(gapMs, performance.now() - startedAt)); // CO2
  };
  const rest = () => {
    timer = null;
    if (isWanted) void run();
  };
  const trigger = () => {
    if (isStopped) return;
    isWanted = true;
    if (!isBusy && timer === null) void run(); // CO1
  };
  return Object.assign(trigger, {
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  });
}
