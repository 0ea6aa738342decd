/** What must hold when the world has come to rest: nothing lost, nothing doubled, nothing left behind, all as expected. */
import { canonicalJson } from "../../src/protocol/json.ts";
import type { RunRecord } from "../../src/store/records.ts";
import { type End, expected, FUNCTION_ERROR, type StoredResult, stepsOf } from "./program.ts";
import type { SimFunction } from "./sim-app.ts";
import type { SentEvent, Workload } from "./workload.ts";
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
    const isStored = ledger.events.has(event.id);
    if (event.isAcknowledged && !isStored) world.fail("events", `event ${event.id} was acknowledged and is gone`);
    if (isStored) for (const fn of world.functions.values()) checkStart(world, event, fn);
  }
  for (const ids of workload.requests) {
    const stored = ids.filter((id) => ledger.events.has(id)).length;
    if (stored !== 0 && stored !== ids.length)
      world.fail("events", `of the request ${ids.join(",")} only ${stored} events are stored`);
  }
}

/** Each function that listens has exactly one run for the event, or a decision that says why not. */
function checkStart(world: World, event: SentEvent, fn: SimFunction): void {
  const { ledger } = world;
  const listens = fn.triggers.some(
    (trigger) =>
      trigger.kind === "event" &&
      (trigger.event.endsWith("*") ? event.name.startsWith(trigger.event.slice(0, -1)) : trigger.event === event.name),
  );
  const hasRun = ledger.runOfStart.has(`${fn.id} ${event.id}`);
  const decisions = (ledger.decisions.get(event.id) ?? []).filter((decision) => decision.functionId === fn.id);
  const say = (what: string) =>
    world.fail("events", `event ${event.id} (${event.name}, n=${event.n}) and ${fn.slug}: ${what}`);
  if (decisions.length + (hasRun ? 1 : 0) !== (listens ? 1 : 0)) {
    say(`${hasRun ? "a run" : "no run"} and ${decisions.length} decisions`);
    return;
  }
  if (!listens) return;
  const [decision] = decisions;
  if (!fn.accepts(event.name, event.n)) {
    if (decision?.outcome !== "filtered") say("it should have been filtered");
  } else if (!hasRun) {
    const earlier = event.producerId === null ? undefined : ledger.runOfStart.get(`${fn.id} id:${event.producerId}`);
    if (decision?.outcome !== "deduplicated" || earlier === undefined || decision.runId !== earlier)
      say(`it did not start: ${canonicalJson(decision)}`);
  }
}

// --- Runs -------------------------------------------------------------------------------------------------------

function checkOutcome(world: World, workload: Workload, run: RunRecord): void {
  const fn = world.functionById(run.functionId)!;
  const say = (what: string) => world.fail("outcome", `run ${run.id} of ${fn.slug} ${run.status}: ${what}`);
  if (run.status === "cancelled") {
    const isReplaced = run.cron !== null && fn.cron?.overlap === "cancel";
    if (!workload.cancelled.has(run.id) && !isReplaced) say("nobody asked for that");
    return;
  }
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
  checkSteps(world, run, fn, say);
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
  const isHurt = world.network.hurtRuns.has(run.id);
  const isLost = error.code === "app_unreachable" && isHurt;
  // A flaky handler needs all its attempts; a fault may have taken one.
  const isWornOut = isHurt && error.message === FUNCTION_ERROR && hasFlaky(fn);
  if (isLost || isWornOut) return;
  if (isOpen || end.ok) say(`with ${run.error}, though it should have returned ${canonicalJson(end.value)}`);
  else if (error.message !== end.value) say(`with ${error.message} instead of ${String(end.value)}`);
}

function hasFlaky(fn: SimFunction): boolean {
  return fn.program.kind === "sequence" && fn.program.nodes.some((node) => node.kind === "flaky");
}

/** A step fails for good only if its body does, often enough. */
function checkSteps(world: World, run: RunRecord, fn: SimFunction, say: (what: string) => void): void {
  const nodes = new Map(stepsOf(fn.program).map((node) => [node.id, node]));
  for (const step of world.ledger.steps.get(run.id)?.values() ?? []) {
    const node = nodes.get(step.name);
    if (step.memo === null || node === undefined || node.kind === "sleep") continue;
    const hasFailed = step.status === "failed";
    const mustFail = node.behaviour === "alwaysFails" || node.behaviour === "final";
    // Faults and a flaky handler take attempts from the discovery in which the step runs.
    const isWorn = node.failures > fn.retries || hasFlaky(fn) || world.network.hurtRuns.has(run.id);
    const mayFail = mustFail || (node.behaviour !== "value" && isWorn);
    if (hasFailed ? !mayFail : mustFail) say(`step ${step.name} (${node.behaviour}) has the memo ${step.memo}`);
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

function checkListeners(world: World): void {
  const causes = new Map<string, number>();
  for (const run of world.ledger.runs.values()) {
    const [event] = run.events;
    if (event === undefined || !event.name.startsWith("inngest/function.")) continue;
    const data = (JSON.parse(event.json) as { data: { run_id: string } }).data;
    const key = `${run.functionId} ${data.run_id}`;
    causes.set(key, (causes.get(key) ?? 0) + 1);
  }
  for (const fn of world.functions.values()) {
    const [trigger] = fn.triggers;
    if (trigger?.kind !== "event" || !trigger.event.startsWith("inngest/")) continue;
    for (const run of world.ledger.runs.values()) {
      const isEndOfListener = run.events[0]?.name.startsWith("inngest/function.") ?? false;
      const isHeard =
        trigger.event === "inngest/function.finished" ||
        (run.status === "failed" && world.functionById(run.functionId)?.slug === `app-f0`);
      const wanted = isHeard && !isEndOfListener ? 1 : 0;
      const started = causes.get(`${fn.id} ${run.id}`) ?? 0;
      if (started !== wanted)
        world.fail(
          "listeners",
          `the end of ${run.id} (${run.status}) started ${fn.slug} ${started} times instead of ${wanted}`,
        );
    }
  }
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
      if (run.functionId === fn.id && run.cron !== null) ticks.push(tickOf(run));
    ticks.sort((left, right) => left - right);
    const say = (what: string) => world.fail("cron", `${fn.slug} (${canonicalJson(fn.cron)}): ${what}`);
    for (const [index, tick] of ticks.entries()) {
      if (index > 0 && tick === ticks[index - 1]) say(`the tick ${tick} fired twice`);
      if (tick % everyMs !== 0) say(`${tick} is not a tick`);
    }
    const since = world.ledger.syncedAt.get("app") ?? 0;
    // Ticks that still wait for their turn when the crons end are dropped; two crons queue theirs one after the other.
    const isQueued = fn.cron.overlap === "queue" && fn.crons.length > 1;
    if (fn.cron.misfire !== "all" || fn.cron.overlap === "skip" || isQueued || workload.hadPauses) continue;
    const last = ticks.at(-1) ?? 0;
    for (let tick = Math.floor(since / everyMs) * everyMs + everyMs; tick <= last; tick += everyMs) {
      if (!ticks.includes(tick)) say(`the tick ${tick} was left out`);
    }
  }
}

function tickOf(run: RunRecord): number {
  const event = JSON.parse(run.events[0]!.json) as { data: { scheduledAt: string } };
  return Date.parse(event.data.scheduledAt);
}

// --- Nothing left -----------------------------------------------------------------------------------------------

function checkRest(world: World): void {
  const { ledger, server } = world;
  for (const [runId, jobs] of ledger.jobs) if (jobs.size > 0) world.fail("rest", `run ${runId} left ${jobs.size} jobs`);
  const stats = server?.engine.stats;
  if (stats !== undefined && (stats.calls !== 0 || stats.waitingCommands !== 0))
    world.fail("rest", `the engine still counts ${stats.calls} calls and ${stats.waitingCommands} commands`);
}
