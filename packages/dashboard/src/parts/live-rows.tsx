/**
 * The rows of a live list: only those on screen exist. New ones announce themselves with a button, unless the reader
 * stays at the top and does not point at a row.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowUp } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import type { IdOf, ListState } from "../api/live-list.ts";
import type { LiveList } from "../api/use-live-list.ts";
import { minuteText, timeOfId } from "../words/time.ts";
import { Button } from "./button.tsx";
import { useNarrow } from "./narrow.ts";
import { ScrollRegion } from "./scroll-region.tsx";
import { Bones, errorLine, Failure } from "./states.tsx";

interface LiveRowsProps<Row> {
  readonly list: LiveList<Row>;
  readonly idOf: IdOf<Row>;
  /** "runs": what there are new ones of. */
  readonly noun: string;
  /** Rows stay where they are: something is selected, for instance. */
  readonly isHeld?: boolean;
  readonly label: string;
  /** Older rows are loaded when asked for: most of them will not be shown. */
  readonly olderByHand?: boolean;
  /** How high a row is. */
  readonly rowPx?: { readonly wide: number; readonly narrow: number };
  readonly header: ReactNode;
  readonly empty: ReactNode;
  readonly renderRow: (row: Row, facts: { readonly isGone: boolean }) => ReactNode;
}

const ROW_PX = { wide: 44, narrow: 66 };
const AHEAD = 10;
const POINTING_MS = 2_000;
const AT_TOP_PX = 4;

export function LiveRows<Row>(props: LiveRowsProps<Row>) {
  const { list, noun, header, empty, olderByHand = false } = props;
  const { state, error } = list;
  if (state === null && error !== null) return <Failure error={error} retry={list.retry} />;
  if (state === null) {
    return (
      <div className="card">
        <div className="body">
          <Bones count={8} />
        </div>
      </div>
    );
  }
  const older = <Older list={list} noun={noun} cursor={state.cursor} isByHand={olderByHand} />;
  if (state.rows.length === 0 && state.waiting.length === 0) {
    return (
      <>
        {empty}
        {older}
      </>
    );
  }
  return (
    <div className="list card">
      {header}
      <Rows {...props} state={state}>
        {older}
      </Rows>
    </div>
  );
}

interface OlderProps {
  readonly list: Pick<LiveList<unknown>, "error" | "isLoadingOlder" | "loadOlder">;
  readonly noun: string;
  readonly cursor: string | null;
  readonly isByHand: boolean;
}

/** Below the last row: that more of them come, cannot come, or may be asked for. */
function Older({ list: { error, isLoadingOlder, loadOlder }, noun, cursor, isByHand }: OlderProps) {
  if (isLoadingOlder) {
    return (
      <p className="soft small list-more" role="status">
        {isByHand ? `Looking through older ${noun} …` : "Loading older ones …"}
      </p>
    );
  }
  if (cursor === null) return null;
  if (error !== null) {
    return (
      <p className="small list-more" role="alert">
        {`Older ${noun} could not be loaded. ${errorLine(error)} `}
        <Button size="small" onClick={loadOlder}>
          Try again
        </Button>
      </p>
    );
  }
  if (!isByHand) return null;
  const lookedUntil = timeOfId(cursor);
  return (
    <p className="list-more small soft">
      {lookedUntil !== null && `Looked back to ${minuteText(lookedUntil)}. `}
      <Button size="small" onClick={loadOlder}>{`Look through older ${noun}`}</Button>
    </p>
  );
}

function waitingText<Row>({ waiting, isGapped }: ListState<Row>, noun: string): string {
  const count = waiting.length;
  return isGapped ? `${count}+ new ${noun}` : `${count} new ${count === 1 ? noun.slice(0, -1) : noun}`;
}

interface RowsProps<Row> extends LiveRowsProps<Row> {
  readonly state: ListState<Row>;
  /** Below the last row. */
  readonly children: ReactNode;
}

function Rows<Row>(props: RowsProps<Row>) {
  const { list, state, idOf, noun, label, renderRow, children } = props;
  const { rows } = state;
  const scroller = useRef<HTMLElement>(null);
  const pointedAt = useRef(Number.NEGATIVE_INFINITY);
  const { wide, narrow } = props.rowPx ?? ROW_PX;
  const rowPx = useNarrow() ? narrow : wide;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => idOf(rows[index]!),
    overscan: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height of rows means measuring again.
  useEffect(() => {
    virtual.measure();
  }, [rowPx]);
  const items = virtual.getVirtualItems();
  const stretch = { first: items[0]?.index ?? 0, last: items.at(-1)?.index ?? 0 };
  useStretch(props, stretch, () => {
    const isAtTop = (scroller.current?.scrollTop ?? 0) <= AT_TOP_PX;
    return isAtTop && performance.now() - pointedAt.current > POINTING_MS;
  });
  const showNew = () => {
    list.showWaiting();
    scroller.current?.scrollTo({ top: 0 });
  };
  return (
    <>
      {state.waiting.length > 0 && (
        <Button look="main" size="small" className="list-new" onClick={showNew}>
          <ArrowUp size={14} aria-hidden />
          {waitingText(state, noun)}
        </Button>
      )}
      <ScrollRegion
        label={label}
        className="list-scroll"
        ref={scroller}
        onPointerMove={() => {
          pointedAt.current = performance.now();
        }}
      >
        <ul style={{ height: virtual.getTotalSize() }}>
          {items.map(({ key, index, size, start }) => {
            const row = rows[index]!;
            const isGone = state.gone.has(idOf(row));
            const style = { height: size, transform: `translateY(${start}px)` };
            return (
              <li key={key} data-gone={isGone ? "" : undefined} style={style}>
                {renderRow(row, { isGone })}
              </li>
            );
          })}
        </ul>
        {children}
      </ScrollRegion>
    </>
  );
}

/** Tells the list what is on screen, and loads more of it before its end is reached. */
function useStretch<Row>(
  { list, state, idOf, isHeld = false, olderByHand = false }: RowsProps<Row>,
  { first, last }: { readonly first: number; readonly last: number },
  isWatchingTop: () => boolean,
): void {
  const { rows } = state;
  useEffect(() => {
    list.view.current = {
      firstId: idAt(rows, idOf, first),
      lastId: idAt(rows, idOf, last),
      count: last - first + 1,
      isFollowing: () => !isHeld && isWatchingTop(),
    };
  });
  const isWanted =
    last >= rows.length - AHEAD && state.cursor !== null && !list.isLoadingOlder && list.error === null && !olderByHand;
  useEffect(() => {
    if (isWanted) list.loadOlder();
  }, [isWanted, list.loadOlder]);
}

function idAt<Row>(rows: readonly Row[], idOf: IdOf<Row>, index: number): string | null {
  const row = rows[index];
  return row === undefined ? null : idOf(row);
}
