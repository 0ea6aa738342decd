/**
 * The port behind which every database stands. It may change with the engine; it is not for others to implement.
 *
 *   ST1. `commit` reads the batch before it returns its promise; the caller may go on changing runs at once.
 *   ST2. A batch is stored whole or not at all. When `commit` rejects, the outcome is unknown: the caller forgets
 *        what it had in memory and loads again.
 *   ST3. Commits are stored in the order in which they were asked for. A load sees every commit that has resolved.
 *   ST4. Deletes of a batch are applied before its puts.
 *   ST5. A put of a run, step or job that exists updates what can change (a step of a resumed run loses its memo, and may
 *        be asked for as another kind, with another child); what is fixed at creation stays.
 *        An event that exists already is left as it is.
 */
import type {
  Attempt,
  Batch,
  Decision,
  FlowFactKey,
  Schedule,
  StoredApp,
  StoredFunction,
  StoredOperation,
} from "../core/batch.ts";
import type { HeldPlace } from "../core/core-options.ts";
import type { JobCount } from "../core/explain/explain-queue.ts";
import type { ThrottleState } from "../core/flow/admission.ts";
import type { InboxMessage, ReceivedPlace } from "../core/inbox.ts";
import type { Instant } from "../core/instant.ts";
import type { WaitKey } from "../core/match/wait-keys.ts";
import type { EndReason, ParentLink, Run, RunNotes, RunStatus, Step, Wait, WaitKind } from "../core/run/run.ts";
import type { JobHint, JobPlace } from "../core/schedule/hint.ts";
import type { LaneQuery, LaneWalk } from "../core/schedule/lane-heads.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { RunFlow } from "../protocol/flow.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import type { JsonText } from "../protocol/json.ts";
import type { AccessStore } from "./access.ts";
import type { IntegrityPage, IntegrityQuery } from "./integrity.ts";
import type { LogStore } from "./logs.ts";
import type { RetentionStore } from "./prune.ts";
import type { RunStatPoint, RunStatsQuery } from "./run-stats.ts";
import type { WaitingFilter, WaitingPage } from "./waiting.ts";

/** Proof that this node still owns what it writes (E5). A single-process store holds its file's lock instead. */
export interface Fence {
  readonly node: string;
  readonly epoch: number;
}

export interface Registry {
  readonly apps: readonly StoredApp[];
  readonly functions: readonly StoredFunction[];
  readonly schedules: readonly Schedule[];
}

export interface JobPageQuery {
  /** Timers, or calls that were to be made later when they were written. */
  readonly what: "timers" | "calls";
  readonly after: JobPlace;
  readonly untilAt: Instant;
  readonly limit: number;
}

/** Index entries of waits: runs with such an entry may be concerned. */
export interface WaitQuery {
  readonly kinds: readonly WaitKind[];
  readonly name: string;
  readonly keys: readonly WaitKey[];
  /** Only runs with greater ids; null for all. */
  readonly afterRunId: string | null;
  readonly limit: number;
}

/** How many stored waits of a kind have a name and a path; all those for signals are one, without a name. */
export interface WaitCount {
  readonly kind: WaitKind;
  readonly name: string;
  readonly path: string;
  readonly count: number;
}

export interface PastEventsQuery {
  readonly env: string;
  readonly names: readonly string[];
  /** Received at or after, and before or at. */
  readonly from: Instant;
  readonly until: Instant;
  /** Only events behind this one; null, or left out, for all. */
  readonly after?: ReceivedPlace | null;
  readonly limit: number;
  /** The answer ends with the event whose JSON makes it so many characters long. */
  readonly charsMax?: number;
}

/** A configuration that a function had. */
export interface FunctionVersion {
  readonly version: number;
  readonly changedAt: Instant;
  readonly config: FunctionConfig;
}

export interface FlowFact extends FlowFactKey {
  readonly value: string;
  readonly expiresAt: Instant;
}

/** A run as lists and pages show it: its row, without steps and jobs. */
export interface RunRow {
  readonly id: string;
  readonly env: string;
  readonly functionId: string;
  readonly eventIds: readonly string[];
  readonly cron: string | null;
  readonly originalRunId: string | null;
  readonly parent: ParentLink | null;
  readonly flow: RunFlow | null;
  readonly functionVersion: number;
  readonly status: RunStatus;
  readonly reason: EndReason | null;
  readonly notes: RunNotes | null;
  readonly createdAt: Instant;
  readonly startAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly output: JsonText | null;
  readonly error: JsonText | null;
}

export interface RunFilter {
  readonly env: string;
  readonly statuses?: readonly RunStatus[];
  readonly functionIds?: readonly string[];
  readonly eventId?: string;
  /** Created at or after, and before: by the time in their ids. */
  readonly createdFrom?: Instant;
  readonly createdUntil?: Instant;
  /** Newest first, unless it says otherwise. */
  readonly order?: ListOrder;
  /** The id of the last row of the page before: what follows it in the order of the list is wanted. */
  readonly before?: string;
  readonly limit: number;
}

/** By the time in their ids. */
export type ListOrder = "newest" | "oldest";

/** Runs that collect events: newest first. */
export interface PendingFilter {
  readonly env: string;
  readonly functionIds?: readonly string[];
  readonly before?: string;
  readonly limit: number;
}

/** A list of runs as the API asks for it; it may have to look through many. */
export interface RunSearch extends RunFilter {
  /** Runs that this one invoked. */
  readonly parentId?: string;
  /** Part of what they carry (search.ts), or one of these functions: those whose names have the text. */
  readonly text?: string;
  readonly textFunctionIds?: readonly string[];
  /** Holds for the first event and the output. */
  readonly expression?: SearchExpression;
  /** Leaves out output and error, which may be long. */
  readonly isBrief?: boolean;
}

export interface EventSearch extends EventFilter {
  readonly text?: string;
  readonly expression?: SearchExpression;
}

export interface SearchExpression {
  readonly source: string;
  /** What it takes for the present. */
  readonly now: Instant;
  /** True: it holds for no run without a stored event. */
  readonly needsEvent?: boolean;
}

export interface SearchPage<Row> {
  /** At most as many as the limit. */
  readonly rows: readonly Row[];
  /** Null, unless time was over before the limit: what has smaller ids has not been looked at. */
  readonly next: string | null;
}

export interface RunCount {
  /** No more than the search's limit. */
  readonly count: number;
  /** Null when all have been counted, else where counting ended. */
  readonly next: string | null;
}

export interface EventFilter {
  readonly env: string;
  readonly name?: string;
  readonly receivedFrom?: Instant;
  readonly receivedUntil?: Instant;
  /** Internal events are left out unless asked for. */
  readonly includeInternal?: boolean;
  readonly before?: string;
  readonly limit: number;
}

export type StepRow = Omit<Step, "isStored">;

/** A step as pages show it. */
export interface ListedStep extends StepRow {
  /** When an open step goes on: its wake time, its next attempt, or the time it became ready. Null once it has ended. */
  readonly dueAt: Instant | null;
}

/** A part of a run's steps, in the order of `listSteps`. */
export interface StepPage {
  readonly offset: number;
  readonly limit: number;
}

/** A run with what is below it. */
export interface RunDetails {
  readonly run: RunRow;
  readonly steps: readonly ListedStep[];
  readonly attempts: readonly Attempt[];
}

export interface StoreCounts {
  readonly events: number;
  readonly runs: number;
  readonly openRuns: number;
  readonly jobs: number;
}

export interface Store extends AccessStore {
  /** Lines that handlers logged. */
  readonly logs: LogStore;
  /** What has ended, to be deleted a little at a time. */
  readonly retention: RetentionStore;
  /** Opens or creates the database, takes its lock, migrates it. Throws a coded `store_*` error. */
  open(): Promise<void>;
  /** Stores a batch (ST1–ST5). Rejects with a coded `store_*` error; `isFatalStoreError` says which end the process. */
  commit(batch: Batch, fence: Fence): Promise<void>;
  /** Finishes what was asked for and lets go of the database. Safe to call twice. */
  close(): Promise<void>;

  // What the engine loads. Every one is bounded by its arguments.
  loadRegistry(): Promise<Registry>;
  /** The runs that exist, with steps, jobs and events. Runs that do not exist are left out. */
  loadRuns(ids: readonly string[]): Promise<Run[]>;
  /** Jobs in the order of `JobPlace`, strictly after `after` and due at or before `untilAt`. */
  loadJobs(query: JobPageQuery): Promise<JobHint[]>;
  /** For each query jobs of its lane in the order of `OrderPlace`, strictly after `after`, that are not to wait beyond `untilAt`. */
  loadLanes(queries: readonly LaneQuery[]): Promise<JobHint[][]>;
  /** Ids of lanes that have jobs, due or not, strictly between `after` and `before`. */
  findLanes(walk: Omit<LaneWalk, "functionId">): Promise<string[]>;
  /** Facts that have not expired at `now`. */
  loadFlow(keys: readonly FlowFactKey[], now: Instant): Promise<FlowFact[]>;
  /** Ids of the runs that have one of these entries, ascending, each once per query; at most `limit` per query. */
  loadWaits(queries: readonly WaitQuery[]): Promise<string[][]>;
  /** How many waits there are, by kind, name and path; signals together, whatever their names. To be walked once, and at once. */
  loadWaitCounts(): Promise<Iterable<WaitCount>>;
  /** Runs that have begun and have not ended, and that hold places of their own. */
  loadPlaces(): Promise<HeldPlace[]>;
  /** Throttles whose bucket is not full at `now`. */
  loadThrottles(now: Instant): Promise<ThrottleState[]>;
  /** How many runs of each function wait for their first call. */
  loadQueuedCounts(): Promise<{ functionId: string; count: number }[]>;
  /** The later of when the event that was stored last was received and the run that was stored last was made; 0 for none. */
  loadLastStamp(): Promise<Instant>;
  /** The oldest runs of a function that wait for their first call, by their ids; strictly after `after`. */
  loadQueued(functionId: string, after: string | null, limit: number): Promise<string[]>;
  /** Messages with greater ids than `after` (null: from the first), in the order of their ids. */
  loadInbox(after: string | null, limit: number): Promise<InboxMessage[]>;
  /** The events that exist of these ids. */
  loadEvents(ids: readonly string[]): Promise<StoredEvent[]>;
  /** Stored events of these names in the order in which they were received. */
  loadPastEvents(query: PastEventsQuery): Promise<StoredEvent[]>;
  /** Operations that are running, in the order of their ids. */
  loadOpenOperations(): Promise<StoredOperation[]>;
  /** Which of these internal event ids exist. */
  loadKnownEvents(ids: readonly string[]): Promise<string[]>;
  /** How many runs have not ended; counts no further than `max`. */
  countOpenRuns(max: number): Promise<number>;

  // What the API reads. Newest first; never blocks commits.
  getEvent(env: string, id: string): Promise<StoredEvent | null>;
  listEvents(filter: EventFilter): Promise<StoredEvent[]>;
  getRun(env: string, id: string): Promise<RunRow | null>;
  listRuns(filter: RunFilter): Promise<RunRow[]>;
  /** Runs that collect events and have not begun. */
  listPending(filter: PendingFilter): Promise<RunRow[]>;
  /** Steps that sleep or wait, what goes on next first. Ends early when it takes long (`LIMITS.searchMsMax`). */
  listWaiting(filter: WaitingFilter): Promise<WaitingPage>;
  /** Ends early when it takes long (`LIMITS.searchMsMax`). Rejects with `expression_invalid`. */
  searchRuns(search: RunSearch): Promise<SearchPage<RunRow>>;
  searchEvents(search: EventSearch): Promise<SearchPage<StoredEvent>>;
  /** How many runs fit, as far as the limit and the time of a search reach. */
  countRuns(search: RunSearch): Promise<RunCount>;
  /** Steps in stack order, open ones last by the time they were queued. */
  listSteps(runId: string, page?: StepPage): Promise<ListedStep[]>;
  /** Failed attempts, newest first: of these slots, or of all. */
  listAttempts(runId: string, slots?: readonly string[]): Promise<Attempt[]>;
  /** Those of these runs that are there, each with its first `stepsMax` steps: one question for many. */
  listRunDetails(env: string, ids: readonly string[], stepsMax: number): Promise<RunDetails[]>;
  listDecisions(eventId: string): Promise<Decision[]>;
  /** Index entries of the waits of a run, in the order of slot and position. */
  listWaits(runId: string): Promise<Wait[]>;
  /** The configurations that a function had, newest first. */
  listFunctionVersions(functionId: string, limit: number): Promise<FunctionVersion[]>;
  getOperation(id: string): Promise<StoredOperation | null>;
  /** Newest first, with ids smaller than `before` when that is given. */
  listOperations(limit: number, before?: string): Promise<StoredOperation[]>;
  counts(): Promise<StoreCounts>;
  /** Counts of runs over time, by point and, if asked for, function; what has no runs is left out. */
  listRunStats(query: RunStatsQuery): Promise<RunStatPoint[]>;
  /** Deletes flow facts that expired before `now`, at most `limit` of them; returns how many. */
  expireFlow(now: Instant, limit: number): Promise<number>;
  /** Deletes counts of runs that are older than they are kept, at most `limit` rows per step of time; returns how many. */
  expireRunStats(now: Instant, limit: number): Promise<number>;
  /** A page of a search for damage (IG1). */
  findDamage(query: IntegrityQuery): Promise<IntegrityPage>;
  /** How many jobs there are of each kind, and how many of them are due at `now`. Takes a limited time: of millions, an answer is some questions old. */
  countJobs(now: Instant): Promise<JobCount[]>;
}

const FATAL: ReadonlySet<string> = new Set([
  "store_full",
  "store_corrupt",
  "store_locked",
  "store_newer",
  "store_failed",
]);

/** True for errors after which this process must not go on: the disk is full, the file is damaged, and the like. */
export function isFatalStoreError(error: unknown): boolean {
  return typeof error === "object" && error !== null && FATAL.has(String((error as { code?: unknown }).code));
}
