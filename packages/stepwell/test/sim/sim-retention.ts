/**
 * Retention under simulation: what asks and what marks is the real one, and the memory store deletes, a little at a time, behind
 * slow and failing answers.
 *
 *   ST1. A call deletes at one instant, or never; of one that is under way when the server crashes, either.
 */
import { StepwellError } from "../../src/protocol/errors.ts";
import type { MemoryStore } from "../../src/store/memory.ts";
import { type EndedRunsQuery, type PruneResult, type PruneTask, Pruning } from "../../src/store/prune.ts";
import { SqliteRetention, type SqliteThreads } from "../../src/store/sqlite/beside.ts";
import type { RetentionModel } from "./retention-model.ts";
import { Seeded } from "./seeded.ts";
import type { ServerLife } from "./sim-store.ts";
import type { Swarm } from "./swarm.ts";
import type { Timeline } from "./timeline.ts";

export interface RetentionWorld {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly swarm: Swarm;
  readonly hasFaults: boolean;
  readonly retained: RetentionModel | null;
  log(line: string): void;
}

export class SimRetention {
  readonly #world: RetentionWorld;
  readonly #memory: MemoryStore;
  /** A stream of its own: whatever happens here changes nothing else by chance. */
  readonly #random: Seeded;

  constructor(world: RetentionWorld, memory: MemoryStore) {
    this.#world = world;
    this.#memory = memory;
    this.#random = new Seeded(world.seed, "retention");
  }

  /** As one life of the server sees it: which runs are going is known to its process alone. */
  of(life: ServerLife): SqliteRetention {
    const writer = {
      call: (name: string, asked: PruneTask | EndedRunsQuery) =>
        name === "prune" ? this.#prune(life, asked as PruneTask) : this.#read(life, name, asked as EndedRunsQuery),
    };
    const threads: SqliteThreads = {
      list: () => Promise.reject(new Error("retention lists nothing")),
      look: (look) => look(writer as unknown as Parameters<typeof look>[0]),
      write: (write) => write(writer as unknown as Parameters<typeof write>[0]),
    };
    return new SqliteRetention(threads, new Pruning(() => this.#world.timeline.now));
  }

  /** What a store's bytes are here. */
  async sizeBytes(): Promise<number> {
    const { runs, events } = await this.#memory.counts();
    return runs * 1_000 + events * 100;
  }

  #read(life: ServerLife, name: string, query: EndedRunsQuery): Promise<unknown> {
    const { retention } = this.#memory;
    const read = name === "endedRuns" ? () => retention.endedRuns(query) : () => this.sizeBytes();
    if (name === "loadPolicy") return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#world.timeline.after(this.#random.int(0, this.#world.swarm.loadMsMax), () => {
        if (!life.isOver) read().then(resolve, reject);
      });
    });
  }

  /** ST1. */
  #prune(life: ServerLife, task: PruneTask): Promise<PruneResult> {
    const { timeline, swarm, hasFaults } = this.#world;
    const random = this.#random;
    const fails = hasFaults && random.chance(swarm.commitFails);
    const isLost = hasFaults && random.chance(swarm.commitAnswerLost);
    const [beforeMs, afterMs] = [random.int(0, swarm.commitMsMax), random.int(0, swarm.commitMsMax)];
    let result: PruneResult | null = null;
    const put = () => {
      if (result === null && !fails) result = this.#take(task);
    };
    life.commits.add(put);
    return new Promise((resolve, reject) => {
      timeline.after(beforeMs, () => {
        if (life.isOver) return;
        put();
        life.commits.delete(put);
        timeline.after(afterMs, () => {
          if (life.isOver) return;
          if (result === null || isLost) reject(new StepwellError("store_busy"));
          else resolve(result);
        });
      });
    });
  }

  #take(task: PruneTask): PruneResult {
    const { swarm, retained } = this.#world;
    const result = this.#memory.retention.take(task, swarm.retention!.rowsPerCallMax);
    if (result.deleted > 0) this.#world.log(`retention ${task.kind} ${result.ids?.join(",") ?? result.deleted}`);
    retained?.went(task, result);
    return result;
  }
}
