/** One function: what starts it, how it is set up, what it did lately. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Play, SquareFunction } from "lucide-react";
import { functionsQuery } from "../../api/apps.ts";
import { useLive } from "../../api/live.ts";
import type { Fn } from "../../api/records.ts";
import { runsQuery } from "../../api/runs.ts";
import { Note } from "../../parts/badge.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { JsonBlock } from "../../parts/json-view.tsx";
import { Bones, Empty, Failure } from "../../parts/states.tsx";
import { ask } from "../../shell/ask.ts";
import { RunCards } from "../runs/run-cards.tsx";
import { configLines } from "./config-lines.ts";
import { FunctionCharts } from "./function-charts.tsx";
import { LimitsCard } from "./limits-card.tsx";
import { PauseControls } from "./pause-controls.tsx";
import { PAUSE_MODES } from "./pause-words.ts";
import { Triggers } from "./triggers-card.tsx";

const RECENT = 10;

export function FunctionPage() {
  const { slug } = useParams({ from: "/functions/$slug" });
  const functions = useQuery(functionsQuery);
  const client = useQueryClient();
  useLive(
    ({ kind }) => kind === "app_synced",
    () => client.invalidateQueries({ queryKey: functionsQuery.queryKey }),
  );
  if (functions.error !== null) return <Failure error={functions.error} retry={functions.refetch} isPage />;
  if (functions.data === undefined) return <Bones />;
  const fn = functions.data.find((one) => one.slug === slug || one.id === slug);
  if (fn === undefined) {
    return (
      <Empty isPage icon={SquareFunction} title="This function is not served now">
        <p className="wrap">{`${slug} is unknown, or its app has removed it. Runs that it had are still there.`}</p>
        <Link to="/runs" search={{ function: slug }}>
          Its runs
        </Link>
      </Empty>
    );
  }
  return (
    <div className="page">
      <FunctionHead fn={fn} />
      {fn.paused !== null && (
        <Note tone="warn">
          <strong>Paused.</strong> {PAUSE_MODES.find(({ mode }) => mode === fn.paused)?.text} Runs under way stand
          still.
        </Note>
      )}
      <FunctionCharts slug={fn.slug} />
      <div className="columns">
        <div className="stack-wide">
          <LimitsCard slug={fn.slug} />
          <RecentRuns slug={fn.slug} />
        </div>
        <div className="stack-wide">
          <Triggers fn={fn} />
          <Configuration fn={fn} />
        </div>
      </div>
    </div>
  );
}

function FunctionHead({ fn }: { readonly fn: Fn }) {
  return (
    <header className="page-head">
      <div>
        <p className="crumbs">
          <Link to="/functions" search={{}}>
            Functions
          </Link>
        </p>
        <h1 className="wrap">{fn.name}</h1>
        <p className="row small">
          <span className="mono wrap">{fn.slug}</span>
          <span>
            in{" "}
            <Link to="/apps/$name" params={{ name: fn.app }}>
              {fn.app}
            </Link>
          </span>
          <span>{`version ${fn.version}`}</span>
        </p>
      </div>
      <div className="row">
        <PauseControls what="functions" id={fn.slug} name={fn.name} paused={fn.paused} />
        <DeedButton deed="invokeFunction" look="main" onClick={() => ask({ kind: "invoke", slug: fn.slug })}>
          <Play size={15} aria-hidden />
          Invoke …
        </DeedButton>
      </div>
    </header>
  );
}

function RecentRuns({ slug }: { readonly slug: string }) {
  const options = runsQuery({ function: slug }, RECENT);
  const runs = useQuery(options);
  const client = useQueryClient();
  useLive(
    ({ kind, function: fn }) => kind.startsWith("run_") && fn === slug,
    () => client.invalidateQueries({ queryKey: options.queryKey }),
  );
  return (
    <section className="card">
      <header>
        <h2>Newest runs</h2>
        <Link to="/runs" search={{ function: slug }} className="push">
          All of them
        </Link>
      </header>
      <RunCards runs={runs} empty="It has not run yet." />
    </section>
  );
}

function Configuration({ fn }: { readonly fn: Fn }) {
  return (
    <section className="card">
      <header>
        <h2>Configuration</h2>
      </header>
      <div className="body stack">
        <dl className="facts">
          {configLines(fn.config, fn.retries).map(({ option, text }) => (
            <div key={`${option} ${text}`} className="contents">
              <dt>{option}</dt>
              <dd>{text}</dd>
            </div>
          ))}
          <dt>Called at</dt>
          <dd className="mono">{fn.url}</dd>
        </dl>
        <details>
          <summary>As the app registered it</summary>
          <JsonBlock title="Configuration" value={fn.config} />
        </details>
      </div>
    </section>
  );
}
