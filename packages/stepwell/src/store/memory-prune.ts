/** Retention in memory (PR1 of prune.ts): everything at once, as nothing here takes long. */
import { ulidTime } from "../protocol/ids.ts";
import type { MemoryLogs } from "./memory-logs.ts";
import type { MemoryTables } from "./memory-tables.ts";
import {
  type EndedRun,
  type EndedRunsQuery,
  type HeldOf,
  type PruneResult,
  type PruneTask,
  Pruning,
  type RetentionStore,
} from "./prune.ts";
import { compareTexts, type RunRecord } from "./records.ts";

const DONE = (deleted: number): PruneResult => ({ deleted, next: null });

export class MemoryRetention implements RetentionStore {
  /** Runs that no load may bring back. */
  readonly pruning = new Pruning();
  readonly #tables: () => MemoryTables;
  readonly #logs: MemoryLogs;
  #policy: string | null = null;

  constructor(tables: () => MemoryTables, logs: MemoryLogs) {
    this.#tables = tables;
    this.#logs = logs;
  }

  async endedRuns(query: EndedRunsQuery): Promise<EndedRun[]> {
    return endedRuns(this.#tables(), query);
  }

  async prune(task: PruneTask, _budgetMs: number, heldOf?: HeldOf): Promise<PruneResult> {
    if (task.kind !== "runs") return this.take(task);
    const ids = this.pruning.begin(task.ids); // PR4
    let gone: readonly string[] = [];
    try {
      const held = new Set(await heldOf?.(ids));
      const result = this.take({ kind: "runs", ids: ids.filter((id) => !held.has(id)) });
      gone = result.ids ?? [];
      return result;
    } finally {
      this.pruning.end(ids, gone);
    }
  }

  /** Deletes at this instant, `rowsMax` runs or events at most: a simulator decides when, and how little at a time. */
  take(task: PruneTask, rowsMax = Number.POSITIVE_INFINITY): PruneResult {
    return pruneTables(this.#tables(), this.#logs, task, rowsMax);
  }

  /** A memory is bounded by its machine, not by a file. */
  async sizeBytes(): Promise<number> {
    return 0;
  }

  async loadPolicy(): Promise<string | null> {
    return this.#policy;
  }

  async savePolicy(json: string): Promise<void> {
    this.#policy = json;
  }
}

function endedRuns(tables: MemoryTables, { after, endedBefore, limit }: EndedRunsQuery): EndedRun[] {
  const ended = [...tables.runs.values()].flatMap(({ id, endedAt }) => (endedAt === null ? [] : [{ id, endedAt }]));
  const wanted = ended.filter((run) => {
    return run.endedAt < endedBefore && (after === null || compareEnds(run, after) > 0);
  });
  return wanted.sort(compareEnds).slice(0, limit);
}

const compareEnds = (left: EndedRun, right: EndedRun): number =>
  left.endedAt - right.endedAt || compareTexts(left.id, right.id);

function pruneTables(tables: MemoryTables, logs: MemoryLogs, task: PruneTask, rowsMax: number): PruneResult {
  switch (task.kind) {
    case "runs":
      return pruneRuns(tables, logs, task.ids, rowsMax);
    case "events":
      return pruneEvents(tables, task.before, rowsMax);
    case "logs":
      return DONE(pruneLines(tables, logs, task.before));
    case "operations":
      return DONE(deleteWhere(tables.operations, (one) => one.status !== "running" && one.createdAt < task.before));
    case "leftovers":
    case "blobs":
      return DONE(0); // Nothing is left over here, and values lie in their rows.
  }
}

const isOpen = (run: RunRecord | undefined): boolean => run?.status === "queued" || run?.status === "running";

function pruneRuns(tables: MemoryTables, logs: MemoryLogs, ids: readonly string[], rowsMax: number): PruneResult {
  const gone = new Set<string>();
  let next: string | null = null;
  for (const id of ids) {
    if (gone.size >= rowsMax) {
      next = id;
      break;
    }
    if (pruneRun(tables, id)) gone.add(id);
  }
  logs.prune((line) => gone.has(line.runId), gone);
  return { deleted: gone.size, next, ids: [...gone] };
}

function pruneRun(tables: MemoryTables, id: string): boolean {
  const run = tables.runs.get(id);
  if (run === undefined || isOpen(run) || tables.jobs.has(id) || tables.waits.has(id)) return false;
  if (run.parent !== null && isOpen(tables.runs.get(run.parent.runId))) return false;
  tables.runs.delete(id);
  tables.steps.delete(id);
  tables.attempts.delete(id);
  return true;
}

function pruneEvents(tables: MemoryTables, before: number, rowsMax: number): PruneResult {
  const needed = new Set([...tables.runs.values()].flatMap((run) => run.events.map((event) => event.id)));
  for (const { content } of tables.messages.values()) if ("eventId" in content) needed.add(content.eventId);
  const old = [...tables.events.values()].filter(({ id, receivedAt }) => receivedAt < before && !needed.has(id));
  const ids = old.slice(0, rowsMax).map(({ id }) => id);
  for (const id of ids) {
    tables.events.delete(id);
    tables.decisions.delete(id);
  }
  return { deleted: ids.length, next: ids.length < old.length ? "" : null, ids };
}

function pruneLines(tables: MemoryTables, logs: MemoryLogs, before: number): number {
  const gone = new Set<string>();
  return logs.prune((line) => {
    const goes = ulidTime(line.id) < before && !tables.runs.has(line.runId);
    if (goes) gone.add(line.runId);
    return goes;
  }, gone);
}

function deleteWhere<Row>(table: Map<string, Row>, goes: (row: Row) => boolean): number {
  const keys = [...table].filter(([, row]) => goes(row)).map(([key]) => key);
  for (const key of keys) table.delete(key);
  return keys.length;
}
