/** What the run, or the step that is chosen, has logged: live, the newest thousand lines. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment, useEffect, useRef, useState } from "react";
import { useLive } from "../../api/live.ts";
import { fetchRunLogs, RUN_LINES_MAX } from "../../api/logs.ts";
import type { LogLine, Span } from "../../api/records.ts";
import { ScrollRegion } from "../../parts/scroll-region.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { countOf } from "../../words/number.ts";
import { LogLineView } from "../logs/log-line.tsx";

interface RunLogsProps {
  readonly id: string;
  /** Null: of the whole run. */
  readonly step: Span | null;
}

const AT_END_PX = 24;

export function RunLogs({ id, step }: RunLogsProps) {
  const runId = step?.runId ?? id;
  const stepId = step?.stepId ?? null;
  const logs = useQuery({
    queryKey: ["run-logs", runId, stepId],
    queryFn: ({ signal }) => fetchRunLogs(runId, stepId, signal),
    // The lines of one step are shown until those of another are there.
    placeholderData: (before) => before,
  });
  const client = useQueryClient();
  useLive(
    (notice) => notice.kind === "logs_stored" && notice.run_id === runId,
    () => client.invalidateQueries({ queryKey: ["run-logs", runId] }),
  );
  const lines = logs.data?.lines ?? [];
  return (
    <section className="card" aria-label="Logs">
      <header>
        <h2>Logs</h2>
        {step !== null && <span className="tag">{step.name}</span>}
        <span className="soft small push number">{lines.length === 0 ? "" : countOf(lines.length, "line")}</span>
      </header>
      {logs.error !== null && <Failure error={logs.error} retry={logs.refetch} />}
      {logs.isPending && (
        <div className="body">
          <Bones count={2} />
        </div>
      )}
      {logs.data !== undefined && lines.length === 0 && (
        <p className="body soft small">
          {step === null ? "Nothing was logged." : "This step has logged nothing."} What is written to{" "}
          <code>logger</code> appears here while it runs.
        </p>
      )}
      {logs.data !== undefined && lines.length >= RUN_LINES_MAX && (
        <p className="body soft small">The newest lines; older ones are left out here.</p>
      )}
      {logs.data !== undefined && logs.data.dropped > 0 && (
        <p className="body small">{`${countOf(logs.data.dropped, "line")} were too many and were left out.`}</p>
      )}
      {lines.length > 0 && <Lines lines={lines} isOfStep={step !== null} />}
    </section>
  );
}

interface LinesProps {
  readonly lines: readonly LogLine[];
  /** Of one step: its attempts come one after the other. */
  readonly isOfStep: boolean;
}

/** Stays at the end while the reader is there. */
function Lines({ lines, isOfStep }: LinesProps) {
  const scroller = useRef<HTMLElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another line is the reason.
  useEffect(() => {
    if (isAtEnd) scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [lines, isAtEnd]);
  return (
    <ScrollRegion
      label="Lines"
      className="log-lines"
      ref={scroller}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
        setAtEnd(scrollTop + clientHeight >= scrollHeight - AT_END_PX)
      }
    >
      {lines.map((line, index) => (
        <Fragment key={line.id}>
          {isOfStep && line.attempt !== (lines[index - 1]?.attempt ?? 0) && (
            <p className="log-attempt small soft">{`Attempt ${line.attempt + 1}`}</p>
          )}
          <LogLineView line={line} />
        </Fragment>
      ))}
    </ScrollRegion>
  );
}
