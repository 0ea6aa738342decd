/** What is served now: every function with its triggers. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { SearchX, SquareFunction } from "lucide-react";
import { functionsQuery } from "../../api/apps.ts";
import { useLive } from "../../api/live.ts";
import type { Fn, FunctionStats } from "../../api/records.ts";
import { functionStatsQuery } from "../../api/stats.ts";
import { Badge } from "../../parts/badge.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Bones, Empty, Failure } from "../../parts/states.tsx";
import { ask } from "../../shell/ask.ts";
import { countOf, countText } from "../../words/number.ts";
import { durationText } from "../../words/time.ts";
import { pauseWord } from "./pause-words.ts";
import { TriggerTags } from "./trigger-tags.tsx";

/** Figures of a day change slowly. */
const POLL_MS = 10_000;

export function FunctionsPage() {
  const { text = "" } = useSearch({ from: "/functions" });
  const navigate = useNavigate({ from: "/functions" });
  const functions = useQuery(functionsQuery);
  const client = useQueryClient();
  useLive(
    ({ kind }) => kind === "app_synced",
    () => client.invalidateQueries({ queryKey: functionsQuery.queryKey }),
  );
  const stats = useQuery({ ...functionStatsQuery, refetchInterval: POLL_MS }).data;
  const wanted = text.toLowerCase();
  const shown = functions.data?.filter((fn) => wordsOf(fn).some((word) => word.toLowerCase().includes(wanted)));
  return (
    <div className="page">
      <header className="page-head">
        <h1>Functions</h1>
        <input
          className="input find-field"
          type="search"
          aria-label="Find functions"
          placeholder="Name, app or event"
          value={text}
          onChange={(event) =>
            navigate({ search: event.target.value === "" ? {} : { text: event.target.value }, replace: true })
          }
        />
      </header>
      {functions.error !== null && <Failure error={functions.error} retry={functions.refetch} />}
      {functions.isPending && <Bones />}
      {functions.data?.length === 0 && (
        <Empty icon={SquareFunction} title="No functions yet">
          <p>They appear as soon as an app is connected.</p>
          <DeedButton deed="syncApp" look="main" onClick={() => ask({ kind: "add-app" })}>
            Add an app
          </DeedButton>
        </Empty>
      )}
      {shown !== undefined && shown.length === 0 && text !== "" && <Empty icon={SearchX} title="No function fits" />}
      {shown !== undefined && shown.length > 0 && (
        <ul className="card lines">
          {shown.map((fn) => (
            <FunctionLine
              key={fn.id}
              fn={fn}
              stats={stats === undefined ? undefined : (stats.find((one) => one.function_id === fn.id) ?? null)}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

interface FunctionLineProps {
  readonly fn: Fn;
  /** Of the last 24 hours; null: it had no runs. Absent: they are not told here. */
  readonly stats?: FunctionStats | null | undefined;
}

export function FunctionLine({ fn, stats }: FunctionLineProps) {
  return (
    <li className="line function-line">
      <div className="line-main">
        <Link to="/functions/$slug" params={{ slug: fn.slug }} className="row-link wrap">
          {fn.name}
        </Link>{" "}
        {fn.paused !== null && <Badge tone="warn">{pauseWord(fn.paused)}</Badge>}
        <p className="soft small wrap">{fn.slug}</p>
      </div>
      <TriggerTags triggers={fn.triggers} />
      {stats !== undefined && <Day stats={stats} />}
    </li>
  );
}

function Day({ stats }: { readonly stats: FunctionStats | null }) {
  if (stats === null) return <p className="small soft function-day wide-only">no runs in 24 h</p>;
  const { created, failed, duration } = stats;
  return (
    <div className="small soft number function-day">
      <p>{`${countOf(created, "run")} in 24 h`}</p>
      <p>
        {failed > 0 && <span className="tone-bad toned">{`${countText(failed)} failed`}</span>}
        {failed > 0 && duration !== null && ", "}
        {duration !== null && `median ${durationText(duration.p50_ms)}`}
      </p>
    </div>
  );
}

const wordsOf = (fn: Fn) => [
  fn.name,
  fn.slug,
  fn.app,
  ...fn.triggers.map((one) => ("event" in one ? one.event : one.cron)),
];
