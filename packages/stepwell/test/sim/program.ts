/**
 * Functions of the app: a tree of steps, how a handler walks it, and what it must return given the results of its steps.
 *
 * `expected` is the reference model: it knows nothing of calls, replays, jobs or promises. It computes when each node
 * is finished, counted in places of the stack, and takes from that who wins a race.
 */
import { canonicalJson } from "../../src/protocol/json.ts";
import { stepHash } from "../../src/protocol/step-id.ts";
import type { StepTools } from "../../src/sdk/step-tools.ts";
import { EXPRESSIONS } from "./conditions.ts";

export type Behaviour = "value" | "fails" | "alwaysFails" | "final" | "retryAfter";
export type ParallelMode = "all" | "allSettled" | "race" | "any";

export interface StepNode {
  readonly kind: "run";
  readonly id: string;
  readonly behaviour: Behaviour;
  /** How many executions fail before one succeeds. */
  readonly failures: number;
  readonly bodyMs: number;
  readonly retryAfterMs: number;
}

export interface SendNode {
  readonly kind: "send";
  readonly id: string;
  readonly name: string;
  /** The producer's id of the event, or null. */
  readonly producerId: string | null;
}

/** What an event has to be for a wait or a cancel rule to take it, beside its name (conditions.ts). */
export type Condition = "any" | "match" | "or" | "slow" | "never" | "ofFirst";

export interface WaitNode {
  readonly kind: "wait";
  readonly id: string;
  readonly names: readonly string[];
  readonly condition: Condition;
  readonly timeoutMs: number;
  readonly looksBack: boolean;
}

export interface SignalNode {
  readonly kind: "signal";
  readonly id: string;
  readonly signal: string;
  readonly timeoutMs: number;
  readonly replaces: boolean;
}

export interface InvokeNode {
  readonly kind: "invoke";
  readonly id: string;
  /** The slug or id of the function. */
  readonly target: string;
  readonly timeoutMs: number | null;
  readonly cancelsChild: boolean;
}

export type Node =
  | StepNode
  | { readonly kind: "sleep"; readonly id: string; readonly ms: number; readonly asDate: boolean }
  | SendNode
  | WaitNode
  | SignalNode
  | { readonly kind: "sendSignal"; readonly id: string; readonly signal: string; readonly ttlMs: number | null }
  | InvokeNode
  | { readonly kind: "fetch"; readonly id: string; readonly fails: number }
  | { readonly kind: "sequence"; readonly nodes: readonly Node[] }
  | { readonly kind: "parallel"; readonly mode: ParallelMode; readonly branches: readonly Node[] }
  | { readonly kind: "loop"; readonly times: number; readonly node: Node }
  | { readonly kind: "catch"; readonly node: Node }
  | { readonly kind: "ifEvent"; readonly bit: number; readonly yes: Node; readonly no: Node }
  | { readonly kind: "ifResult"; readonly step: StepNode; readonly yes: Node; readonly no: Node }
  | { readonly kind: "flaky"; readonly attempts: number }
  | { readonly kind: "throw" };

/** What a handler needs to walk the tree. */
export interface Walk {
  readonly step: StepTools;
  readonly attempt: number;
  readonly n: number;
  readonly indexes: Map<string, number>;
  readonly runId: string;
  body(node: StepNode, hash: string, input: number): Promise<unknown>;
  /** The server made a request for a step: which of its answers the handler saw. */
  observeAnswer(hash: string, answer: number): void;
  /** A step gave its result to the handler. */
  observe(hash: string, memo: string): void;
  observeError(hash: string, message: string): void;
  wallNow(): number;
}

export const FUNCTION_ERROR = "fn-boom";
/** Must not be seen anywhere but in the request that carries it. */
export const SECRET = "c0nf1dent1al";

function waitOptions({ names, condition, timeoutMs, looksBack }: WaitNode): object {
  const [event] = names;
  return {
    ...(names.length === 1 ? { event } : { events: names }),
    timeout: timeoutMs,
    ...(looksBack ? { since: "run" } : {}),
    ...(condition === "match" ? { match: "data.k" } : {}),
    ...(condition === "any" || condition === "match" ? {} : { if: EXPRESSIONS[condition] }),
  };
}

export async function walk(node: Node, at: Walk): Promise<unknown> {
  switch (node.kind) {
    case "run": {
      const hash = nextHash(at.indexes, node.id);
      return observed(at, hash, () => at.step.run(node.id, (input: number) => at.body(node, hash, input), at.n));
    }
    case "send": {
      const hash = nextHash(at.indexes, node.id);
      const event = { name: node.name, data: { n: at.n, k: at.n % 3 } };
      const producer = node.producerId === null ? {} : { id: node.producerId };
      return observed(at, hash, () => at.step.sendEvent(node.id, { ...event, ...producer }));
    }
    case "sendSignal": {
      const hash = nextHash(at.indexes, node.id);
      const ttl = node.ttlMs === null ? {} : { ttl: node.ttlMs };
      // No other step sends the same data, so whoever gets it is known.
      const data = `${at.runId} ${hash}`;
      return observed(at, hash, () => at.step.sendSignal(node.id, { signal: node.signal, data, ...ttl }));
    }
    case "wait": {
      const hash = nextHash(at.indexes, node.id);
      const event = await at.step.waitForEvent(node.id, waitOptions(node) as never);
      at.observe(hash, canonicalJson(event));
      return event === null ? "nothing" : (event as { id: unknown }).id;
    }
    case "signal": {
      const hash = nextHash(at.indexes, node.id);
      const { signal, timeoutMs: timeout, replaces } = node;
      const onConflict = replaces ? "replace" : "fail";
      const got = await at.step.waitForSignal(node.id, { signal, timeout, onConflict });
      at.observe(hash, canonicalJson(got === null ? null : { data: got }));
      return got === null ? "nothing" : got.data;
    }
    case "invoke": {
      const hash = nextHash(at.indexes, node.id);
      const { target, timeoutMs, cancelsChild } = node;
      const options = {
        function: target,
        data: { n: at.n, k: at.n % 3 },
        onParentCancel: cancelsChild ? "cancel" : "abandon",
        ...(timeoutMs === null ? {} : { timeout: timeoutMs }),
      } as const;
      return observed(at, hash, () => at.step.invoke(node.id, options));
    }
    case "fetch": {
      const hash = nextHash(at.indexes, node.id);
      try {
        const response = await at.step.fetch(node.id, `http://${node.id}.test/${node.fails}`, {
          headers: { authorization: `Bearer ${SECRET}` },
        });
        at.observeAnswer(hash, response.status);
        return response.status;
      } catch (error) {
        at.observeError(hash, (error as Error).message);
        throw error;
      }
    }
    case "sleep": {
      const hash = nextHash(at.indexes, node.id);
      if (node.asDate) await at.step.sleepUntil(node.id, new Date(at.wallNow() + node.ms));
      else await at.step.sleep(node.id, node.ms);
      at.observe(hash, "null");
      return "slept";
    }
    case "sequence": {
      const values: unknown[] = [];
      for (const inner of node.nodes) values.push(await walk(inner, at));
      return values;
    }
    case "parallel":
      return joined(
        node.mode,
        node.branches.map((branch) => walk(branch, at)),
      );
    case "loop": {
      const values: unknown[] = [];
      for (let count = 0; count < node.times; count++) values.push(await walk(node.node, at));
      return values;
    }
    case "catch":
      try {
        return await walk(node.node, at);
      } catch (error) {
        return { caught: (error as Error).message };
      }
    case "ifEvent":
      return walk(((at.n >> node.bit) & 1) === 1 ? node.yes : node.no, at);
    case "ifResult": {
      const value = await walk(node.step, at);
      return [value, await walk(isOdd(value) ? node.yes : node.no, at)];
    }
    case "flaky":
      if (at.attempt < node.attempts) throw new Error(FUNCTION_ERROR);
      return "flaky";
    case "throw":
      throw new Error(FUNCTION_ERROR);
  }
}

async function observed(at: Walk, hash: string, run: () => Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    at.observeError(hash, (error as Error).message);
    throw error;
  }
  at.observe(hash, canonicalJson({ data: value }));
  return value;
}

async function joined(mode: ParallelMode, branches: Promise<unknown>[]): Promise<unknown> {
  if (mode === "all") return Promise.all(branches);
  if (mode === "race") return Promise.race(branches);
  if (mode === "any") return Promise.any(branches);
  const settled = await Promise.allSettled(branches);
  return settled.map((end) =>
    end.status === "fulfilled" ? { ok: end.value } : { error: (end.reason as Error).message },
  );
}

function nextHash(indexes: Map<string, number>, id: string): string {
  const index = indexes.get(id) ?? 0;
  indexes.set(id, index + 1);
  return stepHash(id, index);
}

const isOdd = (value: unknown) => (value as { count: number }).count % 2 === 1;

/** The end of a node: after which place of the stack, and how. `at` is infinite while a result is missing. */
export interface End {
  readonly at: number;
  readonly ok: boolean;
  /** The value, or the message of the error. */
  readonly value: unknown;
}

export interface StoredResult {
  readonly seq: number;
  /** The memo's text. */
  readonly memo: string;
}

export function expected(program: Node, n: number, results: ReadonlyMap<string, StoredResult>): End {
  const indexes = new Map<string, number>();
  const stored = (node: StoredNode, after: number): End => {
    const { id } = node;
    const result = results.get(nextHash(indexes, id));
    if (result === undefined || after === Number.POSITIVE_INFINITY) return missing;
    if (result.seq < after) throw new Error(`step ${id} was finished (${result.seq}) before it was reached (${after})`);
    const memo = JSON.parse(result.memo) as StoredMemo | null;
    if (memo === null) return { at: result.seq, ok: true, value: node.kind === "sleep" ? "slept" : "nothing" };
    if (memo.error !== undefined) return { at: result.seq, ok: false, value: memo.error.message };
    return { at: result.seq, ok: true, value: handledValue(node, memo) };
  };
  const inOrder = (nodes: readonly Node[], after: number): End => {
    const values: unknown[] = [];
    let at = after;
    for (const node of nodes) {
      const end = endOf(node, at);
      if (!end.ok || end.at === Number.POSITIVE_INFINITY) return end;
      values.push(end.value);
      at = end.at;
    }
    return { at, ok: true, value: values };
  };
  const endOf = (node: Node, after: number): End => {
    switch (node.kind) {
      case "run":
      case "send":
      case "sleep":
      case "wait":
      case "signal":
      case "sendSignal":
      case "invoke":
      case "fetch":
        return stored(node, after);
      case "sequence":
        return inOrder(node.nodes, after);
      case "parallel":
        return joinedEnd(
          node.mode,
          node.branches.map((branch) => endOf(branch, after)),
        );
      case "loop":
        return inOrder(new Array<Node>(node.times).fill(node.node), after);
      case "catch": {
        const end = endOf(node.node, after);
        return end.ok ? end : { at: end.at, ok: true, value: { caught: end.value } };
      }
      case "ifEvent":
        return endOf(((n >> node.bit) & 1) === 1 ? node.yes : node.no, after);
      case "ifResult": {
        const first = endOf(node.step, after);
        if (!first.ok || first.at === Number.POSITIVE_INFINITY) return first;
        const second = endOf(isOdd(first.value) ? node.yes : node.no, first.at);
        return second.ok && second.at !== Number.POSITIVE_INFINITY
          ? { ...second, value: [first.value, second.value] }
          : second;
      }
      case "flaky":
        return { at: after, ok: true, value: "flaky" };
      case "throw":
        return { at: after, ok: false, value: FUNCTION_ERROR };
    }
  };
  return endOf(program, -1);
}

type StoredNode = Extract<Node, { readonly id: string }>;
interface StoredMemo {
  readonly id?: unknown;
  readonly data?: unknown;
  readonly error?: { readonly message: string };
}

/** What the handler makes of a result. */
function handledValue(node: StoredNode, memo: StoredMemo): unknown {
  if (node.kind === "wait") return memo.id;
  if (node.kind === "signal") return (memo.data as { data: unknown }).data;
  if (node.kind === "fetch") return (memo.data as { status_code: unknown }).status_code;
  return memo.data;
}

const missing: End = { at: Number.POSITIVE_INFINITY, ok: true, value: null };

function joinedEnd(mode: ParallelMode, ends: readonly End[]): End {
  const first = (list: readonly End[]) => list.reduce((left, right) => (right.at < left.at ? right : left), missing);
  const lastAt = Math.max(...ends.map((end) => end.at));
  const failed = ends.filter((end) => !end.ok);
  const succeeded = ends.filter((end) => end.ok);
  switch (mode) {
    case "all":
      if (failed.length > 0) return first(failed);
      return { at: lastAt, ok: true, value: ends.map((end) => end.value) };
    case "race":
      return first(ends);
    case "any":
      if (succeeded.length > 0) return first(succeeded);
      return { at: lastAt, ok: false, value: "All promises were rejected" };
    case "allSettled":
      return { at: lastAt, ok: true, value: ends.map((end) => (end.ok ? { ok: end.value } : { error: end.value })) };
  }
}

/** Every step of a program, in the order of the code. */
export function stepsOf(node: Node): StoredNode[] {
  switch (node.kind) {
    case "sequence":
      return node.nodes.flatMap(stepsOf);
    case "parallel":
      return node.branches.flatMap(stepsOf);
    case "loop":
    case "catch":
      return stepsOf(node.node);
    case "ifEvent":
      return [...stepsOf(node.yes), ...stepsOf(node.no)];
    case "ifResult":
      return [node.step, ...stepsOf(node.yes), ...stepsOf(node.no)];
    case "flaky":
    case "throw":
      return [];
    default:
      return [node];
  }
}
