/**
 * A small chart of our own: stacked bars or lines over time. What the pointer is on stands in the line above, which is there
 * always, so nothing moves.
 */
import { type PointerEvent, useState } from "react";
import type { Tone } from "../words/status.ts";
import { clockText } from "../words/time.ts";

export interface ChartSeries {
  readonly name: string;
  readonly tone: Tone;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** What stands there while nothing is pointed at. */
  readonly summary: string;
  readonly kind: "bars" | "lines";
  readonly series: readonly ChartSeries[];
  /** When each point begins. */
  readonly times: readonly string[];
  readonly valueText: (value: number) => string;
  readonly size?: "small";
}

export function Chart({ title, summary, kind, series, times, valueText, size }: ChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const top = topOf(series, kind, times.length);
  const point = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const index = Math.floor(((event.clientX - left) / Math.max(width, 1)) * times.length);
    setAt(Math.min(Math.max(index, 0), times.length - 1));
  };
  const pointed = at === null ? undefined : times[at];
  return (
    <figure className="chart" data-size={size}>
      <figcaption>
        <span className="chart-title">{title}</span>
        <span className="chart-readout number">
          {pointed === undefined || at === null
            ? summary
            : `${readout(series, at, valueText)} · ${clockText(Date.parse(pointed), Date.now())}`}
        </span>
      </figcaption>
      <div className="chart-plot" onPointerMove={point} onPointerLeave={() => setAt(null)}>
        <svg
          viewBox={`0 0 ${times.length} 100`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}: ${summary}`}
        >
          {at !== null && <rect className="chart-mark" x={at} width="1" y="0" height="100" />}
          {kind === "bars" ? <Bars series={series} top={top} /> : <Lines series={series} top={top} />}
        </svg>
        <span className="chart-top number" aria-hidden>
          {top === 0 ? "" : valueText(top)}
        </span>
      </div>
      {size !== "small" && <Ends times={times} />}
      {series.length > 1 && size !== "small" && (
        <ul className="chart-legend">
          {series.map(({ name, tone }) => (
            <li key={name} className={`tone-${tone}`}>
              {name}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

interface PlotProps {
  readonly series: readonly ChartSeries[];
  readonly top: number;
}

function Bars({ series, top }: PlotProps) {
  const scale = top === 0 ? 0 : 100 / top;
  const bases = new Map<number, number>();
  return series.map(({ name, tone, values }) => (
    <g key={name} className={`tone-${tone}`}>
      {values.map((value, index) => {
        if (value === null || value === 0) return null;
        const base = bases.get(index) ?? 0;
        bases.set(index, base + value);
        const height = Math.max(value * scale, 1.5);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place.
            key={index}
            className="chart-bar"
            x={index + 0.12}
            width="0.76"
            y={100 - base * scale - height}
            height={height}
          />
        );
      })}
    </g>
  ));
}

function Lines({ series, top }: PlotProps) {
  const scale = top === 0 ? 0 : 96 / top;
  return series.map(({ name, tone, values }) => (
    <path key={name} className={`chart-line tone-${tone}`} d={pathOf(values, scale)} />
  ));
}

/** In steps, so that a value alone can be seen too; gaps where there is none. */
function pathOf(values: readonly (number | null)[], scale: number): string {
  return values
    .map((value, index) => {
      if (value === null) return "";
      const y = (98 - value * scale).toFixed(1);
      const isFirst = index === 0 || values[index - 1] === null;
      return `${isFirst ? "M" : "L"}${index} ${y}H${index + 1}`;
    })
    .join("");
}

function Ends({ times }: { readonly times: readonly string[] }) {
  const first = times[0];
  if (first === undefined) return null;
  return (
    <div className="chart-ends" aria-hidden>
      <span>{clockText(Date.parse(first), Date.now())}</span>
      <span>now</span>
    </div>
  );
}

function topOf(series: readonly ChartSeries[], kind: ChartProps["kind"], count: number): number {
  if (kind === "lines") return Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const sums = Array.from({ length: count }, (_, index) =>
    series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0),
  );
  return Math.max(0, ...sums);
}

function readout(series: readonly ChartSeries[], at: number, valueText: (value: number) => string): string {
  return series
    .map(({ name, values }) => {
      const value = values[at] ?? null;
      return `${value === null ? "–" : valueText(value)} ${name}`;
    })
    .join(", ");
}
