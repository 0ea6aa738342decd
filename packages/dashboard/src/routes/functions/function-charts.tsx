/** A function's runs and latencies over time. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLive } from "../../api/live.ts";
import type { Stats } from "../../api/records.ts";
import { RANGES, type Range, statsQuery } from "../../api/stats.ts";
import { Chart } from "../../parts/chart.tsx";
import { ChoiceBar } from "../../parts/choice-bar.tsx";
import { Failure } from "../../parts/states.tsx";
import { countOf, countText, shareText } from "../../words/number.ts";
import { durationText } from "../../words/time.ts";

const GAP_MS = 1_000;

export function FunctionCharts({ slug }: { readonly slug: string }) {
  const [range, setRange] = useState<Range>("1h");
  const stats = useQuery({ ...statsQuery(range, slug), placeholderData: keepPreviousData });
  const client = useQueryClient();
  useLive(
    ({ kind, function: fn }) => kind.startsWith("run_") && fn === slug,
    () => client.invalidateQueries({ queryKey: ["stats"] }),
    GAP_MS,
  );
  return (
    <section className="card charts-card" aria-label="Charts">
      <header>
        <h2>Lately</h2>
        <span className="push">
          <ChoiceBar label="Charts of the last" value={range} options={RANGES} onChoose={setRange} />
        </span>
      </header>
      <div className="body charts">
        {stats.error !== null && stats.data === undefined && <Failure error={stats.error} retry={stats.refetch} />}
        {stats.data !== undefined && <Charts stats={stats.data} />}
      </div>
    </section>
  );
}

function Charts({ stats: { totals, points } }: { readonly stats: Stats }) {
  const times = points.map(({ at }) => at);
  const ended = totals.completed + totals.failed;
  const failed = totals.failed === 0 ? "" : `, ${shareText(totals.failed, ended)} failed`;
  const latency = (pick: "duration" | "wait", share: "p50_ms" | "p95_ms") =>
    points.map((one) => one[pick]?.[share] ?? null);
  return (
    <>
      <Chart
        title="Runs ended"
        summary={`${countOf(ended, "run")}${failed}`}
        kind="bars"
        times={times}
        valueText={countText}
        series={[
          { name: "completed", tone: "ok", values: points.map((one) => one.completed) },
          { name: "failed", tone: "bad", values: points.map((one) => one.failed) },
        ]}
      />
      <Chart
        title="Duration"
        summary={totals.duration === null ? "no run has ended" : `median ${durationText(totals.duration.p50_ms)}`}
        kind="lines"
        times={times}
        valueText={durationText}
        series={[
          { name: "95 %", tone: "wait", values: latency("duration", "p95_ms") },
          { name: "median", tone: "busy", values: latency("duration", "p50_ms") },
        ]}
      />
      <Chart
        title="Wait for the first call"
        summary={totals.wait === null ? "no run has started" : `median ${durationText(totals.wait.p50_ms)}`}
        kind="lines"
        times={times}
        valueText={durationText}
        series={[
          { name: "95 %", tone: "warn", values: latency("wait", "p95_ms") },
          { name: "median", tone: "calm", values: latency("wait", "p50_ms") },
        ]}
      />
    </>
  );
}
