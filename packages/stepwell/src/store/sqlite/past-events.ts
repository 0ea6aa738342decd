/**
 * How a look back reads: first the places of events, then the events, the oldest of all names. On the main thread, in parts (L1 of
 * loads.ts).
 *
 *   PE1. Fewer events than were asked for, in number and in characters, are the last there are: what retention deletes between
 *        their places and themselves is made up for by those that follow.
 */
import type { StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ReceivedPlace } from "../../core/inbox.ts";
import type { StoredEvent } from "../../protocol/event.ts";
import { compareReceived, upToChars } from "../records.ts";
import type { PastEventsQuery } from "../store.ts";
import { decodeText, encodeText } from "./text.ts";
import { all } from "./typed.ts";

const PLACES_PER_PART = 2_000;
/** Few, because each may be of the largest size. */
const EVENTS_PER_PART = 25;

type LoadEvents = (ids: readonly string[]) => Promise<StoredEvent[]>;

/** `statement` walks the places of one name. */
export async function pastEvents(
  statement: StatementSync,
  query: PastEventsQuery,
  load: LoadEvents,
): Promise<StoredEvent[]> {
  const { limit, charsMax = Number.POSITIVE_INFINITY } = query;
  const events: StoredEvent[] = [];
  let chars = 0;
  for (let { after = null } = query; ; ) {
    const wanted = limit - events.length;
    const places = await placesOf(statement, { ...query, after, limit: wanted });
    for (let start = 0; start < places.length && chars < charsMax; start += EVENTS_PER_PART) {
      const part = await load(places.slice(start, start + EVENTS_PER_PART).map(({ id }) => id));
      for (const event of upToChars(part, charsMax, chars)) {
        events.push(event);
        chars += event.json.length;
      }
    }
    if (places.length < wanted || events.length >= limit || chars >= charsMax) return events; // PE1
    after = places.at(-1)!;
  }
}

/** Of what many names have in common, only the oldest is wanted. */
async function placesOf(statement: StatementSync, query: PastEventsQuery): Promise<ReceivedPlace[]> {
  const places: ReceivedPlace[] = [];
  for (const name of new Set(query.names)) places.push(...(await placesOfName(statement, query, name)));
  return places.sort(compareReceived).slice(0, query.limit);
}

async function placesOfName(
  statement: StatementSync,
  { env, from, until, after, limit }: PastEventsQuery,
  name: string,
): Promise<ReceivedPlace[]> {
  const places: ReceivedPlace[] = [];
  const first: ReceivedPlace = { receivedAt: from, id: "" };
  for (let last = after != null && compareReceived(after, first) > 0 ? after : first; places.length < limit; ) {
    const count = Math.min(PLACES_PER_PART, limit - places.length);
    const walk = [encodeText(env), encodeText(name), last.receivedAt, encodeText(last.id), until, count];
    const rows = all<ReceivedPlace>(statement, ...walk);
    for (const { id, receivedAt } of rows) places.push({ id: decodeText(id), receivedAt });
    if (rows.length < count) break;
    last = places.at(-1)!;
    await nextTurn();
  }
  return places;
}
