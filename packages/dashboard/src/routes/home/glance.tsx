/** Throughput, failures, latency and backlog, each with its course; the figures lead to the runs behind them. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Stats } from "../../api/records.ts";
import { RANGES, type Range, statsQuery } from "../../api/stats.ts";
import { Chart } from "../../parts/chart.tsx";
import { Failure } from "../../parts/states.tsx";
import { countText, rateText, shareText } from "../../words/number.ts";
import { durationText } from "../../words/time.ts";
import type { RunSearch } from "../runs/run-search.ts";

const SMALL = { size: "small", kind: "bars", summary: "", valueText: countText } as const;

export function Glance({ range }: { readonly range: Range }) {
  const stats = useQuery({ ...statsQuery(range), placeholderData: keepPreviousData });
  if (stats.error !== null && stats.data === undefined) return <Failure error={stats.error} retry={stats.refetch} />;
  return (
    <div className="tiles">
      {stats.data === undefined ? (
        ["Throughput", "Failures", "Latency", "Backlog"].map((title) => (
          <div key={title} className="tile" aria-hidden />
        ))
      ) : (
        <Tiles stats={stats.data} range={range} />
      )}
    </div>
  );
}

interface TilesProps {
  readonly stats: Stats;
  readonly range: Range;
}

function Tiles(props: TilesProps) {
  return (
    <>
      <ThroughputTile {...props} />
      <FailuresTile {...props} />
      <LatencyTile {...props} />
      <BacklogTile {...props} />
    </>
  );
}

const timesOf = ({ points }: Stats) => points.map(({ at }) => at);

function ThroughputTile({ stats, range }: TilesProps) {
  const { completed } = stats.totals;
  const values = stats.points.map((one) => one.completed);
  return (
    <Tile
      title="Throughput"
      figure={countText(completed)}
      detail={`${completed === 1 ? "run" : "runs"} completed, ${rateText(completed, RANGES[range].ms)}`}
      search={{ status: "COMPLETED", since: range }}
    >
      <Chart {...SMALL} title="Completed" times={timesOf(stats)} series={[{ name: "completed", tone: "ok", values }]} />
    </Tile>
  );
}

function FailuresTile({ stats, range }: TilesProps) {
  const { completed, failed } = stats.totals;
  const values = stats.points.map((one) => one.failed);
  return (
    <Tile
      title="Failures"
      figure={countText(failed)}
      detail={`${failed === 1 ? "run" : "runs"} failed, ${shareText(failed, completed + failed)} of those that ended`}
      search={{ status: "FAILED", since: range }}
      tone={failed > 0 ? "bad" : "calm"}
    >
      <Chart {...SMALL} title="Failed" times={timesOf(stats)} series={[{ name: "failed", tone: "bad", values }]} />
    </Tile>
  );
}

function LatencyTile({ stats, range }: TilesProps) {
  const { duration } = stats.totals;
  return (
    <Tile
      title="Latency"
      figure={duration === null ? "–" : durationText(duration.p50_ms)}
      detail={duration === null ? "no run has ended" : `median; 95 % within ${durationText(duration.p95_ms)}`}
      search={{ since: range }}
    >
      <Chart
        {...SMALL}
        title="Latency"
        kind="lines"
        times={timesOf(stats)}
        valueText={durationText}
        series={[
          { name: "95 %", tone: "wait", values: stats.points.map((one) => one.duration?.p95_ms ?? null) },
          { name: "median", tone: "busy", values: stats.points.map((one) => one.duration?.p50_ms ?? null) },
        ]}
      />
    </Tile>
  );
}

function BacklogTile({ stats }: TilesProps) {
  const queued = stats.points.at(-1)?.queued ?? 0;
  const { wait } = stats.totals;
  const median = wait === null ? "" : `; median wait ${durationText(wait.p50_ms)}`;
  const values = stats.points.map((one) => one.queued);
  return (
    <Tile
      title="Backlog"
      figure={countText(queued)}
      detail={`${queued === 1 ? "run waits" : "runs wait"} for the first call${median}`}
      search={{ status: "QUEUED" }}
    >
      <Chart {...SMALL} title="Waiting" times={timesOf(stats)} series={[{ name: "waiting", tone: "calm", values }]} />
    </Tile>
  );
}

interface TileProps {
  readonly title: string;
  readonly figure: string;
  readonly detail: string;
  readonly search: RunSearch;
  readonly tone?: "bad" | "calm";
  readonly children: ReactNode;
}

function Tile({ title, figure, detail, search, tone = "calm", children }: TileProps) {
  return (
    <section className="tile" aria-label={title}>
      <h2>{title}</h2>
      <Link to="/runs" search={search} className={`tile-figure number tone-${tone}`} data-tone={tone}>
        {figure}
      </Link>
      <p className="soft small">{detail}</p>
      {children}
    </section>
  );
}
