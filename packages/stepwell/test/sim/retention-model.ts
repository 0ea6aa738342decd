/**
 * The checker of retention: what goes, and what is left. The ledger keeps what has gone, as history, so that all other rules go on
 * being about everything that ever happened.
 *
 *   KP1. A run goes only when it has ended, as long ago as it is kept (or a minute, where there is too much), with nothing to do and
 *        nothing to wait for, and not before its parent has ended.
 *   KP2. Nothing goes that the engine has in its memory.
 *   KP3. Nothing of a run that has gone is written again (ledger.ts).
 *   KP4. An event goes only when it is as old, no run that is there has it, and no message is about it.
 *   KP5. In the end nothing dead is left beyond its time and a period: no row of anything; or, by size, no more than may be.
 */
import type { PruneResult, PruneTask } from "../../src/store/prune.ts";
import type { RetentionSwarm } from "./kept-swarm.ts";
import { isOver, type Ledger } from "./ledger.ts";
import type { SimStore } from "./sim-store.ts";

/** A run that has just ended stays, however little room there is. */
const SIZE_AGE_MS = 60_000;
/** Rounds come every minute; two of them see everything. */
const PERIODS_MS = 120_000;

export interface RetainedWorld {
  fail(rule: string, what: string): void;
  readonly timeline: { readonly wall: number };
  readonly store: SimStore;
  /** The engine of now has the run in its memory. */
  holds(runId: string): boolean;
}

export class RetentionModel {
  readonly #ledger: Ledger;
  readonly #world: RetainedWorld;
  readonly #swarm: RetentionSwarm;

  constructor(ledger: Ledger, world: RetainedWorld, swarm: RetentionSwarm) {
    this.#ledger = ledger;
    this.#world = world;
    this.#swarm = swarm;
  }

  /** How long after the last end everything must have gone. */
  get doneMs(): number {
    return (this.#swarm.keepMs ?? SIZE_AGE_MS) + PERIODS_MS;
  }

  /** Told in the instant in which rows went. */
  went(task: PruneTask, { ids = [] }: PruneResult): void {
    if (task.kind === "runs") for (const id of ids) this.#runWent(id);
    if (task.kind === "events") for (const id of ids) this.#eventWent(id);
  }

  /** KP1, KP2. */
  #runWent(id: string): void {
    const { runs, jobs, waits, gone } = this.#ledger;
    const say = (rule: string, what: string) => this.#world.fail(rule, `run ${id} was deleted, though ${what}`);
    const run = runs.get(id);
    if (run === undefined || !isOver(run.status)) say("KP1", `it is ${run?.status}`);
    if (gone.has(id)) say("KP1", "it was deleted before");
    if ((jobs.get(id)?.size ?? 0) > 0) say("KP1", "it has jobs");
    if ((waits.get(id)?.size ?? 0) > 0) say("KP1", "it has waits");
    if (run !== undefined && !this.#isOld(run.endedAt ?? Number.POSITIVE_INFINITY))
      say("KP1", `it ended at ${run.endedAt}`);
    const parent = run?.parent == null || gone.has(run.parent.runId) ? undefined : runs.get(run.parent.runId);
    if (parent !== undefined && !isOver(parent.status)) say("KP1", `its parent ${parent.id} is ${parent.status}`);
    if (this.#world.holds(id)) say("KP2", "the engine works with it");
    gone.add(id);
  }

  /** KP4. */
  #eventWent(id: string): void {
    const { events, runs, messages, gone, goneEvents } = this.#ledger;
    const say = (what: string) => this.#world.fail("KP4", `event ${id} was deleted, though ${what}`);
    const event = events.get(id);
    if (event === undefined || goneEvents.has(id)) say("it was not there");
    else if (!this.#isOld(event.receivedAt)) say(`it came at ${event.receivedAt}`);
    for (const run of runs.values())
      if (!gone.has(run.id) && run.events.some((one) => one.id === id)) say(`run ${run.id} has it`);
    for (const { message } of messages.values())
      if ("eventId" in message.content && message.content.eventId === id) say(`message ${message.id} is about it`);
    goneEvents.add(id);
  }

  #isOld(at: number): boolean {
    const { keepMs, sizeBytesMax } = this.#swarm;
    const age = this.#world.timeline.wall - at;
    return (keepMs !== null && age > keepMs) || (sizeBytesMax !== null && age > SIZE_AGE_MS);
  }

  /** KP5. When everything has been at rest for `doneMs`. */
  async checkLeft(): Promise<void> {
    const { store } = this.#world;
    const { keepMs, sizeBytesMax } = this.#swarm;
    if (keepMs === null) {
      const size = await store.retention.sizeBytes();
      if (size > (sizeBytesMax ?? 0)) this.#world.fail("KP5", `${size} of ${sizeBytesMax} are left`);
      return;
    }
    const { runs, steps, attempts, jobs, waits, messages, events, decisions } = store.memory.snapshot();
    for (const [name, rows] of Object.entries({ runs, steps, attempts, jobs, waits, messages, events, decisions }))
      if (rows.size > 0) this.#world.fail("KP5", `${name} are left: ${[...rows.keys()].join(",")}`);
  }
}
