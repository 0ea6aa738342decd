/** The options of one seed: which faults it knows, how often they strike, and how large its world is (swarm testing). */
import type { EngineLimits } from "../../src/engine/options.ts";
import type { FlowSwarm } from "./flow-swarm.ts";
import type { RetentionSwarm } from "./kept-swarm.ts";
import { Seeded } from "./seeded.ts";

export interface Swarm {
  readonly commitMsMax: number;
  readonly commitFails: number;
  /** Stored, but the answer is an error. */
  readonly commitAnswerLost: number;
  readonly loadMsMax: number;
  readonly loadFails: number;
  readonly callMsMax: number;
  readonly requestLost: number;
  readonly replyLost: number;
  /** The answer is an error while the app still works on it. */
  readonly callTimesOut: number;
  readonly callDoubled: number;
  readonly appCrashes: number;
  readonly checkpointRefused: number;
  readonly checkpointAnswerLost: number;
  /** Checkpoints go to whatever server runs, as over HTTP, rather than to the one that called. */
  readonly checkpointsOverHttp: boolean;
  readonly bodyMsMax: number;
  readonly serverCrashes: number;
  readonly serverStops: number;
  readonly clockJumps: number;
  readonly clockJumpMsMax: number;
  readonly functions: number;
  readonly events: number;
  readonly eventsPerRequestMax: number;
  readonly producerIds: number;
  readonly cancels: number;
  readonly syncs: number;
  readonly crons: boolean;
  readonly cronPauses: number;
  readonly sleepMsMax: number;
  readonly safetyMs: number;
  /** Which kinds of steps programs may have beside bodies and sleeps. */
  readonly kinds: readonly ("send" | "wait" | "signal" | "sendSignal" | "invoke" | "fetch")[];
  readonly awaitedEvents: number;
  readonly signals: number;
  readonly invokes: number;
  readonly cancelRules: boolean;
  readonly runTimeouts: boolean;
  readonly pauses: number;
  readonly removals: number;
  readonly reruns: number;
  readonly resumes: number;
  /** A function that invokes itself. */
  readonly hasCycle: boolean;
  readonly limits: Partial<EngineLimits>;
  /** Worlds for flow control (flow-swarm.ts). */
  readonly flow: FlowSwarm | null;
  /** Worlds in which what has ended is deleted (kept-swarm.ts). */
  readonly retention: RetentionSwarm | null;
}

export function drawSwarm(seed: number): Swarm {
  const random = new Seeded(seed, "swarm");
  const often = (probability: number, values: readonly number[]) =>
    random.chance(probability) ? random.pick(values) : 0;
  const isSmall = random.chance(0.35);
  const horizonMs = random.pick([1_000, 60_000, 600_000]);
  const isCrowded = random.chance(0.3);
  const hasWaits = random.chance(0.55);
  const hasSignals = random.chance(0.35);
  const hasInvokes = random.chance(0.4);
  const hasFetches = random.chance(0.25);
  return {
    commitMsMax: random.pick([0, 2, 20, 500]),
    commitFails: often(0.4, [0.01, 0.05, 0.15]),
    commitAnswerLost: often(0.4, [0.01, 0.05, 0.15]),
    loadMsMax: random.pick([0, 2, 50, 800]),
    loadFails: often(0.3, [0.01, 0.05]),
    callMsMax: random.pick([0, 3, 50, 2_000]),
    requestLost: often(0.35, [0.02, 0.1]),
    replyLost: often(0.35, [0.02, 0.1]),
    callTimesOut: often(0.3, [0.02, 0.1]),
    callDoubled: often(0.3, [0.02, 0.1]),
    appCrashes: often(0.3, [0.02, 0.08]),
    checkpointRefused: often(0.3, [0.02, 0.1]),
    checkpointAnswerLost: often(0.3, [0.02, 0.1]),
    checkpointsOverHttp: random.chance(0.5),
    bodyMsMax: random.pick([0, 1, 20, 3_000, 30_000]),
    serverCrashes: often(0.5, [1, 2, 4]),
    serverStops: often(0.3, [1, 4]),
    clockJumps: often(0.3, [1, 3]),
    clockJumpMsMax: random.pick([1_000, 60_000, 3_600_000]),
    functions: random.int(1, isSmall ? 2 : 4),
    events: random.int(1, isSmall ? 3 : 10),
    eventsPerRequestMax: random.pick([1, 1, 3]),
    producerIds: often(0.4, [0.3, 0.8]),
    cancels: often(0.3, [1, 3]),
    syncs: often(0.3, [1, 2]),
    crons: random.chance(0.25),
    cronPauses: often(0.3, [1, 2, 4]),
    // Far timers cost a wake-up of the engine for every half horizon.
    sleepMsMax:
      horizonMs === 600_000 ? random.pick([1_000, 600_000, 5 * 86_400_000]) : horizonMs * random.pick([1, 20]),
    safetyMs: random.pick([2_000, 60_000, 900_000]),
    kinds: [
      ...(hasWaits ? (["wait", "wait"] as const) : []),
      ...(hasSignals ? (["signal", "signal", "sendSignal"] as const) : []),
      ...(hasInvokes ? (["invoke"] as const) : []),
      ...(hasFetches ? (["fetch"] as const) : []),
      ...(random.chance(0.6) ? (["send"] as const) : []),
    ],
    awaitedEvents: hasWaits ? random.int(1, 10) : 0,
    signals: hasSignals ? random.int(2, 12) : 0,
    invokes: hasInvokes ? random.int(0, 2) : 0,
    cancelRules: random.chance(0.3),
    runTimeouts: random.chance(0.25),
    pauses: often(0.25, [1, 2, 4]),
    removals: often(0.15, [1, 2]),
    reruns: often(0.25, [1, 3]),
    resumes: often(0.35, [2, 5]),
    hasCycle: hasInvokes && random.chance(0.08),
    limits: {
      callsMax: isCrowded ? random.int(1, 3) : 1_000,
      callsPerAppMax: isCrowded ? random.int(1, 4) : 1_000,
      residentRunsMax: random.pick([0, 1, 3, 10_000]),
      jobHintsMax: random.pick([4, 8, 200_000, 200_000]),
      jobHorizonMs: horizonMs,
      callsYoungMax: isCrowded ? random.pick([1, 2, 768]) : 768,
    },
    flow: null,
    retention: null,
  };
}
