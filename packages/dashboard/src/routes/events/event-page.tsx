/** One event: what it carried, what every function made of it, and the runs it started. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Braces, Ellipsis, RotateCcw, Terminal } from "lucide-react";
import { functionsQuery } from "../../api/apps.ts";
import { decisionsQuery, eventQuery, eventRunsQuery } from "../../api/events.ts";
import { useLive } from "../../api/live.ts";
import type { Decision, EventRow, Run } from "../../api/records.ts";
import { Badge, Note, StatusBadge } from "../../parts/badge.tsx";
import { CopyButton, copyText } from "../../parts/copy.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { JsonBlock } from "../../parts/json-view.tsx";
import { Menu } from "../../parts/menu.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ago, Exact } from "../../parts/time-text.tsx";
import { ask } from "../../shell/ask.ts";
import { curlText } from "../../words/curl.ts";
import { jsonText } from "../../words/json-text.ts";
import { outcomeLook, runStatusOf } from "../../words/status.ts";
import { listenersOf, similarNames } from "../../words/triggers.ts";
import { outgoingOf } from "./send-dialog.tsx";

export function EventPage() {
  const { id } = useParams({ from: "/events/$id" });
  const event = useQuery(eventQuery(id));
  const runs = useQuery(eventRunsQuery(id));
  const decisions = useQuery(decisionsQuery(id));
  const client = useQueryClient();
  const runIds = new Set(runs.data?.map((run) => run.run_id));
  useLive(
    ({ kind, run_id: runId }) => kind === "run_created" || (kind.startsWith("run_") && runIds.has(runId ?? "")),
    () => client.invalidateQueries({ queryKey: ["event", id] }),
  );
  if (event.error !== null) return <Failure error={event.error} retry={event.refetch} isPage />;
  if (event.data === undefined) return <Bones />;
  return (
    <div className="page">
      <EventHead event={event.data} />
      <Unheard name={event.data.name} decisions={decisions.data} runs={runs.data} />
      <div className="columns">
        <section className="card">
          <header>
            <h2>What became of it</h2>
          </header>
          <div className="body stack">
            {decisions.error !== null && <Failure error={decisions.error} retry={decisions.refetch} />}
            {decisions.isPending && <Bones count={3} />}
            {decisions.data?.length === 0 && <p className="soft">No function was concerned.</p>}
            {decisions.data?.map((decision) => (
              <DecisionLine
                key={`${decision.function_id} ${decision.run_id ?? ""} ${decision.outcome}`}
                decision={decision}
                run={runs.data?.find((run) => run.run_id === decision.run_id)}
              />
            ))}
          </div>
        </section>
        <section className="card">
          <header>
            <h2>Payload</h2>
          </header>
          <div className="body stack">
            <JsonBlock title="Data" value={event.data.data} />
            {Object.keys(event.data.user ?? {}).length > 0 && <JsonBlock title="User" value={event.data.user} />}
          </div>
        </section>
      </div>
    </div>
  );
}

function EventHead({ event }: { readonly event: EventRow }) {
  const id = event.internal_id;
  const address = `${location.origin}/e/key`;
  return (
    <header className="page-head">
      <div>
        <p className="crumbs">
          <Link to="/events" search={{}}>
            Events
          </Link>
        </p>
        <h1 className="wrap">{event.name}</h1>
        <p className="row small">
          <span className="mono">{id}</span>
          <CopyButton text={id} what="the event's id" />
          <span>
            received <Ago at={event.received_at} />
          </span>
          <span>
            (<Exact at={event.received_at} />)
          </span>
          {event.id !== id && <span className="tag">{`id ${event.id}`}</span>}
        </p>
      </div>
      <div className="row">
        <DeedButton deed="sendEventV2" look="main" onClick={() => ask({ kind: "send", event: outgoingOf(event) })}>
          <RotateCcw size={15} aria-hidden />
          Send again …
        </DeedButton>
        <Menu
          label="More about the event"
          items={[
            { label: "Copy as JSON", icon: Braces, act: () => void copyText(jsonText(event), "the event") },
            {
              label: "Copy as curl",
              icon: Terminal,
              act: () => void copyText(curlText("POST", address, outgoingOf(event)), "the command"),
            },
          ]}
        >
          <Ellipsis size={16} aria-hidden />
        </Menu>
      </div>
    </header>
  );
}

interface UnheardProps {
  readonly name: string;
  readonly decisions: readonly Decision[] | undefined;
  readonly runs: readonly Run[] | undefined;
}

/** The commonest reason why nothing happened, said at once. */
function Unheard({ name, decisions, runs }: UnheardProps) {
  const functions = useQuery(functionsQuery).data;
  if (decisions?.length !== 0 || runs?.length !== 0 || functions === undefined || name.startsWith("inngest/")) {
    return null;
  }
  const listeners = listenersOf(functions, name);
  const similar = similarNames(functions, name);
  return (
    <Note tone="warn">
      <strong>This event matched nothing.</strong>{" "}
      {functions.length === 0 && "No function is registered: connect an app first."}
      {functions.length > 0 &&
        listeners.length === 0 &&
        `None of the ${functions.length} functions has a trigger with this name.`}
      {listeners.length > 0 && "The functions that listen to this name were registered after it came."}
      {similar.length > 0 && ` Similar names that functions listen to: ${similar.join(", ")}.`}
    </Note>
  );
}

function DecisionLine({ decision, run }: { readonly decision: Decision; readonly run: Run | undefined }) {
  const { word, tone } = outcomeLook(decision.outcome);
  const name = decision.function_slug ?? decision.function_id;
  return (
    <div className="line">
      <div className="line-main">
        {decision.function_slug === null ? (
          <span className="wrap">{name}</span>
        ) : (
          <Link to="/functions/$slug" params={{ slug: name }} className="wrap">
            {name}
          </Link>
        )}
        {decision.reason !== "" && <p className="soft small wrap">{decision.reason}</p>}
      </div>
      {run === undefined ? <Badge tone={tone}>{word}</Badge> : <StatusBadge status={runStatusOf(run.status)} />}
      {decision.run_id !== null && (
        <Link to="/runs/$id" params={{ id: decision.run_id }} className="mono small">
          {`run ${decision.run_id.slice(-8)}`}
        </Link>
      )}
    </div>
  );
}
