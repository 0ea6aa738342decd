/** The parts of the port beside the runs, over the threads of the store: lines of handlers, and deleting what has ended. */
import type { LogStore } from "../logs.ts";
import { type HeldOf, type PruneResult, type PruneTask, Pruning, type RetentionStore } from "../prune.ts";
import type { Reader } from "./reader.ts";
import type { Thread } from "./thread.ts";
import type { Writer } from "./writer.ts";

export interface SqliteThreads {
  readonly list: <Result>(list: (reader: Thread<Reader>) => Promise<Result>) => Promise<Result>;
  /** A short read that is made at rest, too: on the writer's connection, so that no thread begins for it. */
  readonly look: <Result>(look: (writer: Thread<Writer>) => Promise<Result>) => Promise<Result>;
  readonly write: <Result>(write: (writer: Thread<Writer>) => Promise<Result>) => Promise<Result>;
}

export function sqliteLogs({ list, write }: SqliteThreads): LogStore {
  return {
    append: (append) => write((writer) => writer.call("appendLogs", append)),
    list: (query) => list((reader) => reader.call("listLogs", query)),
    search: (search) => list((reader) => reader.call("searchLogs", search)),
    totals: (runId) => list((reader) => reader.call("logTotals", runId)),
  };
}

export class SqliteRetention implements RetentionStore {
  /** Runs that no load may bring back. */
  readonly pruning: Pruning;
  readonly #threads: SqliteThreads;

  constructor(threads: SqliteThreads, pruning = new Pruning()) {
    this.#threads = threads;
    this.pruning = pruning;
  }

  endedRuns(query: Parameters<RetentionStore["endedRuns"]>[0]): ReturnType<RetentionStore["endedRuns"]> {
    return this.#threads.look((writer) => writer.call("endedRuns", query));
  }

  sizeBytes(): Promise<number> {
    return this.#threads.look((writer) => writer.call("sizeBytes"));
  }

  loadPolicy(): Promise<string | null> {
    return this.#threads.look((writer) => writer.call("loadPolicy"));
  }

  savePolicy(json: string): Promise<void> {
    return this.#threads.write((writer) => writer.call("savePolicy", json));
  }

  async prune(task: PruneTask, budgetMs: number, heldOf: HeldOf = async () => []): Promise<PruneResult> {
    if (task.kind !== "runs") return this.#threads.write((writer) => writer.call("prune", task, budgetMs));
    const ids = this.pruning.begin(task.ids); // PR4
    let gone: readonly string[] = [];
    try {
      const held = new Set(await heldOf(ids));
      const free = ids.filter((id) => !held.has(id));
      const work: PruneTask = { kind: "runs", ids: free };
      gone = free; // From here on, whether they went is unknown until the answer is here.
      const result = await this.#threads.write((writer) => writer.call("prune", work, budgetMs));
      gone = result.ids ?? [];
      return result;
    } finally {
      this.pruning.end(ids, gone);
    }
  }
}
