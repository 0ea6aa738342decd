/**
 * Where nothing is under way and only time goes by, whatever may go has gone.
 *
 *   QC1. A job that is due, of a function that is served and not paused, is out, or one of its limits has no room: its calls,
 *        its run, its throttle, the calls of its app, or of the server; or the app does not answer at all.
 *
 * So no place is lost, no wake-up is missed, and no throttle is charged for what did not start.
 */
import type { Core } from "../../src/core/core.ts";
import { ENGINE_LIMITS } from "../../src/engine/options.ts";
import { numberOf } from "./flow-places.ts";
import { isOver } from "./ledger.ts";
import { APP_ID } from "./sim-app.ts";
import type { Server, World } from "./world.ts";

const CALLS: ReadonlySet<string> = new Set(["discover", "step"]);

export class QuietCheck {
  readonly #world: World;
  #memory = "";
  /** What the engine had in memory when this life of the memory began: not loaded yet. */
  #unloaded: Core | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** Before time goes on. */
  check(): void {
    const { server, memory, timeline } = this.#world;
    if (server === null || timeline.nextAt === null || timeline.nextAt <= timeline.now) return;
    if (memory !== this.#memory) {
      this.#memory = memory;
      this.#unloaded = server.engine.coreForTests;
    }
    if (this.#isQuiet(server)) this.#checkJobs();
  }

  #isQuiet({ engine, life }: Server): boolean {
    const isLoaded = engine.coreForTests !== this.#unloaded;
    const isStored = life.commits.size === 0 && !engine.coreForTests.hasWork; // A batch may wait for one more turn.
    const isResting = isStored && life.answers === 0 && life.loads === 0;
    const isReachable = engine.coreForTests.view.admission.appDown(APP_ID) === null;
    return isReachable && isLoaded && isResting && engine.stats.waitingCommands === 0 && !this.#world.isStopping;
  }

  #checkJobs(): void {
    const world = this.#world;
    const { ledger, timeline, swarm, memory } = world;
    const limits = world.limits!;
    const { callsMax, callsPerAppMax, callsYoungMax } = { ...ENGINE_LIMITS, ...swarm.limits };
    if (limits.outCount(memory) >= Math.min(callsMax, callsPerAppMax, callsYoungMax)) return;
    const now = timeline.wall;
    for (const runId of ledger.openRuns) {
      const run = ledger.runs.get(runId)!;
      const isServed = ledger.functions.get(run.functionId)?.isArchived === false;
      if (isOver(run.status) || !isServed || world.hasPauses) continue;
      for (const job of ledger.jobs.get(runId)?.values() ?? []) {
        if (job.dueAt > now || !CALLS.has(job.kind) || world.network.isOut(runId, job.slot)) continue;
        const isStart = run.startedAt === null;
        if (isStart && world.throttles!.allowedAt(run, now) > now) continue;
        if (limits.fullFor(run, memory, isStart) !== null) continue;
        const n = numberOf(run.events[0]?.json ?? "{}");
        world.fail("QC1", `${job.kind} ${job.slot} of ${runId} (n=${n}) may go since ${job.dueAt} and stays`);
      }
    }
  }
}
