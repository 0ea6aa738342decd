/** What waits, for what: work at limits, the deepest functions and keys, and what is kept for later. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import { functionsQuery } from "../../api/apps.ts";
import { useLive } from "../../api/live.ts";
import type { Queue } from "../../api/records.ts";
import { pendingQuery, queueQuery } from "../../api/stats.ts";
import { Badge } from "../../parts/badge.tsx";
import { Bones, Empty, Failure } from "../../parts/states.tsx";
import { useSteadyHeight } from "../../parts/steady.ts";
import { countText } from "../../words/number.ts";
import { pauseWord } from "../functions/pause-words.ts";
import { Gathering } from "./gathering.tsx";
import { LaneLine } from "./lanes.tsx";
import { WAITING_ID, Waiting } from "./waiting.tsx";

const GAP_MS = 1_000;
const POLL_MS = 5_000;

export function QueuePage() {
  const queue = useQuery({ ...queueQuery, refetchInterval: POLL_MS });
  // What gathers stands between: without it, all below would move once more.
  const pending = useQuery(pendingQuery);
  const client = useQueryClient();
  useLive(
    ({ kind }) => kind.startsWith("run_") || kind.startsWith("step_"),
    () => client.invalidateQueries({ queryKey: queueQuery.queryKey }),
    GAP_MS,
  );
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>Queue</h1>
          <p>What waits, for what, and what is kept for later.</p>
        </div>
      </header>
      {queue.error !== null && queue.data === undefined && <Failure error={queue.error} retry={queue.refetch} />}
      {queue.error === null && (queue.isPending || pending.isPending) && <Bones />}
      {queue.data !== undefined && !pending.isPending && <QueueView queue={queue.data} />}
    </div>
  );
}

function QueueView({ queue }: { readonly queue: Queue }) {
  const nameOf = useFunctionNames();
  const turns = useSteadyHeight<HTMLElement>();
  return (
    <>
      <Kinds queue={queue} />
      <section className="card" aria-label="Waiting for a turn" ref={turns}>
        <header>
          <h2>Waiting for a turn</h2>
          <span className="soft small push">the deepest first</span>
        </header>
        {queue.lanes.length === 0 ? (
          <Empty icon={CircleCheck} title="Nothing waits for its turn">
            <p>Work that meets a limit, a pause or a busy app is listed here, with who holds the places.</p>
          </Empty>
        ) : (
          <ul className="lines">
            {queue.lanes.map((lane) => (
              <LaneLine
                key={`${lane.function_id} ${lane.phase} ${lane.key}`}
                lane={lane}
                function={{ slug: lane.function_slug, name: nameOf(lane.function_slug) }}
              />
            ))}
          </ul>
        )}
      </section>
      <Gathering nameOf={nameOf} />
      <Waiting nameOf={nameOf} />
      {queue.functions.length > 0 && <ByFunction queue={queue} nameOf={nameOf} />}
    </>
  );
}

interface KindWords {
  readonly title: string;
  readonly text: string;
  /** They are listed one by one below. */
  readonly isListed?: boolean;
}

/** What the jobs of a kind are, in this order. Others limit the time of runs, and are no work. */
const KINDS: Readonly<Record<string, KindWords>> = {
  discover: { title: "Runs in line", text: "to start or to go on" },
  step: { title: "Steps in line", text: "parallel ones, or ones to be tried again" },
  request: { title: "Requests", text: "that the server makes for steps" },
  sleep: { title: "Sleeping", text: "wake by themselves", isListed: true },
  timeout: { title: "Waiting", text: "for an event, a signal or a run", isListed: true },
  collect: { title: "Gathering", text: "debounces and batches that gather events" },
};

function Kinds({ queue }: { readonly queue: Queue }) {
  return (
    <section className="facts-row" aria-label="Work by kind">
      <Fact
        title="Calls to apps"
        figure={countText(queue.calls)}
        text={`under way, of ${countText(queue.calls_max)} at once`}
      >
        <meter min={0} max={queue.calls_max} value={queue.calls} aria-label="Calls to apps under way">
          {queue.calls}
        </meter>
      </Fact>
      {Object.entries(KINDS).map(([kind, words]) => {
        const jobs = queue.jobs.find((one) => one.kind === kind);
        if (jobs === undefined) return null;
        const { count, due, is_more: isMore } = jobs;
        const detail = due > 0 && due < count ? `${words.text}; ${countText(due)} due now` : words.text;
        return (
          <Fact key={kind} title={words.title} figure={`${countText(count)}${isMore ? "+" : ""}`} text={detail}>
            {words.isListed === true && count > 0 && (
              <Link
                to="/queue"
                search={(now) => now}
                hash={WAITING_ID}
                className="small"
                aria-label={`Show: ${words.title}`}
              >
                Show them
              </Link>
            )}
          </Fact>
        );
      })}
    </section>
  );
}

interface FactProps {
  readonly title: string;
  readonly figure: string;
  readonly text: string;
  readonly children?: ReactNode;
}

function Fact({ title, figure, text, children }: FactProps) {
  return (
    <div className="fact">
      <span className="soft small">{title}</span>
      <strong className="number">{figure}</strong>
      <span className="soft small">{text}</span>
      {children}
    </div>
  );
}

function ByFunction({ queue, nameOf }: { readonly queue: Queue; readonly nameOf: (slug: string) => string }) {
  return (
    <section className="card" aria-label="By function">
      <header>
        <h2>By function</h2>
        <span className="soft small push">{`${queue.functions.length} of ${queue.function_count}`}</span>
      </header>
      <ul className="lines">
        {queue.functions.map(({ function_id: id, function_slug: slug, paused, ...fn }) => (
          <li key={id} className="line">
            <strong className="lane-depth number">{fn.waiting_starts + fn.waiting_calls}</strong>
            <div className="line-main">
              {slug === null ? (
                <span className="mono">{id}</span>
              ) : (
                <Link to="/functions/$slug" params={{ slug }} className="row-link wrap">
                  {nameOf(slug)}
                </Link>
              )}
              <p className="soft small">
                {`${fn.waiting_starts} to start, ${fn.waiting_calls} to go on; ${fn.blocked_lanes} of ${fn.lanes} keys at a limit`}
              </p>
            </div>
            {paused !== null && <Badge tone="warn">{pauseWord(paused)}</Badge>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function useFunctionNames(): (slug: string) => string {
  const functions = useQuery(functionsQuery).data;
  return (slug) => functions?.find((fn) => fn.slug === slug)?.name ?? slug;
}
