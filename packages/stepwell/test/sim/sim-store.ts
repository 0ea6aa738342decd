/**
 * The store under simulation: the memory store behind slow, failing and lying answers.
 *
 *   SS1. A commit is stored whole at one instant, or never; what was asked first is stored first.
 *   SS2. A load shows the state of some instant between the question and the answer.
 *   SS3. When the server crashes, its commit under way is stored at that moment or never.
 */
import type { Batch } from "../../src/core/batch.ts";
import { StepwellError } from "../../src/protocol/errors.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { type BatchRecords, copyBatch } from "../../src/store/records.ts";
import type { Fence, Store } from "../../src/store/store.ts";
import type { Ledger } from "./ledger.ts";
import type { RetentionModel } from "./retention-model.ts";
import type { Seeded } from "./seeded.ts";
import { SimRetention } from "./sim-retention.ts";
import type { Swarm } from "./swarm.ts";
import type { Timeline } from "./timeline.ts";

export interface StoreWorld {
  readonly seed: number;
  /** Null where nothing is deleted. */
  readonly retained: RetentionModel | null;
  readonly timeline: Timeline;
  readonly random: Seeded;
  readonly swarm: Swarm;
  readonly ledger: Ledger;
  readonly hasFaults: boolean;
  log(line: string): void;
  /** A turn of the engine ended, and this is to be stored: what it left in memory must be sound. */
  atRest(life: ServerLife, records: BatchRecords): void;
}

/** Ways to break the store on purpose (mutants). */
export interface StoreMutation {
  /** Changes what is stored of a batch. */
  readonly change?: (records: BatchRecords) => BatchRecords;
  /** Answers a commit before it is stored. */
  readonly answersEarly?: boolean;
  /** Answers a commit that failed as if it were stored. */
  readonly hidesFailures?: boolean;
  /** Finds no event that exists. */
  readonly knowsNoEvents?: boolean;
  /** Is told of a batch when its commit begins. */
  readonly onCommit?: (batch: Batch, life: ServerLife) => void;
  /** Changes what a load of runs returns. */
  readonly changeRuns?: (runs: Awaited<ReturnType<Store["loadRuns"]>>) => Awaited<ReturnType<Store["loadRuns"]>>;
}

/** One life of the server: after its end nothing of it is heard any more. */
export interface ServerLife {
  readonly number: number;
  isOver: boolean;
  /** Commits under way, to be decided when the life ends. */
  readonly commits: Set<() => void>;
  /** Commits that are decided and not answered, and loads under way. */
  answers: number;
  loads: number;
}

export class SimStore {
  readonly memory = new MemoryStore();
  readonly retention: SimRetention;
  readonly #world: StoreWorld;
  readonly #mutation: StoreMutation;

  constructor(world: StoreWorld, mutation: StoreMutation) {
    this.#world = world;
    this.#mutation = mutation;
    this.retention = new SimRetention(world, this.memory);
  }

  /** The store as one life of the server sees it. */
  of(life: ServerLife): Store {
    const { memory } = this;
    const retention = this.retention.of(life);
    const load = <T>(name: string, read: () => Promise<T>) => this.#load(life, name, read);
    return {
      logs: memory.logs,
      retention,
      open: async () => {},
      close: async () => {},
      getEvent: memory.getEvent.bind(memory),
      listEvents: memory.listEvents.bind(memory),
      getRun: memory.getRun.bind(memory),
      listRuns: memory.listRuns.bind(memory),
      searchRuns: memory.searchRuns.bind(memory),
      searchEvents: memory.searchEvents.bind(memory),
      countRuns: memory.countRuns.bind(memory),
      listSteps: memory.listSteps.bind(memory),
      listAttempts: memory.listAttempts.bind(memory),
      listRunDetails: memory.listRunDetails.bind(memory),
      listDecisions: memory.listDecisions.bind(memory),
      counts: memory.counts.bind(memory),
      countJobs: memory.countJobs.bind(memory),
      findDamage: memory.findDamage.bind(memory),
      countOpenRuns: memory.countOpenRuns.bind(memory),
      expireFlow: memory.expireFlow.bind(memory),
      loadAccess: memory.loadAccess.bind(memory),
      saveAccess: memory.saveAccess.bind(memory),
      listAudit: memory.listAudit.bind(memory),
      expireAudit: memory.expireAudit.bind(memory),
      listRunStats: memory.listRunStats.bind(memory),
      expireRunStats: memory.expireRunStats.bind(memory),
      commit: (batch: Batch, _fence: Fence) => this.#commit(life, batch),
      loadRegistry: () => load("registry", () => memory.loadRegistry()),
      loadRuns: (ids: readonly string[]) =>
        load(
          `runs ${ids.length}`,
          async () => this.#mutation.changeRuns?.(await memory.loadRuns(ids)) ?? memory.loadRuns(ids),
        ).then((runs) => retention.pruning.without(runs)),
      loadJobs: (query: Parameters<Store["loadJobs"]>[0]) => load("jobs", () => memory.loadJobs(query)),
      loadLanes: (queries: Parameters<Store["loadLanes"]>[0]) => load("lanes", () => memory.loadLanes(queries)),
      findLanes: (walk: Parameters<Store["findLanes"]>[0]) => load("lane ids", () => memory.findLanes(walk)),
      loadFlow: (...query: Parameters<Store["loadFlow"]>) => load("flow", () => memory.loadFlow(...query)),
      listWaiting: memory.listWaiting.bind(memory),
      listPending: memory.listPending.bind(memory),
      listWaits: memory.listWaits.bind(memory),
      listFunctionVersions: memory.listFunctionVersions.bind(memory),
      getOperation: memory.getOperation.bind(memory),
      listOperations: memory.listOperations.bind(memory),
      loadWaits: (queries: Parameters<Store["loadWaits"]>[0]) => load("waits", () => memory.loadWaits(queries)),
      loadLastStamp: () => load("last stamp", () => memory.loadLastStamp()),
      loadQueuedCounts: () => load("queued counts", () => memory.loadQueuedCounts()),
      loadQueued: (...query: Parameters<Store["loadQueued"]>) => load("queued", () => memory.loadQueued(...query)),
      loadPlaces: () => load("places", () => memory.loadPlaces()),
      loadThrottles: (now: number) => load("throttles", () => memory.loadThrottles(now)),
      loadWaitCounts: () => load("wait counts", () => memory.loadWaitCounts()),
      loadInbox: (...query: Parameters<Store["loadInbox"]>) => load("inbox", () => memory.loadInbox(...query)),
      loadEvents: (ids: readonly string[]) => load("stored events", () => memory.loadEvents(ids)),
      loadPastEvents: (query: Parameters<Store["loadPastEvents"]>[0]) =>
        load("past events", () => memory.loadPastEvents(query)),
      loadOpenOperations: () => load("operations", () => memory.loadOpenOperations()),
      loadKnownEvents: (ids: readonly string[]) =>
        load("events", () => memory.loadKnownEvents(this.#mutation.knowsNoEvents === true ? [] : ids)),
    };
  }

  #commit(life: ServerLife, batch: Batch): Promise<void> {
    const { timeline, random, swarm, hasFaults } = this.#world;
    this.#mutation.onCommit?.(batch, life);
    let records = copyBatch(batch);
    this.#world.atRest(life, records);
    if (this.#mutation.change !== undefined) records = this.#mutation.change(records);
    const fails = hasFaults && random.chance(swarm.commitFails);
    const isLost = hasFaults && random.chance(swarm.commitAnswerLost);
    const beforeMs = random.int(0, swarm.commitMsMax);
    const afterMs = random.int(0, swarm.commitMsMax);
    let isStored = false;
    const put = () => {
      if (isStored || fails) return;
      isStored = true;
      life.commits.delete(put);
      this.memory.apply(records);
      this.#world.ledger.apply(records);
      this.#world.log(
        `commit ${life.number} runs=${records.runs.length} steps=${records.steps.length} jobs=${records.jobs.length}-${records.deletedJobs.length} events=${records.events.length} messages=${records.messages.length}-${records.deletedMessages.length}${isLost ? " (answer lost)" : ""}`,
      );
    };
    life.commits.add(put);
    return new Promise((resolve, reject) => {
      if (this.#mutation.answersEarly === true) resolve();
      timeline.after(beforeMs, () => {
        if (life.isOver) return;
        put();
        life.commits.delete(put);
        life.answers++;
        timeline.after(afterMs, () => {
          if (life.isOver) return;
          life.answers--;
          if ((fails || isLost) && this.#mutation.hidesFailures !== true) {
            this.#world.log(`commit ${life.number} fails${isLost && !fails ? ", though it is stored" : ""}`);
            reject(new StepwellError("store_busy"));
          } else resolve();
        });
      });
    });
  }

  #load<T>(life: ServerLife, name: string, read: () => Promise<T>): Promise<T> {
    const { timeline, random, swarm, hasFaults } = this.#world;
    const fails = hasFaults && random.chance(swarm.loadFails);
    const beforeMs = random.int(0, swarm.loadMsMax);
    const afterMs = random.int(0, swarm.loadMsMax);
    life.loads++;
    return new Promise((resolve, reject) => {
      timeline.after(beforeMs, () => {
        if (life.isOver) return;
        read().then((value) => {
          timeline.after(afterMs, () => {
            if (life.isOver) return;
            life.loads--;
            if (fails) this.#world.log(`load ${life.number} ${name} fails`);
            if (fails) reject(new StepwellError("store_busy"));
            else resolve(value);
          });
        }, reject);
      });
    });
  }
}
