/** The app under simulation: its functions as drawn from the seed, and their configuration as the engine gets it. */
import { type FlowConfig, NO_FLOW } from "../../src/protocol/flow.ts";
import {
  type CronTrigger,
  type FunctionConfig,
  NO_TIMEOUTS,
  type RunTimeouts,
  type Trigger,
} from "../../src/protocol/function.ts";
import { uuidFromName } from "../../src/protocol/hash.ts";
import { EXPRESSIONS } from "./conditions.ts";
import { drawProgram } from "./draw-program.ts";
import { drawFlows } from "./flow-swarm.ts";
import { type Condition, type InvokeNode, type Node, type SignalNode, stepsOf, type WaitNode } from "./program.ts";
import { Seeded } from "./seeded.ts";
import { PATIENCE_MAX } from "./states-model.ts";
import type { Swarm } from "./swarm.ts";

export const APP_ID = "app";

export interface SimCancelRule {
  readonly event: string;
  readonly condition: Condition;
  readonly timeoutMs: number | null;
}

export interface SimFunction {
  readonly id: string;
  readonly slug: string;
  readonly program: Node;
  readonly triggers: readonly Trigger[];
  /** The first of its crons: all have the same policies. */
  readonly cron: CronTrigger | null;
  readonly crons: readonly CronTrigger[];
  /** Attempts after the first; a sync may raise it up to `retriesMax`. */
  readonly retries: number;
  readonly retriesMax: number;
  readonly checkpointing: false | { readonly bufferedSteps: number; readonly maxRuntimeMs: number };
  readonly requestVersion: 1 | 2;
  readonly isRace: boolean;
  readonly sleepMs: ReadonlyMap<string, number>;
  readonly waits: ReadonlyMap<string, WaitNode>;
  readonly signals: ReadonlyMap<string, SignalNode>;
  readonly invokes: ReadonlyMap<string, InvokeNode>;
  readonly cancelRules: readonly SimCancelRule[];
  readonly timeouts: RunTimeouts;
  /** What its steps send goes along with their results. */
  readonly sendsAlong: boolean;
  /** Its flow control, with each patience. */
  readonly flows: readonly FlowConfig[];
  /** Does this event start it? */
  accepts(name: string, n: number): boolean;
}

export function drawFunctions(seed: number, random: Seeded, swarm: Swarm): SimFunction[] {
  const flowRandom = new Seeded(seed, "flow");
  const functions = Array.from({ length: swarm.functions }, (_, index) => ({
    ...drawFunction(random, swarm, index),
    flows: drawFlows(flowRandom, swarm, PATIENCE_MAX + 1),
  }));
  if (swarm.hasCycle) functions.push(cycle());
  const first = functions[0]!;
  if (random.chance(0.5)) functions.push(listener("failures", "inngest/function.failed", first.slug));
  if (random.chance(0.3)) functions.push(listener("ends", "inngest/function.finished", null));
  if (swarm.pauses > 0 && random.chance(0.5)) functions.push(listener("skips", "inngest/function.skipped", null));
  if (random.chance(0.2)) functions.push(listener("cancels", "inngest/function.cancelled", null));
  return functions;
}

function drawFunction(random: Seeded, swarm: Swarm, index: number): SimFunction {
  const retries = random.int(0, 3);
  const alwaysSendsAlong = swarm.retention !== null; // Other requests are known by events, which may be gone.
  const sendsAlong = random.chance(0.7) || alwaysSendsAlong;
  // Only later functions, so that no chain of runs is endless.
  const targets = targetsAfter(index, swarm);
  const program = drawProgram(random, {
    depthMax: random.int(0, 2),
    bodyMsMax: swarm.bodyMsMax,
    sleepMsMax: swarm.sleepMsMax,
    patienceMsMax: swarm.safetyMs,
    retries,
    mayFail: random.chance(0.6),
    kinds: swarm.kinds.filter((kind) => isFitting(kind, index, sendsAlong, targets)),
    targets,
    sendsAlong,
    producerIds: swarm.producerIds > 0,
  });
  const names = index === 0 ? ["user/a"] : random.pick([["user/a"], ["user/*"], ["user/b", "chain/go"], ["chain/go"]]);
  const least = random.chance(0.3) ? random.int(0, 6) : null;
  const expression = least === null ? null : `event.data.n > ${least}`;
  const triggers: Trigger[] = names.map((event) => ({ kind: "event", event, expression }));
  const cron = swarm.crons && random.chance(0.7) ? drawCron(random) : null;
  const crons = cron === null ? [] : random.chance(0.3) ? [cron, { ...cron, cron: "*/1 * * * *" }] : [cron];
  return {
    id: uuidFromName(`f${index}`),
    slug: `${APP_ID}-f${index}`,
    program,
    triggers,
    cron,
    crons,
    retries,
    retriesMax: retries + 2,
    checkpointing: random.chance(0.35)
      ? false
      : { bufferedSteps: random.pick([1, 1, 1, 3]), maxRuntimeMs: random.pick([1, 1_000, 1e9]) },
    requestVersion: random.chance(0.3) ? 1 : 2,
    isRace: random.chance(0.3),
    sleepMs: sleepsOf(program),
    waits: nodesOf(program, "wait"),
    signals: nodesOf(program, "signal"),
    invokes: nodesOf(program, "invoke"),
    cancelRules: swarm.cancelRules && random.chance(0.6) ? drawCancelRules(random, swarm) : [],
    timeouts: swarm.runTimeouts && random.chance(0.6) ? drawTimeouts(random, swarm) : NO_TIMEOUTS,
    sendsAlong,
    flows: NO_FLOWS,
    accepts: (name, n) =>
      names.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)) &&
      (least === null || n > least),
  };
}

function sleepsOf(program: Node): Map<string, number> {
  // A date is rounded by nothing, but the clock of the app may have jumped since: only durations are checked.
  return new Map(
    stepsOf(program).flatMap((step) => (step.kind === "sleep" && !step.asDate ? [[step.id, step.ms]] : [])),
  );
}

function drawCron(random: Seeded): CronTrigger {
  return {
    kind: "cron",
    cron: `*/${random.pick([2, 5, 10])} * * * *`,
    jitterMs: random.pick([0, 0, 5_000, 40_000]),
    misfire: random.pick(["skip", "once", "all"]),
    overlap: random.pick(["allow", "skip", "cancel", "queue"]),
  };
}

const NO_FLOWS: readonly FlowConfig[] = Array<FlowConfig>(PATIENCE_MAX + 1).fill(NO_FLOW);

const nothingMore = {
  sleepMs: new Map<string, number>(),
  waits: new Map<string, WaitNode>(),
  signals: new Map<string, SignalNode>(),
  invokes: new Map<string, InvokeNode>(),
  cancelRules: [],
  timeouts: NO_TIMEOUTS,
  sendsAlong: true,
  flows: NO_FLOWS,
} as const;

function targetsAfter(index: number, swarm: Swarm): string[] {
  const slugs = Array.from({ length: swarm.functions }, (_, at) => (at % 2 === 0 ? `${APP_ID}-f${at}` : idOf(at)));
  const later = slugs.slice(index + 1);
  return later.length === 0 ? [] : [...later, ...later, ...later, `${APP_ID}-nobody`];
}

const idOf = (index: number) => uuidFromName(`f${index}`);

/** Signals travel only with results; only the first function sends events, which others listen to. */
function isFitting(kind: Swarm["kinds"][number], index: number, sendsAlong: boolean, targets: readonly string[]) {
  if (kind === "sendSignal") return sendsAlong;
  if (kind === "send") return index === 0;
  return kind !== "invoke" || targets.length > 0;
}

function nodesOf<Kind extends Node["kind"]>(program: Node, kind: Kind): Map<string, Extract<Node, { kind: Kind }>> {
  const nodes = stepsOf(program).filter((node) => node.kind === kind);
  return new Map(nodes.map((node) => [node.id, node as Extract<Node, { kind: Kind }>]));
}

const CANCEL_NAMES = ["user/a", "user/b", "wait/x", "chain/go", "chain/go"] as const;
const CANCEL_CONDITIONS: readonly Condition[] = ["any", "match", "match", "or", "slow"];

function drawCancelRules(random: Seeded, swarm: Swarm): SimCancelRule[] {
  return Array.from({ length: random.int(1, 2) }, () => ({
    event: random.pick(CANCEL_NAMES),
    condition: random.pick(CANCEL_CONDITIONS),
    timeoutMs: random.chance(0.3) ? random.int(1_000, Math.max(1_000, swarm.sleepMsMax)) : null,
  }));
}

function drawTimeouts(random: Seeded, swarm: Swarm): RunTimeouts {
  const limitMs = () => random.pick([1_000, 10_000, Math.max(1_000, Math.floor(swarm.sleepMsMax / 2)), 120_000]);
  return {
    startMs: random.chance(0.5) ? limitMs() : null,
    finishMs: random.chance(0.7) ? limitMs() : null,
    asFailure: random.chance(0.4),
  };
}

/** A function that invokes itself: one of its runs meets the limit. */
function cycle(): SimFunction {
  const slug = `${APP_ID}-cycle`;
  const self: Node = { kind: "invoke", id: "self", target: slug, timeoutMs: null, cancelsChild: true };
  return {
    ...listener("cycle", "user/cycle", null),
    program: { kind: "sequence", nodes: [{ kind: "catch", node: self }] },
    accepts: (name) => name === "user/cycle",
  };
}

/** A function that is started by the end of runs. */
function listener(name: string, event: string, failedSlug: string | null): SimFunction {
  const expression = failedSlug === null ? null : `event.data.function_id == '${failedSlug}'`;
  const step: Node = { kind: "run", id: "note", behaviour: "value", failures: 0, bodyMs: 0, retryAfterMs: 0 };
  return {
    id: uuidFromName(name),
    slug: `${APP_ID}-${name}`,
    program: { kind: "sequence", nodes: [step] },
    triggers: [{ kind: "event", event, expression }],
    cron: null,
    crons: [],
    retries: 3,
    retriesMax: 5,
    checkpointing: false,
    requestVersion: 2,
    isRace: false,
    ...nothingMore,
    accepts: () => false,
  };
}

/** Registered with a longer patience, a function gives its runs more attempts and more time. */
export function configOf(fn: SimFunction, patience: number, hasCrons: boolean): FunctionConfig {
  const { startMs, finishMs, asFailure } = fn.timeouts;
  return {
    id: fn.id,
    slug: fn.slug,
    name: fn.slug,
    appId: APP_ID,
    triggers: hasCrons ? [...fn.triggers, ...fn.crons] : fn.triggers,
    retries: fn.retries + patience,
    url: `inproc:${fn.slug}`,
    cancelOn: fn.cancelRules.map(({ event, condition, timeoutMs }) => ({
      event,
      expression: EXPRESSIONS[condition],
      timeout: timeoutMs === null ? null : `${timeoutMs}ms`,
    })),
    timeouts: {
      startMs: startMs === null ? null : startMs * (1 + patience),
      finishMs: finishMs === null ? null : finishMs * (1 + patience),
      asFailure,
    },
    flow: fn.flows[patience]!,
    raw: {},
  };
}
