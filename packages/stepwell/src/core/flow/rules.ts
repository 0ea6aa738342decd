/**
 * Which limits a run is under: the values of its keys were fixed when it was created (run-flow.ts), the limits are those of now.
 *
 *   FR1. A rule goes by its scope and its key expression, not by its place in the list: a deploy that changes the limit
 *        counts for runs in flight, one that changes the key counts for runs that are created later.
 *   FR2. A rule without a key counts for every run of the function, whenever it was created; whole-run rules only for runs
 *        that were created under rules.
 *   FR3. A rule whose key changed counts for earlier runs by the value that they have of the old key, so that no deploy
 *        lets all of them go at once: the values that no rule of now asks for go to the rules that find none, in order.
 */
import type { ConcurrencyRule, FlowConfig, RunFlow, SingletonRule } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { sha256Hex, utf8ToBytes } from "../../protocol/hash.ts";
import type { GateSpec } from "./gates.ts";
import type { Guarantee } from "./open-gate.ts";

/** The name of a rule among those of its kind (FR1). */
export function ruleName(rule: ConcurrencyRule, isRunRule: boolean): string {
  const names = isRunRule ? runRuleNames : callRuleNames;
  let name = names.get(rule);
  if (name === undefined) {
    name = `${isRunRule ? "run" : "call"} ${rule.scope} ${rule.key ?? ""}`;
    names.set(rule, name);
  }
  return name;
}

/** Every call asks for them. */
const callRuleNames = new WeakMap<ConcurrencyRule, string>();
const runRuleNames = new WeakMap<ConcurrencyRule, string>();

/** True for a run that holds places of its own once it has begun. */
export function holdsPlaces(flow: RunFlow | null): boolean {
  if (flow === null) return false;
  for (const name in flow.keys) if (name.startsWith("run ")) return true;
  return false;
}

/** Runs with the same one share all their limits: the key of their lane. A value may be any text, so its length leads. */
export function laneKey(flow: RunFlow | null): string {
  if (flow === null) return "";
  const names = Object.keys(flow.keys);
  if (names.length > 1) names.sort();
  let key = "";
  for (const name of names) key += `${name}=${flow.keys[name]!.length}:${flow.keys[name]}\n`;
  if (flow.throttle !== undefined) key += `throttle=${flow.throttle}`;
  if (key.length <= LANE_CHARS_MAX && key.isWellFormed()) return key;
  let hash = laneHashes.get(flow);
  if (hash === undefined) {
    hash = `h:${sha256Hex(utf8ToBytes(key))}`;
    laneHashes.set(flow, hash);
  }
  return hash;
}

/** A longer lane is known by its hash: its id stands in every row of a job. */
const LANE_CHARS_MAX = 96;
const laneHashes = new WeakMap<RunFlow, string>();

/** The limit of a singleton that queues: one run under way for each value of its key. Null for other modes. */
export function queueName({ mode, key }: SingletonRule): string | null {
  return mode.startsWith("queue") ? `run singleton ${key ?? ""}` : null;
}

export const callHolder = (runId: string, slot: string): string => `${runId} ${slot}`;
export const runHolder = (runId: string): string => `run ${runId}`;
export const runOfHolder = (holder: string): string => holder.slice("run ".length);

/** True when whole runs of the function have limits. */
export const limitsRuns = ({ runConcurrency, singleton }: FlowConfig): boolean =>
  runConcurrency.length > 0 || (singleton !== null && queueName(singleton) !== null);

/** The gates of a call, narrow to wide. */
export function callGates(fn: FunctionConfig, flow: RunFlow | null, holder: string): GateSpec[] {
  return gatesOf(fn, fn.flow.concurrency, flow, false, holder);
}

/** The gates of a whole run. */
export function runGates(fn: FunctionConfig, flow: RunFlow | null, runId: string): GateSpec[] {
  const holder = runHolder(runId);
  const gates = gatesOf(fn, fn.flow.runConcurrency, flow, true, holder);
  const one = fn.flow.singleton === null ? null : queueName(fn.flow.singleton);
  const value = one === null ? undefined : flow?.keys[one];
  if (value !== undefined) gates.unshift({ name: `${fn.id} ${one} = ${value}`, limit: 1, holder });
  return gates;
}

function gatesOf(
  fn: FunctionConfig,
  rules: readonly ConcurrencyRule[],
  flow: RunFlow | null,
  isRunRule: boolean,
  holder: string,
): GateSpec[] {
  const gates: GateSpec[] = [];
  for (const rule of rules) {
    const place = placeOf(rules, rule, flow, isRunRule);
    if (place === null) continue;
    gates.push({ name: gateName(fn.id, rule, place.name, place.value), limit: rule.burst ?? rule.limit, holder });
  }
  if (gates.length <= 1) return gates;
  gates.sort((left, right) => left.limit - right.limit);
  // Of rules with the same scope and key the lowest counts.
  return gates.filter(({ name }, index) => gates.findIndex((other) => other.name === name) === index);
}

/** By which name and value a rule counts for a run; null when it does not (FR2). */
export function placeOf(
  rules: readonly ConcurrencyRule[],
  rule: ConcurrencyRule,
  flow: RunFlow | null,
  isRunRule: boolean,
): { readonly name: string; readonly value: string } | null {
  const name = ruleName(rule, isRunRule);
  const value = flow?.keys[name] ?? (rule.key === null && !isRunRule ? "" : undefined);
  if (value !== undefined) return { name, value };
  return flow === null ? null : earlierPlace(rules, rule, flow, isRunRule);
}

/** FR3. */
function earlierPlace(
  rules: readonly ConcurrencyRule[],
  rule: ConcurrencyRule,
  { keys }: RunFlow,
  isRunRule: boolean,
): { readonly name: string; readonly value: string } | null {
  const known = new Set(rules.map((other) => ruleName(other, isRunRule)));
  const kind = `${isRunRule ? "run" : "call"} ${rule.scope} `;
  const left = Object.keys(keys).filter((name) => name.startsWith(kind) && !known.has(name));
  const asking = [...known].filter((name) => name.startsWith(kind) && name !== "call fn " && keys[name] === undefined);
  const name = left.sort()[asking.indexOf(ruleName(rule, isRunRule))];
  return name === undefined ? null : { name, value: keys[name]! };
}

/** Rules of the environment or the account share their gate with every function that has the same key expression. */
export function gateName(functionId: string, rule: ConcurrencyRule, name: string, value: string): string {
  return rule.scope === "fn" ? `${functionId} ${name} = ${value}` : `${name} = ${value}`;
}

/** What is guaranteed to a run's keys where it waits at this gate; nothing at the gates of the keys themselves. */
export function guarantees(fn: FunctionConfig, flow: RunFlow | null, fullGate: string): Guarantee[] {
  return [
    ...guaranteesOf(fn, fn.flow.concurrency, flow, fullGate, false),
    ...guaranteesOf(fn, fn.flow.runConcurrency, flow, fullGate, true),
  ];
}

function guaranteesOf(
  fn: FunctionConfig,
  rules: readonly ConcurrencyRule[],
  flow: RunFlow | null,
  fullGate: string,
  isRunRule: boolean,
): Guarantee[] {
  const found: Guarantee[] = [];
  for (const rule of rules) {
    const count = rule.burst === null ? rule.guaranteed : Math.max(rule.guaranteed, rule.limit);
    if (count === 0 || rule.key === null) continue;
    const place = placeOf(rules, rule, flow, isRunRule);
    if (place === null) continue;
    const gate = gateName(fn.id, rule, place.name, place.value);
    if (gate !== fullGate) found.push({ gate, count });
  }
  return found;
}
