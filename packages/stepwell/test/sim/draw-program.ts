/**
 * Random functions.
 *
 *   PG1. The id of a step belongs to one place of the tree, so its repeats are counted by loops alone.
 *   PG2. Every branch of a parallel node begins with a step, so no two branches finish in the same moment.
 */
import type { Behaviour, Condition, Node, StepNode } from "./program.ts";
import type { Seeded } from "./seeded.ts";

export interface ProgramOptions {
  readonly depthMax: number;
  readonly bodyMsMax: number;
  readonly sleepMsMax: number;
  readonly patienceMsMax: number;
  readonly retries: number;
  readonly mayFail: boolean;
  /** Kinds of steps that this world knows beside bodies and sleeps. */
  readonly kinds: readonly ("send" | "wait" | "signal" | "sendSignal" | "invoke" | "fetch")[];
  /** Functions that may be invoked. */
  readonly targets: readonly string[];
  /** What steps send goes along with their result. */
  readonly sendsAlong: boolean;
  readonly producerIds: boolean;
}

export function drawProgram(random: Seeded, options: ProgramOptions): Node {
  let ids = 0;
  const id = () => `s${ids++}`;
  const step = (): StepNode => {
    const failing: readonly Behaviour[] = ["fails", "fails", "retryAfter", "alwaysFails", "final"];
    const behaviour = options.mayFail && random.chance(0.25) ? random.pick(failing) : "value";
    return {
      kind: "run",
      id: id(),
      behaviour,
      failures: random.int(1, Math.max(1, options.retries)),
      bodyMs: random.chance(0.5) ? 0 : random.int(0, options.bodyMsMax),
      retryAfterMs: random.pick([0, 1_000, 7_000, 90_000]),
    };
  };
  const sleep = (): Node => ({
    kind: "sleep",
    id: id(),
    ms: random.int(0, options.sleepMsMax),
    asDate: random.chance(0.3),
  });
  const leaf = (): Node => {
    if (random.chance(0.2)) return sleep();
    if (options.kinds.length > 0 && random.chance(0.4)) return linked(random.pick(options.kinds));
    return step();
  };
  const patienceMs = () =>
    random.int(0, random.chance(0.15) ? 10 : Math.max(options.patienceMsMax, options.sleepMsMax));
  const linked = (kind: ProgramOptions["kinds"][number]): Node => {
    switch (kind) {
      case "send": {
        const producerId = options.producerIds && random.chance(0.5) ? `sp${random.int(0, 2)}` : null;
        return { kind, id: id(), name: options.sendsAlong ? random.pick(SENT_NAMES) : "chain/go", producerId };
      }
      case "wait": {
        const condition = random.pick(CONDITIONS);
        const names = condition === "ofFirst" ? ["inngest/function.finished"] : random.pick(WAITED_NAMES);
        return { kind, id: id(), names, condition, timeoutMs: patienceMs(), looksBack: random.chance(0.3) };
      }
      case "signal":
        return {
          kind,
          id: id(),
          signal: random.pick(SIGNALS),
          timeoutMs: patienceMs(),
          replaces: random.chance(0.7),
        };
      case "sendSignal": {
        const ttlMs = random.chance(0.5) ? random.int(0, Math.min(options.sleepMsMax, 86_400_000)) : null;
        return { kind, id: id(), signal: random.pick(SIGNALS), ttlMs };
      }
      case "invoke": {
        const timeoutMs = random.chance(0.3) ? patienceMs() : null;
        return { kind, id: id(), target: random.pick(options.targets), timeoutMs, cancelsChild: random.chance(0.5) };
      }
      case "fetch":
        return { kind, id: id(), fails: random.chance(0.6) ? 0 : random.int(1, 3) };
    }
  };
  const node = (depth: number): Node => {
    if (depth <= 0) return leaf();
    switch (random.pick(["leaf", "leaf", "sequence", "parallel", "parallel", "loop", "catch", "ifEvent", "ifResult"])) {
      case "sequence":
        return sequence(depth - 1);
      case "parallel": {
        const branches = Array.from({ length: random.int(2, 3) }, () => branch(depth - 1));
        return { kind: "parallel", mode: random.pick(["all", "all", "allSettled", "race", "any"]), branches };
      }
      case "loop":
        return { kind: "loop", times: random.int(2, 3), node: random.chance(0.7) ? step() : sequence(0) };
      case "catch":
        return { kind: "catch", node: node(depth - 1) };
      case "ifEvent":
        return { kind: "ifEvent", bit: random.int(0, 2), yes: node(depth - 1), no: node(depth - 1) };
      case "ifResult":
        return { kind: "ifResult", step: step(), yes: node(depth - 1), no: node(depth - 1) };
      default:
        return leaf();
    }
  };
  const sequence = (depth: number): Node => ({
    kind: "sequence",
    nodes: Array.from({ length: random.int(1, 3) }, () => node(depth)),
  });
  const branch = (depth: number): Node => ({ kind: "sequence", nodes: [leaf(), ...(depth > 0 ? [node(depth)] : [])] });
  const nodes = Array.from({ length: random.int(1, 3) }, () => node(options.depthMax));
  if (options.retries > 0 && random.chance(0.15)) {
    nodes.splice(random.int(0, nodes.length), 0, { kind: "flaky", attempts: random.int(1, options.retries) });
  }
  if (options.mayFail && random.chance(0.08)) nodes.push({ kind: "throw" });
  return { kind: "sequence", nodes };
}

export const SIGNALS = ["sig/a", "sig/b"] as const;
const SENT_NAMES = ["chain/go", "chain/go", "wait/x", "wait/y"] as const;
const CONDITIONS: readonly Condition[] = ["any", "match", "match", "or", "slow", "never", "ofFirst"];
const WAITED_NAMES = [["wait/x"], ["wait/x"], ["wait/y"], ["wait/x", "wait/y"], ["user/a", "wait/y"], ["chain/go"]];
