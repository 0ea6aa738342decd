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
import { Button } from "../../parts/button.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Choice, Typed } from "../../parts/field.tsx";
import { LiveRows } from "../../parts/live-rows.tsx";
import { RowCheck } from "../../parts/row-check.tsx";
import { Empty } from "../../parts/states.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { ask } from "../../shell/ask.ts";
import { previewText } from "../../words/json-text.ts";
import { listenersOf } from "../../words/triggers.ts";
import { PERIODS } from "../runs/run-search.ts";
import { useSelection } from "../runs/selection.ts";
import { type EventSearch, eventFilterOf } from "./event-search.ts";
import { ReplayBar } from "./replay-bar.tsx";

const COLUMNS = {
  "--columns": "1.6rem minmax(9rem, 1.1fr) minmax(0, 2fr) 9rem 5.5rem 5.5rem",
  "--columns-narrow": "1.4rem minmax(0, 1fr) auto",
} as CSSProperties;

const SEARCH_GAP_MS = 2_000;

const idOf = (event: EventRow) => event.internal_id;

export function EventsPage() {
  const search = useSearch({ from: "/events" });
  const { name, text } = search;
  const functions = useQuery(functionsQuery).data;
  const list = useLiveList<EventRow>({
    key: JSON.stringify(search),
    idOf,
    pageMax: EVENTS_MAX,
    fetchPage: (cursor, limit, signal) => fetchEvents(eventFilterOf(search, Date.now()), cursor, limit, signal),
    concerns: (notice) => notice.kind === "event_received" && (name === undefined || notice.name === name),
    ...(text === undefined ? {} : { gapMs: SEARCH_GAP_MS }),
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
      <Filters search={search} functions={functions ?? []} />
      <LiveRows
        list={list}
        idOf={idOf}
        noun="events"
        label="Events"
        isHeld={selection.ids.size > 0}
        olderByHand={text !== undefined}
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
        empty={<NoEvents search={search} />}
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

function Filters({ search, functions }: { readonly search: EventSearch; readonly functions: readonly Fn[] }) {
  const navigate = useNavigate({ from: "/events" });
  const set = (change: EventSearch) =>
    void navigate({ search: (now: EventSearch) => ({ ...now, ...change }), replace: true });
  const names = new Set(functions.flatMap((fn) => fn.triggers.flatMap((one) => ("event" in one ? [one.event] : []))));
  return (
    <div className="filters">
      <Typed
        label="Name"
        value={search.name ?? ""}
        placeholder="The whole name, or choose one"
        list="event-names"
        onChange={(name) => set({ name })}
      />
      <datalist id="event-names">
        {[...names].sort().map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <Typed
        label="Text"
        value={search.text ?? ""}
        placeholder="In ids, names and data"
        onChange={(text) => set({ text })}
      />
      <Choice
        label="Received"
        value={search.since}
        all="Any time"
        options={Object.entries(PERIODS).map(([key, { label }]) => [key, label])}
        onChoose={(since) => set({ since })}
      />
    </div>
  );
}

function NoEvents({ search }: { readonly search: EventSearch }) {
  const navigate = useNavigate({ from: "/events" });
  if (Object.values(search).some((value) => value !== undefined)) {
    return (
      <Empty icon={SearchX} title="No events fit these filters">
        {search.name !== undefined && <p>The name has to be the whole one, as it was sent.</p>}
        <Button onClick={() => navigate({ search: {}, replace: true })}>Clear filters</Button>
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
