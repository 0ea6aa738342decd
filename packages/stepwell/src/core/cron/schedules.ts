/**
 * The schedules of all functions: which tick is next, which were missed, and what the overlap policy makes of them.
 *
 * One state per function, stored as one row, so that all its crons are decided together: two expressions that name
 * the same minute start one run.
 *
 *   CS1. A nominal tick of a function fires at most once: the state moves past it in the transition that starts its run.
 *   CS2. What was missed while nobody ran is decided by the trigger's misfire policy when the schedule is looked at again.
 *   CS3. Jitter delays the run, never the nominal time; the same tick has the same delay on every server.
 *   CS4. The overlap policy sees every run that an earlier tick started, also one of the same moment, and its end also
 *        while the function has no cron: no schedule waits for a run that has ended.
 */
import { INTERNAL_EVENTS } from "../../protocol/event.ts";
import type { CronTrigger, FunctionConfig } from "../../protocol/function.ts";
import { canonicalJson, type JsonObject } from "../../protocol/json.ts";
import type { Schedule } from "../batch.ts";
import { type Instant, isoTime } from "../instant.ts";
import { type Cron, isCronProblem, nextTick, parseCron } from "./cron.ts";
import { jitterDelayMs } from "./jitter.ts";
import { dueTicks, MISFIRE_GRACE_MS } from "./misfire.ts";

/** A tick that starts a run now. */
export interface FiredTick {
  readonly cron: string;
  readonly eventName: string;
  readonly data: JsonObject;
  /** The id functions see: the nominal time. */
  readonly publicId: string;
  /** The run to cancel first, by the overlap policy. */
  readonly cancelRunId: string | null;
}

/** Starts the run of a tick and returns its id; null when it ended at once (a skipped run). */
export type StartTick = (functionId: string, tick: FiredTick) => string | null;

interface Entry {
  readonly trigger: CronTrigger;
  readonly cron: Cron;
  /** The nominal time up to which ticks are decided. */
  decidedAt: Instant;
  /** The next nominal tick, and when it fires (jitter included); null when there is none. */
  next: { readonly nominalAt: Instant; readonly fireAt: Instant } | null;
}

interface FunctionSchedule {
  readonly appId: string;
  readonly functionId: string;
  entries: Entry[];
  /** Nominal times that fired lately, so that another cron of the function with the same tick stays silent (CS1). */
  recent: Instant[];
  /** Runs of overlap-limited crons that have not ended, and ticks that wait for them. */
  activeRunId: string | null;
  waiting: { readonly cron: string; readonly nominalAt: Instant }[];
}

/** Nominal times are remembered this long: longer than any jitter. */
const RECENT_MS = 3_600_000;
/** Ticks that may wait for an earlier run (`overlap: "queue"`); more are skipped. */
const WAITING_MAX = 100;

interface StoredState {
  readonly crons: Readonly<Record<string, Instant>>;
  readonly recent?: readonly Instant[];
  readonly activeRunId?: string | null;
  readonly waiting?: readonly { readonly cron: string; readonly nominalAt: Instant }[];
}

export class CronSchedules {
  readonly #schedules = new Map<string, FunctionSchedule>();
  readonly #stored = new Map<string, StoredState>();
  /** Schedules with ticks that wait for an earlier run. */
  readonly #withWaiting = new Set<FunctionSchedule>();
  #held: ReadonlySet<string> = new Set();
  /** The earliest tick of all; null when it must be looked for again. */
  #earliest: { readonly at: Instant | null } | null = null;

  constructor(stored: readonly Schedule[], functions: readonly FunctionConfig[], now: Instant) {
    for (const { functionId, json } of stored) this.#stored.set(functionId, JSON.parse(json) as StoredState);
    for (const fn of functions) this.#put(fn, now);
  }

  /** Replaces an app's schedules; returns the states to store. A cron that is new, or back after a while, begins now. */
  replaceApp(appId: string, functions: readonly FunctionConfig[], now: Instant): Schedule[] {
    const changed = new Set<string>();
    for (const schedule of [...this.#schedules.values()]) {
      if (schedule.appId !== appId) continue;
      this.#stored.set(schedule.functionId, stateOf(schedule));
      changed.add(schedule.functionId);
      this.#earliest = null;
      this.#schedules.delete(schedule.functionId);
      this.#withWaiting.delete(schedule);
    }
    for (const fn of functions) if (this.#put(fn, now)) changed.add(fn.id);
    for (const functionId of changed) {
      const stored = this.#schedules.has(functionId) ? undefined : this.#stored.get(functionId);
      if (stored !== undefined) this.#stored.set(functionId, { ...stored, crons: {}, waiting: [] });
    }
    return [...changed].map((functionId) => this.stateOf(functionId));
  }

  /** Functions whose ticks are not looked at; when they are again, what was missed is decided like after downtime (CS2). */
  hold(functionIds: ReadonlySet<string>): void {
    this.#held = functionIds;
    this.#earliest = null;
  }

  nextDueAt(): Instant | null {
    this.#earliest ??= this.#findEarliest();
    return this.#earliest.at;
  }

  /** Functions with a tick to decide now. Costs nothing while none is due. */
  due(now: Instant): { readonly functionId: string }[] {
    const earliest = this.nextDueAt();
    if (earliest === null || earliest > now) return [];
    return [...this.#schedules.values()].filter(
      ({ functionId, entries }) =>
        !this.#held.has(functionId) && entries.some(({ next }) => next !== null && next.fireAt <= now),
    );
  }

  /** The run that a due tick of a function would cancel, or null. */
  runToReplace(functionId: string, now: Instant): string | null {
    const schedule = this.#schedules.get(functionId);
    const replaces = schedule?.entries.some(
      ({ trigger, next }) => trigger.overlap === "cancel" && next !== null && next.fireAt <= now,
    );
    return replaces === true ? (schedule?.activeRunId ?? null) : null;
  }

  /** Decides every due tick of a function and moves past it (CS1, CS2). `start` returns the id of the tick's run. */
  fire(functionId: string, now: Instant, start: StartTick): void {
    const schedule = this.#schedules.get(functionId);
    if (schedule === undefined) return;
    this.#earliest = null;
    schedule.recent = schedule.recent.filter((at) => at > now - RECENT_MS);
    for (const entry of schedule.entries) {
      while (entry.next !== null && entry.next.fireAt <= now) {
        const fire = this.#passDue(schedule, entry, entry.next, now);
        for (const nominalAt of fire) {
          if (schedule.recent.includes(nominalAt)) continue; // CS1
          schedule.recent.push(nominalAt);
          const tick = this.#decide(schedule, entry, nominalAt, now);
          if (tick !== null) this.#start(schedule, tick, start); // CS4
        }
      }
    }
  }

  #start(schedule: FunctionSchedule, tick: FiredTick, start: StartTick): void {
    const runId = start(schedule.functionId, tick);
    const entry = schedule.entries.find(({ trigger }) => trigger.cron === tick.cron);
    if (runId !== null && entry !== undefined && entry.trigger.overlap !== "allow") schedule.activeRunId = runId;
  }

  /** A scheduled run ended: a waiting tick may fire. Returns the state to store, or null when nothing changed. */
  runEnded(functionId: string, runId: string): Schedule | null {
    const schedule = this.#schedules.get(functionId);
    const stored = this.#stored.get(functionId);
    if (schedule !== undefined && schedule.activeRunId === runId) schedule.activeRunId = null;
    else if (schedule === undefined && stored?.activeRunId === runId)
      this.#stored.set(functionId, { ...stored, activeRunId: null });
    else return null;
    return this.stateOf(functionId);
  }

  /** Starts the ticks that waited for runs that have ended; returns the functions whose state has changed. */
  fireWaiting(now: Instant, start: StartTick): string[] {
    const changed: string[] = [];
    for (const schedule of this.#withWaiting) {
      if (this.#held.has(schedule.functionId)) continue;
      while (schedule.activeRunId === null && schedule.waiting.length > 0) {
        const { cron, nominalAt } = schedule.waiting.shift()!;
        this.#start(schedule, tickOf(cron, nominalAt, now, null), start);
        changed.push(schedule.functionId);
      }
      if (schedule.waiting.length === 0) this.#withWaiting.delete(schedule);
    }
    return changed;
  }

  stateOf(functionId: string): Schedule {
    const schedule = this.#schedules.get(functionId);
    return {
      functionId,
      json: canonicalJson(schedule === undefined ? (this.#stored.get(functionId) ?? { crons: {} }) : stateOf(schedule)),
    };
  }

  /** Moves an entry past what is due; returns the nominal times that fire. On time it is one; late, the policy decides. */
  #passDue(
    schedule: FunctionSchedule,
    entry: Entry,
    due: NonNullable<Entry["next"]>,
    now: Instant,
  ): readonly Instant[] {
    const isLate = now - due.fireAt > MISFIRE_GRACE_MS;
    // Ticks whose jitter has not run out are left for later: they are not missed.
    const until = now - (due.fireAt - due.nominalAt);
    const fire = isLate ? dueTicks(entry.cron, entry.trigger.misfire, entry.decidedAt, until).fire : [due.nominalAt];
    entry.decidedAt = isLate ? until : due.nominalAt;
    entry.next = nextOf(schedule.functionId, entry.trigger, entry.cron, entry.decidedAt);
    return fire;
  }

  /** The overlap policy's verdict on one tick. */
  #decide(schedule: FunctionSchedule, entry: Entry, nominalAt: Instant, now: Instant): FiredTick | null {
    const { cron, overlap } = entry.trigger;
    const isBusy = schedule.activeRunId !== null;
    if (isBusy && overlap === "skip") return null;
    if (isBusy && overlap === "queue") {
      if (schedule.waiting.length < WAITING_MAX) schedule.waiting.push({ cron, nominalAt });
      this.#withWaiting.add(schedule);
      return null;
    }
    return tickOf(cron, nominalAt, now, isBusy && overlap === "cancel" ? schedule.activeRunId : null);
  }

  #put(fn: FunctionConfig, now: Instant): boolean {
    const triggers = fn.triggers.filter((trigger): trigger is CronTrigger => trigger.kind === "cron");
    if (triggers.length === 0) return false;
    const stored = this.#stored.get(fn.id);
    const entries: Entry[] = [];
    for (const trigger of triggers) {
      const cron = parseCron(trigger.cron);
      if (isCronProblem(cron)) continue; // Refused at registration; a zone may have left the runtime since.
      const decidedAt = stored?.crons[trigger.cron] ?? now;
      entries.push({ trigger, cron, decidedAt, next: nextOf(fn.id, trigger, cron, decidedAt) });
    }
    const schedule: FunctionSchedule = {
      appId: fn.appId,
      functionId: fn.id,
      entries,
      recent: [...(stored?.recent ?? [])],
      activeRunId: stored?.activeRunId ?? null,
      waiting: [...(stored?.waiting ?? [])],
    };
    this.#schedules.set(fn.id, schedule);
    if (schedule.waiting.length > 0) this.#withWaiting.add(schedule);
    this.#earliest = null;
    return true;
  }

  #findEarliest(): { readonly at: Instant | null } {
    let at: Instant | null = null;
    for (const { functionId, entries } of this.#schedules.values()) {
      if (this.#held.has(functionId)) continue;
      for (const { next } of entries) if (next !== null && (at === null || next.fireAt < at)) at = next.fireAt;
    }
    return { at };
  }
}

function nextOf(functionId: string, trigger: CronTrigger, cron: Cron, after: Instant): Entry["next"] {
  const nominalAt = nextTick(cron, after);
  if (nominalAt === null) return null;
  return { nominalAt, fireAt: nominalAt + jitterDelayMs(functionId, nominalAt, trigger.jitterMs) }; // CS3
}

function tickOf(cron: string, nominalAt: Instant, now: Instant, cancelRunId: string | null): FiredTick {
  const scheduledAt = isoTime(nominalAt);
  return {
    cron,
    cancelRunId,
    publicId: scheduledAt,
    eventName: INTERNAL_EVENTS.timer,
    data: { cron, scheduledAt, fireAt: isoTime(now) },
  };
}

function stateOf(schedule: FunctionSchedule): StoredState {
  return {
    crons: Object.fromEntries(schedule.entries.map((entry) => [entry.trigger.cron, entry.decidedAt])),
    recent: schedule.recent,
    activeRunId: schedule.activeRunId,
    waiting: schedule.waiting,
  };
}
