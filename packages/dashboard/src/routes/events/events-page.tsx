/** All events, live. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { SearchX, Send, Zap } from "lucide-react";
import { type CSSProperties, useEffect, useState } from "react";
import { functionsQuery } from "../../api/apps.ts";
import { EVENTS_MAX, fetchEvents } from "../../api/events.ts";
import type { EventRow, Fn } from "../../api/records.ts";
import { useLiveList } from "../../api/use-live-list.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { LiveRows } from "../../parts/live-rows.tsx";
import { Empty } from "../../parts/states.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { ask } from "../../shell/ask.ts";
import { previewText } from "../../words/json-text.ts";
import { listenersOf } from "../../words/triggers.ts";

const COLUMNS = {
  "--columns": "minmax(9rem, 1.1fr) minmax(0, 2fr) 9rem 5.5rem 5.5rem",
  "--columns-narrow": "minmax(0, 1fr) auto",
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
  return (
    <div className="page" data-fill="" style={COLUMNS}>
      <header className="page-head">
        <h1>Events</h1>
        <Button look="main" onClick={() => ask({ kind: "send" })}>
          <Send size={15} aria-hidden />
          Send an event
        </Button>
      </header>
      <NameFilter name={name ?? ""} functions={functions ?? []} />
      <LiveRows
        list={list}
        idOf={idOf}
        noun="events"
        label="Events"
        header={
          <div className="list-head" aria-hidden>
            <span>Name</span>
            <span>Data</span>
            <span>Listeners</span>
            <span>Id</span>
            <span>Received</span>
          </div>
        }
        empty={<NoEvents name={name} />}
        renderRow={(event) => <EventListRow event={event} functions={functions} />}
      />
    </div>
  );
}

interface EventRowProps {
  readonly event: EventRow;
  /** Undefined while they are not known. */
  readonly functions: readonly Fn[] | undefined;
}

export function EventListRow({ event, functions }: EventRowProps) {
  return (
    <div className="list-row event-row">
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

const TYPING_MS = 300;

function NameFilter({ name, functions }: { readonly name: string; readonly functions: readonly Fn[] }) {
  const navigate = useNavigate({ from: "/events" });
  const [typed, setTyped] = useState(name);
  useEffect(() => setTyped(name), [name]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait.
  useEffect(() => {
    if (typed === name) return;
    const timer = setTimeout(
      () => navigate({ search: typed === "" ? {} : { name: typed.trim() }, replace: true }),
      TYPING_MS,
    );
    return () => clearTimeout(timer);
  }, [typed]);
  const names = new Set(functions.flatMap((fn) => fn.triggers.flatMap((one) => ("event" in one ? [one.event] : []))));
  return (
    <div className="filters">
      <label className="field" data-grow="">
        <span>Name</span>
        <input
          className="input"
          type="search"
          list="event-names"
          value={typed}
          placeholder="An event's whole name"
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
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
      <Button look="main" onClick={() => ask({ kind: "send" })}>
        Send the first one
      </Button>
    </Empty>
  );
}
