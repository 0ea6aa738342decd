/**
 * The reference model of what becomes of an event: every commit is judged by the rules of docs/flow-control.md, in their order.
 *
 *   SM1. Every event has one verdict for every function that it may start: a run, or a decision that says why not.
 *   SM2. An event id, and a key of `idempotency`, starts one run while it is remembered; a run that fails gives the key free
 *        where the option says so.
 *   SM3. `singleton`: while a run of the key is under way, a newer one is skipped, or takes its place in the same commit.
 *   SM4. `backlog`: no more wait than may; what is one too many is refused, left behind, or the oldest makes room.
 *   SM5. `rateLimit` admits exactly what it admits, and says when it admits the next.
 *   SM6. What is refused by one rule counts for none of those that come after it.
 *
 *   SM7. An invoke and a cron meet all of them but what gathers; a rerun only `singleton` and `backlog`.
 *   SM8. A function that is paused starts nothing, where its mode says so, and no rule after `idempotency` counts that.
 *
 * A commit may hold several instants. Where it does not say what came first within one of them, either is right; and once an
 * event and another cause came to a function at the same instant of a commit, its starts are not judged any more.
 */
import type { Decision } from "../../src/core/batch.ts";
import { INTERNAL_EVENTS, type StoredEvent } from "../../src/protocol/event.ts";
import type { FlowConfig } from "../../src/protocol/flow.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { BatchRecords, RunRecord } from "../../src/store/records.ts";
import { CollectsModel, type Truth, type Verdict } from "./collects-model.ts";
import { BATCH_CONDITIONS, keyOf } from "./flow-keys.ts";
import { numberOf } from "./flow-places.ts";
import { isOver, type Ledger } from "./ledger.ts";
import { RateModel } from "./rate-model.ts";
import type { SimFunction } from "./sim-app.ts";

export interface StartsWorld {
  fail(rule: string, what: string): void;
  readonly functions: ReadonlyMap<string, SimFunction>;
  functionById(id: string): SimFunction | undefined;
  readonly swarm: { readonly loadMsMax: number; readonly commitMsMax: number; readonly clockJumps: number };
}

interface Remembered {
  readonly runId: string;
  readonly untilAt: number;
}

/** One event and one function. */
interface Case {
  readonly fn: SimFunction;
  readonly flow: FlowConfig;
  readonly event: StoredEvent;
  readonly n: number;
  readonly verdict: Verdict;
  readonly cause: "event" | "invoke" | "rerun";
}

export class StartsModel {
  readonly #ledger: Ledger;
  readonly #world: StartsWorld;
  readonly #collects: CollectsModel;
  readonly #once = new Map<string, Remembered>();
  readonly #same = new Map<string, Remembered>();
  /** The latest run of each key of a singleton. */
  readonly #holders = new Map<string, string>();
  readonly #rates = new Map<string, RateModel>();
  readonly #runsOf = new Map<string, string[]>();
  #served: ReadonlySet<string> = new Set();
  /** Of the commit that is being judged: new runs by function and first event, runs that were replaced. */
  #made = new Map<string, RunRecord>();
  readonly #seen = new Set<string>();
  /** Functions of which nobody can say what came first. */
  readonly #unsure = new Set<string>();
  /** Functions that change in the commit that is being judged: what they were, and from when on they are what they are. */
  readonly #changes = new Map<string, { readonly flow: FlowConfig; readonly version: number; readonly at: number }>();
  #isKnown: ReadonlySet<string> = new Set();
  #fresh: ReadonlySet<string> = new Set();

  constructor(ledger: Ledger, world: StartsWorld) {
    this.#ledger = ledger;
    this.#world = world;
    this.#collects = new CollectsModel(ledger, world);
  }

  before(records: BatchRecords): void {
    this.#served = new Set(
      [...this.#ledger.functions.values()].filter((stored) => !stored.isArchived).map(({ fn }) => fn.id),
    );
    this.#changes.clear();
    for (const { fn, changedAt: at } of records.functions) {
      const before = this.#ledger.functions.get(fn.id);
      if (before !== undefined) this.#changes.set(fn.id, { flow: before.fn.flow, version: before.version, at });
    }
    const fresh = records.runs.filter((run) => !this.#ledger.runs.has(run.id));
    this.#isKnown = new Set(records.runs.filter((run) => !fresh.includes(run)).map((run) => run.id));
    this.#fresh = new Set(fresh.map((run) => run.id));
    this.#made = new Map(fresh.map((run) => [`${run.functionId} ${run.events[0]?.id}`, run]));
    for (const run of fresh) {
      const runs = this.#runsOf.get(run.functionId);
      if (runs === undefined) this.#runsOf.set(run.functionId, [run.id]);
      else runs.push(run.id);
    }
    this.#seen.clear();
    this.#resumed = records.runs.filter((run) => resumesOf(run) > resumesOf(this.#ledger.runs.get(run.id)));
  }

  /** A run that is resumed has its place at its singleton again. Of a start beside it nobody can say what came first. */
  #takeBack(cases: readonly Case[]): void {
    for (const run of this.#resumed) {
      const fn = this.#world.functionById(run.functionId);
      const flow = this.#ledger.functions.get(run.functionId)?.fn.flow;
      if (fn === undefined || flow === undefined) continue;
      if (cases.some((one) => one.fn === fn)) this.#unsure.add(fn.id);
      const key = keyOfSingleton({ fn, flow, n: numberOf(run.events[0]?.json ?? "{}") });
      if (key !== null) this.#holders.set(key, run.id);
    }
  }

  #resumed: readonly RunRecord[] = [];

  after(records: BatchRecords): void {
    const cases = records.events.flatMap((event) => this.#casesOf(event, records.decisions));
    const others = records.runs.flatMap((run) => this.#otherCase(run, records.decisions) ?? []);
    for (const { fn, verdict } of others)
      if (cases.some((one) => one.fn === fn && one.verdict.at === verdict.at)) this.#unsure.add(fn.id);
    const inOrder = [...cases, ...others].sort((left, right) => left.verdict.at - right.verdict.at);
    for (const one of inOrder) if (this.#isChangedAt(one)) this.#unsure.add(one.fn.id);
    this.#takeBack(inOrder);
    for (const one of inOrder) {
      if (!this.#unsure.has(one.fn.id)) this.#check(one);
      if (one.verdict.runId !== null) this.#seen.add(one.verdict.runId);
    }
    this.#collects.settle(this.#unsure);
    this.#checkReplaced(records);
    this.#checkBacklogs(records);
  }

  // --- Verdicts -----------------------------------------------------------------------------------------------

  #casesOf(event: StoredEvent, decisions: readonly Decision[]): Case[] {
    if (event.isInternal) return [];
    const n = numberOf(event.json);
    const listening = [...this.#world.functions.values()].filter((fn) => fn.accepts(event.name, n));
    return listening.flatMap((fn) => this.#caseOf(fn, event, n, decisions) ?? []);
  }

  /** A run that did not begin for an event that somebody sent. */
  #otherCase(run: RunRecord, decisions: readonly Decision[]): Case | null {
    const fn = this.#fresh.has(run.id) ? this.#world.functionById(run.functionId) : undefined;
    const flow = this.#ledger.functions.get(run.functionId)?.fn.flow;
    const [first] = run.events;
    const event = this.#ledger.events.get(first?.id ?? "");
    if (fn === undefined || flow === undefined || event === undefined) return null;
    if (run.originalRunId === null && run.cron === null && first?.name !== INTERNAL_EVENTS.invoked) return null;
    const isIts = ({ runId, eventId }: Decision) => runId === run.id && eventId === event.id;
    const skipped = decisions.find((decision) => isIts(decision) && !isDropped(decision, this.#ledger));
    const { outcome: kind = "started", reason = "" } = skipped ?? {};
    const verdict = { kind, runId: run.id, at: run.createdAt, reason };
    const cause = run.originalRunId === null ? "invoke" : "rerun";
    if (run.status === "skipped" && run.reason === "paused") return null;
    return { fn, flow: this.#flowAt(fn, flow, run.createdAt), event, n: numberOf(event.json), verdict, cause };
  }

  /** SM1. */
  #caseOf(fn: SimFunction, event: StoredEvent, n: number, decisions: readonly Decision[]): Case | null {
    const flow = this.#ledger.functions.get(fn.id)?.fn.flow;
    if (flow === undefined) return null;
    const verdicts = decisions.filter(
      (decision) =>
        decision.eventId === event.id && decision.functionId === fn.id && !isDropped(decision, this.#ledger),
    );
    const run = this.#made.get(`${fn.id} ${event.id}`);
    const [decision] = verdicts;
    if (verdicts.length > 1 || (decision === undefined && run === undefined)) {
      if (this.#served.has(fn.id) || verdicts.length > 1)
        this.#world.fail("SM1", `event ${event.id} and ${fn.slug}: ${verdicts.length} decisions, and no run`);
      return null;
    }
    const verdict: Verdict =
      decision === undefined
        ? { kind: "started", runId: run!.id, at: run!.createdAt, reason: "" }
        : { kind: decision.outcome, runId: decision.runId, at: decision.at, reason: decision.reason };
    return { fn, flow: this.#flowAt(fn, flow, verdict.at), event, n, verdict, cause: "event" };
  }

  #flowAt({ id }: SimFunction, flow: FlowConfig, at: number): FlowConfig {
    const change = this.#changes.get(id);
    return change !== undefined && at < change.at ? change.flow : flow;
  }

  /** Nobody knows which of two configurations it met. */
  #isChangedAt({ fn, verdict }: Case): boolean {
    const change = this.#changes.get(fn.id);
    if (change === undefined) return false;
    return verdict.at === change.at || this.#ledger.functions.get(fn.id)!.version > change.version + 1;
  }

  #check(one: Case): void {
    if (this.#isRepeated(one) || this.#isPaused(one) || this.#isSkipped(one)) return;
    if (this.#isOneTooMany(one) || this.#isTooSoon(one)) return;
    const { fn, flow, event, n, verdict, cause } = one;
    const { debounce, batch } = flow;
    if (debounce !== null && cause === "event")
      this.#collects.debounced(keyOfGathering(one)!, debounce, event, verdict);
    else if (batch !== null && keyOfGathering(one) !== null)
      this.#collects.batched(keyOfGathering(one)!, batch, event, verdict);
    else if (verdict.kind !== "started") this.#say("SM1", one, "it should start a run");
    if (verdict.runId === null) return;
    const isNew = this.#fresh.has(verdict.runId) && !this.#seen.has(verdict.runId);
    if (event.idempotencyId !== null && cause === "event")
      this.#once.set(`${fn.id} ${event.idempotencyId}`, {
        runId: verdict.runId,
        untilAt: verdict.at + LIMITS.dedupeMs,
      });
    const same = flow.idempotency === null || cause === "rerun" ? "false" : keyOf(flow.idempotency.key, n);
    if (same !== "false")
      this.#same.set(`${fn.id} ${same}`, { runId: verdict.runId, untilAt: verdict.at + flow.idempotency!.periodMs });
    const own = keyOfSingleton(one);
    if (own === null || !isNew) return;
    this.#takePlace(one, own);
    this.#holders.set(own, verdict.runId);
  }

  /** SM2. */
  #isRepeated(one: Case): boolean {
    const { fn, flow, event, n, verdict, cause } = one;
    if (cause === "rerun") return false;
    const once = event.idempotencyId === null ? undefined : this.#once.get(`${fn.id} ${event.idempotencyId}`);
    const { idempotency } = flow;
    const value = idempotency === null ? "false" : keyOf(idempotency.key, n);
    const same = value === "false" ? undefined : this.#same.get(`${fn.id} ${value}`);
    const isOnce = once !== undefined && once.untilAt > verdict.at;
    let isSame = same === undefined ? "no" : this.#lasts(same.untilAt, verdict.at);
    if (idempotency?.releaseOnFailure === true && same !== undefined)
      isSame = both(isSame, this.#keepsKey(one, same.runId, verdict.at));
    if (verdict.kind === "deduplicated") {
      const right = [...(isOnce ? [once.runId] : []), ...(isSame === "no" ? [] : [same!.runId])];
      if (!right.includes(verdict.runId ?? "")) this.#say("SM2", one, `it repeats ${right.join(" or ") || "nothing"}`);
      return true;
    }
    if (isOnce || isSame === "yes") this.#say("SM2", one, `it repeats ${(isOnce ? once : same!).runId}`);
    return false;
  }

  /** SM8. */
  #isPaused(one: Case): boolean {
    const { fn, event, verdict } = one;
    if (verdict.reason !== "the function is paused") return false;
    const mode = verdict.kind === "skipped" ? "skip" : "reject";
    if (this.#ledger.statesAtStart.get(event.id)?.get(fn.id)?.has(mode) !== true)
      this.#say("SM8", one, "it is not paused so");
    return true;
  }

  /** What was known when the event was looked at, or is not stored yet, may be over when its commit begins. */
  #lasts(untilAt: number, at: number): Truth {
    if (untilAt > at) return "yes";
    const { loadMsMax, commitMsMax, clockJumps } = this.#world.swarm;
    if (clockJumps > 0) return "maybe";
    return untilAt + 6 * loadMsMax + 4 * commitMsMax > at ? "maybe" : "no";
  }

  /** A run that failed or was cancelled has given the key free with which it was made. */
  #keepsKey({ flow }: Case, runId: string, at: number): Truth {
    const isGathered = flow.debounce !== null || flow.batch !== null;
    const run = this.#ledger.runs.get(runId);
    const gaveFree = run?.status === "failed" || run?.status === "cancelled";
    if (!gaveFree) return "yes";
    return isGathered ? "maybe" : this.#isOpenAt(runId, at);
  }

  #isOpenAt(runId: string, at: number): Truth {
    const run = this.#ledger.runs.get(runId);
    if (run === undefined) return "no";
    if (!isOver(run.status)) return "yes";
    if (this.#ledger.endedBefore.has(runId) || (!this.#isKnown.has(runId) && !this.#seen.has(runId))) return "no";
    return beforeOrAfter(at, run.endedAt ?? 0);
  }

  /** SM3, where the newer one gives way. */
  #isSkipped(one: Case): boolean {
    const { flow, verdict } = one;
    const key = flow.singleton?.mode === "skip" ? keyOfSingleton(one) : null;
    const holder = key === null ? undefined : this.#holders.get(key);
    const gathers = this.#gathering(one);
    const isOpen = holder === undefined ? "no" : this.#isOpenAt(holder, verdict.at);
    const isOwn = holder === gathers.runId ? gathers.truth : "no";
    const mustSkip = both(isOpen, not(isOwn));
    if (verdict.kind === "skipped" && holder !== undefined && verdict.reason.includes(holder)) {
      if (mustSkip === "no") this.#say("SM3", one, `${holder} is not in its way`);
      return true;
    }
    if (mustSkip === "yes") this.#say("SM3", one, `${holder} is the one run of its key`);
    return false;
  }

  /** SM3, where the newer one takes the place. */
  #takePlace(one: Case, key: string): void {
    const { flow, verdict } = one;
    const holder = this.#holders.get(key);
    const mode = flow.singleton!.mode;
    if (holder === undefined || holder === verdict.runId || (mode !== "cancel" && mode !== "queue-latest")) return;
    if (this.#isOpenAt(holder, verdict.at) === "no") return;
    const old = this.#ledger.runs.get(holder)!;
    const isReplaced = isOver(old.status);
    const mayStay = mode === "queue-latest" && old.startedAt !== null;
    if (!isReplaced && !mayStay) this.#say("SM3", one, `${holder}, whose place it takes, is ${old.status}`);
    this.#replaced.add(holder);
  }

  readonly #replaced = new Set<string>();

  #checkReplaced(records: BatchRecords): void {
    for (const run of records.runs) {
      const isEnding = run.reason === "replaced" && !this.#ledger.endedBefore.has(run.id);
      const isOfCron = run.cron !== null && this.#world.functionById(run.functionId)?.cron?.overlap === "cancel";
      if (isEnding && !this.#replaced.has(run.id) && !this.#unsure.has(run.functionId) && !isOfCron)
        this.#world.fail("SM3", `run ${run.id} was replaced, and nothing took its place`);
    }
    this.#replaced.clear();
  }

  // --- Backlog ------------------------------------------------------------------------------------------------

  /** SM4. */
  #isOneTooMany(one: Case): boolean {
    const { fn, flow, verdict } = one;
    const isBacklog = /waits? already/.test(verdict.reason);
    const { backlog } = flow;
    if (backlog === null || backlog.policy === "drop-oldest") {
      if (isBacklog) this.#say("SM4", one, "there is no such limit");
      return isBacklog;
    }
    const { least, most } = this.#waiting(fn.id, verdict);
    const joins = this.#gathering(one).truth;
    const mustRefuse = both(least >= backlog.limit ? "yes" : most >= backlog.limit ? "maybe" : "no", not(joins));
    const counts = `${least} to ${most} wait, ${backlog.limit} may`;
    if (isBacklog) {
      if (mustRefuse === "no") this.#say("SM4", one, counts);
      if (verdict.kind !== (backlog.policy === "reject" ? "rejected" : "skipped"))
        this.#say("SM4", one, backlog.policy);
      return true;
    }
    if (mustRefuse === "yes") this.#say("SM4", one, counts);
    return false;
  }

  /** How many other runs of the function wait for their first call at an instant of this commit. */
  #waiting(functionId: string, { at, runId }: Verdict): { readonly least: number; readonly most: number } {
    const truths = (this.#runsOf.get(functionId) ?? []).filter((id) => id !== runId).map((id) => this.#waitsAt(id, at));
    return {
      least: truths.filter((truth) => truth === "yes").length,
      most: truths.filter((truth) => truth !== "no").length,
    };
  }

  #waitsAt(runId: string, at: number): Truth {
    const run = this.#ledger.runs.get(runId)!;
    const isFresh = !this.#isKnown.has(runId) && this.#made.get(`${run.functionId} ${run.events[0]?.id}`)?.id === runId;
    if (isFresh && !this.#seen.has(runId)) return run.createdAt < at ? "maybe" : "no";
    if (isFresh && run.status === "skipped" && run.endedAt === run.createdAt) return "maybe";
    if (run.startedAt !== null) return this.#isKnown.has(runId) || isFresh ? beforeOrAfter(at, run.startedAt) : "no";
    if (!isOver(run.status)) return "yes";
    return this.#isKnown.has(runId) || isFresh ? beforeOrAfter(at, run.endedAt ?? 0) : "no";
  }

  /** After the commit no more wait than may, and only the oldest have made room. */
  #checkBacklogs(records: BatchRecords): void {
    for (const functionId of new Set(records.runs.map((run) => run.functionId))) {
      const { backlog } = this.#ledger.functions.get(functionId)?.fn.flow ?? { backlog: null };
      if (backlog === null) continue;
      const runs = (this.#runsOf.get(functionId) ?? []).map((id) => this.#ledger.runs.get(id)!);
      const waiting = runs.filter((run) => run.startedAt === null && !isOver(run.status));
      const fresh = waiting.filter((run) => (run.notes?.resumes ?? 0) === 0); // A run that is resumed is no new one.
      if (fresh.length > backlog.limit)
        this.#world.fail("SM4", `${fresh.length} runs of ${functionId} wait, ${backlog.limit} may`);
      for (const run of records.runs) {
        const isDropped = run.functionId === functionId && / and it waited longest$/.test(run.error ?? "");
        const older = isDropped ? waiting.find((other) => other.createdAt < run.createdAt) : undefined;
        if (older !== undefined) this.#world.fail("SM4", `run ${run.id} made room, and ${older.id} has waited longer`);
      }
    }
  }

  // --- Rate limit ---------------------------------------------------------------------------------------------

  /** SM5. */
  #isTooSoon(one: Case): boolean {
    const { fn, flow, n, verdict, cause } = one;
    const { rateLimit } = flow;
    const value = rateLimit === null || cause === "rerun" ? "false" : keyOf(rateLimit.key, n);
    const isRefused = verdict.kind === "rate_limited";
    if (rateLimit === null || value === "false") {
      if (isRefused) this.#say("SM5", one, "there is no such limit");
      return isRefused;
    }
    const key = `${fn.id} ${value}`;
    const rate = this.#rates.get(key) ?? new RateModel();
    this.#rates.set(key, rate);
    const admittedAt = rate.admittedAt(rateLimit, verdict.at);
    if (isRefused !== admittedAt > verdict.at) this.#say("SM5", one, `the limit admits it at ${admittedAt}`);
    if (isRefused && !verdict.reason.includes(timeText(admittedAt)))
      this.#say("SM5", one, `${verdict.reason}, and it admits it at ${timeText(admittedAt)}`);
    if (!isRefused) rate.admit(rateLimit, verdict.at);
    return isRefused;
  }

  // --- Gathering ----------------------------------------------------------------------------------------------

  #gathering(one: Case): { readonly runId: string | null; readonly truth: Truth } {
    const key = keyOfGathering(one);
    return key === null ? { runId: null, truth: "no" } : this.#collects.gathering(key, one.verdict.at);
  }

  #say(rule: string, { fn, event, n, verdict }: Case, what: string): void {
    const { kind, runId, at, reason } = verdict;
    const said = `${kind} (run ${runId}, ${reason}) at ${at}`;
    this.#world.fail(rule, `event ${event.id} (n=${n}) and ${fn.slug}: ${said}; ${what}`);
  }
}

/** A decision that tells of an event whose run made room for another one. */
function isDropped({ outcome, runId, reason }: Decision, ledger: Ledger): boolean {
  return outcome === "skipped" && / and it waited longest$/.test(reason) && ledger.runs.has(runId ?? "");
}

function keyOfSingleton({ fn, flow, n }: Pick<Case, "fn" | "flow" | "n">): string | null {
  const value = flow.singleton === null ? "false" : keyOf(flow.singleton.key, n);
  return value === "false" ? null : `${fn.id} ${value}`;
}

/** Null for an event that nothing gathers. */
function keyOfGathering({ fn, flow: { debounce, batch }, n, cause }: Case): string | null {
  if (cause !== "event") return null;
  if (batch !== null && (batch.condition === null || BATCH_CONDITIONS.get(batch.condition)!(n)))
    return `${fn.id} ${keyOf(batch.key, n)}`;
  return debounce === null ? null : `${fn.id} ${keyOf(debounce.key, n)}`;
}

/** As people are told times: whole seconds without a fraction. */
const timeText = (at: number): string => new Date(at).toISOString().replace(".000Z", "Z");

const beforeOrAfter = (at: number, end: number): Truth => (at === end ? "maybe" : at < end ? "yes" : "no");
const not = (truth: Truth): Truth => (truth === "yes" ? "no" : truth === "no" ? "yes" : "maybe");
const both = (left: Truth, right: Truth): Truth =>
  left === "no" || right === "no" ? "no" : left === "yes" && right === "yes" ? "yes" : "maybe";

const resumesOf = (run: RunRecord | undefined): number => run?.notes?.resumes ?? 0;
