/** At a glance: what runs, what failed, how the apps are; and the way in when there is nothing yet. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useState } from "react";
import { appsQuery, functionsQuery } from "../../api/apps.ts";
import { eventsQuery } from "../../api/events.ts";
import { useLive } from "../../api/live.ts";
import { runsQuery } from "../../api/runs.ts";
import { RANGES, type Range } from "../../api/stats.ts";
import { Note } from "../../parts/badge.tsx";
import { ChoiceBar } from "../../parts/choice-bar.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { ask } from "../../shell/ask.ts";
import { countOf } from "../../words/number.ts";
import { listenersOf, similarNames } from "../../words/triggers.ts";
import { SyncBadge } from "../apps/apps-page.tsx";
import { RunCards } from "../runs/run-cards.tsx";
import { ConnectGuide } from "./connect-guide.tsx";
import { Glance } from "./glance.tsx";
import { StuckCard } from "./stuck-card.tsx";

/** Calmer than a list: nobody reads a count four times a second. */
const GAP_MS = 1_000;
const EVENTS_LOOKED_AT = 50;
/** They come with their data: more of them are looked at, less often. */
const EVENTS_GAP_MS = 5_000;
const SHOWN = 6;

export function HomePage() {
  const functions = useQuery(functionsQuery);
  const client = useQueryClient();
  const [range, setRange] = useState<Range>("1h");
  useLive(
    () => true,
    () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["runs"] }),
        client.invalidateQueries({ queryKey: ["stats"] }),
        client.invalidateQueries({ queryKey: ["queue"] }),
      ]),
    GAP_MS,
  );
  useLive(
    ({ kind }) => kind === "event_received",
    () => client.invalidateQueries({ queryKey: ["events"] }),
    EVENTS_GAP_MS,
  );
  useLive(
    ({ kind }) => kind === "app_synced",
    () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["functions"] }),
        client.invalidateQueries({ queryKey: ["apps"] }),
      ]),
  );
  if (functions.error !== null) return <Failure error={functions.error} retry={functions.refetch} isPage />;
  const isUsed = functions.data !== undefined && functions.data.length > 0;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Home</h1>
        <div className="row">
          {isUsed && <ChoiceBar label="Charts of the last" value={range} options={RANGES} onChoose={setRange} />}
          <DeedButton deed="sendEventV2" look="main" onClick={() => ask({ kind: "send" })}>
            <Send size={15} aria-hidden />
            Send an event
          </DeedButton>
        </div>
      </header>
      {functions.data === undefined && <Bones />}
      {functions.data?.length === 0 && <ConnectGuide />}
      {isUsed && <Overview range={range} />}
    </div>
  );
}

function Overview({ range }: { readonly range: Range }) {
  const failures = useQuery(runsQuery({ status: "FAILED" }, SHOWN));
  const newest = useQuery(runsQuery({}, SHOWN));
  return (
    <>
      <UnheardEvents />
      <Glance range={range} />
      <div className="columns">
        <div className="stack-wide">
          <StuckCard />
          <section className="card">
            <header>
              <h2>Newest failures</h2>
              <Link to="/runs" search={{ status: "FAILED" }} className="push">
                All failed runs
              </Link>
            </header>
            <RunCards runs={failures} empty="No run has failed." />
          </section>
        </div>
        <div className="stack-wide">
          <section className="card">
            <header>
              <h2>Newest runs</h2>
              <Link to="/runs" search={{}} className="push">
                All runs
              </Link>
            </header>
            <RunCards runs={newest} empty="Nothing has run yet: send an event that a function listens to." />
          </section>
          <AppsHealth />
        </div>
      </div>
    </>
  );
}

/** The commonest first mistake: a name that nobody listens to. */
function UnheardEvents() {
  const events = useQuery(eventsQuery({}, EVENTS_LOOKED_AT)).data?.rows ?? [];
  const functions = useQuery(functionsQuery).data ?? [];
  const unheard = events.filter(
    ({ name }) => !name.startsWith("inngest/") && listenersOf(functions, name).length === 0,
  );
  const [newest] = unheard;
  if (newest === undefined) return null;
  const [similar] = similarNames(functions, newest.name);
  return (
    <Note tone="warn">
      {unheard.length === 1 ? "An event" : `${unheard.length} of the newest ${events.length} events`} matched nothing:{" "}
      <Link to="/events/$id" params={{ id: newest.internal_id }} className="wrap">
        {newest.name}
      </Link>
      , <Ago at={newest.received_at} />. No function listens to this name.
      {similar !== undefined && ` Did you mean ${similar}?`}
    </Note>
  );
}

function AppsHealth() {
  const apps = useQuery(appsQuery);
  if (apps.error !== null) return <Failure error={apps.error} retry={apps.refetch} />;
  return (
    <section className="card">
      <header>
        <h2>Apps</h2>
      </header>
      <ul className="lines">
        {apps.data?.map((app) => (
          <li key={app.id} className="line">
            <SyncBadge app={app} />
            <div className="line-main cut">
              <Link to="/apps/$name" params={{ name: app.name }} className="row-link">
                {app.name}
              </Link>
              <span className="soft small mono wide-only">{` ${app.url}`}</span>
            </div>
            <span className="soft small">{countOf(app.function_count, "function")}</span>
            <span className="soft small line-when">{app.synced_at !== null && <Ago at={app.synced_at} />}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
