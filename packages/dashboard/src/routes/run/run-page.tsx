/** One run: where it stands, what it did when, and what can be done about it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useLive } from "../../api/live.ts";
import { runQuery, traceQuery } from "../../api/runs.ts";
import { Note } from "../../parts/badge.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { isOpen, runStatusOf, type SpanStatus } from "../../words/status.ts";
import { keyOf, rowsOf } from "./rows.ts";
import { RunHead } from "./run-head.tsx";
import { RunLogs } from "./run-logs.tsx";
import { RunPanel } from "./run-panel.tsx";
import { StepPanel } from "./step-panel.tsx";
import { Waterfall } from "./waterfall.tsx";
import { Why } from "./why.tsx";

/** The feed does not tell when a sleep or a wait begins: while a run is open, it is looked at from time to time. */
const POLL_MS = 2_000;

/** The same width stands in the styles. */
const STACKED = matchMedia("(max-width: 75rem)");

const showPanel = () => document.querySelector(".panel")?.scrollIntoView({ block: "start" });

export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const search = useSearch({ from: "/runs/$id" });
  const navigate = useNavigate({ from: "/runs/$id" });
  const client = useQueryClient();
  const trace = useQuery({
    ...traceQuery(id),
    refetchInterval: ({ state }) => (state.data !== undefined && isOpen(state.data.status) ? POLL_MS : false),
  });
  const run = useQuery(runQuery(id));
  const rows = useMemo(() => (trace.data === undefined ? [] : rowsOf(trace.data)), [trace.data]);
  const runIds = useMemo(() => new Set([id, ...rows.map(({ span }) => span.runId)]), [id, rows]);
  useLive(
    ({ run_id: runId }) => runId !== null && runIds.has(runId),
    () => client.invalidateQueries({ queryKey: ["run", id] }),
  );
  useSameStatus(id, trace.data?.status, run.data === undefined ? undefined : runStatusOf(run.data.status));
  const hasBeenOpen = useHasBeenOpen(id, trace.data?.status ?? (run.data && runStatusOf(run.data.status)));
  if (run.error !== null) return <Failure error={run.error} retry={run.refetch} isPage />;
  if (run.data === undefined) {
    return (
      <div className="page">
        <Bones />
      </div>
    );
  }
  const status = trace.data?.status ?? runStatusOf(run.data.status);
  const selected = rows.find(({ key }) => key === search.step) ?? rows[0];
  const select = (key: string, isPointed = true) => {
    void navigate({ search: key === id ? {} : { step: key }, replace: true, resetScroll: false });
    // Where the panel stands below the steps, it would change unseen.
    if (isPointed && STACKED.matches) requestAnimationFrame(showPanel);
  };
  return (
    <div className="page">
      <RunHead run={run.data} span={trace.data} />
      {run.data.code_change !== undefined && (
        <Note tone="warn">
          <strong>The code changed under this run.</strong> {run.data.code_change.reason}
        </Note>
      )}
      {hasBeenOpen && <Why id={id} status={status} onSelect={(key) => select(key)} />}
      <div className="run-columns">
        <div className="stack">
          {trace.error !== null && <Failure error={trace.error} retry={trace.refetch} />}
          {trace.data !== undefined && (
            <Waterfall trace={trace.data} selected={selected === undefined ? id : selected.key} onSelect={select} />
          )}
          <RunLogs id={id} step={selected === undefined || selected.key === id ? null : selected.span} />
        </div>
        {selected === undefined || selected.key === id ? (
          <RunPanel run={run.data} span={trace.data} />
        ) : (
          <StepPanel
            key={keyOf(selected.span)}
            span={selected.span}
            isRunOpen={trace.data !== undefined && isOpen(trace.data.status)}
          />
        )}
      </div>
    </div>
  );
}

/** Whether the run was open since its page was. */
function useHasBeenOpen(id: string, status: SpanStatus | undefined): boolean {
  const [seenId, setSeenId] = useState<string | null>(null);
  const isRunOpen = status !== undefined && isOpen(status);
  useEffect(() => {
    if (isRunOpen) setSeenId(id);
  }, [id, isRunOpen]);
  return isRunOpen || seenId === id;
}

/** The trace is looked at more often than the run: when they differ, the run is fetched again. */
function useSameStatus(id: string, ofTrace: string | undefined, ofRun: string | undefined): void {
  const client = useQueryClient();
  useEffect(() => {
    if (ofTrace === undefined || ofRun === undefined || ofTrace === ofRun) return;
    void client.invalidateQueries({ queryKey: ["run", id], exact: true });
  }, [client, id, ofTrace, ofRun]);
}
