/** What the run itself was given and gave back: shown while no step is chosen. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { eventQuery } from "../../api/events.ts";
import type { Run, Span } from "../../api/records.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { ErrorBlock } from "../../parts/error-view.tsx";
import { JsonBlock } from "../../parts/json-view.tsx";
import { Bones } from "../../parts/states.tsx";
import { Exact } from "../../parts/time-text.tsx";
import { FailedAttempts } from "./failed-attempts.tsx";

interface RunPanelProps {
  readonly run: Run;
  readonly span: Span | undefined;
}

export function RunPanel({ run, span }: RunPanelProps) {
  const isFailed = run.status === "Failed";
  return (
    <aside className="card panel" aria-label="The run">
      <header>
        <h2>The run</h2>
      </header>
      <div className="body stack">
        {isFailed && <ErrorBlock error={run.output} />}
        {!isFailed && run.output !== undefined && <JsonBlock title="Output" value={run.output} />}
        {run.event_id !== null && <Input eventId={run.event_id} count={run.event_ids.length} />}
        <dl className="facts">
          <dt>Queued</dt>
          <dd>
            <Exact at={run.queued_at} />
          </dd>
          {span?.startedAt != null && (
            <>
              <dt>Started</dt>
              <dd>
                <Exact at={span.startedAt} />
              </dd>
            </>
          )}
          {run.ended_at !== null && (
            <>
              <dt>Ended</dt>
              <dd>
                <Exact at={run.ended_at} />
              </dd>
            </>
          )}
          <dt>Function version</dt>
          <dd>{run.function_version}</dd>
          <dt>Trace</dt>
          <dd className="id-line">
            <span className="mono small cut" title={run.trace_id}>
              {run.trace_id}
            </span>
            <CopyButton text={run.trace_id} what="the trace's id" />
          </dd>
        </dl>
        {span !== undefined && (
          <FailedAttempts attempts={span.failedAttempts} title="Failed attempts of the function" />
        )}
      </div>
    </aside>
  );
}

function Input({ eventId, count }: { readonly eventId: string; readonly count: number }) {
  const event = useQuery(eventQuery(eventId));
  if (event.error !== null) return <p className="soft small">Its event is not stored any more.</p>;
  if (event.data === undefined) return <Bones count={2} />;
  return (
    <>
      <p className="small">
        <span className="soft">{count > 1 ? `Started by ${count} events, the first being ` : "Started by "}</span>
        <Link to="/events/$id" params={{ id: eventId }} className="wrap">
          {event.data.name}
        </Link>
      </p>
      <JsonBlock title="Input" value={event.data.data} />
    </>
  );
}
