/**
 * The store in memory: for tests, for the simulator, and for `stepwell dev --ephemeral`.
 *
 * Meant to be obvious rather than fast: it is what the other stores are compared with.
 *
 *   M1. Nothing kept here is shared with the core, and nothing handed out is shared with what is kept.
 *   M2. A record is replaced, never changed in place (memory-tables.ts).
 *   M3. Everything happens inside the call; only the answer comes later, on a microtask.
 */
import type { Attempt, Batch, Decision, FlowFactKey, StoredOperation } from "../core/batch.ts";
import type { HeldPlace } from "../core/core-options.ts";
import type { JobCount } from "../core/explain/explain-queue.ts";
import type { ThrottleState } from "../core/flow/admission.ts";
import { holdsPlaces } from "../core/flow/rules.ts";
import type { InboxMessage } from "../core/inbox.ts";
import type { Instant } from "../core/instant.ts";
import { MAIN_SLOT, type Run, type Wait } from "../core/run/run.ts";
import type { JobHint } from "../core/schedule/hint.ts";
import type { LaneQuery, LaneWalk } from "../core/schedule/lane-heads.ts";
import { DEFAULT_ENV, type StoredEvent } from "../protocol/event.ts";
import type { AccessChange, AccessRows, AuditFilter, AuditRow } from "./access.ts";
import type { IntegrityPage, IntegrityQuery } from "./integrity.ts";
import { MemoryAccess } from "./memory-access.ts";
import { jobCounts, jobPage, laneHints, laneIds } from "./memory-jobs.ts";
import { newestFirst, runDetails, searchEvents, searchRuns } from "./memory-lists.ts";
import { MemoryLogs } from "./memory-logs.ts";
import { MemoryRetention } from "./memory-prune.ts";
import { expireRunStats, listRunStats } from "./memory-run-stats.ts";
import { applyRecords, copyRun, emptyTables, flowKeyText, type MemoryTables } from "./memory-tables.ts";
import { waitingSteps } from "./memory-waiting.ts";
import {
  assembleRun,
  type BatchRecords,
  compareReceived,
  compareSteps,
  compareTexts,
  compareWaits,
  copyBatch,
  rowOfRun,
  type StepRecord,
  upToChars,
  type WaitRecord,
  withDueTimes,
} from "./records.ts";
import type { RunStatPoint, RunStatsQuery } from "./run-stats.ts";
import type {
  EventFilter,
  EventSearch,
  Fence,
  FlowFact,
  FunctionVersion,
  JobPageQuery,
  ListedStep,
  PastEventsQuery,
  PendingFilter,
  Registry,
  RunCount,
  RunFilter,
  RunRow,
  RunSearch,
  SearchPage,
  StepPage,
  Store,
  StoreCounts,
  WaitCount,
  WaitQuery,
} from "./store.ts";
import type { WaitingFilter, WaitingPage } from "./waiting.ts";

/**
 * Everything in memory, gone with the process.
 *
 * @example
 * ```ts
 * import { createEngine } from "stepwell/engine";
 * import { MemoryStore } from "stepwell/server";
 * const engine = await createEngine({ functions: [], store: new MemoryStore() });
 * await engine.stop();
 * ```
 */
export class MemoryStore implements Store {
  readonly logs = new MemoryLogs();
  readonly retention = new MemoryRetention(() => this.#tables, this.logs);
  #tables: MemoryTables = emptyTables();
  readonly #access = new MemoryAccess();

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async commit(batch: Batch, _fence: Fence): Promise<void> {
    this.apply(copyBatch(batch));
  }

  /** Stores a batch that was copied earlier: a simulator decides when, and whether, a commit takes place. */
  apply(records: BatchRecords): void {
    applyRecords(this.#tables, records);
  }

  /** A copy of everything. */
  snapshot(): MemoryTables {
    return structuredClone(this.#tables);
  }

  /** Goes back to a snapshot. */
  restore(snapshot: MemoryTables): void {
    this.#tables = structuredClone(snapshot);
  }

  async loadRegistry(): Promise<Registry> {
    const { apps, functions, schedules } = this.#tables;
    return structuredClone({
      apps: [...apps.values()].sort((left, right) => compareTexts(left.app.id, right.app.id)),
      functions: [...functions.values()].sort((left, right) => compareTexts(left.fn.id, right.fn.id)),
      schedules: [...schedules.values()].sort((left, right) => compareTexts(left.functionId, right.functionId)),
    });
  }

  async loadRuns(ids: readonly string[]): Promise<Run[]> {
    const runs: Run[] = [];
    for (const id of new Set(ids)) {
      const record = this.#tables.runs.get(id);
      if (record === undefined) continue;
      const jobs = [...(this.#tables.jobs.get(id)?.values() ?? [])];
      jobs.sort((left, right) => compareTexts(left.slot, right.slot));
      runs.push(assembleRun(copyRun(record), this.#stepsOf(id), jobs, this.#waitsOf(id)));
    }
    return this.retention.pruning.without(runs);
  }

  async loadJobs(query: JobPageQuery): Promise<JobHint[]> {
    return jobPage(this.#tables, query);
  }

  async loadLanes(queries: readonly LaneQuery[]): Promise<JobHint[][]> {
    return laneHints(this.#tables, queries);
  }

  async findLanes(walk: Omit<LaneWalk, "functionId">): Promise<string[]> {
    return laneIds(this.#tables, walk);
  }

  async loadFlow(keys: readonly FlowFactKey[], now: Instant): Promise<FlowFact[]> {
    const facts = keys.map((key) => this.#tables.flow.get(flowKeyText(key)));
    return facts.filter((fact) => fact !== undefined && fact.expiresAt > now).map((fact) => ({ ...fact! }));
  }

  async loadWaits(queries: readonly WaitQuery[]): Promise<string[][]> {
    return queries.map((query) => {
      const ids: string[] = [];
      for (const [runId, waits] of this.#tables.waits) {
        if (query.afterRunId !== null && runId <= query.afterRunId) continue;
        if ([...waits.values()].some((wait) => matchesWait(wait, query))) ids.push(runId);
      }
      return ids.sort(compareTexts).slice(0, query.limit);
    });
  }

  async loadPlaces(): Promise<HeldPlace[]> {
    const places: HeldPlace[] = [];
    for (const { id: runId, functionId, flow, status, startedAt } of this.#tables.runs.values()) {
      if (status !== "running" || flow === null || !holdsPlaces(flow)) continue;
      places.push({ runId, functionId, flow: structuredClone(flow), startedAt: startedAt ?? 0 });
    }
    return places;
  }

  async loadQueuedCounts(): Promise<{ functionId: string; count: number }[]> {
    const counts = new Map<string, number>();
    for (const { functionId, status } of this.#tables.runs.values()) {
      if (status === "queued") counts.set(functionId, (counts.get(functionId) ?? 0) + 1);
    }
    return [...counts].map(([functionId, count]) => ({ functionId, count }));
  }

  async loadQueued(functionId: string, after: string | null, limit: number): Promise<string[]> {
    const runs = [...this.#tables.runs.values()].filter(
      (run) => run.functionId === functionId && run.status === "queued" && run.id > (after ?? ""),
    );
    return runs
      .map(({ id }) => id)
      .sort(compareTexts)
      .slice(0, limit);
  }

  async loadThrottles(now: Instant): Promise<ThrottleState[]> {
    const facts = [...this.#tables.flow.values()].filter(
      ({ kind, expiresAt }) => kind === "throttle" && expiresAt > now,
    );
    return facts.map(({ functionId, key, value }) => ({ functionId, key, fullAt: Number(value) }));
  }

  async loadWaitCounts(): Promise<WaitCount[]> {
    const counts = new Map<string, WaitCount>();
    for (const waits of this.#tables.waits.values()) {
      for (const wait of waits.values()) {
        const { kind } = wait;
        const { name, path } = kind === "signal" ? { name: "", path: "" } : wait;
        const key = JSON.stringify([kind, name, path]);
        counts.set(key, { kind, name, path, count: (counts.get(key)?.count ?? 0) + 1 });
      }
    }
    return [...counts.values()];
  }

  async loadInbox(after: string | null, limit: number): Promise<InboxMessage[]> {
    const messages = [...this.#tables.messages.values()].filter(({ id }) => after === null || id > after);
    return structuredClone(oldestFirst(messages, limit));
  }

  async loadLastStamp(): Promise<Instant> {
    const { events, runs } = this.#tables;
    return Math.max(0, [...events.values()].at(-1)?.receivedAt ?? 0, [...runs.values()].at(-1)?.createdAt ?? 0);
  }

  async loadEvents(ids: readonly string[]): Promise<StoredEvent[]> {
    const events = [...new Set(ids)].flatMap((id) => this.#tables.events.get(id) ?? []);
    return events.map((event) => ({ ...event }));
  }

  async loadPastEvents(query: PastEventsQuery): Promise<StoredEvent[]> {
    if (query.env !== DEFAULT_ENV) return [];
    const { names, from, until, after = null, limit, charsMax = Number.POSITIVE_INFINITY } = query;
    const events = [...this.#tables.events.values()].filter((event) => {
      if (!names.includes(event.name) || event.receivedAt < from || event.receivedAt > until) return false;
      return after === null || compareReceived(event, after) > 0;
    });
    const oldest = events.sort(compareReceived).slice(0, limit);
    return upToChars(oldest, charsMax).map((event) => ({ ...event }));
  }

  async loadOpenOperations(): Promise<StoredOperation[]> {
    const open = [...this.#tables.operations.values()].filter((operation) => operation.status === "running");
    return oldestFirst(open, open.length).map((operation) => ({ ...operation }));
  }

  async loadKnownEvents(ids: readonly string[]): Promise<string[]> {
    return [...new Set(ids)].filter((id) => this.#tables.events.has(id));
  }

  async getEvent(env: string, id: string): Promise<StoredEvent | null> {
    const event = this.#tables.events.get(id);
    return event === undefined || env !== DEFAULT_ENV ? null : { ...event };
  }

  async listEvents(filter: EventFilter): Promise<StoredEvent[]> {
    return searchEvents(this.#tables, filter);
  }

  async getRun(env: string, id: string): Promise<RunRow | null> {
    const run = this.#tables.runs.get(id);
    return run === undefined || run.env !== env ? null : rowOfRun(copyRun(run));
  }

  async listRuns(filter: RunFilter): Promise<RunRow[]> {
    return searchRuns(this.#tables, filter);
  }

  async searchRuns(search: RunSearch): Promise<SearchPage<RunRow>> {
    return { rows: searchRuns(this.#tables, search), next: null };
  }

  async searchEvents(search: EventSearch): Promise<SearchPage<StoredEvent>> {
    return { rows: searchEvents(this.#tables, search), next: null };
  }

  async countRuns(search: RunSearch): Promise<RunCount> {
    const found = searchRuns(this.#tables, search);
    return { count: found.length, next: found.length < search.limit ? null : (found.at(-1)?.id ?? null) };
  }

  async listPending({ env, functionIds, before, limit }: PendingFilter): Promise<RunRow[]> {
    const runs = [...this.#tables.runs.values()].filter(
      (run) =>
        run.env === env &&
        this.#tables.jobs.get(run.id)?.get(MAIN_SLOT)?.kind === "collect" &&
        (functionIds === undefined || functionIds.includes(run.functionId)) &&
        (before === undefined || run.id < before),
    );
    return newestFirst(runs, limit).map((run) => rowOfRun(copyRun(run)));
  }

  async listWaiting(filter: WaitingFilter): Promise<WaitingPage> {
    return { rows: waitingSteps(this.#tables, filter), next: null };
  }

  async listSteps(runId: string, page?: StepPage): Promise<ListedStep[]> {
    const steps = this.#stepsOf(runId);
    const wanted = page === undefined ? steps : steps.slice(page.offset, page.offset + page.limit);
    return withDueTimes(wanted, [...(this.#tables.jobs.get(runId)?.values() ?? [])]);
  }

  readonly listRunDetails: Store["listRunDetails"] = (env, ids, stepsMax) => runDetails(this, env, ids, stepsMax);

  async listWaits(runId: string): Promise<Wait[]> {
    return this.#waitsOf(runId).map((wait) => ({ ...wait, isStored: true }));
  }

  async listFunctionVersions(functionId: string, limit: number): Promise<FunctionVersion[]> {
    const versions = [...(this.#tables.versions.get(functionId)?.values() ?? [])];
    return structuredClone(versions.sort((left, right) => right.version - left.version).slice(0, limit));
  }

  async getOperation(id: string): Promise<StoredOperation | null> {
    const operation = this.#tables.operations.get(id);
    return operation === undefined ? null : { ...operation };
  }

  async listOperations(limit: number, before?: string): Promise<StoredOperation[]> {
    const operations = [...this.#tables.operations.values()].filter(({ id }) => before === undefined || id < before);
    return newestFirst(operations, limit).map((operation) => ({ ...operation }));
  }

  async listAttempts(runId: string, slots?: readonly string[]): Promise<Attempt[]> {
    const attempts = this.#tables.attempts.get(runId) ?? [];
    const wanted = attempts.filter(({ slot }) => slots === undefined || slots.includes(slot));
    return wanted.map((attempt) => ({ ...attempt })).reverse();
  }

  async listDecisions(eventId: string): Promise<Decision[]> {
    return (this.#tables.decisions.get(eventId) ?? []).map((decision) => ({ ...decision })).reverse();
  }

  async countOpenRuns(max: number): Promise<number> {
    return Math.min(max, (await this.counts()).openRuns);
  }

  async counts(): Promise<StoreCounts> {
    const { events, runs, jobs } = this.#tables;
    const openRuns = [...runs.values()].filter((run) => run.status === "queued" || run.status === "running").length;
    const jobCount = [...jobs.values()].reduce((count, ofRun) => count + ofRun.size, 0);
    return { events: events.size, runs: runs.size, openRuns, jobs: jobCount };
  }

  /** Nobody but this process can reach it, and what it writes is checked by its tests: there is nothing to look for. */
  async findDamage(_query: IntegrityQuery): Promise<IntegrityPage> {
    return { findings: [], looked: 0, next: null };
  }

  async countJobs(now: Instant): Promise<JobCount[]> {
    return jobCounts(this.#tables, now);
  }

  async expireFlow(now: Instant, limit: number): Promise<number> {
    const expired = [...this.#tables.flow].filter(([, fact]) => fact.expiresAt <= now).sort(compareExpiry);
    for (const [key] of expired.slice(0, limit)) this.#tables.flow.delete(key);
    return Math.min(expired.length, limit);
  }

  async loadAccess(): Promise<AccessRows> {
    return this.#access.rows();
  }

  async saveAccess(changes: readonly AccessChange[]): Promise<void> {
    this.#access.save(changes);
  }

  async listAudit(filter: AuditFilter): Promise<AuditRow[]> {
    return this.#access.listAudit(filter);
  }

  async expireAudit(until: Instant, limit: number): Promise<number> {
    return this.#access.expireAudit(until, limit);
  }

  async listRunStats(query: RunStatsQuery): Promise<RunStatPoint[]> {
    return listRunStats(this.#tables.stats, query);
  }

  async expireRunStats(now: Instant, limit: number): Promise<number> {
    return expireRunStats(this.#tables.stats, now, limit);
  }

  #stepsOf(runId: string): StepRecord[] {
    return [...(this.#tables.steps.get(runId)?.values() ?? [])].sort(compareSteps);
  }

  #waitsOf(runId: string): WaitRecord[] {
    return [...(this.#tables.waits.get(runId)?.values() ?? [])].sort(compareWaits);
  }
}

function compareExpiry([, left]: [string, FlowFact], [, right]: [string, FlowFact]): number {
  const byTime = left.expiresAt - right.expiresAt || compareTexts(left.kind, right.kind);
  return byTime || compareTexts(left.functionId, right.functionId) || compareTexts(left.key, right.key);
}

function oldestFirst<Row extends { readonly id: string }>(rows: Row[], limit: number): Row[] {
  return rows.sort((left, right) => compareTexts(left.id, right.id)).slice(0, limit);
}

function matchesWait({ kind, name, path, value }: WaitRecord, query: WaitQuery): boolean {
  if (name !== query.name || !query.kinds.includes(kind)) return false;
  return query.keys.some((key) => key.path === path && key.value === value);
}
