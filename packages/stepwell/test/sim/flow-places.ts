/**
 * Which limits a call or a run is under, told by the words of docs/flow-control.md alone: a rule and a value of its key
 * are one limit, within a function or across all that have the same key text; of rules with the same scope and key the
 * lowest counts; a burst raises what one value may have.
 */
import type { ConcurrencyRule, FlowConfig } from "../../src/protocol/flow.ts";
import type { JsonText } from "../../src/protocol/json.ts";
import type { RunRecord } from "../../src/store/records.ts";
import { keyOf } from "./flow-keys.ts";

export interface Place {
  readonly name: string;
  readonly limit: number;
}

export function placesOfCall(run: RunRecord, { concurrency }: FlowConfig): readonly Place[] {
  return places(run.functionId, "call", rulesOf(run, "call", concurrency), numberOfRun(run));
}

export function placesOfRun(run: RunRecord, flow: FlowConfig): readonly Place[] {
  const { runConcurrency, singleton } = flow;
  const n = numberOfRun(run);
  const queues = singleton?.mode.startsWith("queue") === true;
  const own = queues && keyOf(singleton.key, n) !== "false" ? [oneAtATime(singleton.key)] : [];
  const rules = rulesOf(run, "run", runConcurrency);
  return [...places(run.functionId, "one", own, n), ...places(run.functionId, "run", rules, n)];
}

/** What decides whether a run may go, beside its function: the keys under which it was created. */
export function laneOf(run: RunRecord, flow: FlowConfig): string {
  const n = numberOfRun(run);
  const keys = namesOf(run, "").map((name) => `${name} = ${keyOf(keyText(name), n)}`);
  return [run.functionId, ...keys, keyOf(flow.throttle?.key ?? null, n)].join("\n");
}

/**
 * The rules that count for a run, each with the key under which it was created: its own, or where that has changed since,
 * the one that no rule has any more, in order.
 */
function rulesOf(run: RunRecord, kind: "call" | "run", rules: readonly ConcurrencyRule[]): ConcurrencyRule[] {
  const nameOfRule = ({ scope, key }: ConcurrencyRule) => `${kind} ${scope} ${key ?? ""}`;
  const names = namesOf(run, kind);
  const known = [...new Set(rules.map(nameOfRule))];
  return rules.flatMap((rule) => {
    const name = nameOfRule(rule);
    if (names.includes(name) || (kind === "call" && rule.key === null)) return [rule];
    const isLike = (other: string) => other.startsWith(`${kind} ${rule.scope} `);
    const asking = known.filter((other) => isLike(other) && !names.includes(other) && other !== "call fn ");
    const earlier = names.filter((other) => isLike(other) && !known.includes(other))[asking.indexOf(name)];
    return earlier === undefined ? [] : [{ ...rule, key: keyText(earlier) }];
  });
}

/** The rules under which a run was created, as `call fn <key>`. */
function namesOf({ flow }: RunRecord, kind: string): string[] {
  return Object.keys(flow?.keys ?? {})
    .filter((name) => name.startsWith(kind))
    .sort();
}

const keyText = (name: string): string | null => name.split(" ").slice(2).join(" ") || null;

/** Null when a run has the keys that a function asked for; otherwise what is wrong. */
export function wrongKeys(run: RunRecord, flows: readonly FlowConfig[]): string | null {
  const names = namesOf(run, "")
    .filter((name) => !name.startsWith("run singleton"))
    .join(", ");
  const wanted = flows.map(({ concurrency, runConcurrency }) => {
    const calls = concurrency.filter(({ key }) => key !== null).map(({ scope, key }) => `call ${scope} ${key}`);
    const runs = runConcurrency.map(({ scope, key }) => `run ${scope} ${key ?? ""}`);
    return [...new Set([...calls, ...runs])].sort().join(", ");
  });
  return wanted.includes(names) ? null : `it has the keys ${names} instead of ${wanted.join(" or ")}`;
}

/** So many places at a limit of its own are sure to a key, where a limit that is shared has none. */
export interface Guaranteed {
  readonly name: string;
  readonly count: number;
}

export function guaranteesOf(run: RunRecord, flow: FlowConfig): readonly Guaranteed[] {
  const { functionId } = run;
  const n = numberOfRun(run);
  const sure = (rule: ConcurrencyRule) =>
    rule.burst === null ? rule.guaranteed : Math.max(rule.guaranteed, rule.limit);
  const of = (kind: string, rules: readonly ConcurrencyRule[]) =>
    rules
      .filter((rule) => rule.key !== null && sure(rule) > 0)
      .map((rule) => ({ name: nameOf(functionId, kind, rule, n), count: sure(rule) }));
  return [
    ...of("call", rulesOf(run, "call", flow.concurrency)),
    ...of("run", rulesOf(run, "run", flow.runConcurrency)),
  ];
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
  for (const rule of rules) {
    const name = nameOf(functionId, kind, rule, n);
    limits.set(name, Math.min(rule.burst ?? rule.limit, limits.get(name) ?? Number.POSITIVE_INFINITY));
  }
  return [...limits].map(([name, limit]) => ({ name, limit }));
}

function nameOf(functionId: string, kind: string, { scope, key }: ConcurrencyRule, n: number): string {
  return `${kind} ${scope === "fn" ? functionId : scope} ${key ?? ""} = ${keyOf(key, n)}`;
}

export function numberOfRun(run: RunRecord): number {
  const [first] = run.events;
  return first === undefined ? Number.NaN : numberOf(first.json);
}

/** The number that the keys of a run go by; NaN when its event has none. */
export function numberOf(json: JsonText): number {
  const { data } = JSON.parse(json) as { readonly data?: { readonly n?: number } };
  return data?.n ?? Number.NaN;
}
