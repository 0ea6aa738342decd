/** Runs one seed: a safety phase in which anything may fail, then a liveness phase in which everything must end. */
import { checkEnd } from "./end-checks.ts";
import { Workload } from "./workload.ts";
import { type Mutation, type Problem, World, type WorldKind } from "./world.ts";

/** Virtual time and tasks until the world must have come to rest. */
const LIVENESS_MS_MAX = 60 * 86_400_000;
const REST_MS = 120_000;
const TASKS_MAX = 400_000;

export interface SeedResult {
  readonly seed: number;
  readonly kind: WorldKind;
  readonly problem: Problem | null;
  readonly lines: readonly string[];
  readonly runs: number;
  readonly tasks: number;
}

export async function runSeed(seed: number, mutation: Mutation = {}, kind: WorldKind = "any"): Promise<SeedResult> {
  const world = new World(seed, mutation, kind);
  await world.timeline.host(() => live(world));
  const { problem, lines, ledger, timeline } = world;
  return { seed, kind, problem, lines, runs: ledger.runs.size, tasks: timeline.tasksRun };
}

async function live(world: World): Promise<void> {
  const { timeline, swarm } = world;
  const workload = new Workload(world);
  world.startServer();
  void workload.sync();
  if (!(await until(world, () => workload.pending === 0, LIVENESS_MS_MAX))) return;
  workload.plan();
  planFaults(world);
  const endsAt = timeline.now + swarm.safetyMs;
  let isOver = false;
  timeline.after(swarm.safetyMs, () => {
    isOver = true;
  });
  if (!(await until(world, () => isOver && timeline.now >= endsAt, LIVENESS_MS_MAX))) return;
  world.log("--- faults end");
  world.hasFaults = false;
  workload.calmDown();
  const isQuiet = () =>
    workload.pending === 0 && world.server !== null && world.ledger.openRuns.size + world.ledger.messages.size === 0;
  // Whatever is left of calls, doubles and late answers arrives, and must change nothing; but what a late body sends by
  // itself may begin another run.
  do {
    if (!(await until(world, isQuiet, LIVENESS_MS_MAX))) return;
    let isRested = false;
    timeline.after(REST_MS, () => {
      isRested = true;
    });
    if (!(await until(world, () => isRested, LIVENESS_MS_MAX))) return;
  } while (!isQuiet());
  checkEnd(world, workload);
  if (world.retained !== null) await checkRetained(world, isQuiet);
}

/** Everything that has ended goes when its time has come. */
async function checkRetained(world: World, isQuiet: () => boolean): Promise<void> {
  const { timeline, retained, ledger } = world;
  let batch: number;
  do {
    batch = ledger.batch;
    if (!(await until(world, isQuiet, LIVENESS_MS_MAX))) return;
    const untilAt = timeline.now + retained!.doneMs;
    timeline.after(retained!.doneMs, () => {});
    if (!(await until(world, () => timeline.now >= untilAt, LIVENESS_MS_MAX))) return;
  } while (!isQuiet() || batch !== ledger.batch);
  await retained!.checkLeft();
}

/** Goes on until the condition holds. False when a rule broke first; that it never holds breaks one too. */
async function until(world: World, isReached: () => boolean, msMax: number): Promise<boolean> {
  const { timeline } = world;
  const endsAt = timeline.now + msMax;
  while (!isReached()) {
    if (world.problem !== null) return false;
    world.quiet?.check();
    const isMoving = await timeline.step();
    if (!isMoving || timeline.now > endsAt || timeline.tasksRun > TASKS_MAX) {
      const open = [...world.ledger.openRuns].join(",");
      world.fail("liveness", `${isMoving ? "no end in sight" : "nothing moves any more"}; open runs: ${open}`);
    }
  }
  return world.problem === null;
}

function planFaults(world: World): void {
  const { timeline, swarm, faults } = world;
  const sometime = () => faults.int(0, swarm.safetyMs);
  for (let count = 0; count < swarm.serverCrashes; count++) {
    const downMs = faults.pick([0, 10, 5_000]);
    timeline.after(sometime(), () => world.crashServer(downMs));
  }
  for (let count = 0; count < swarm.serverStops; count++) {
    const graceMs = faults.pick([0, 100, 10_000]);
    timeline.after(sometime(), () => world.stopServer(graceMs, faults.pick([0, 1_000])));
  }
  for (let count = 0; count < swarm.clockJumps; count++) {
    const byMs = faults.int(-swarm.clockJumpMsMax, swarm.clockJumpMsMax);
    timeline.after(sometime(), () => {
      world.log(`the clock jumps by ${byMs}`);
      timeline.jump(byMs);
    });
  }
}
