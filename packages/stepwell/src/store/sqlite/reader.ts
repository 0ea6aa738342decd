/** The lists of `lists.ts` on one read-only connection. */
import { DatabaseSync } from "node:sqlite";
import type { AuditFilter } from "../access.ts";
import type { IntegrityQuery } from "../integrity.ts";
import type { LogSearch, RunLogsQuery } from "../logs.ts";
import type { RunStatsQuery } from "../run-stats.ts";
import type { EventFilter, PendingFilter, RunFilter, StepPage } from "../store.ts";
import { listAudit } from "./access.ts";
import { findDamage } from "./integrity.ts";
import * as lists from "./lists.ts";
import { listLogs, logTotals, searchLogs } from "./logs.ts";
import { listRunStats } from "./run-stats.ts";

export interface ReaderOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

export type Reader = ReturnType<typeof createReader>;

export function createReader({ path, busyTimeoutMs }: ReaderOptions) {
  let opened: DatabaseSync | null = null;
  const db = (): DatabaseSync => {
    opened ??= new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    return opened;
  };
  return {
    getEvent: (env: string, id: string) => lists.getEvent(db(), env, id),
    listEvents: (filter: EventFilter) => lists.listEvents(db(), filter),
    getRun: (env: string, id: string) => lists.getRun(db(), env, id),
    listRuns: (filter: RunFilter) => lists.listRuns(db(), filter),
    listPending: (filter: PendingFilter) => lists.listPending(db(), filter),
    listSteps: (runId: string, page?: StepPage) => lists.listSteps(db(), runId, page),
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
    countJobs: (now: number) => lists.countJobs(db(), now),
    close: () => opened?.close(),
  };
}
