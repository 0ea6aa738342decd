/**
 * Ticks of schedules become runs, as the misfire and overlap policies want it (cron/schedules.ts).
 *
 *   TK1. The run that a tick replaces is cancelled in the tick's own transition (E4), so it has to be in memory first.
 *   TK2. The schedule's state moves on in the batch that starts its runs.
 */
import type { CronSchedules, FiredTick } from "./cron/schedules.ts";
import { start } from "./intake.ts";
import { internalEvent } from "./lifecycle.ts";
import type { Links, LinksHome } from "./links.ts";
import { cancelRun, skipRun } from "./run/finish.ts";
import { isEnded } from "./run/run.ts";

export class Ticks {
  readonly #home: LinksHome;
  readonly #links: Links;
  readonly #schedules: CronSchedules;
  /** Has a run loaded, then goes on. */
  readonly #want: (runId: string, then: () => void) => void;
  /** Functions whose due ticks wait for the run that they replace. */
  readonly #awaited = new Set<string>();

  constructor(
    home: LinksHome,
    links: Links,
    schedules: CronSchedules,
    want: (runId: string, then: () => void) => void,
  ) {
    this.#home = home;
    this.#links = links;
    this.#schedules = schedules;
    this.#want = want;
  }

  /** True while a due tick waits for a run: its arrival is what comes next. */
  get isWaiting(): boolean {
    return this.#awaited.size > 0;
  }

  /** Starts the runs of due ticks, and of ticks that waited for an earlier run. */
  fire(): void {
    const now = this.#home.now();
    for (const { functionId } of this.#schedules.due(now)) {
      const replaced = this.#schedules.runToReplace(functionId, now);
      if (replaced === null || this.#home.isHere(replaced)) this.#fireOne(functionId);
      else if (!this.#awaited.has(functionId)) {
        this.#awaited.add(functionId); // TK1
        this.#want(replaced, () => {
          this.#awaited.delete(functionId);
          this.#fireOne(functionId);
        });
      }
    }
    const start = (functionId: string, tick: FiredTick) => this.#start(functionId, tick);
    for (const functionId of this.#schedules.fireWaiting(now, start)) this.#store(functionId);
  }

  #fireOne(functionId: string): void {
    this.#schedules.fire(functionId, this.#home.now(), (id, tick) => this.#start(id, tick));
    this.#store(functionId);
  }

  #store(functionId: string): void {
    this.#home.batch().schedules.set(functionId, this.#schedules.stateOf(functionId)); // TK2
  }

  #start(functionId: string, tick: FiredTick): string | null {
    const { apps, starter, context } = this.#home;
    const now = this.#home.now();
    const pause = apps.pauseOf(functionId);
    if (pause === "reject") return null;
    if (pause === null && tick.cancelRunId !== null) this.#replace(tick.cancelRunId);
    const id = this.#home.newId();
    const { stored, parsed } = internalEvent(id, tick.eventName, tick.data, now, tick.publicId);
    this.#links.happen({ stored, parsed, mayExist: false }, false);
    if (this.#links.startTick(functionId, id, tick.cron)) return null;
    const fn = apps.functionOf(functionId);
    if (fn !== undefined && pause === null && fn.flow.backlog !== null) {
      const order = { fn, event: { stored, parsed, mayExist: false }, cause: "cron", cron: tick.cron } as const;
      const result = start(starter, order, null);
      return result.kind === "started" ? result.run.id : null;
    }
    const events = [{ id: stored.id, name: stored.name, json: stored.json }];
    const run = starter.create({
      functionId,
      cron: tick.cron,
      originalRunId: null,
      parent: null,
      startAt: now,
      events,
    });
    if (pause === "skip") skipRun(context, run, "paused", "the function is paused");
    return isEnded(run) ? null : run.id;
  }

  #replace(runId: string): void {
    const run = this.#home.open(runId);
    if (run !== undefined) cancelRun(this.#home.context, run, "replaced", "replaced by the next tick of its schedule");
  }
}
