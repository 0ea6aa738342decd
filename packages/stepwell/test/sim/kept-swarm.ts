/** Worlds in which what has ended is deleted while others go on: any world, or one of flow control, with retention beside it. */
import { drawFlowSwarm } from "./flow-swarm.ts";
import { Seeded } from "./seeded.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";

export interface RetentionSwarm {
  /** Null: only by size. */
  readonly keepMs: number | null;
  /** Above it what ended first goes early; null: never. Each run counts for a thousand, each event for a hundred. */
  readonly sizeBytesMax: number | null;
  /** What one transaction deletes at most. */
  readonly rowsPerCallMax: number;
}

/** Beyond this nothing sleeps: each minute has a round of retention. */
const SLEEP_MS_MAX = 1_800_000;

export function drawKeptSwarm(seed: number, hasFlow: boolean): Swarm {
  const random = new Seeded(seed, "kept swarm");
  const base = hasFlow ? drawFlowSwarm(seed) : drawSwarm(seed);
  const keepMs = random.chance(0.85) ? random.pick([60_000, 60_000, 180_000, 600_000]) : null;
  return {
    ...base,
    // Ages go by the wall, and so would the checks.
    clockJumps: 0,
    sleepMsMax: Math.min(base.sleepMsMax, SLEEP_MS_MAX),
    safetyMs: random.pick([200_000, 900_000]),
    events: base.events + random.int(2, 8),
    // The models of flow control know of neither.
    reruns: hasFlow ? 0 : base.reruns + random.pick([0, 2]),
    resumes: hasFlow ? 0 : base.resumes + random.pick([0, 2]),
    retention: {
      keepMs,
      sizeBytesMax: keepMs === null || random.chance(0.25) ? random.pick([2_000, 6_000]) : null,
      rowsPerCallMax: random.pick([1, 1, 3, 1_000]),
    },
  };
}
