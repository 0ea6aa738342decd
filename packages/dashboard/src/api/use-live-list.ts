/** A live list as a view uses it: pages on demand, and the stretch that is on screen looked at again when the feed says so. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Notice } from "./feed.ts";
import { useLive } from "./live.ts";
import { firstPage, type IdOf, type ListState, refreshed, shown, withOlder } from "./live-list.ts";
import { lookFurther } from "./look-further.ts";
import type { Page } from "./records.ts";

export interface ListSource<Row> {
  /** Changes with everything that the list depends on. */
  readonly key: string;
  readonly idOf: IdOf<Row>;
  readonly pageMax: number;
  readonly fetchPage: (cursor: string | null, limit: number, signal: AbortSignal) => Promise<Page<Row>>;
  readonly concerns: (notice: Notice) => boolean;
  /** How long two looks are apart at least; for lists that are dear to look at. */
  readonly gapMs?: number;
}

export interface LiveList<Row> {
  /** Null until the first page is there. */
  readonly state: ListState<Row> | null;
  /** Why there is no first page, or no older one. */
  readonly error: unknown;
  readonly isLoadingOlder: boolean;
  loadOlder(): void;
  showWaiting(): void;
  retry(): void;
  /** Which rows are on screen, and whether the reader stays at the top. */
  readonly view: { current: View };
}

export interface View {
  readonly firstId: string | null;
  readonly lastId: string | null;
  readonly count: number;
  readonly isFollowing: () => boolean;
}

const TOP_ROWS = 40;
const AHEAD = 5;

export function useLiveList<Row>(source: ListSource<Row>): LiveList<Row> {
  const latest = useRef(source);
  latest.current = source;
  const [held, setHeld] = useState<{ readonly key: string; readonly state: ListState<Row> } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isLoadingOlder, setLoadingOlder] = useState(false);
  const [round, setRound] = useState(0);
  const view = useRef<View>({ firstId: null, lastId: null, count: 0, isFollowing: () => true });
  const state = held !== null && held.key === source.key ? held.state : null;
  const current = useRef(state);
  current.current = state;

  const change = useCallback((key: string, next: (state: ListState<Row>) => ListState<Row>) => {
    setHeld((now) => (now === null || now.key !== key ? now : { key, state: next(now.state) }));
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks for another try.
  useEffect(() => {
    const { fetchPage, pageMax } = latest.current;
    const stop = new AbortController();
    setError(null);
    lookFurther((cursor) => fetchPage(cursor, pageMax, stop.signal), null).then(
      (page) => !stop.signal.aborted && setHeld({ key: source.key, state: firstPage(page) }),
      (reason) => !stop.signal.aborted && setError(reason),
    );
    return () => stop.abort();
  }, [source.key, round]);

  useLive(source.concerns, () => look(latest.current, current.current, view.current, change), source.gapMs);

  const loadOlder = useCallback(() => {
    const { key, fetchPage, pageMax, idOf } = latest.current;
    const cursor = current.current?.cursor ?? null;
    if (cursor === null) return;
    setLoadingOlder(true);
    setError(null);
    const { signal } = new AbortController();
    lookFurther((from) => fetchPage(from, pageMax, signal), cursor)
      .then((page) => change(key, (now) => withOlder(now, page, idOf)), setError)
      .finally(() => setLoadingOlder(false));
  }, [change]);
  const showWaiting = useCallback(() => {
    const { key, idOf } = latest.current;
    change(key, (now) => shown(now, idOf));
  }, [change]);
  const retry = useCallback(() => setRound((count) => count + 1), []);
  return { state, error, isLoadingOlder, loadOlder, showWaiting, retry, view };
}

/** The top, for what is new; and what is on screen, when that is further down. */
async function look<Row>(
  { key, idOf, pageMax, fetchPage }: ListSource<Row>,
  state: ListState<Row> | null,
  view: View,
  change: (key: string, next: (state: ListState<Row>) => ListState<Row>) => void,
): Promise<void> {
  if (state === null) return;
  const { signal } = new AbortController();
  const first = view.firstId === null ? 0 : state.rows.findIndex((row) => idOf(row) === view.firstId);
  const wanted = Math.max(TOP_ROWS, first + view.count + AHEAD);
  const top = await fetchPage(null, Math.min(pageMax, wanted), signal);
  change(key, (now) => refreshed(now, top, idOf, { after: null, isFollowing: view.isFollowing() }));
  const before = state.rows[first - 1];
  const oldestSeen = top.rows.at(-1);
  if (before === undefined || oldestSeen === undefined || view.lastId === null) return;
  if (view.lastId >= idOf(oldestSeen)) return;
  const after = idOf(before);
  const page = await fetchPage(after, Math.min(pageMax, view.count + AHEAD), signal);
  change(key, (now) => refreshed(now, page, idOf, { after, isFollowing: false }));
}
