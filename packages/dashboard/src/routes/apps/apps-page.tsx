/** The applications that are connected, and connecting another one. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { appsQuery } from "../../api/apps.ts";
import { useLive } from "../../api/live.ts";
import type { App } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { ask } from "../../shell/ask.ts";
import { pauseWord } from "../functions/pause-words.ts";
import { ConnectGuide } from "../home/connect-guide.tsx";
import { SyncFailures } from "./sync-failures.tsx";

/** Whether an app can be reached is no event: the feed does not tell of it. */
const POLL_MS = 5_000;

export function AppsPage() {
  const apps = useQuery({ ...appsQuery, refetchInterval: POLL_MS });
  const client = useQueryClient();
  useLive(
    ({ kind }) => kind === "app_synced",
    () => client.invalidateQueries({ queryKey: appsQuery.queryKey }),
  );
  return (
    <div className="page">
      <header className="page-head">
        <h1>Apps</h1>
        <DeedButton deed="syncApp" look="main" onClick={() => ask({ kind: "add-app" })}>
          <Plus size={15} aria-hidden />
          Add an app
        </DeedButton>
      </header>
      {apps.error !== null && <Failure error={apps.error} retry={apps.refetch} />}
      <SyncFailures />
      {apps.isPending && <Bones />}
      {apps.data?.length === 0 && <ConnectGuide />}
      <div className="grid">
        {apps.data?.map((app) => (
          <AppCard key={app.id} app={app} />
        ))}
      </div>
    </div>
  );
}

function AppCard({ app }: { readonly app: App }) {
  return (
    <article className="card app-card">
      <header>
        <h2 className="cut">
          <Link to="/apps/$name" params={{ name: app.name }} className="row-link">
            {app.name}
          </Link>
        </h2>
        <span className="push">
          <SyncBadge app={app} />
        </span>
      </header>
      <div className="body">
        <dl className="facts">
          <dt>Address</dt>
          <dd className="mono">{app.url === "" ? "in this process" : app.url}</dd>
          <dt>Functions</dt>
          <dd>{app.function_count}</dd>
          <dt>SDK</dt>
          <dd>{[app.sdk, app.framework].filter((word) => word !== "").join(", ")}</dd>
          {app.down !== null && (
            <>
              <dt>Unreachable</dt>
              <dd>
                since <Ago at={app.down.since} />: {app.down.reason}
              </dd>
            </>
          )}
          <dt>Synced</dt>
          <dd>{app.synced_at === null ? "never" : <Ago at={app.synced_at} />}</dd>
        </dl>
      </div>
    </article>
  );
}

export function SyncBadge({ app }: { readonly app: App }) {
  if (app.down !== null) return <Badge tone="bad">Unreachable</Badge>;
  if (app.paused !== null) return <Badge tone="warn">{pauseWord(app.paused)}</Badge>;
  if (app.function_count === 0) return <Badge tone="calm">No functions</Badge>;
  return <Badge tone="ok">Synced</Badge>;
}
