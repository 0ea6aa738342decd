/** What goes back over the wire: the envelopes of both families, and their forms of an error. */
import { isoTime } from "../../core/instant.ts";
import { ulidTime } from "../../protocol/ids.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { SearchPage } from "../../store/store.ts";
import type { ErrorReply } from "../error-reply.ts";
import type { Data, Family, PageFacts } from "./route.ts";

export function envelope(family: Family, { data, page, more }: Data): JsonObject {
  const now = new Date().toISOString();
  if (family === "v2") {
    const metadata = { fetchedAt: now, cachedUntil: null, timeRange: null };
    return { data, metadata, ...more, ...(page === undefined ? {} : { page: pageV2(page) }) };
  }
  const metadata = { fetched_at: now, cached_until: null };
  return { data, metadata, ...more, ...(page === undefined ? {} : { page: pageV1(page) }) };
}

const pageV1 = ({ limit, cursor, stoppedAt }: PageFacts) => ({
  limit,
  has_more: cursor !== null,
  cursor,
  ...(stoppedAt === undefined ? {} : { stopped_at: stoppedAt }),
});
const pageV2 = ({ limit, cursor, stoppedAt }: PageFacts) => ({
  cursor,
  hasMore: cursor !== null,
  limit,
  ...(stoppedAt === undefined ? {} : { stoppedAt }),
});

/** The body of an error in the form that callers of this path read. */
export function errorBody(path: string, { body }: ErrorReply): ErrorReply["body"] | JsonObject {
  if (!isV2(path)) return body;
  return { errors: [{ code: body.code, message: body.error }] };
}

function isV2(path: string): boolean {
  return path.startsWith("/api/v2/") || path.startsWith("/v2/");
}

/** The page of a search for one row more than the page has. A search whose time was over goes on where it stopped. */
export function searchedPage<Row extends { readonly id: string }>(
  { rows, next }: SearchPage<Row>,
  limit: number,
): { readonly rows: readonly Row[]; readonly page: PageFacts } {
  if (next === null || rows.length > limit) return cutPage(rows, limit);
  return { rows, page: { limit, cursor: next, stoppedAt: isoTime(ulidTime(next)) } };
}

/** The first `limit` of rows of which one more was asked for, and where the next page begins. */
export function cutPage<Row extends { readonly id: string }>(
  rows: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly page: PageFacts } {
  const kept = rows.slice(0, limit);
  return { rows: kept, page: { limit, cursor: rows.length > limit ? (kept.at(-1)?.id ?? null) : null } };
}
