/** One application: where it is, what it serves. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Blocks, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { appsQuery, functionsQuery, removeApp, syncApp } from "../../api/apps.ts";
import type { App } from "../../api/records.ts";
import { Note } from "../../parts/badge.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Bones, Empty, Failure } from "../../parts/states.tsx";
import { Ago, Ahead } from "../../parts/time-text.tsx";
import { tellDone, tellError } from "../../parts/toast.tsx";
import { FunctionLine } from "../functions/functions-page.tsx";
import { PauseControls } from "../functions/pause-controls.tsx";
import { SyncBadge } from "./apps-page.tsx";
import { SyncFailures } from "./sync-failures.tsx";
import { SyncHistory } from "./sync-history.tsx";

/** Whether it can be reached is no event: the feed does not tell of it. */
const POLL_MS = 5_000;

export function AppPage() {
  const { name } = useParams({ from: "/apps/$name" });
  const apps = useQuery({ ...appsQuery, refetchInterval: POLL_MS });
  const functions = useQuery(functionsQuery);
  if (apps.error !== null) return <Failure error={apps.error} retry={apps.refetch} isPage />;
  if (apps.data === undefined) return <Bones />;
  const app = apps.data.find((one) => one.name === name || one.id === name);
  if (app === undefined) {
    return (
      <Empty isPage icon={Blocks} title={`No app is named ${name}`}>
        <p>It was never connected here, or it was removed. What it has run is still there.</p>
        <Link to="/apps">All apps</Link>
      </Empty>
    );
  }
  const own = functions.data?.filter((fn) => fn.app === app.name);
  return (
    <div className="page">
      <AppHead app={app} />
      <SyncFailures app={app} />
      {app.down !== null && (
        <Note tone="bad">
          <strong>It cannot be reached</strong> since <Ago at={app.down.since} />. {endedText(app.down.reason)} Its work
          waits; the next try is <Ahead at={app.down.next_probe_at} />.
        </Note>
      )}
      {functions.error !== null && <Failure error={functions.error} retry={functions.refetch} />}
      <div className="columns">
        <section className="card" aria-label="Functions">
          <header>
            <h2>Functions</h2>
          </header>
          <ul className="lines">
            {own?.map((fn) => (
              <FunctionLine key={fn.id} fn={fn} />
            ))}
            {own?.length === 0 && <li className="soft body">It serves no functions now.</li>}
          </ul>
        </section>
        <SyncHistory app={app.name} />
      </div>
    </div>
  );
}

/** The reasons of the server are sentences, or parts of one. */
const endedText = (text: string) => (text.endsWith(".") ? text : `${text}.`);

function AppHead({ app }: { readonly app: App }) {
  const client = useQueryClient();
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["apps"] }),
      client.invalidateQueries({ queryKey: ["functions"] }),
    ]);
  const sync = useMutation({
    mutationFn: () => syncApp(app.url),
    onSuccess: ({ modified }) => {
      tellDone(
        modified
          ? `${app.name} was synced; its functions have changed.`
          : `${app.name} was synced; nothing has changed.`,
      );
      return refresh();
    },
    onError: tellError,
  });
  return (
    <header className="page-head">
      <div>
        <p className="crumbs">
          <Link to="/apps">Apps</Link>
        </p>
        <h1 className="row">
          <span className="wrap">{app.name}</span> <SyncBadge app={app} />
        </h1>
        <p className="row small">
          <span className="mono wrap">{app.url}</span>
          <span>{app.sdk}</span>
          {app.framework !== "" && <span>{app.framework}</span>}
          {app.version !== null && <span>{`version ${app.version}`}</span>}
          <span>synced {app.synced_at === null ? "never" : <Ago at={app.synced_at} />}</span>
        </p>
      </div>
      <div className="row">
        {app.url.startsWith("http") && (
          <DeedButton deed="syncApp" onClick={() => sync.mutate()} disabled={sync.isPending}>
            <RefreshCw size={15} aria-hidden />
            {sync.isPending ? "Asking the app …" : "Sync now"}
          </DeedButton>
        )}
        <PauseControls what="apps" id={app.name} name={app.name} paused={app.paused} />
        <RemoveApp name={app.name} refresh={refresh} />
      </div>
    </header>
  );
}

function RemoveApp({ name, refresh }: { readonly name: string; readonly refresh: () => Promise<unknown> }) {
  const [isAsking, setAsking] = useState(false);
  const navigate = useNavigate();
  const remove = async () => {
    await removeApp(name);
    tellDone(`${name} was removed.`);
    await navigate({ to: "/apps" });
    await refresh();
  };
  return (
    <>
      <DeedButton deed="removeApp" look="danger" onClick={() => setAsking(true)}>
        <Trash2 size={15} aria-hidden />
        Remove …
      </DeedButton>
      {isAsking && (
        <Confirm title={`Remove ${name}`} verb="Remove" look="danger" act={remove} onClose={() => setAsking(false)}>
          <p>Its functions start nothing any more. Runs under way go on, and nothing that has run is lost.</p>
        </Confirm>
      )}
    </>
  );
}
