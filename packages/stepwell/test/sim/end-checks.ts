/** What must hold when the world has come to rest: nothing lost, nothing doubled, nothing left behind, all as expected. */
import { hasStartRules } from "../../src/core/flow/starting.ts";
import type { RunStatus } from "../../src/core/run/run.ts";
import { INTERNAL_EVENTS, type StoredEvent } from "../../src/protocol/event.ts";
import type { FlowConfig } from "../../src/protocol/flow.ts";
import { canonicalJson } from "../../src/protocol/json.ts";
import type { RunRecord } from "../../src/store/records.ts";
import { isOver } from "./ledger.ts";
import { type End, expected, FUNCTION_ERROR, type StoredResult, stepsOf } from "./program.ts";
import type { SimFunction } from "./sim-app.ts";
import type { Workload } from "./workload.ts";
import type { World } from "./world.ts";

export function checkEnd(world: World, workload: Workload): void {
  checkEvents(world, workload);
  for (const run of world.ledger.runs.values()) checkOutcome(world, workload, run);
  checkListeners(world);
  checkCrons(world, workload);
  checkRest(world);
}

// --- Events -----------------------------------------------------------------------------------------------------

function checkEvents(world: World, workload: Workload): void {
  const { ledger } = world;
  for (const event of workload.events.values()) {
    if (event.isAcknowledged && !ledger.events.has(event.id))
      world.fail("events", `event ${event.id} was acknowledged and is gone`);
  }
  // Where there is flow control, each commit has been judged (starts-model.ts).
  for (const event of ledger.events.values())
    if (!event.isInternal && !world.hasFlow) for (const fn of world.functions.values()) checkStart(world, event, fn);
  for (const ids of workload.requests) {
    const stored = ids.filter((id) => ledger.events.has(id)).length;
    if (stored !== 0 && stored !== ids.length)
      world.fail("events", `of the request ${ids.join(",")} only ${stored} events are stored`);
  }
}

/** Each function that listens has exactly one run for the event, or a decision that says why not. */
function checkStart(world: World, event: StoredEvent, fn: SimFunction): void {
  const { ledger } = world;
  const { n } = (JSON.parse(event.json) as { data: { n: number } }).data;
  const listens = fn.triggers.some(
    (trigger) =>
      trigger.kind === "event" &&
      (trigger.event.endsWith("*") ? event.name.startsWith(trigger.event.slice(0, -1)) : trigger.event === event.name),
  );
  const runs = ledger.runsOfStart.get(`${fn.id} ${event.id}`) ?? [];
  const decisions = (ledger.decisions.get(event.id) ?? []).filter((decision) => decision.functionId === fn.id);
  const say = (what: string) =>
    world.fail("events", `event ${event.id} (${event.name}, n=${n}) and ${fn.slug}: ${what}`);
  const [decision] = decisions;
  // A run that is skipped says so itself, and so does a decision.
  const verdicts = decisions.length + (decision?.outcome === "skipped" ? 0 : runs.length);
  const states = ledger.statesAtStart.get(event.id)?.get(fn.id);
  const mayBeServed = states === undefined || [...states].some((state) => state !== "archived");
  const mayBeGone = states?.has("archived") === true;
  if (verdicts > (listens && mayBeServed ? 1 : 0) || (verdicts === 0 && listens && !mayBeGone)) {
    say(`${runs.length} runs and ${decisions.length} decisions`);
    return;
  }
  if (!listens || verdicts === 0) return;
  if (!fn.accepts(event.name, n)) {
    if (decision?.outcome !== "filtered") say("it should have been filtered");
  } else if (decision === undefined || decision.outcome === "skipped") {
    const isNormal = decision === undefined;
    const isRight = isNormal ? states?.has("active") !== false || states.has("hold") : states?.has("skip") === true;
    if (!isRight)
      say(`it started ${isNormal ? "a run" : "a skipped run"} of a function that is ${[...states!].join(" or ")}`);
  } else if (decision.outcome === "rejected") {
    if (states?.has("reject") !== true) say("it was rejected");
  } else {
    const key = event.idempotencyId;
    const earlier = key === null ? [] : (ledger.runsOfStart.get(`${fn.id} id:${key}`) ?? []);
    if (decision.outcome !== "deduplicated" || !earlier.includes(decision.runId ?? ""))
      say(`it did not start: ${canonicalJson(decision)}`);
  }
}

// --- Runs -------------------------------------------------------------------------------------------------------

function checkOutcome(world: World, workload: Workload, run: RunRecord): void {
  const fn = world.functionById(run.functionId)!;
  const say = (what: string) => world.fail("outcome", `run ${run.id} of ${fn.slug} ${run.status}: ${what}`);
  if (run.status === "skipped") return; // PA2
  if (run.status === "cancelled") {
    const isReplaced = run.cron !== null && fn.cron?.overlap === "cancel";
    const isModelled =
      run.reason !== null && run.reason !== "cancelled_by_request" && (run.reason !== "replaced" || world.hasFlow);
    if (!isModelled && !workload.cancelled.has(run.id) && !isReplaced) say("nobody asked for that");
    return;
  }
  if (run.notes?.codeChange !== undefined) say(`its code has not changed: ${canonicalJson(run.notes.codeChange)}`);
  let end: End;
  try {
    end = expected(fn.program, dataOf(run), resultsOf(world, run.id));
  } catch (error) {
    say(String(error));
    return;
  }
  const isOpen = end.at === Number.POSITIVE_INFINITY;
  if (run.status === "completed") {
    if (isOpen) say("though results are missing");
    else if (!end.ok) say(`though it should have failed with ${String(end.value)}`);
    else if (run.output !== canonicalJson(end.value))
      say(`returned ${run.output} instead of ${canonicalJson(end.value)}`);
  } else checkFailure(world, run, fn, end, isOpen, say);
  checkSteps(world, workload, run, fn, say);
}

function checkFailure(
  world: World,
  run: RunRecord,
  fn: SimFunction,
  end: End,
  isOpen: boolean,
  say: (what: string) => void,
): void {
  const error = JSON.parse(run.error ?? "{}") as { code?: string; message?: string };
  // The models of signals and states know when these are right.
  if (error.code === "signal_conflict" || error.code === "run_timed_out" || error.code === "function_removed") return;
  const isHurt = isWorn(world, run);
  const isLost = error.code === "app_unreachable" && isHurt;
  // A flaky handler needs all its attempts; a fault may have taken one.
  const isWornOut = isHurt && hasFlaky(fn) && (error.message === FUNCTION_ERROR || error.code === "step_not_found");
  if (isLost || isWornOut) return;
  if (isOpen || end.ok) say(`with ${run.error}, though it should have returned ${canonicalJson(end.value)}`);
  else if (error.message !== end.value) say(`with ${error.message} instead of ${String(end.value)}`);
}

/** True when faults took attempts of the run: of its calls, or because nobody served the function for a while. */
function isWorn(world: World, run: RunRecord): boolean {
  return world.network.hurtRuns.has(run.id) || world.ledger.wasRemoved.has(run.functionId);
}

function hasFlaky(fn: SimFunction): boolean {
  return fn.program.kind === "sequence" && fn.program.nodes.some((node) => node.kind === "flaky");
}

/** A step fails for good only if its body does, often enough. */
function checkSteps(
  world: World,
  workload: Workload,
  run: RunRecord,
  fn: SimFunction,
  say: (what: string) => void,
): void {
  const nodes = new Map(stepsOf(fn.program).map((node) => [node.id, node]));
  for (const step of world.ledger.steps.get(run.id)?.values() ?? []) {
    const node = nodes.get(step.name);
    if (step.memo === null || node === undefined || node.kind !== "run") continue;
    const hasFailed = step.status === "failed";
    const mustFail = node.behaviour === "alwaysFails" || node.behaviour === "final";
    // Faults and a flaky handler take attempts from the discovery in which the step runs.
    const { input } = (JSON.parse(step.memo) as { data?: { input?: number } | null }).data ?? {};
    const wanted = workload.edited.get(`${run.id} ${step.id}`) ?? dataOf(run);
    if (!hasFailed && input !== wanted && !world.ledger.isCopied(step))
      say(`${step.name} ran with ${input} for ${wanted}`);
    const isShort = node.failures > fn.retries || hasFlaky(fn) || isWorn(world, run);
    const mayFail = mustFail || (node.behaviour !== "value" && isShort);
    const isRight = hasFailed ? mayFail : !mustFail;
    if (!isRight && !world.ledger.isCopied(step))
      say(`step ${step.name} (${node.behaviour}) has the memo ${step.memo}`);
  }
}

function resultsOf(world: World, runId: string): Map<string, StoredResult> {
  const results = new Map<string, StoredResult>();
  for (const step of world.ledger.steps.get(runId)?.values() ?? []) {
    if (step.memo !== null) results.set(step.id, { seq: step.seq ?? -1, memo: step.memo });
  }
  return results;
}

function dataOf(run: RunRecord): number {
  const event = JSON.parse(run.events[0]!.json) as { data?: { n?: number } };
  return event.data?.n ?? 0;
}

// --- What ends of runs start ------------------------------------------------------------------------------------

/** Every end is heard once by whoever listens for it, and by nobody else; the ends of listeners by nobody at all. */
function checkListeners(world: World): void {
  const causes = new Map<string, number>();
  const { ledger } = world;
  for (const event of ledger.events.values()) {
    if (!event.name.startsWith("inngest/function.") || event.name === INTERNAL_EVENTS.invoked) continue;
    const { run_id: runId } = (JSON.parse(event.json) as { data: { run_id: string } }).data;
    for (const fn of world.functions.values()) {
      const runs = ledger.runsOfStart.get(`${fn.id} ${event.id}`) ?? [];
      const refused = (ledger.decisions.get(event.id) ?? []).filter(
        (decision) => decision.functionId === fn.id && decision.outcome === "rejected",
      );
      const key = `${fn.id} ${runId}`;
      causes.set(key, (causes.get(key) ?? 0) + runs.length + refused.length);
    }
  }
  for (const fn of world.functions.values()) {
    const [trigger] = fn.triggers;
    if (trigger?.kind !== "event" || !trigger.event.startsWith("inngest/")) continue;
    for (const run of ledger.runs.values()) {
      const isEndOfListener = END_EVENTS.has(run.events[0]?.name ?? "");
      const heard = (ledger.endings.get(run.id) ?? []).filter((status) => isHeard(world, trigger.event, run, status));
      const wanted = isEndOfListener ? 0 : heard.length;
      const started = causes.get(`${fn.id} ${run.id}`) ?? 0;
      if (started !== wanted)
        world.fail(
          "listeners",
          `the end of ${run.id} (${run.status}) started ${fn.slug} ${started} times instead of ${wanted}`,
        );
    }
  }
}

const END_EVENTS: ReadonlySet<string> = new Set([
  INTERNAL_EVENTS.finished,
  INTERNAL_EVENTS.failed,
  INTERNAL_EVENTS.cancelled,
  INTERNAL_EVENTS.skipped,
]);

function isHeard(world: World, event: string, run: RunRecord, status: RunStatus): boolean {
  if (event === INTERNAL_EVENTS.finished) return status !== "skipped";
  if (event === INTERNAL_EVENTS.skipped) return status === "skipped";
  if (event === INTERNAL_EVENTS.cancelled) return status === "cancelled";
  return status === "failed" && world.functionById(run.functionId)?.slug === "app-f0";
}

// --- Crons ------------------------------------------------------------------------------------------------------

/** A tick never fires twice; and where the policies leave nothing out, every tick fires. No schedule waits for the dead. */
function checkCrons(world: World, workload: Workload): void {
  for (const [functionId, { json }] of world.ledger.schedules) {
    const { activeRunId } = JSON.parse(json) as { activeRunId?: string | null };
    if (activeRunId != null) world.fail("cron", `the schedule of ${functionId} still waits for ${activeRunId}`);
  }
  for (const fn of world.functions.values()) {
    if (fn.cron === null) continue;
    const everyMs = Math.min(...fn.crons.map((cron) => Number(/\d+/.exec(cron.cron)![0]))) * 60_000;
    const ticks: number[] = [];
    for (const run of world.ledger.runs.values())
      if (run.functionId === fn.id && run.cron !== null && run.originalRunId === null) ticks.push(tickOf(run));
    ticks.sort((left, right) => left - right);
    const say = (what: string) => world.fail("cron", `${fn.slug} (${canonicalJson(fn.cron)}): ${what}`);
    for (const [index, tick] of ticks.entries()) {
      if (index > 0 && tick === ticks[index - 1]) say(`the tick ${tick} fired twice`);
      if (tick % everyMs !== 0) say(`${tick} is not a tick`);
    }
    const since = world.ledger.syncedAt.get("app") ?? 0;
    // Ticks that still wait for their turn when the crons end are dropped; two crons queue theirs one after the other.
    const isQueued = fn.cron.overlap === "queue" && fn.crons.length > 1;
    if (
      fn.cron.misfire !== "all" ||
      fn.cron.overlap === "skip" ||
      isQueued ||
      workload.hadPauses ||
      fn.flows.some(mayRefuse)
    )
      continue;
    const last = ticks.at(-1) ?? 0;
    for (let tick = Math.floor(since / everyMs) * everyMs + everyMs; tick <= last; tick += everyMs) {
      if (!ticks.includes(tick)) say(`the tick ${tick} was left out`);
    }
  }
}

const mayRefuse = (flow: FlowConfig): boolean => hasStartRules(flow) || flow.backlog !== null;

function tickOf(run: RunRecord): number {
  const event = JSON.parse(run.events[0]!.json) as { data: { scheduledAt: string } };
  return Date.parse(event.data.scheduledAt);
}

// --- Nothing left -----------------------------------------------------------------------------------------------

function checkRest(world: World): void {
  const { ledger, server } = world;
  for (const [runId, jobs] of ledger.jobs) if (jobs.size > 0) world.fail("rest", `run ${runId} left ${jobs.size} jobs`);
  if (ledger.messages.size > 0) world.fail("rest", `${ledger.messages.size} messages are left`);
  for (const [runId, waits] of ledger.waits)
    if (waits.size > 0) world.fail("rest", `run ${runId} left ${waits.size} waits`);
  for (const { kind, key, value } of ledger.flow.values()) {
    const runId = kind === "debounce" ? (JSON.parse(value) as { runId: string | null }).runId : value;
    const isOfRun = kind === "singleton" || kind === "batch" || kind === "debounce";
    if (isOfRun && runId !== null && isOver(ledger.runs.get(runId)?.status ?? "completed"))
      world.fail("rest", `the ${kind} ${key} is left of run ${runId}`);
  }
  const stats = server?.engine.stats;
  if (stats !== undefined && (stats.calls !== 0 || stats.waitingCommands !== 0))
    world.fail("rest", `the engine still counts ${stats.calls} calls and ${stats.waitingCommands} commands`);
  if (server !== null) world.limits?.checkRest(server.engine.coreForTests.view.admission.gates.names());
}
