/**
 * Worlds for flow control: many events in little time on functions with random rules, so that limits bite; the faults are
 * those of every world. Which rules a seed knows, and how large its numbers are, is drawn apart (swarm testing).
 */
import {
  type ConcurrencyRule,
  type FlowConfig,
  type FlowScope,
  NO_FLOW,
  type RateLimitRule,
} from "../../src/protocol/flow.ts";
import { BATCH_CONDITIONS, LIMIT_KEYS, PRIORITIES, SHARED_KEYS, SKEWED, START_KEYS } from "./flow-keys.ts";
import { Seeded } from "./seeded.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";

export type FlowRuleName = Exclude<keyof FlowConfig, "weight">;

export interface FlowSwarm {
  readonly rules: ReadonlySet<FlowRuleName>;
  /** How likely a function has a rule that its world knows. */
  readonly ruleChance: number;
  readonly limitMax: number;
  readonly periodMsMax: number;
  /** Deploys change the limits. */
  readonly changesLimits: boolean;
  /** Deploys change the keys of concurrency. */
  readonly changesKeys: boolean;
  /** Some keys are guaranteed places, or have bursts. */
  readonly prefers: boolean;
}

const RULES: readonly FlowRuleName[] = [
  "concurrency",
  "runConcurrency",
  "throttle",
  "priority",
  "rateLimit",
  "idempotency",
  "debounce",
  "batch",
  "singleton",
  "backlog",
];

export function drawFlowSwarm(seed: number): Swarm {
  const random = new Seeded(seed, "flow swarm");
  const rules = new Set(RULES.filter(() => random.chance(0.4)));
  if (rules.size === 0) rules.add(random.pick(RULES));
  const flow: FlowSwarm = {
    rules,
    ruleChance: random.pick([0.5, 1]),
    limitMax: random.pick([1, 2, 4]),
    periodMsMax: random.pick([3_000, 20_000, 60_000]),
    changesLimits: random.chance(0.3),
    changesKeys: false,
    prefers: false,
  };
  const base = drawSwarm(seed);
  const calm: Swarm = {
    ...base,
    flow,
    functions: random.int(1, 3),
    events: random.int(3, random.pick([10, 20, 30])),
    eventsPerRequestMax: random.pick([1, 1, 3, 8]),
    cancels: random.chance(0.3) ? random.pick([1, 4]) : 0,
    syncs: random.chance(0.4) ? random.pick([1, 3]) : 0,
    clockJumps: random.chance(0.1) ? 1 : 0,
    serverCrashes: random.chance(0.5) ? random.pick([1, 2, 4]) : 0,
    serverStops: random.chance(0.2) ? 1 : 0,
    bodyMsMax: random.pick([1, 20, 1_000, 3_000]),
    sleepMsMax: random.pick([1_000, 10_000]),
    safetyMs: random.pick([500, 5_000, 30_000]),
    crons: false,
    cronPauses: 0,
    kinds: [],
    awaitedEvents: 0,
    signals: 0,
    invokes: 0,
    cancelRules: false,
    runTimeouts: false,
    pauses: 0,
    removals: 0,
    reruns: 0,
    resumes: 0,
    hasCycle: false,
  };
  return withMoreCauses(seed, calm, flow);
}

/** In two of five worlds runs begin for other causes than events too, and deploys change keys; memory may be tiny. */
function withMoreCauses(seed: number, calm: Swarm, flow: FlowSwarm): Swarm {
  const random = new Seeded(seed, "more causes");
  if (random.chance(0.6)) return calm;
  const often = (probability: number, values: readonly number[]) =>
    random.chance(probability) ? random.pick(values) : 0;
  const crons = random.chance(0.3);
  const changesKeys = random.chance(0.4);
  return {
    ...calm,
    flow: { ...flow, changesKeys, changesLimits: flow.changesLimits || random.chance(0.3) },
    syncs: changesKeys ? 3 : calm.syncs,
    kinds: random.chance(0.3) ? ["invoke"] : [],
    invokes: often(0.4, [1, 4, 8]),
    reruns: often(0.4, [1, 3]),
    resumes: often(0.3, [2]),
    pauses: often(0.4, [1, 2, 4]),
    crons,
    safetyMs: crons ? 150_000 : calm.safetyMs,
    limits: { ...calm.limits, ...(random.chance(0.5) ? { jobHintsMax: 4, jobLanesMin: random.pick([1, 2]) } : {}) },
  };
}

/** Worlds in which many lanes wait for few places, and next to nothing else happens: what goes first is all there is to see. */
export function drawTurnsSwarm(seed: number): Swarm {
  const random = new Seeded(seed, "turns swarm");
  const rules = new Set<FlowRuleName>(["concurrency"]);
  if (random.chance(0.3)) rules.add("priority");
  if (random.chance(0.2)) rules.add("runConcurrency");
  const more = new Seeded(seed, "turns more");
  const prefers = more.chance(0.4);
  if (more.chance(0.3)) rules.add("throttle");
  return {
    ...drawFlowSwarm(seed),
    ...NO_OTHER_CAUSES,
    flow: {
      rules,
      ruleChance: 1,
      limitMax: random.pick([1, 2, 3]),
      periodMsMax: 3_000,
      changesLimits: false,
      changesKeys: false,
      prefers,
    },
    functions: random.pick([1, 2, 2, 3]),
    events: random.int(20, 40),
    eventsPerRequestMax: 8,
    safetyMs: 500,
    bodyMsMax: random.pick([20, 200]),
    commitMsMax: random.pick([0, 2]),
    loadMsMax: 0,
    callMsMax: 3,
    clockJumps: 0,
    serverCrashes: 0,
    serverStops: 0,
    syncs: 0,
    ...NO_FAULTS,
    limits: {
      // What is guaranteed counts where a limit is full, not where all calls are out.
      callsMax: Math.max(random.pick([1, 2, 1_000]), prefers ? 1_000 : 1),
      callsPerAppMax: Math.max(random.pick([1, 2, 1_000]), prefers ? 1_000 : 1),
      residentRunsMax: 10_000,
      jobHintsMax: 200_000,
      jobHorizonMs: 60_000,
    },
  };
}

const NO_OTHER_CAUSES = { kinds: [], invokes: 0, reruns: 0, resumes: 0, pauses: 0, crons: false } as const;

const NO_FAULTS = {
  commitFails: 0,
  commitAnswerLost: 0,
  loadFails: 0,
  requestLost: 0,
  replyLost: 0,
  callTimesOut: 0,
  callDoubled: 0,
  appCrashes: 0,
} as const;

/** The rules of a function, as each of its deploys has them: numbers may change, keys do not. */
export function drawFlows(random: Seeded, { flow }: Swarm, deploys: number): readonly FlowConfig[] {
  if (flow === null) return Array<FlowConfig>(deploys).fill(NO_FLOW);
  const has = (rule: FlowRuleName) => flow.rules.has(rule) && random.chance(flow.ruleChance);
  const limit = () => random.int(1, flow.limitMax);
  const periodMs = () => 1_000 * random.int(1, Math.max(1, flow.periodMsMax / 1_000));
  const startKey = (free: number) => (random.chance(free) ? null : random.pick(START_KEYS).text);
  const batch = has("batch");
  const first: FlowConfig = {
    concurrency: !has("concurrency") ? [] : flow.prefers ? drawPreferring(random) : drawRules(random, limit, true),
    runConcurrency: has("runConcurrency") ? drawRules(random, limit, false) : [],
    throttle: has("throttle")
      ? { limit: limit(), periodMs: periodMs(), burst: random.int(0, 2), key: limitKey(random) }
      : null,
    rateLimit: has("rateLimit")
      ? { limit: random.int(1, 12), periodMs: periodMs(), key: startKey(0.4), algorithm: drawAlgorithm(random) }
      : null,
    idempotency: has("idempotency")
      ? { key: random.pick(START_KEYS).text, periodMs: periodMs(), releaseOnFailure: random.chance(0.5) }
      : null,
    debounce: has("debounce") && !batch ? drawDebounce(random, periodMs, startKey(0.4)) : null,
    batch: batch
      ? {
          sizeMax: random.int(2, 5),
          timeoutMs: periodMs(),
          key: random.chance(0.5) ? null : random.pick(LIMIT_KEYS).text,
          condition: random.chance(0.6) ? null : random.pick([...BATCH_CONDITIONS.keys()]),
          bytesMax: random.pick([10_485_760, 10_485_760, 250]),
        }
      : null,
    priority: has("priority") ? random.pick(PRIORITIES).text : null,
    singleton:
      has("singleton") && !batch
        ? { key: startKey(0.3), mode: random.pick(["skip", "cancel", "queue-latest", "queue-all"]) }
        : null,
    backlog: has("backlog")
      ? { limit: random.int(1, 4), policy: random.pick(["reject", "drop-oldest", "drop-newest"]) }
      : null,
    weight: random.pick([1, 1, 3]),
    whenUnreachable: NO_FLOW.whenUnreachable,
  };
  return Array.from({ length: deploys }, (_, index) => {
    if (index === 0) return first;
    const changed = flow.changesLimits ? withOtherLimits(random, first, limit, periodMs) : first;
    return flow.changesKeys ? withOtherKeys(random, changed) : changed;
  });
}

/** Many lanes of few keys that are sure of some places, before a limit that all of them share. */
function drawPreferring(random: Seeded): ConcurrencyRule[] {
  const limit = random.int(1, 3);
  const rule = (key: string | null, most: number) =>
    ({ limit: most, key, scope: "fn", guaranteed: 0, burst: null }) as const;
  const own = {
    ...rule(random.chance(0.3) ? "event.data.k" : SKEWED.text, limit),
    ...(random.chance(0.5) ? { guaranteed: limit } : { burst: limit + 2 }),
  };
  return [own, rule("event.data.n", 4), rule(null, random.int(2, 4))];
}

function drawAlgorithm(random: Seeded): RateLimitRule["algorithm"] {
  return random.chance(0.7) ? "window" : "gcra";
}

function drawDebounce(random: Seeded, periodMs: () => number, key: string | null): FlowConfig["debounce"] {
  const mode = random.pick(["trailing", "trailing", "leading", "both"] as const);
  const waits = mode !== "leading";
  return {
    periodMs: periodMs(),
    timeoutMs: waits && random.chance(0.4) ? periodMs() : null,
    key,
    mode,
    collect: waits && random.chance(0.4),
  };
}

const limitKey = (random: Seeded): string | null => (random.chance(0.5) ? null : random.pick(LIMIT_KEYS).text);

function drawRules(random: Seeded, limit: () => number, hasBursts: boolean): ConcurrencyRule[] {
  const rules = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => {
    const scope: FlowScope = random.chance(0.75) ? "fn" : random.pick(["env", "account"]);
    const key = scope === "fn" ? limitKey(random) : random.pick(SHARED_KEYS).text;
    return { limit: limit(), key, scope, guaranteed: 0, burst: null };
  });
  if (!hasBursts || rules.length < 2 || rules[0]!.key === null || random.chance(0.6)) return rules;
  const [first, ...others] = rules;
  return random.chance(0.5)
    ? [{ ...first!, guaranteed: random.int(1, first!.limit) }, ...others]
    : [{ ...first!, burst: first!.limit + random.int(1, 3) }, ...others];
}

function withOtherLimits(random: Seeded, flow: FlowConfig, limit: () => number, periodMs: () => number): FlowConfig {
  const changed = (rule: ConcurrencyRule): ConcurrencyRule => ({ ...rule, limit: limit(), guaranteed: 0, burst: null });
  const { throttle, rateLimit } = flow;
  return {
    ...flow,
    concurrency: flow.concurrency.map(changed),
    runConcurrency: flow.runConcurrency.map(changed),
    throttle: throttle && { ...throttle, limit: limit(), periodMs: periodMs(), burst: random.int(0, 2) },
    rateLimit: rateLimit && { ...rateLimit, limit: random.int(1, 12) },
  };
}

/** Keys of rules within the function: those that are shared are for others too. */
function withOtherKeys(random: Seeded, flow: FlowConfig): FlowConfig {
  const changed = (rule: ConcurrencyRule): ConcurrencyRule =>
    rule.scope === "fn" && random.chance(0.6) ? { ...rule, key: limitKey(random), guaranteed: 0, burst: null } : rule;
  return {
    ...flow,
    concurrency: flow.concurrency.map(changed),
    runConcurrency: flow.runConcurrency.map(changed),
  };
}
