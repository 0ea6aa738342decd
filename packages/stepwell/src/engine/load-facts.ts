/** Loads what a command needs to know into its facts, and work for the scheduler. Runs the loop brings into memory itself. */
import type { BacklogQuery, Facts, Needs, PastQuery, WaiterQuery } from "../core/facts.ts";
import type { Instant } from "../core/instant.ts";
import type { JobQueue } from "../core/schedule/job-queue.ts";
import type { LanePage, LaneRequest } from "../core/schedule/lane-heads.ts";
import { DEFAULT_ENV } from "../protocol/event.ts";
import type { Store } from "../store/store.ts";

/** Null when only runs are needed. */
export function loadFacts(store: Store, needs: Needs, facts: Facts, now: Instant): Promise<unknown> | null {
  const { events, flow, waiters, stored, past, backlogs } = needs;
  const loads: Promise<void>[] = [];
  if (events.length > 0) loads.push(store.loadKnownEvents(events).then((found) => facts.addEvents(events, found)));
  if (flow.length > 0) loads.push(store.loadFlow(flow, now).then((found) => facts.addFlow(flow, found)));
  if (stored.length > 0) loads.push(store.loadEvents(stored).then((found) => facts.addStored(stored, found)));
  if (waiters.length > 0) loads.push(loadWaiters(store, waiters, facts));
  for (const query of past) loads.push(loadPast(store, query, facts));
  for (const query of backlogs) loads.push(loadBacklog(store, query, facts));
  return loads.length === 0 ? null : Promise.all(loads);
}

async function loadWaiters(store: Store, queries: readonly WaiterQuery[], facts: Facts): Promise<void> {
  const found = await store.loadWaits(
    queries.map(({ topic, name, keys, afterRunId, limit }) => {
      return { kinds: topic === "signal" ? ["signal"] : ["event", "cancel"], name, keys, afterRunId, limit };
    }),
  );
  for (const [index, query] of queries.entries()) facts.addWaiters(query, found[index]!);
}

async function loadBacklog(store: Store, query: BacklogQuery, facts: Facts): Promise<void> {
  const { functionId, after, limit } = query;
  facts.addBacklog(query, await store.loadQueued(functionId, after, limit));
}

async function loadPast(store: Store, query: PastQuery, facts: Facts): Promise<void> {
  const { names, from, until, after, limit, charsMax } = query;
  facts.addPast(query, await store.loadPastEvents({ env: DEFAULT_ENV, names, from, until, after, limit, charsMax }));
}

type Loaded = <T>(load: Promise<T>, then: (value: T) => void) => void;

/** Reads what the scheduler would like to have in memory now. */
export function loadWork(store: Store, queue: JobQueue, now: Instant, loaded: Loaded): void {
  for (const request of queue.pageRequests(now)) {
    loaded(store.loadJobs(request), (hints) => queue.adoptPage(request, hints));
  }
  const lanes = queue.laneRequest(now);
  if (lanes !== null) loaded(loadLanePage(store, lanes), (page) => queue.adoptLanes(lanes, page));
}

async function loadLanePage(store: Store, { heads, walk }: LaneRequest): Promise<LanePage> {
  const found = walk === null ? [] : store.findLanes(walk);
  const [hints, ids] = await Promise.all([store.loadLanes(heads), found]);
  return { heads: hints, found: ids };
}
