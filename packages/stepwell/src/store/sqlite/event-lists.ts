/** Lists of events: by name or by id. A producer may choose ids, so times are bounds of ids only with an allowance. */
import type { DatabaseSync } from "node:sqlite";
import type { StoredEvent } from "../../protocol/event.ts";
import { eventIdBounds } from "../records.ts";
import { type EventMatcher, eventMatcher } from "../search.ts";
import type { EventFilter, EventSearch, SearchPage } from "../store.ts";
import { EVENT_COLUMNS, type EventColumns, eventOfRow } from "./rows.ts";
import { ENDLESS } from "./run-lists.ts";
import { clause, inEnv, inSnapshot, isOneOf, newest, select, withValues } from "./select.ts";
import { encodeText } from "./text.ts";
import { type Budget, type Leg, Walk } from "./walk.ts";

/** Candidates that are loaded at once to be looked at. */
const LOADED_EVENTS = 50;

export function getEvent(db: DatabaseSync, env: string, id: string): StoredEvent | null {
  return inSnapshot(db, () => {
    const rows = select<EventColumns>(db, EVENT_COLUMNS, "events", [clause("id = ?", encodeText(id)), inEnv(env)]);
    return withValues(db, rows, "json").map(eventOfRow)[0] ?? null;
  });
}

export function listEvents(db: DatabaseSync, filter: EventFilter): StoredEvent[] {
  return [...searchEvents(db, filter, ENDLESS).rows];
}

export function searchEvents(db: DatabaseSync, search: EventSearch, budget: Budget): SearchPage<StoredEvent> {
  const matches = eventMatcher(search);
  return inSnapshot(db, () => {
    const walk = new Walk(db, search.limit <= 0 ? [] : [legOf(search)], search.before ?? null, budget);
    if (matches !== null) return matching(db, walk, search.limit, matches, budget);
    const { ids, reached } = walk.take(search.limit);
    return { rows: eventsOf(db, ids), next: ids.length < search.limit ? reached : null };
  });
}

function matching(
  db: DatabaseSync,
  walk: Walk,
  limit: number,
  matches: EventMatcher,
  budget: Budget,
): SearchPage<StoredEvent> {
  const found: StoredEvent[] = [];
  for (;;) {
    const { ids, reached } = walk.take(LOADED_EVENTS);
    for (const event of eventsOf(db, ids)) {
      if (matches(event)) found.push(event);
      if (found.length === limit) return { rows: found, next: null };
    }
    if (reached === null || budget.isOver()) return { rows: found, next: reached };
  }
}

function eventsOf(db: DatabaseSync, ids: readonly string[]): StoredEvent[] {
  const found = [isOneOf("id", ids.map(encodeText))];
  const rows = select<EventColumns>(db, EVENT_COLUMNS, "events", found, newest(ids.length));
  return withValues(db, rows, "json").map(eventOfRow);
}

function legOf(search: EventSearch): Leg {
  const { env, name, receivedFrom, receivedUntil, includeInternal } = search;
  const { from, until } = eventIdBounds(search);
  const within = [
    ...(from === null ? [] : [clause("id >= ?", from)]),
    ...(until === null ? [] : [clause("id < ?", until)]),
  ];
  const rest = [
    ...(includeInternal === true ? [] : [clause("is_internal = 0")]),
    ...(receivedFrom === undefined ? [] : [clause("received_at >= ?", receivedFrom)]),
    ...(receivedUntil === undefined ? [] : [clause("received_at < ?", receivedUntil)]),
  ];
  if (name === undefined) return { table: "events INDEXED BY events_by_id", lead: within, rest: [inEnv(env), ...rest] };
  const lead = [inEnv(env), clause("name = ?", encodeText(name)), ...within];
  return { table: "events INDEXED BY events_by_name", lead, rest };
}
