/**
 * The pipeline of a start: what a function's flow control makes of one event, before there is a run.
 *
 *   SG1. The order: idempotency, pause, singleton, backlog, rate limit, debounce or batch. What is refused has touched no
 *        state of the rules after it.
 *   SG2. Every verdict but a plain start has a reason for people, and a code for whoever invoked the function.
 *   SG3. States are facts of flow control: known before the command is applied (needs.ts), changed in its batch.
 *   SG4. A key that is `false` exempts the event from `idempotency`, `singleton` and `rateLimit`; what is gathered has it as
 *        a value like any other.
 */
import type { IncomingEvent } from "../../protocol/event.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { FlowFactKey, PauseMode } from "../batch.ts";
import type { Facts } from "../facts.ts";
import { type Instant, isoTime } from "../instant.ts";
import type { StartCause } from "../start-order.ts";
import { backlogVerdict, dropsOldest } from "./backlog.ts";
import { rateLimit } from "./rate-limit.ts";
import { isExempt, keyValue } from "./run-flow.ts";
import type { StartFlow, Verdict } from "./verdict.ts";

export interface StartRequest {
  readonly fn: FunctionConfig;
  readonly event: IncomingEvent;
  readonly cause: StartCause;
  /** What the caller wants to be started once for: a producer's event id, or a key of its own. */
  readonly onceFor: string | null;
  readonly pause: PauseMode | null;
}

/** What the rules of a function remember that this event is about. */
export interface FlowKeys {
  readonly onceFor: FlowFactKey | null;
  readonly idempotency: FlowFactKey | null;
  readonly singleton: FlowFactKey | null;
  readonly rate: FlowFactKey | null;
  readonly debounce: FlowFactKey | null;
  readonly batch: FlowFactKey | null;
}

export function flowKeys({ fn, event, cause, onceFor }: Omit<StartRequest, "pause">, now: Instant): FlowKeys {
  const { idempotency, singleton, rateLimit: rate, debounce, batch } = fn.flow;
  const key = (kind: FlowFactKey["kind"], expression: string | null, prefix = ""): FlowFactKey | null => {
    const value = expression === null ? "" : keyValue(expression, event.parsed, now);
    const isGathering = kind === "debounce" || kind === "batch";
    if (expression !== null && !isGathering && isExempt(value)) return null; // SG4
    return { kind, functionId: fn.id, key: prefix + value };
  };
  const isFresh = cause !== "rerun";
  const isCollected = cause === "event" && !event.stored.isInternal;
  return {
    onceFor: onceFor === null ? null : { kind: "idempotency", functionId: fn.id, key: onceFor },
    idempotency: idempotency === null || !isFresh ? null : key("idempotency", idempotency.key, OPTION_PREFIX),
    singleton: singleton === null ? null : key("singleton", singleton.key),
    rate: rate === null || !isFresh ? null : key("rate", rate.key),
    debounce: debounce === null || !isCollected ? null : key("debounce", debounce.key),
    batch: batch === null || !isCollected || !isBatched(fn, event, now) ? null : key("batch", batch.key),
  };
}

/** Tells keys of the option from producers' event ids, which begin with anything but this. */
const OPTION_PREFIX = "\u0001key ";

function isBatched(fn: FunctionConfig, event: IncomingEvent, now: Instant): boolean {
  const condition = fn.flow.batch?.condition ?? null;
  return condition === null || keyValue(condition, event.parsed, now) === "true";
}

/** True for functions whose starts need facts. */
export function hasStartRules(flow: FunctionConfig["flow"]): boolean {
  const { idempotency, singleton, rateLimit: rate, debounce, batch } = flow;
  const hasState = idempotency !== null || singleton !== null || rate !== null || debounce !== null || batch !== null;
  return hasState || dropsOldest(flow);
}

/** What the rules of a start ask of the facts of a command. */
export type StartFacts = Pick<Facts, "flow" | "noteFlow" | "takeOldest">;

export interface StartWorld {
  readonly facts: StartFacts;
  readonly now: Instant;
  /** Stores a fact with the batch, and lets later commands of this turn see it. */
  remember(key: FlowFactKey, value: string, expiresAt: Instant): void;
  /** Runs of the function that wait for their first call. */
  queued(functionId: string): number;
  /** Whether a run collects events, is under way, or is over (or gone). */
  stateOf(runId: string): "collecting" | "open" | "over";
}

export function decideStart(world: StartWorld, request: StartRequest): Verdict {
  const { fn, pause } = request;
  const { facts, now } = world;
  const keys = flowKeys(request, now);
  const earlier = earlierRun(facts, keys);
  if (earlier !== null) return earlier;
  if (pause === "reject" || pause === "skip") return pausedVerdict(fn, pause, request.cause);
  const joined = joinedRun(world, keys);
  const holder = holderOf(world, keys, joined);
  const mode = fn.flow.singleton?.mode;
  if (holder !== null && mode === "skip") {
    return {
      kind: "skip",
      reason: `run ${holder} is the one run of its key`,
      code: "function_skipped",
      details: { function: fn.slug, run: holder },
    };
  }
  const backlog = joined !== null ? null : backlogVerdict(world.queued(fn.id), fn);
  if (backlog !== null) return backlog;
  if (keys.rate !== null) {
    const verdict = rateLimit(fn.flow.rateLimit!, facts.flow(keys.rate), now);
    if (!verdict.isAdmitted) {
      const until = isoTime(verdict.nextAt);
      return {
        kind: "refuse",
        outcome: "rate_limited",
        reason: `the rate limit admits the next start at ${until}`,
        code: "function_rate_limited",
        details: { function: fn.slug, until },
      };
    }
    world.remember(keys.rate, verdict.state, verdict.expiresAt);
  }
  const terms = { flow: startFlow(fn, keys), replaces: replacedRun(mode, holder) };
  if (keys.debounce !== null) return { kind: "collect", by: "debounce", key: keys.debounce.key, ...terms };
  if (keys.batch !== null) return { kind: "collect", by: "batch", key: keys.batch.key, ...terms };
  return { kind: "start", ...terms };
}

/** The run that collects events and to which this one goes, if there is one. */
function joinedRun({ facts, stateOf }: StartWorld, { debounce, batch }: FlowKeys): string | null {
  const key = debounce ?? batch;
  const runId = key === null ? null : collectingRun(key, facts.flow(key));
  return runId !== null && stateOf(runId) === "collecting" ? runId : null;
}

/** The one run of the event's key, unless it is the one to which the event goes anyway. */
function holderOf({ facts, stateOf }: StartWorld, { singleton }: FlowKeys, joined: string | null): string | null {
  const holder = singleton === null ? null : facts.flow(singleton);
  return holder === null || holder === joined || stateOf(holder) === "over" ? null : holder;
}

/** The run that a fact of a debounce, a batch or a singleton names. */
export function collectingRun({ kind }: FlowFactKey, value: string | null): string | null {
  if (value === null || kind !== "debounce") return value;
  return (JSON.parse(value) as { readonly runId: string | null }).runId;
}

function earlierRun(facts: StartFacts, { onceFor, idempotency }: FlowKeys): Verdict | null {
  const sent = onceFor === null ? null : facts.flow(onceFor);
  if (sent !== null) return { kind: "existing", runId: sent, reason: `event id ${onceFor!.key} was seen before` };
  const same = idempotency === null ? null : facts.flow(idempotency);
  return same === null ? null : { kind: "existing", runId: same, reason: "its idempotency key was seen before" };
}

function pausedVerdict(fn: FunctionConfig, pause: "skip" | "reject", cause: StartCause): Verdict {
  const code = "function_paused";
  const details = { function: fn.slug };
  const reason = "the function is paused";
  if (pause === "reject" || cause === "invoke") return { kind: "refuse", outcome: "rejected", reason, code, details };
  return { kind: "skip", reason, code, details };
}

/** The run that a new one takes the place of: the running one, or the one that waits behind it. */
function replacedRun(mode: string | undefined, holder: string | null): string | null {
  return mode === "cancel" || mode === "queue-latest" ? holder : null;
}

function startFlow(fn: FunctionConfig, { singleton, idempotency }: FlowKeys): StartFlow {
  return {
    ...(singleton === null ? {} : { singleton: singleton.key }),
    ...(idempotency === null || fn.flow.idempotency?.releaseOnFailure !== true ? {} : { idempotency: idempotency.key }),
  };
}

/** The run has been made, or the event has joined it (`isNew` false): who comes later finds it. */
export function rememberRun(world: StartWorld, request: StartRequest, runId: string, isNew = true): void {
  const { fn } = request;
  const keys = flowKeys(request, world.now);
  if (keys.onceFor !== null) world.remember(keys.onceFor, runId, world.now + LIMITS.dedupeMs);
  if (keys.idempotency !== null) world.remember(keys.idempotency, runId, world.now + fn.flow.idempotency!.periodMs);
  // As long as the run, however long that is: its end deletes it.
  if (keys.singleton !== null && isNew) world.remember(keys.singleton, runId, Number.MAX_SAFE_INTEGER);
}
