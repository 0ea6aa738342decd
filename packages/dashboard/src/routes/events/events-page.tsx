/** All events, live. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { SearchX, Send, Zap } from "lucide-react";
import { type CSSProperties, useMemo } from "react";
import { functionsQuery } from "../../api/apps.ts";
import { EVENTS_MAX, fetchEvents } from "../../api/events.ts";
import type { EventRow, Fn } from "../../api/records.ts";
import { useLiveList } from "../../api/use-live-list.ts";
import { Badge } from "../../parts/badge.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Typed } from "../../parts/field.tsx";
import { LiveRows } from "../../parts/live-rows.tsx";
import { RowCheck } from "../../parts/row-check.tsx";
import { Empty } from "../../parts/states.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { ask } from "../../shell/ask.ts";
import { previewText } from "../../words/json-text.ts";
import { listenersOf } from "../../words/triggers.ts";
import { useSelection } from "../runs/selection.ts";
import { ReplayBar } from "./replay-bar.tsx";

const COLUMNS = {
  "--columns": "1.6rem minmax(9rem, 1.1fr) minmax(0, 2fr) 9rem 5.5rem 5.5rem",
  "--columns-narrow": "1.4rem minmax(0, 1fr) auto",
} as CSSProperties;

const idOf = (event: EventRow) => event.internal_id;

export function EventsPage() {
  const { name } = useSearch({ from: "/events" });
  const functions = useQuery(functionsQuery).data;
  const list = useLiveList<EventRow>({
    key: name ?? "",
    idOf,
    pageMax: EVENTS_MAX,
    fetchPage: (cursor, limit, signal) => fetchEvents({ name }, cursor, limit, signal),
    concerns: (notice) => notice.kind === "event_received" && (name === undefined || notice.name === name),
  });
  const selection = useSelection();
  const rows = list.state?.rows ?? [];
  const selected = useMemo(() => rows.filter((event) => selection.ids.has(idOf(event))), [rows, selection.ids]);
  const order = useMemo(() => rows.map(idOf), [rows]);
  return (
    <div className="page" data-fill="" style={COLUMNS}>
      <header className="page-head">
        <h1>Events</h1>
        <DeedButton deed="sendEventV2" look="main" onClick={() => ask({ kind: "send" })}>
          <Send size={15} aria-hidden />
          Send an event
        </DeedButton>
      </header>
      <NameFilter name={name ?? ""} functions={functions ?? []} />
      <LiveRows
        list={list}
        idOf={idOf}
        noun="events"
        label="Events"
        isHeld={selection.ids.size > 0}
        header={
          <div className="list-head" aria-hidden>
            <span />
            <span>Name</span>
            <span>Data</span>
            <span>Listeners</span>
            <span>Id</span>
            <span>Received</span>
          </div>
        }
        empty={<NoEvents name={name} />}
        renderRow={(event) => (
          <EventListRow
            event={event}
            functions={functions}
            isSelected={selection.ids.has(idOf(event))}
            toggle={(isRange) => selection.toggle(idOf(event), isRange, order)}
          />
        )}
      />
      <ReplayBar events={selected} onClear={selection.clear} />
    </div>
  );
}

interface EventRowProps {
  readonly event: EventRow;
  /** Undefined while they are not known. */
  readonly functions: readonly Fn[] | undefined;
  readonly isSelected: boolean;
  readonly toggle: (isRange: boolean) => void;
}

function EventListRow({ event, functions, isSelected, toggle }: EventRowProps) {
  return (
    <div className="list-row event-row" data-selected={isSelected ? "" : undefined}>
      <RowCheck label={`Select event ${event.internal_id}`} isSelected={isSelected} toggle={toggle} />
      <Link to="/events/$id" params={{ id: event.internal_id }} className="row-link cut" title={event.name}>
        {event.name}
      </Link>
      <span className="mono soft small cut event-data">{previewText(event.data)}</span>
      <span className="event-listeners">
        <Listeners name={event.name} functions={functions} />
      </span>
      <span className="mono soft small wide-only" title={event.internal_id}>
        {event.internal_id.slice(-8)}
      </span>
      <span className="soft small event-when">
        <Ago at={event.received_at} />
      </span>
    </div>
  );
}

function Listeners({ name, functions }: { readonly name: string; readonly functions: readonly Fn[] | undefined }) {
  if (functions === undefined || name.startsWith("inngest/")) return null;
  const count = listenersOf(functions, name).length;
  if (count === 0) return <Badge tone="warn">No listener</Badge>;
  return <span className="soft small">{count === 1 ? "1 function" : `${count} functions`}</span>;
}

function NameFilter({ name, functions }: { readonly name: string; readonly functions: readonly Fn[] }) {
  const navigate = useNavigate({ from: "/events" });
  const names = new Set(functions.flatMap((fn) => fn.triggers.flatMap((one) => ("event" in one ? [one.event] : []))));
  return (
    <div className="filters">
      <Typed
        label="Name"
        value={name}
        placeholder="An event's whole name"
        list="event-names"
        onChange={(text) => navigate({ search: text === undefined ? {} : { name: text }, replace: true })}
      />
      <datalist id="event-names">
        {[...names].sort().map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </div>
  );
}

function NoEvents({ name }: { readonly name: string | undefined }) {
  if (name !== undefined) {
    return (
      <Empty icon={SearchX} title={`No event is named ${name}`}>
        <p>The name has to be the whole one, as it was sent.</p>
      </Empty>
    );
  }
  return (
    <Empty icon={Zap} title="No events yet">
      <p>
        Events are what your code tells Stepwell: a sign-up, an order, a payment. Each starts the functions that listen.
      </p>
      <DeedButton deed="sendEventV2" look="main" onClick={() => ask({ kind: "send" })}>
        Send the first one
      </DeedButton>
    </Empty>
  );
}
