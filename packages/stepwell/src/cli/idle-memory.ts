/**
 * Memory at a peak and after it. By itself V8 lets a heap grow to several times of what is in use before it collects: a server
 * under load held 415 MB where it holds 340 now, and 500 while it worked off a million runs where it holds 340, for about a
 * twelfth of its processor time. And V8 keeps the pages of a heap that has grown, used or not: after a burst of 50,000 events
 * 240 MB stay committed of which 30 are in use. A server that has come to rest gives them back, once.
 *
 *   IM1. Only at rest: no call is out, no command waits, and nothing was committed for some seconds. What is ready all the
 *        same is held by a limit or a pause. The collection stops the process for a tenth of a second or two, and work that
 *        begins after it is a tenth dearer until the heap has grown again: a pause between two bursts is no rest.
 *   IM2. Only when it is worth it: at the first rest, for what the start left behind, a quarter of the heap; later when much is
 *        unused. Without the collector's hook nothing happens, in a little more memory.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { EngineStats } from "../engine/options.ts";

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

const LOOK_MS = 1_000;
/** Looks in a row at which nothing moved: after the start, and after work. */
const START_LOOKS = 2;
const REST_LOOKS = 5;
const WORTH_BYTES = 64 * 1024 * 1024;

export interface Resting {
  readonly stats: () => Pick<EngineStats, "calls" | "waitingCommands" | "commits">;
  readonly unusedBytes: () => number;
  readonly collect: () => void;
}

/** Looks once; returns true when it gave memory back. Exported for its test. */
export function createTrim({ stats, unusedBytes, collect }: Resting): () => boolean {
  let commits = -1;
  let quiet = 0;
  let isFirst = true;
  return () => {
    const now = stats();
    const isAtRest = now.calls + now.waitingCommands === 0 && now.commits === commits;
    commits = now.commits;
    quiet = isAtRest ? quiet + 1 : 0;
    if (quiet < (isFirst ? START_LOOKS : REST_LOOKS)) return false; // IM1
    if (!isFirst && unusedBytes() < WORTH_BYTES) return false; // IM2
    isFirst = false;
    collect();
    quiet = 0;
    return true;
  };
}

/** The heap may double before it is collected. */
const GROWTH_PERCENT = 100;

/** Keeps the heap small for as long as the process lives, and begins to look for rest; returns how to stop that. */
export function trimMemoryAtRest(stats: Resting["stats"]): () => void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  let hook: Collect | null = null;
  const trim = createTrim({
    stats,
    unusedBytes: () => {
      const { heapTotal, heapUsed } = process.memoryUsage();
      return heapTotal - heapUsed;
    },
    collect: () => {
      hook ??= collectorHook();
      hook?.({ type: "major", execution: "sync", flavor: "last-resort" });
    },
  });
  const timer = setInterval(trim, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function collectorHook(): Collect | null {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("typeof gc === 'function' ? gc : null");
  return found as Collect | null;
}
