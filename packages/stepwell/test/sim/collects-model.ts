/**
 * The reference model of debounce and batch: which event goes to which run, and when that run begins.
 *
 *   CM1. An event joins the run that gathers for its key, if there is one; otherwise it opens one, or starts one at once
 *        where the mode says so and it was quiet.
 *   CM2. A debounced run has the last event by `ts`, or with `collect` all of them; a batch has its events as they came.
 *   CM3. A debounce begins when it was quiet for the period, or at its timeout; a batch when it is full, or at its timeout.
 */

import type { StoredEvent } from "../../src/protocol/event.ts";
import type { BatchRule, DebounceRule } from "../../src/protocol/flow.ts";
import { isOver, type Ledger } from "./ledger.ts";

/** What the engine says it did with an event. */
export interface Verdict {
  readonly kind: string;
  readonly runId: string | null;
  readonly at: number;
  readonly reason: string;
}

/** Of something at an instant within a commit: it was so, it was not, or the commit does not say. */
export type Truth = "yes" | "no" | "maybe";

interface Gathering {
  readonly runId: string;
  readonly firstAt: number;
  ts: number;
  events: readonly StoredEvent[];
  dueAt: number;
  isFull: boolean;
  isBegun: boolean;
}

export interface CollectsWorld {
  fail(rule: string, what: string): void;
}

export class CollectsModel {
  readonly #ledger: Ledger;
  readonly #world: CollectsWorld;
  /** The latest run that gathers, by function and key. */
  readonly #latest = new Map<string, Gathering>();
  readonly #open = new Map<string, Gathering>();
  /** The last event of a key, and the run that gathers it, if any does. */
  readonly #last = new Map<string, { readonly at: number; readonly gathering: Gathering | null }>();

  constructor(ledger: Ledger, world: CollectsWorld) {
    this.#ledger = ledger;
    this.#world = world;
  }

  /** The run that gathers for a key at an instant of this commit. */
  gathering(key: string, at: number): { readonly runId: string | null; readonly truth: Truth } {
    const latest = this.#latest.get(key);
    return latest === undefined
      ? { runId: null, truth: "no" }
      : { runId: latest.runId, truth: this.#gathersAt(latest, at) };
  }

  #gathersAt({ runId, isBegun, isFull }: Gathering, at: number): Truth {
    if (isBegun || isFull) return "no";
    const run = this.#ledger.runs.get(runId);
    if (run === undefined) return "no";
    const isGathering = this.#ledger.jobs.get(runId)?.get("main")?.kind === "collect";
    if (isGathering && !isOver(run.status)) return "yes";
    const endAt = isOver(run.status) && run.startedAt === null ? (run.endedAt ?? 0) : run.startAt;
    return endAt === at ? "maybe" : endAt > at ? "yes" : "no";
  }

  /** True when nothing came for a period, or what came has been seen to: whatever gathered it is over. */
  #isQuiet(key: string, { periodMs }: DebounceRule, at: number): Truth {
    const last = this.#last.get(key);
    if (last === undefined) return "yes";
    if (last.gathering === null) return last.at + periodMs <= at ? "yes" : "no";
    const truth = this.#gathersAt(last.gathering, at);
    return truth === "maybe" ? truth : truth === "yes" ? "no" : "yes";
  }

  /** CM1. */
  debounced(key: string, rule: DebounceRule, event: StoredEvent, verdict: Verdict): void {
    const { kind, runId, at } = verdict;
    const say = (what: string) => this.#say(key, event, verdict, what);
    const { runId: waiting, truth } = this.gathering(key, at);
    const isQuiet = this.#isQuiet(key, rule, at);
    if (kind === "started") {
      if (rule.mode === "trailing" || truth === "yes" || isQuiet === "no") say("it waits for quiet");
      this.#last.set(key, { at, gathering: null });
      return;
    }
    if (runId !== null && runId === waiting) {
      if (truth === "no") say("that run has begun");
      const gathering = this.#latest.get(key)!;
      this.#last.set(key, { at, gathering });
      if (event.ts < gathering.ts) return;
      gathering.ts = event.ts;
      gathering.events = rule.collect ? [...gathering.events, event] : [event];
      gathering.dueAt = dueAt(rule, at, gathering.firstAt);
      return;
    }
    if (truth === "yes") say(`it should have gone to ${waiting}`);
    if (rule.mode !== "trailing" && isQuiet === "yes") say("it should start a run at once");
    this.#last.set(key, { at, gathering: null });
    if ((runId === null) !== (rule.mode === "leading")) say("a run waits only where something comes after");
    if (runId === null) return;
    const gathering = { runId, firstAt: at, ts: event.ts, events: [event], dueAt: dueAt(rule, at, at) };
    this.#begin(key, { ...gathering, isFull: false, isBegun: false });
    this.#last.set(key, { at, gathering: this.#latest.get(key)! });
  }

  batched(key: string, rule: BatchRule, event: StoredEvent, verdict: Verdict): void {
    const { runId, at } = verdict;
    const say = (what: string) => this.#say(key, event, verdict, what);
    const { runId: waiting, truth } = this.gathering(key, at);
    if (runId === null) {
      say("it goes nowhere");
      return;
    }
    if (runId !== waiting) {
      if (truth === "yes") say(`it should have gone to ${waiting}`);
      const dueAt = at + rule.timeoutMs;
      this.#begin(key, { runId, firstAt: at, ts: 0, events: [event], dueAt, isFull: false, isBegun: false });
      return;
    }
    if (truth === "no") say("that run has begun");
    const gathering = this.#latest.get(key)!;
    gathering.events = [...gathering.events, event];
    const size = gathering.events.reduce((sum, { json }) => sum + json.length, 0);
    gathering.isFull = gathering.events.length >= rule.sizeMax || size >= rule.bytesMax;
  }

  #begin(key: string, gathering: Gathering): void {
    this.#latest.set(key, gathering);
    this.#open.set(gathering.runId, gathering);
  }

  /** CM2 and CM3, when all events of a commit have been seen to; but for functions of which nobody is sure. */
  settle(unsure: ReadonlySet<string>): void {
    for (const [runId, gathering] of this.#open) {
      const run = this.#ledger.runs.get(runId);
      if (run === undefined || (isOver(run.status) && run.startedAt === null)) {
        this.#over(gathering);
        continue;
      }
      if (unsure.has(run.functionId)) {
        this.#over(gathering);
        continue;
      }
      const say = (rule: string, what: string) => this.#world.fail(rule, `run ${runId}, which gathers: ${what}`);
      const ids = run.events.map(({ id }) => id).join(",");
      const wanted = gathering.events.map(({ id }) => id).join(",");
      if (ids !== wanted) say("CM2", `it has ${ids} instead of ${wanted}`);
      const job = this.#ledger.jobs.get(runId)?.get("main");
      if (job?.kind === "collect") {
        if (gathering.isFull) say("CM3", "it is full and gathers still");
        if (job.dueAt !== gathering.dueAt) say("CM3", `it begins at ${job.dueAt} instead of ${gathering.dueAt}`);
        continue;
      }
      if (!gathering.isFull && run.startAt < gathering.dueAt)
        say("CM3", `it began at ${run.startAt}, before ${gathering.dueAt}`);
      this.#over(gathering);
    }
  }

  /** However it is over, what comes then begins anew. */
  #over(gathering: Gathering): void {
    gathering.isBegun = true;
    this.#open.delete(gathering.runId);
    for (const [key, last] of this.#last) if (last.gathering === gathering) this.#last.delete(key);
  }

  #say(key: string, event: StoredEvent, { kind, runId, at }: Verdict, what: string): void {
    this.#world.fail("CM1", `event ${event.id} of ${key} is ${kind} (${runId}) at ${at}: ${what}`);
  }
}

function dueAt({ periodMs, timeoutMs }: DebounceRule, at: number, firstAt: number): number {
  return Math.min(at + periodMs, timeoutMs === null ? Number.POSITIVE_INFINITY : Math.max(at, firstAt + timeoutMs));
}
