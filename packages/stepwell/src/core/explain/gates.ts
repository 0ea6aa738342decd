/** A gate's name back into the rule that it stands for, with who holds it and who waits at it. */
import type { ConcurrencyRule, FlowScope, RunFlow } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { appGateOf, pauseGate, throttleGate } from "../flow/admission.ts";
import type { AppDown } from "../flow/app-contact.ts";
import { gateName, placeOf } from "../flow/rules.ts";
import { Lane } from "../schedule/ready-queue.ts";
import { type AppDownFacts, EXPLAINED_MAX, type GateFacts, type HolderFacts } from "./explanation.ts";
import type { ExplainView } from "./view.ts";
import { spanText } from "./words.ts";

interface KnownGate {
  readonly name: string;
  readonly kind: "concurrency" | "run_concurrency";
  readonly rule: string;
  readonly scope: FlowScope;
  readonly limit: number;
}

const SCOPES: Readonly<Record<FlowScope, string>> = {
  fn: "of this function",
  env: "shared in the environment",
  account: "shared in the account",
};

/** The gates of concurrency that jobs with these key values pass, with their rules. */
export function concurrencyGates(fn: FunctionConfig, flow: RunFlow | null): KnownGate[] {
  return [
    ...fn.flow.concurrency.flatMap((rule) => knownGate(fn, flow, rule, false)),
    ...fn.flow.runConcurrency.flatMap((rule) => knownGate(fn, flow, rule, true)),
  ];
}

function knownGate(fn: FunctionConfig, flow: RunFlow | null, rule: ConcurrencyRule, isRunRule: boolean): KnownGate[] {
  const place = placeOf(isRunRule ? fn.flow.runConcurrency : fn.flow.concurrency, rule, flow, isRunRule);
  if (place === null) return [];
  const { name, value } = place;
  const limit = rule.burst ?? rule.limit;
  const key = name.split(" ").slice(2).join(" "); // "call fn <expression>"; of an earlier key, if the run has that.
  const of = key === "" ? "" : ` per ${key} = ${value}`;
  return [
    {
      name: gateName(fn.id, rule, name, value),
      kind: isRunRule ? "run_concurrency" : "concurrency",
      rule: `${isRunRule ? "run concurrency" : "concurrency"} ${limit}${of}, ${SCOPES[rule.scope]}`,
      scope: rule.scope,
      limit,
    },
  ];
}

/** What stands behind the name of a gate where work of a function with these key values waits. */
export function gateFacts(view: ExplainView, fn: FunctionConfig, flow: RunFlow | null, name: string): GateFacts {
  const counts = occupancy(view, name);
  const known = concurrencyGates(fn, flow).find((gate) => gate.name === name);
  if (known !== undefined) {
    const { kind, rule, scope, limit } = known;
    return { kind, rule, scope, limit, ...counts };
  }
  if (name === throttleGate(fn, flow)) {
    return { kind: "throttle", rule: throttleText(fn, flow), limit: fn.flow.throttle?.limit ?? null, ...counts };
  }
  if (name === appGateOf(fn.appId)) {
    const limit = view.options.callsPerAppMax;
    const down = appDownFacts(view.admission.appDown(fn.appId));
    return {
      kind: "app",
      rule: `the app ${fn.appId}`,
      limit,
      ...counts,
      holderCount: view.admission.callsOf(fn.appId),
      ...(down === null ? {} : { down }),
    };
  }
  if (name === pauseGate(fn.id)) return { kind: "pause", rule: `the pause of ${fn.slug}`, limit: null, ...counts };
  // A rule that the function does not have any more.
  const gate = view.admission.gates.gate(name);
  return { kind: "other", rule: name, limit: gate?.limit ?? null, ...counts };
}

export function appDownFacts(down: AppDown | null): AppDownFacts | null {
  if (down === null) return null;
  const { since, reason, tries, probe, probeAt } = down;
  return { since, reason, tries, isProbing: probe !== null, nextProbeAt: probeAt };
}

/** "throttle 10 per 1m per event.data.user = 7" */
function throttleText(fn: FunctionConfig, flow: RunFlow | null): string {
  const { throttle } = fn.flow;
  if (throttle === null) return "a throttle that was taken away";
  const of = throttle.key === null ? "" : ` per ${throttle.key} = ${flow?.throttle ?? ""}`;
  const burst = throttle.burst > 0 ? ` with ${throttle.burst} more at once` : "";
  return `throttle ${throttle.limit} in ${spanText(throttle.periodMs)}${burst}${of}`;
}

function occupancy(view: ExplainView, name: string): Pick<GateFacts, "holders" | "holderCount" | "waitingLanes"> {
  const gate = view.admission.gates.gate(name);
  if (gate === null) return { holders: [], holderCount: 0, waitingLanes: 0 };
  const holders: HolderFacts[] = [];
  for (const [holder, since] of gate.holders) {
    if (holders.length === EXPLAINED_MAX) break;
    holders.push(holderFacts(view, holder, since));
  }
  return { holders, holderCount: gate.holders.size, waitingLanes: gate.waiting };
}

/** `run <id>` is a whole run, `<id> <slot>` a call (flow/rules.ts). */
function holderFacts(view: ExplainView, holder: string, since: number): HolderFacts {
  const [first = "", second = ""] = holder.split(" ");
  const runId = first === "run" ? second : first;
  const functionId = view.runOf(runId)?.functionId;
  const slug = functionId === undefined ? undefined : view.apps.anyFunction(functionId)?.fn.slug;
  return {
    runId,
    ...(first === "run" ? {} : { slot: second }),
    ...(slug === undefined ? {} : { function: slug }),
    since,
  };
}

/** The lanes that wait at a gate, in the order in which they go. */
export function* lanesAt(view: ExplainView, gate: string): IterableIterator<Lane> {
  for (const waiter of view.admission.gates.waitersAt(gate)) if (waiter instanceof Lane) yield waiter;
}
