/** The app under simulation: its functions as drawn from the seed, and their configuration as the engine gets it. */
import { type CronTrigger, type FunctionConfig, NO_TIMEOUTS, type Trigger } from "../../src/protocol/function.ts";
import { uuidFromName } from "../../src/protocol/hash.ts";
import { drawProgram, type Node, stepsOf } from "./program.ts";
import type { Seeded } from "./seeded.ts";
import type { Swarm } from "./swarm.ts";

export const APP_ID = "app";

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
  /** Does this event start it? */
  accepts(name: string, n: number): boolean;
}

export function drawFunctions(random: Seeded, swarm: Swarm): SimFunction[] {
  const functions = Array.from({ length: swarm.functions }, (_, index) => drawFunction(random, swarm, index));
  const first = functions[0]!;
  if (random.chance(0.5)) functions.push(listener("failures", "inngest/function.failed", first.slug));
  if (random.chance(0.3)) functions.push(listener("ends", "inngest/function.finished", null));
  return functions;
}

function drawFunction(random: Seeded, swarm: Swarm, index: number): SimFunction {
  const retries = random.int(0, 3);
  const program = drawProgram(random, {
    depthMax: random.int(0, 2),
    bodyMsMax: swarm.bodyMsMax,
    sleepMsMax: swarm.sleepMsMax,
    retries,
    mayFail: random.chance(0.6),
    maySend: index === 0,
  });
  const names = index === 0 ? ["user/a"] : random.pick([["user/a"], ["user/*"], ["user/b", "chain/go"]]);
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
    sleepMs: new Map(),
    accepts: () => false,
  };
}

export function configOf(fn: SimFunction, retries: number, hasCrons: boolean): FunctionConfig {
  return {
    id: fn.id,
    slug: fn.slug,
    name: fn.slug,
    appId: APP_ID,
    triggers: hasCrons ? [...fn.triggers, ...fn.crons] : fn.triggers,
    retries,
    url: `inproc:${fn.slug}`,
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    raw: {},
  };
}
