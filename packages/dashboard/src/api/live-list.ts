/**
 * A list, newest first, that goes on growing while somebody reads it.
 *
 *   LL1. Nothing moves under the reader: while they do not follow the top, new rows wait beside the list, and rows that
 *        left it stay where they are, marked.
 *   LL2. A look at any stretch of the list updates what is in it, and only that.
 *   LL3. Rows have ids that sort by age; no row is in the list twice.
 */
import type { Page } from "./records.ts";

export interface ListState<Row> {
  readonly rows: readonly Row[];
  /** Newer than all rows, newest first; not shown yet. */
  readonly waiting: readonly Row[];
  /** There are more new ones than those that wait: between them and the rows is a gap. */
  readonly isGapped: boolean;
  /** Ids of rows that the filter has no more. */
  readonly gone: ReadonlySet<string>;
  /** Where the next page begins. */
  readonly cursor: string | null;
}

const NONE: ReadonlySet<string> = new Set();

/** What the list calls a row. */
export type IdOf<Row> = (row: Row) => string;

export function firstPage<Row>({ rows, cursor }: Page<Row>): ListState<Row> {
  return { rows, waiting: [], isGapped: false, gone: NONE, cursor };
}

export function withOlder<Row>(state: ListState<Row>, page: Page<Row>, idOf: IdOf<Row>): ListState<Row> {
  const last = state.rows.at(-1);
  const older = last === undefined ? page.rows : page.rows.filter((row) => idOf(row) < idOf(last)); // LL3
  return { ...state, rows: [...state.rows, ...older], cursor: page.cursor };
}

/** A page that was fetched again: from the top, or from behind the row `after`. */
export function refreshed<Row>(
  state: ListState<Row>,
  page: Page<Row>,
  idOf: IdOf<Row>,
  { after, isFollowing }: { readonly after: string | null; readonly isFollowing: boolean },
): ListState<Row> {
  const newest = state.rows[0];
  if (newest === undefined) return after === null ? firstPage(page) : state;
  const byId = new Map(page.rows.map((row) => [idOf(row), row]));
  const gone = new Set(state.gone);
  for (const row of state.rows) {
    const id = idOf(row);
    if (byId.has(id)) gone.delete(id);
    else if (isWithin(id, page, idOf, after)) gone.add(id); // LL2
  }
  const rows = state.rows.map((row) => byId.get(idOf(row)) ?? row);
  const next = { ...state, rows, gone };
  if (after !== null) return isFollowing ? withoutGone(next, idOf) : next;
  const fresh = page.rows.filter((row) => idOf(row) > idOf(newest));
  const isGapped = fresh.length === page.rows.length && page.cursor !== null;
  return isFollowing
    ? followed(next, page, fresh, isGapped, idOf)
    : { ...next, ...withWaiting(state, fresh, isGapped, idOf) };
}

/** The new rows take their place; what has gone goes. */
export function shown<Row>(state: ListState<Row>, idOf: IdOf<Row>): ListState<Row> {
  if (state.isGapped) {
    const last = state.waiting.at(-1);
    return firstPage({ rows: state.waiting, cursor: last === undefined ? null : idOf(last) });
  }
  return { ...withoutGone({ ...state, rows: [...state.waiting, ...state.rows] }, idOf), waiting: [] };
}

function followed<Row>(
  state: ListState<Row>,
  page: Page<Row>,
  fresh: readonly Row[],
  isGapped: boolean,
  idOf: IdOf<Row>,
): ListState<Row> {
  if (isGapped) return firstPage(page);
  return { ...withoutGone({ ...state, rows: [...fresh, ...state.rows] }, idOf), waiting: [], isGapped: false };
}

function withWaiting<Row>(state: ListState<Row>, fresh: readonly Row[], isGapped: boolean, idOf: IdOf<Row>) {
  if (fresh.length === 0) return {};
  if (isGapped) return { waiting: fresh, isGapped: true };
  const known = new Set(fresh.map(idOf));
  return { waiting: [...fresh, ...state.waiting.filter((row) => !known.has(idOf(row)))], isGapped: state.isGapped };
}

function withoutGone<Row>(state: ListState<Row>, idOf: IdOf<Row>): ListState<Row> {
  if (state.gone.size === 0) return state;
  return { ...state, rows: state.rows.filter((row) => !state.gone.has(idOf(row))), gone: NONE };
}

/** Whether the page would have held the row. */
function isWithin<Row>(id: string, page: Page<Row>, idOf: IdOf<Row>, after: string | null): boolean {
  if (after !== null && id >= after) return false;
  const last = page.rows.at(-1);
  return page.cursor === null || (last !== undefined && id >= idOf(last));
}
