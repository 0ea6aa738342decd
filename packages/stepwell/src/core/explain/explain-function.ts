/** What waits on what, of one function: its lanes by depth, its limits with who holds them, and when the next run starts. */
import type { BacklogRule, ConcurrencyRule, RunFlow } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import type { PauseMode } from "../batch.ts";
import { appGateOf, throttleGate } from "../flow/admission.ts";
import { ruleName } from "../flow/rules.ts";
import { allowedAt } from "../flow/throttle.ts";
import type { Instant } from "../instant.ts";
import type { Lane } from "../schedule/ready-queue.ts";
import { depthOf } from "./depth.ts";
import { EXPLAINED_MAX, type GateFacts } from "./explanation.ts";
import { concurrencyGates, gateFacts } from "./gates.ts";
import type { ExplainView } from "./view.ts";
import { appDownText, countText, untilText } from "./words.ts";

/** Jobs of a function that share all their limits. */
export interface LaneFacts {
  /** "event.data.user_id = 42", joined; empty for the lane of a function without keys. */
  readonly key: string;
  /** Runs that have not begun wait apart from calls of those that have. */
  readonly phase: "start" | "call";
  readonly jobs: number;
  /** The run that goes first. */
  readonly nextRunId: string;
  readonly waitingSince: Instant;
  /** The limit where it waits; absent while it is only queued. */
  readonly gate?: GateFacts;
  /** When its next start is allowed, of a throttle. */
  readonly expectedAt?: Instant;
}

export interface FunctionExplanation {
  readonly functionId: string;
  readonly function: string;
  readonly summary: string;
  readonly paused: PauseMode | null;
  /** Jobs in memory that are due and have not begun, by what they would do; of a deep backlog that is only the head. */
  readonly waitingStarts: number;
  readonly waitingCalls: number;
  /** Runs that wait for their first call for whatever reason, stored ones too: its backlog. */
  readonly queuedRuns: number;
  readonly backlog?: BacklogRule;
  /** Its newest runs that gather events; only where it has a debounce or a batch. */
  readonly gathering?: readonly GatheringFacts[];
  readonly laneCount: number;
  /** The deepest ones. */
  readonly lanes: readonly LaneFacts[];
  /** The limits of its lanes and those that count for all of its runs, the most waited for first. */
  readonly gates: readonly GateFacts[];
  readonly nextStartAt?: Instant;
}

/** A run that gathers events. */
export interface GatheringFacts {
  readonly runId: string;
  /** "debounce 5m per event.data.id = 7" */
  readonly rule: string;
  readonly eventCount: number;
  /** When it begins, if nothing else happens before. */
  readonly startsAt: Instant;
}

/** Null when the function is not served. With a key value, only of the work that has it. */
export function explainFunction(
  view: ExplainView,
  slugOrId: string,
  key: string | null,
  now: Instant,
): FunctionExplanation | null {
  const fn = view.apps.find(slugOrId);
  if (fn === undefined) return null;
  const lanes = () => lanesWith(view, fn, key);
  const { deepest, waitingStarts, waitingCalls, lanes: laneCount } = depthOf(lanes());
  const laneFacts = deepest.map((lane) => factsOfLane(view, fn, lane, now));
  const nextStartAt = nextStart(view, fn, lanes(), now);
  return {
    functionId: fn.id,
    function: fn.slug,
    summary: summaryOf(view, fn, waitingStarts, waitingCalls, laneFacts, nextStartAt, now),
    paused: view.apps.pauseOf(fn.id),
    waitingStarts,
    waitingCalls,
    queuedRuns: view.queuedOf(fn.id),
    ...(fn.flow.backlog === null ? {} : { backlog: fn.flow.backlog }),
    laneCount,
    lanes: laneFacts,
    gates: gatesOf(view, fn, deepest, key),
    ...(nextStartAt === null ? {} : { nextStartAt }),
  };
}

function* lanesWith(view: ExplainView, fn: FunctionConfig, key: string | null): IterableIterator<Lane> {
  for (const lane of view.ready.lanesOf(fn.id)) {
    const { flow } = lane;
    if (key === null || flow?.throttle === key || Object.values(flow?.keys ?? {}).includes(key)) yield lane;
  }
}

export function factsOfLane(view: ExplainView, fn: FunctionConfig, lane: Lane, now: Instant): LaneFacts {
  const head = lane.heap.peek()!;
  const gate = lane.blocked?.gate;
  const expectedAt = throttledUntil(view, fn, lane, now);
  return {
    key: keyText(fn, lane.flow),
    phase: lane.isStart ? "start" : "call",
    jobs: lane.heap.size,
    nextRunId: head.runId,
    waitingSince: head.dueAt,
    ...(gate === undefined ? {} : { gate: gateFacts(view, fn, lane.flow, gate) }),
    ...(expectedAt === null ? {} : { expectedAt }),
  };
}

/** "event.data.user_id = 42, event.data.region = eu" */
function keyText(fn: FunctionConfig, flow: RunFlow | null): string {
  if (flow === null) return "";
  const keys = Object.entries(flow.keys).flatMap(([name, value]) => {
    const [, , ...expression] = name.split(" "); // "call fn <expression>" (flow/rules.ts)
    const text = expression.join(" ");
    return text === "" ? [] : [`${text} = ${value}`];
  });
  if (flow.throttle !== undefined) keys.push(`${fn.flow.throttle?.key ?? "throttle"} = ${flow.throttle}`);
  return [...new Set(keys)].join(", ");
}

function throttledUntil(view: ExplainView, fn: FunctionConfig, lane: Lane, now: Instant): Instant | null {
  const { throttle } = fn.flow;
  const gate = throttleGate(fn, lane.flow);
  if (throttle === null || lane.blocked?.gate !== gate) return null;
  return Math.max(now, Math.ceil(allowedAt(throttle, view.admission.throttleFullAt(gate), now)));
}

/** When the next run starts, as far as only the clock decides it: now, or with the first token of a throttle. */
function nextStart(view: ExplainView, fn: FunctionConfig, lanes: Iterable<Lane>, now: Instant): Instant | null {
  let earliest: Instant | null = null;
  for (const lane of lanes) {
    if (!lane.isStart) continue;
    if (lane.blocked === null) return now;
    const at = throttledUntil(view, fn, lane, now);
    if (at !== null && (earliest === null || at < earliest)) earliest = at;
  }
  return earliest;
}

function gatesOf(view: ExplainView, fn: FunctionConfig, lanes: readonly Lane[], key: string | null): GateFacts[] {
  const gates = new Map<string, GateFacts>();
  const add = (flow: RunFlow | null, name: string) => {
    if (!gates.has(name)) gates.set(name, gateFacts(view, fn, flow, name));
  };
  for (const { flow, blocked } of lanes) {
    if (blocked !== null) add(flow, blocked.gate);
    for (const { name } of concurrencyGates(fn, flow)) add(flow, name);
  }
  // Those that count for all runs, or for this key, also when nothing waits at them.
  const flow = key === null ? null : flowOfKey(fn, key);
  for (const { name } of concurrencyGates(fn, flow)) add(flow, name);
  if (view.admission.callsOf(fn.appId) > 0 || view.admission.appDown(fn.appId) !== null) add(null, appGateOf(fn.appId));
  const byWaiting = (left: GateFacts, right: GateFacts) =>
    right.waitingLanes - left.waitingLanes || right.holderCount - left.holderCount;
  return [...gates.values()].sort(byWaiting).slice(0, EXPLAINED_MAX);
}

/** As a run has it for which every key is this one. */
function flowOfKey(fn: FunctionConfig, key: string): RunFlow {
  const keyed = (rules: readonly ConcurrencyRule[], isRunRule: boolean) =>
    rules.flatMap((rule) => (rule.key === null ? [] : [[ruleName(rule, isRunRule), key] as const]));
  const { concurrency, runConcurrency } = fn.flow;
  return { keys: Object.fromEntries([...keyed(concurrency, false), ...keyed(runConcurrency, true)]) };
}

function summaryOf(
  view: ExplainView,
  fn: FunctionConfig,
  starts: number,
  calls: number,
  lanes: readonly LaneFacts[],
  nextStartAt: Instant | null,
  now: Instant,
): string {
  const pause = view.apps.pauseOf(fn.id);
  const paused = `${pause === null ? "" : ` It is paused (${pause}).`}${downText(view, fn, now)}${backlogText(view, fn)}`;
  if (starts + calls === 0) return `Nothing of ${fn.slug} waits for its turn.${paused}`;
  const blocked = lanes.find(({ gate }) => gate !== undefined)?.gate;
  const where = blocked === undefined ? "" : ` The deepest waits at ${blocked.rule}${heldText(blocked)}.`;
  const next =
    nextStartAt === null || nextStartAt <= now ? "" : ` The next start is expected at ${untilText(nextStartAt, now)}.`;
  return `${countText(starts, "start")} and ${countText(calls, "call")} of ${fn.slug} wait for their turn.${where}${next}${paused}`;
}

function downText(view: ExplainView, { appId }: FunctionConfig, now: Instant): string {
  const down = view.admission.appDown(appId);
  return down === null ? "" : ` ${sentenceOf(appDownText(appId, down, now))}`;
}

/** Only once the backlog is full. */
function backlogText(view: ExplainView, { id, flow: { backlog } }: FunctionConfig): string {
  if (backlog === null || view.queuedOf(id) < backlog.limit) return "";
  return ` Its backlog is full: ${countText(backlog.limit, "run")} may wait, and one more meets ${backlog.policy}.`;
}

const sentenceOf = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/** ", 5 of 5 places are taken" */
function heldText({ kind, holderCount, limit }: GateFacts): string {
  return kind === "concurrency" || kind === "run_concurrency" ? `, ${holderCount} of ${limit} places are taken` : "";
}
