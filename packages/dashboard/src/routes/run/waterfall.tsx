/**
 * A run as a waterfall: one row for each step, queue time apart from work, failed attempts, sleeps and waits, and below a
 * step that invoked a run, that run. One stop for the Tab key: arrows choose the row.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type KeyboardEvent, useMemo, useRef, useState } from "react";
import type { Span } from "../../api/records.ts";
import { useNarrow } from "../../parts/narrow.ts";
import { useNow } from "../../parts/now.ts";
import { isOpen } from "../../words/status.ts";
import { durationText } from "../../words/time.ts";
import { type TimeScale, timeScale } from "../../words/time-scale.ts";
import { boundsOf, busyOf, rowsOf } from "./rows.ts";
import { WaterfallRow } from "./waterfall-row.tsx";

interface WaterfallProps {
  readonly trace: Span;
  readonly selected: string;
  /** `isPointed`: with the pointer; what is chosen should be seen then, wherever it stands. */
  readonly onSelect: (key: string, isPointed: boolean) => void;
}

const ROW_PX = 32;
const ROW_PX_NARROW = 48;

export function Waterfall({ trace, selected, onSelect }: WaterfallProps) {
  const [isFolding, setFolding] = useState(true);
  const rows = useMemo(() => rowsOf(trace), [trace]);
  const now = useFrozenNow(trace);
  const scale = useMemo(() => {
    const { from, until } = boundsOf(trace, rows, now);
    return timeScale(from, until, busyOf(rows, now), isFolding);
  }, [trace, rows, now, isFolding]);
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = useNarrow() ? ROW_PX_NARROW : ROW_PX;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 12,
  });
  const at = Math.max(
    rows.findIndex(({ key }) => key === selected),
    0,
  );
  const press = (event: KeyboardEvent) => {
    const next = indexAfter(event.key, at, rows.length);
    if (next === null) return;
    event.preventDefault();
    virtual.scrollToIndex(next);
    onSelect(rows[next]!.key, false);
  };
  return (
    <section className="card waterfall" aria-label="Timeline">
      <Axis scale={scale} isFolding={isFolding} onFold={setFolding} />
      <div
        className="waterfall-scroll"
        ref={scroller}
        role="listbox"
        aria-label="Steps"
        tabIndex={0}
        aria-activedescendant={`row-${at}`}
        onKeyDown={press}
      >
        <div className="waterfall-rows" style={{ height: rows.length * rowPx }} role="presentation">
          {virtual.getVirtualItems().map(({ index }) => {
            const row = rows[index]!;
            return (
              <div
                key={row.key}
                id={`row-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                className="waterfall-row"
                style={
                  { "--depth": row.depth, height: rowPx, transform: `translateY(${index * rowPx}px)` } as CSSProperties
                }
                onClick={() => onSelect(row.key, true)}
                onKeyDown={undefined}
              >
                <WaterfallRow row={row} scale={scale} now={now} />
              </div>
            );
          })}
        </div>
      </div>
      {trace.isTruncated && <p className="soft small body">This run has more steps than are shown.</p>}
    </section>
  );
}

/** The present for what goes on; for what has ended the clock does not matter. */
function useFrozenNow(trace: Span): number {
  const now = useNow();
  const [opened] = useState(now);
  return isOpen(trace.status) ? Math.max(now, Date.parse(trace.queuedAt) + 1) : opened;
}

function indexAfter(key: string, at: number, count: number): number | null {
  if (key === "ArrowDown") return Math.min(at + 1, count - 1);
  if (key === "ArrowUp") return Math.max(at - 1, 0);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}

interface AxisProps {
  readonly scale: TimeScale;
  readonly isFolding: boolean;
  readonly onFold: (isFolding: boolean) => void;
}

function Axis({ scale, isFolding, onFold }: AxisProps) {
  const canFold = scale.folds.length > 0 || !isFolding;
  return (
    <div className="waterfall-axis">
      <div className="waterfall-axis-label">
        {canFold ? (
          <label className="row small soft">
            <input type="checkbox" checked={isFolding} onChange={(event) => onFold(event.target.checked)} />
            Fold idle time
          </label>
        ) : (
          <span className="small soft">Steps</span>
        )}
      </div>
      <svg className="waterfall-ticks" aria-hidden>
        {scale.ticks.map(({ position, ms }) => (
          <text key={position} x={`${position * 100}%`} y="62%" textAnchor={position > 0.94 ? "end" : "start"}>
            {ms === 0 ? "0" : durationText(ms)}
          </text>
        ))}
      </svg>
      <span />
    </div>
  );
}
