/**
 * What the API reads, on one read-only connection. It lives in a thread of its own: however long a list takes, neither the
 * loop nor a commit waits for it. Lists take turns, so each has a limited time (`LIMITS.searchMsMax`).
 */
import { DatabaseSync } from "node:sqlite";
import { LIMITS } from "../../protocol/limits.ts";
import type { AuditFilter } from "../access.ts";
import type { IntegrityQuery } from "../integrity.ts";
import type { LogSearch, RunLogsQuery } from "../logs.ts";
import type { RunStatsQuery } from "../run-stats.ts";
import type { EventFilter, EventSearch, PendingFilter, RunFilter, RunSearch, StepPage } from "../store.ts";
import type { WaitingFilter } from "../waiting.ts";
import { listAudit } from "./access.ts";
import * as events from "./event-lists.ts";
import { findDamage } from "./integrity.ts";
import { JobCounts } from "./job-counts.ts";
import * as lists from "./lists.ts";
import { listLogs, logTotals, searchLogs } from "./logs.ts";
import { listRunDetails } from "./run-details.ts";
import * as runs from "./run-lists.ts";
import { listRunStats } from "./run-stats.ts";
import { listWaiting } from "./waiting.ts";
import type { Budget } from "./walk.ts";

export interface ReaderOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

function startBudget(): Budget {
  const until = performance.now() + LIMITS.searchMsMax;
  return { isOver: () => performance.now() >= until };
}

export type Reader = ReturnType<typeof createReader>;

export function createReader({ path, busyTimeoutMs }: ReaderOptions) {
  let opened: DatabaseSync | null = null;
  const jobCounts = new JobCounts();
  const db = (): DatabaseSync => {
    opened ??= new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    return opened;
  };
  return {
    getEvent: (env: string, id: string) => events.getEvent(db(), env, id),
    listEvents: (filter: EventFilter) => events.listEvents(db(), filter),
    searchEvents: (search: EventSearch) => events.searchEvents(db(), search, startBudget()),
    getRun: (env: string, id: string) => runs.getRun(db(), env, id),
    listRuns: (filter: RunFilter) => runs.listRuns(db(), filter),
    searchRuns: (search: RunSearch) => runs.searchRuns(db(), search, startBudget()),
    countRuns: (search: RunSearch) => runs.countRuns(db(), search, startBudget()),
    listPending: (filter: PendingFilter) => runs.listPending(db(), filter),
    listWaiting: (filter: WaitingFilter) => listWaiting(db(), filter, startBudget()),
    listSteps: (runId: string, page?: StepPage) => lists.listSteps(db(), runId, page),
    listRunDetails: (env: string, ids: readonly string[], stepsMax: number) => listRunDetails(db(), env, ids, stepsMax),
    listAttempts: (runId: string, slots?: readonly string[]) => lists.listAttempts(db(), runId, slots),
    listDecisions: (eventId: string) => lists.listDecisions(db(), eventId),
    listWaits: (runId: string) => lists.listWaits(db(), runId),
    listFunctionVersions: (id: string, limit: number) => lists.listFunctionVersions(db(), id, limit),
    getOperation: (id: string) => lists.getOperation(db(), id),
    listOperations: (limit: number, before?: string) => lists.listOperations(db(), limit, before),
    listAudit: (filter: AuditFilter) => listAudit(db(), filter),
    listLogs: (query: RunLogsQuery) => listLogs(db(), query),
    searchLogs: (search: LogSearch) => searchLogs(db(), search),
    logTotals: (runId: string) => logTotals(db(), runId),
    findDamage: (query: IntegrityQuery) => findDamage(db(), query),
    counts: () => lists.counts(db()),
    listRunStats: (query: RunStatsQuery) => listRunStats(db(), query),
    countJobs: (now: number) => jobCounts.count(db(), now, startBudget()),
    close: () => opened?.close(),
  };
}
