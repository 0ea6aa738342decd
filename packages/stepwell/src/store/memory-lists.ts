/** Lists of runs and events in the store in memory: every row is looked at. */
import { DEFAULT_ENV, type StoredEvent } from "../protocol/event.ts";
import { copyRun, type MemoryTables } from "./memory-tables.ts";
import { compareTexts, eventIdBounds, type RunRecord, rowOfRun, runIdBounds } from "./records.ts";
import { eventMatcher, runMatcher } from "./search.ts";
import type { EventSearch, ListOrder, RunDetails, RunRow, RunSearch, Store } from "./store.ts";

export function searchRuns(tables: MemoryTables, search: RunSearch): RunRow[] {
  const matches = runMatcher(search);
  const children = search.parentId === undefined ? null : childrenOf(tables, search.parentId);
  const rows: RunRow[] = [];
  const candidates = [...tables.runs.values()].filter((run) => matchesRun(run, search));
  const inOrder = newestFirst(candidates, candidates.length);
  for (const run of search.order === "oldest" ? inOrder.reverse() : inOrder) {
    if (rows.length >= search.limit) break;
    if (children?.has(run.id) === false) continue;
    const row = rowOfRun(copyRun(run));
    const event = tables.events.get(row.eventIds[0] ?? "")?.json ?? null;
    if (matches !== null && !matches(row, event)) continue;
    rows.push(search.isBrief === true ? { ...row, output: null, error: null } : row);
  }
  return rows;
}

export function searchEvents(tables: MemoryTables, search: EventSearch): StoredEvent[] {
  const matches = eventMatcher(search);
  const fitting = [...tables.events.values()].filter(
    (event) => matchesEvent(event, search) && (matches === null || matches(event)),
  );
  return newestFirst(fitting, search.limit).map((event) => ({ ...event }));
}

export function newestFirst<Row extends { readonly id: string }>(rows: Row[], limit: number): Row[] {
  return rows.sort((left, right) => compareTexts(right.id, left.id)).slice(0, limit);
}

function childrenOf(tables: MemoryTables, runId: string): ReadonlySet<string> {
  const steps = tables.steps.get(runId)?.values() ?? [];
  return new Set([...steps].flatMap((step) => step.childRunId ?? []));
}

function matchesEvent(event: StoredEvent, search: EventSearch): boolean {
  return (
    search.env === DEFAULT_ENV &&
    (search.name === undefined || event.name === search.name) &&
    (search.includeInternal === true || !event.isInternal) &&
    (search.receivedFrom === undefined || event.receivedAt >= search.receivedFrom) &&
    (search.receivedUntil === undefined || event.receivedAt < search.receivedUntil) &&
    (search.before === undefined || event.id < search.before) &&
    isWithin(event.id, eventIdBounds(search))
  );
}

function matchesRun(run: RunRecord, search: RunSearch): boolean {
  const { eventId } = search;
  return (
    run.env === search.env &&
    (search.statuses === undefined || search.statuses.includes(run.status)) &&
    (search.functionIds === undefined || search.functionIds.includes(run.functionId)) &&
    (eventId === undefined || run.events.some((event) => event.id === eventId)) &&
    (search.before === undefined || isBeyond(run.id, search.before, search.order)) &&
    isWithin(run.id, runIdBounds(search))
  );
}

function isBeyond(id: string, last: string, order: ListOrder = "newest"): boolean {
  return order === "newest" ? id < last : id > last;
}

function isWithin(
  id: string,
  { from, until }: { readonly from: string | null; readonly until: string | null },
): boolean {
  return (from === null || id >= from) && (until === null || id < until);
}

/** Several runs, each asked for by itself: nothing is far here. */
export async function runDetails(
  store: Pick<Store, "getRun" | "listSteps" | "listAttempts">,
  env: string,
  ids: readonly string[],
  stepsMax: number,
): Promise<RunDetails[]> {
  const found = ids.map(async (id): Promise<RunDetails[]> => {
    const run = await store.getRun(env, id);
    if (run === null) return [];
    const steps = await store.listSteps(id, { offset: 0, limit: stepsMax });
    return [{ run, steps, attempts: await store.listAttempts(id) }];
  });
  return (await Promise.all(found)).flat();
}
