/**
 * Which limits a call or a run is under, told by the words of docs/flow-control.md alone: a rule and a value of its key
 * are one limit, within a function or across all that have the same key text; of rules with the same scope and key the
 * lowest counts; a burst raises what one value may have.
 */
import type { ConcurrencyRule, FlowConfig } from "../../src/protocol/flow.ts";
import type { JsonText } from "../../src/protocol/json.ts";
import { keyOf } from "./flow-keys.ts";

export interface Place {
  readonly name: string;
  readonly limit: number;
}

export function placesOfCall(functionId: string, { concurrency }: FlowConfig, n: number): readonly Place[] {
  return places(functionId, "call", concurrency, n);
}

export function placesOfRun(functionId: string, flow: FlowConfig, n: number): readonly Place[] {
  const { runConcurrency, singleton } = flow;
  const queues = singleton?.mode.startsWith("queue") === true;
  const own = queues && keyOf(singleton.key, n) !== "false" ? [oneAtATime(singleton.key)] : [];
  return [...places(functionId, "one", own, n), ...places(functionId, "run", runConcurrency, n)];
}

const oneAtATime = (key: string | null): ConcurrencyRule => ({
  limit: 1,
  key,
  scope: "fn",
  guaranteed: 0,
  burst: null,
});

function places(functionId: string, kind: string, rules: readonly ConcurrencyRule[], n: number): Place[] {
  const limits = new Map<string, number>();
  for (const { scope, key, limit, burst } of rules) {
    const name = `${kind} ${scope === "fn" ? functionId : scope} ${key ?? ""} = ${keyOf(key, n)}`;
    limits.set(name, Math.min(burst ?? limit, limits.get(name) ?? Number.POSITIVE_INFINITY));
  }
  return [...limits].map(([name, limit]) => ({ name, limit }));
}

/** The number that the keys of a run go by. */
export function numberOf(json: JsonText): number {
  const { data } = JSON.parse(json) as { readonly data?: { readonly n?: number } };
  return data?.n ?? 0;
}
