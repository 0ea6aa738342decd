/**
 * The store in one SQLite file (`node:sqlite`), for one process.
 *
 * Three connections: one thread writes; the engine's bounded loads are read right here, which is faster than asking
 * a thread; the API's lists are read in a second thread, started by the first list.
 *
 *   S1. The file's lock is taken before anything is opened and let go of after everything is closed.
 *   S2. After a fatal error nothing more is committed.
 *   S3. A commit that fails takes those behind it along; commits asked for after its rejection was seen work again.
 */
import type { Attempt, Batch, Decision, FlowFactKey, StoredOperation } from "../core/batch.ts";
import type { HeldPlace } from "../core/core-options.ts";
import type { JobCount } from "../core/explain/explain-queue.ts";
import type { ThrottleState } from "../core/flow/admission.ts";
import type { InboxMessage } from "../core/inbox.ts";
import type { Instant } from "../core/instant.ts";
import type { Run, Wait } from "../core/run/run.ts";
import type { JobHint } from "../core/schedule/hint.ts";
import { StepwellError } from "../protocol/errors.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { AccessChange, AccessRows, AuditFilter, AuditRow } from "./access.ts";
import type { IntegrityPage, IntegrityQuery, Repair } from "./integrity.ts";
import type { RunStatPoint, RunStatsQuery } from "./run-stats.ts";
import { batchRows } from "./sqlite/batch-rows.ts";
import { SqliteRetention, type SqliteThreads, sqliteLogs } from "./sqlite/beside.ts";
import { storeError } from "./sqlite/failure.ts";
import { SqliteLoads } from "./sqlite/loads.ts";
import { lockDatabase, realPath } from "./sqlite/lock.ts";
import type { Reader, ReaderOptions } from "./sqlite/reader.ts";
import { scriptBeside, Thread } from "./sqlite/thread.ts";
import { versionWarning } from "./sqlite/version.ts";
import type { Writer, WriterOptions } from "./sqlite/writer.ts";
import {
  type EventFilter,
  type EventSearch,
  type Fence,
  type FlowFact,
  type FunctionVersion,
  isFatalStoreError,
  type JobPageQuery,
  type ListedStep,
  type PastEventsQuery,
  type PendingFilter,
  type Registry,
  type RunCount,
  type RunFilter,
  type RunRow,
  type RunSearch,
  type SearchPage,
  type StepPage,
  type Store,
  type StoreCounts,
  type WaitCount,
  type WaitQuery,
} from "./store.ts";
import type { WaitingFilter, WaitingPage } from "./waiting.ts";

/** Which file, and how safe. */
export interface SqliteStoreOptions {
  /** The database file; its folder must exist. Beside it appear `-wal`, `-shm`, `.lock` and, while open, `.pid`. */
  readonly path: string;
  /** `full` (default) survives the loss of power, `normal` the death of the process. */
  readonly synchronous?: "full" | "normal";
  /** How long to wait for another program that holds the file, in ms. */
  readonly busyTimeoutMs?: number;
  /** The largest size of the file, in pages. Stands in for a full disk in tests. */
  readonly pagesMax?: number;
  /** Told about what deserves attention; `process.emitWarning` unless given. */
  readonly warn?: (message: string) => void;
}

interface Opened {
  readonly path: string;
  readonly writer: Thread<Writer>;
  readonly loads: SqliteLoads;
  readonly unlock: () => void;
}

/**
 * Everything in one SQLite file, for one process at a time.
 *
 * @example
 * ```ts
 * import { createEngine } from "stepwell/engine";
 * import { SqliteStore } from "stepwell/server";
 * const engine = await createEngine({ functions: [], store: new SqliteStore({ path: "app.db", synchronous: "normal" }) });
 * await engine.stop();
 * ```
 */
export class SqliteStore implements Store {
  readonly #threads: SqliteThreads = {
    list: (list) => this.#list(list),
    look: (look) => this.#look(look),
    write: (write) => this.#write(write),
  };
  readonly logs = sqliteLogs(this.#threads);
  readonly retention = new SqliteRetention(this.#threads);
  readonly #options: SqliteStoreOptions;
  #opened: Opened | null = null;
  #reader: Thread<Reader> | null = null;
  #closed: Promise<void> | null = null;
  #fatal: StepwellError | null = null;
  /** Commits carry it; a failure ends it (S3). */
  #generation = 0;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#opened !== null || this.#closed !== null) throw this.#failed("it was opened before");
    const path = realPath(this.#options.path);
    const unlock = lockDatabase(path); // S1
    const options: WriterOptions = {
      path,
      synchronous: this.#options.synchronous ?? "full",
      busyTimeoutMs: this.#busyTimeoutMs,
      pagesMax: this.#options.pagesMax ?? null,
    };
    const writer = new Thread<Writer>(scriptBeside(import.meta.url, "sqlite/writer-thread"), options);
    try {
      const warning = versionWarning(await writer.call("open"));
      if (warning !== null) this.#warn(warning);
      this.#opened = { path, writer, loads: new SqliteLoads(path, this.#busyTimeoutMs), unlock };
    } catch (error) {
      await writer.end().catch(() => {}); // Why it did not open matters more.
      unlock();
      throw storeError(error, path);
    }
  }

  async commit(batch: Batch, _fence: Fence): Promise<void> {
    if (this.#fatal !== null) throw this.#fatal; // S2
    const generation = this.#generation;
    try {
      const { writer } = this.#open();
      await writer.call("commit", generation, batchRows(batch));
    } catch (error) {
      if (generation === this.#generation) this.#generation++; // S3
      throw this.#noted(error);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    if (opened === null) return;
    const reader = this.#reader;
    try {
      await reader?.end();
      opened.loads.close(); // The last connection to close is the writer's: it takes the WAL away.
    } finally {
      this.#opened = null;
      await opened.writer.end().finally(opened.unlock); // S1
    }
  }

  async loadRegistry(): Promise<Registry> {
    return this.#load((loads) => loads.registry());
  }

  async countOpenRuns(max: number): Promise<number> {
    return this.#load(async (loads) => loads.openRuns(max));
  }

  async loadRuns(ids: readonly string[]): Promise<Run[]> {
    return this.retention.pruning.without(await this.#load((loads) => loads.runs(ids)));
  }

  async loadJobs(query: JobPageQuery): Promise<JobHint[]> {
    return this.#load((loads) => loads.jobs.page(query));
  }

  readonly loadLanes: Store["loadLanes"] = (queries) => this.#load((loads) => loads.jobs.lanes(queries));
  readonly findLanes: Store["findLanes"] = (walk) => this.#load(async (loads) => loads.jobs.findLanes(walk));

  async loadFlow(keys: readonly FlowFactKey[], now: Instant): Promise<FlowFact[]> {
    return this.#load((loads) => loads.flow(keys, now));
  }

  async loadWaits(queries: readonly WaitQuery[]): Promise<string[][]> {
    return this.#load((loads) => loads.waiting(queries));
  }

  async loadPlaces(): Promise<HeldPlace[]> {
    return this.#load((loads) => loads.places());
  }

  async loadQueuedCounts(): Promise<{ functionId: string; count: number }[]> {
    return this.#load((loads) => loads.queuedCounts());
  }

  async loadQueued(functionId: string, after: string | null, limit: number): Promise<string[]> {
    return this.#load((loads) => loads.queued(functionId, after, limit));
  }

  async loadThrottles(now: Instant): Promise<ThrottleState[]> {
    return this.#load((loads) => loads.throttles(now));
  }

  async loadLastStamp(): Promise<Instant> {
    return this.#load((loads) => loads.lastStamp());
  }

  async loadWaitCounts(): Promise<Iterable<WaitCount>> {
    return this.#load((loads) => loads.waitCounts());
  }

  async loadInbox(after: string | null, limit: number): Promise<InboxMessage[]> {
    return this.#load((loads) => loads.inbox(after, limit));
  }

  async loadEvents(ids: readonly string[]): Promise<StoredEvent[]> {
    return this.#load((loads) => loads.events(ids));
  }

  async loadPastEvents(query: PastEventsQuery): Promise<StoredEvent[]> {
    return this.#load((loads) => loads.pastEvents(query));
  }

  async loadOpenOperations(): Promise<StoredOperation[]> {
    return this.#load((loads) => loads.openOperations());
  }

  async loadKnownEvents(ids: readonly string[]): Promise<string[]> {
    return this.#load((loads) => loads.knownEvents(ids));
  }

  async getEvent(env: string, id: string): Promise<StoredEvent | null> {
    return this.#list((reader) => reader.call("getEvent", env, id));
  }

  async listEvents(filter: EventFilter): Promise<StoredEvent[]> {
    return this.#list((reader) => reader.call("listEvents", filter));
  }

  async getRun(env: string, id: string): Promise<RunRow | null> {
    return this.#list((reader) => reader.call("getRun", env, id));
  }

  async listRuns(filter: RunFilter): Promise<RunRow[]> {
    return this.#list((reader) => reader.call("listRuns", filter));
  }

  async listPending(filter: PendingFilter): Promise<RunRow[]> {
    return this.#list((reader) => reader.call("listPending", filter));
  }

  async listWaiting(filter: WaitingFilter): Promise<WaitingPage> {
    return this.#list((reader) => reader.call("listWaiting", filter));
  }

  async searchRuns(search: RunSearch): Promise<SearchPage<RunRow>> {
    return this.#list((reader) => reader.call("searchRuns", search));
  }

  async searchEvents(search: EventSearch): Promise<SearchPage<StoredEvent>> {
    return this.#list((reader) => reader.call("searchEvents", search));
  }

  async countRuns(search: RunSearch): Promise<RunCount> {
    return this.#list((reader) => reader.call("countRuns", search));
  }

  async listSteps(runId: string, page?: StepPage): Promise<ListedStep[]> {
    return this.#list((reader) => reader.call("listSteps", runId, page));
  }

  readonly listRunDetails: Store["listRunDetails"] = (env, ids, stepsMax) =>
    this.#list((reader) => reader.call("listRunDetails", env, ids, stepsMax));

  async listAttempts(runId: string, slots?: readonly string[]): Promise<Attempt[]> {
    return this.#list((reader) => reader.call("listAttempts", runId, slots));
  }

  async listDecisions(eventId: string): Promise<Decision[]> {
    return this.#list((reader) => reader.call("listDecisions", eventId));
  }

  async listWaits(runId: string): Promise<Wait[]> {
    return this.#list((reader) => reader.call("listWaits", runId));
  }

  async listFunctionVersions(functionId: string, limit: number): Promise<FunctionVersion[]> {
    return this.#list((reader) => reader.call("listFunctionVersions", functionId, limit));
  }

  async getOperation(id: string): Promise<StoredOperation | null> {
    return this.#list((reader) => reader.call("getOperation", id));
  }

  async listOperations(limit: number, before?: string): Promise<StoredOperation[]> {
    return this.#list((reader) => reader.call("listOperations", limit, before));
  }

  async counts(): Promise<StoreCounts> {
    return this.#list((reader) => reader.call("counts"));
  }

  async listRunStats(query: RunStatsQuery): Promise<RunStatPoint[]> {
    return this.#list((reader) => reader.call("listRunStats", query));
  }

  async findDamage(query: IntegrityQuery): Promise<IntegrityPage> {
    return this.#list((reader) => reader.call("findDamage", query));
  }

  /** Mends damage, all of it or nothing. For `stepwell doctor`: no engine may hold the store meanwhile. */
  async repair(repairs: readonly Repair[], now: Instant): Promise<void> {
    try {
      await this.#open().writer.call("repair", repairs, now);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  async countJobs(now: Instant): Promise<JobCount[]> {
    return this.#list((reader) => reader.call("countJobs", now));
  }

  async expireFlow(now: Instant, limit: number): Promise<number> {
    return this.#write((writer) => writer.call("expireFlow", now, limit));
  }

  async expireRunStats(now: Instant, limit: number): Promise<number> {
    return this.#write((writer) => writer.call("expireRunStats", now, limit));
  }

  async loadAccess(): Promise<AccessRows> {
    return this.#write((writer) => writer.call("loadAccess"));
  }

  async saveAccess(changes: readonly AccessChange[]): Promise<void> {
    await this.#write((writer) => writer.call("saveAccess", changes));
  }

  async listAudit(filter: AuditFilter): Promise<AuditRow[]> {
    return this.#list((reader) => reader.call("listAudit", filter));
  }

  async expireAudit(until: Instant, limit: number): Promise<number> {
    return this.#write((writer) => writer.call("expireAudit", until, limit));
  }

  /** What is no commit, in a transaction of its own. */
  async #write<Result>(write: (writer: Thread<Writer>) => Promise<Result>): Promise<Result> {
    if (this.#fatal !== null) throw this.#fatal; // S2
    try {
      return await write(this.#open().writer);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  async #load<Result>(load: (loads: SqliteLoads) => Result | Promise<Result>): Promise<Result> {
    try {
      return await load(this.#open().loads);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  // What a page cannot read does not end the commits: failures here are not noted.

  async #list<Result>(list: (reader: Thread<Reader>) => Promise<Result>): Promise<Result> {
    try {
      return await list(this.#readerThread());
    } catch (error) {
      throw storeError(error, this.#open().path);
    }
  }

  async #look<Result>(look: (writer: Thread<Writer>) => Promise<Result>): Promise<Result> {
    try {
      return await look(this.#open().writer);
    } catch (error) {
      throw storeError(error, this.#open().path);
    }
  }

  /** The thread of the lists: begun by the first, since it holds 20 MB; a new one when it died. */
  #readerThread(): Thread<Reader> {
    const { path } = this.#open();
    if (this.#reader === null || this.#reader.hasEnded) {
      const options: ReaderOptions = { path, busyTimeoutMs: this.#busyTimeoutMs };
      this.#reader = new Thread<Reader>(scriptBeside(import.meta.url, "sqlite/reader-thread"), options);
    }
    return this.#reader;
  }

  get #busyTimeoutMs(): number {
    return this.#options.busyTimeoutMs ?? 5_000;
  }

  #open(): Opened {
    if (this.#opened === null || this.#closed !== null) throw this.#failed("it is not open");
    return this.#opened;
  }

  #failed(reason: string): StepwellError {
    return new StepwellError("store_failed", { path: this.#options.path, reason });
  }

  /** The error to throw; a fatal one ends all commits (S2). */
  #noted(error: unknown): StepwellError {
    const coded = storeError(error, this.#options.path);
    if (isFatalStoreError(coded)) this.#fatal ??= coded;
    return coded;
  }

  #warn(message: string): void {
    if (this.#options.warn === undefined) process.emitWarning(message);
    else this.#options.warn(message);
  }
}
