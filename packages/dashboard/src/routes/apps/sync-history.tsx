/** What each sync of an app changed, with a diff for each function. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { appSyncsQuery } from "../../api/apps.ts";
import { useLive } from "../../api/live.ts";
import type { AppSync } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ago, Exact } from "../../parts/time-text.tsx";
import { countOf } from "../../words/number.ts";
import type { Tone } from "../../words/status.ts";

type FunctionChange = AppSync["functions"][number];

const TONES: Readonly<Record<FunctionChange["kind"], Tone>> = { added: "ok", changed: "busy", removed: "bad" };

export function SyncHistory({ app }: { readonly app: string }) {
  const options = appSyncsQuery(app);
  const syncs = useQuery(options);
  const client = useQueryClient();
  useLive(
    ({ kind }) => kind === "app_synced",
    () => client.invalidateQueries({ queryKey: options.queryKey }),
  );
  return (
    <section className="card" aria-label="History">
      <header>
        <h2>History</h2>
        <span className="soft small push">syncs that changed something</span>
      </header>
      {syncs.error !== null && <Failure error={syncs.error} retry={syncs.refetch} />}
      {syncs.isPending && (
        <div className="body">
          <Bones count={3} />
        </div>
      )}
      {syncs.data?.length === 0 && <p className="soft body">No sync has changed anything yet.</p>}
      <ul className="lines">
        {syncs.data?.map((sync, index) => (
          <li key={sync.at}>
            <details className="sync" open={index === 0 && sync.functions.length <= 4}>
              <summary className="line">
                <span className="line-main">
                  <Exact at={sync.at} />
                  <span className="soft small">{` ${summaryOf(sync)}`}</span>
                </span>
                <span className="soft small line-when">
                  <Ago at={sync.at} />
                </span>
              </summary>
              <ul className="sync-functions">
                {sync.functions.map((change) => (
                  <li key={`${change.slug} ${change.version} ${change.kind}`}>
                    <Change change={change} />
                  </li>
                ))}
              </ul>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

function summaryOf({ functions }: AppSync): string {
  return (["added", "changed", "removed"] as const)
    .map((kind) => ({ kind, count: functions.filter((one) => one.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${countOf(count, "function")} ${kind}`)
    .join(", ");
}

function Change({ change }: { readonly change: FunctionChange }) {
  const { slug, kind, version, changes } = change;
  return (
    <>
      <p className="row">
        <Badge tone={TONES[kind]}>{kind}</Badge>
        <Link to="/functions/$slug" params={{ slug }} className="wrap">
          {slug}
        </Link>
        <span className="soft small">{`version ${version}`}</span>
      </p>
      {changes.length > 0 && (
        <dl className="diff">
          {changes.map(({ path, before, after }) => (
            <div key={path}>
              <dt className="mono wrap">{path}</dt>
              {before !== undefined && <dd className="diff-before wrap">{JSON.stringify(before)}</dd>}
              {after !== undefined && <dd className="diff-after wrap">{JSON.stringify(after)}</dd>}
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
