/** Every step that sleeps or waits: for what, since when, and when it goes on by itself. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Hourglass, type LucideIcon, Moon, Play, Radio } from "lucide-react";
import { functionsQuery } from "../../api/apps.ts";
import type { WaitingStep } from "../../api/records.ts";
import { type WaitingFilter, type WaitingKind, waitsQuery } from "../../api/waits.ts";
import { Button } from "../../parts/button.tsx";
import { ChoiceBar } from "../../parts/choice-bar.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ahead, Lasted } from "../../parts/time-text.tsx";
import { minuteText } from "../../words/time.ts";
import { WAITING_KINDS } from "./waiting-search.ts";

/** Where links to the list lead. */
export const WAITING_ID = "waits";

/** The feed does not tell when a sleep or a wait begins. */
const POLL_MS = 5_000;
/** Whoever has come so far down reads, and is not told what changes at the top. */
const POLLED_PAGES_MAX = 2;

const CHOICES = { all: { label: "All" }, ...WAITING_KINDS } as const;

interface WaitingProps {
  readonly nameOf: (slug: string) => string;
}

export function Waiting({ nameOf }: WaitingProps) {
  const filter = useSearch({ from: "/queue" });
  const waits = useInfiniteQuery({
    ...waitsQuery(filter),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= POLLED_PAGES_MAX ? POLL_MS : false),
  });
  const rows = waits.data?.pages.flatMap(({ data }) => data) ?? [];
  const hasStopped = waits.data?.pages.at(-1)?.page.stopped_at !== undefined;
  return (
    <section className="card" aria-label="Sleeping and waiting" id={WAITING_ID}>
      <header>
        <h2>Sleeping and waiting</h2>
        <Filters filter={filter} />
      </header>
      {waits.error !== null && waits.data === undefined && <Failure error={waits.error} retry={waits.refetch} />}
      {waits.isPending && (
        <div className="body">
          <Bones count={3} />
        </div>
      )}
      {waits.data !== undefined && rows.length === 0 && (
        <p className="body soft">{hasStopped ? "None so far." : nothingText(filter)}</p>
      )}
      {rows.length > 0 && (
        <ul className="lines">
          {rows.map((row) => (
            <WaitingLine key={`${row.run_id} ${row.step.id}`} row={row} nameOf={nameOf} />
          ))}
        </ul>
      )}
      {waits.hasNextPage && (
        <p className="body">
          <Button size="small" onClick={() => waits.fetchNextPage()} disabled={waits.isFetchingNextPage}>
            {waits.isFetchingNextPage ? "Loading …" : hasStopped ? "Look further" : "Show more"}
          </Button>
        </p>
      )}
    </section>
  );
}

function nothingText({ kind, function: fn }: WaitingFilter): string {
  const what = kind === undefined ? "No step sleeps or waits" : `No step ${NOTHING[kind]}`;
  return fn === undefined ? `${what}.` : `${what} in this function.`;
}

const NOTHING: Readonly<Record<WaitingKind, string>> = {
  sleep: "sleeps",
  event: "waits for an event",
  signal: "waits for a signal",
  run: "waits for a run that it invoked",
};

function Filters({ filter }: { readonly filter: WaitingFilter }) {
  const functions = useQuery(functionsQuery).data ?? [];
  const navigate = useNavigate({ from: "/queue" });
  const set = (change: WaitingFilter) =>
    void navigate({ search: (now: WaitingFilter) => ({ ...now, ...change }), replace: true, resetScroll: false });
  return (
    <div className="row push">
      <select
        className="input"
        data-size="small"
        aria-label="Function"
        value={filter.function ?? ""}
        onChange={({ target: { value } }) => set({ function: value === "" ? undefined : value })}
      >
        <option value="">All functions</option>
        {functions.map(({ slug, name }) => (
          <option key={slug} value={slug}>
            {name}
          </option>
        ))}
      </select>
      <ChoiceBar
        label="What it waits for"
        value={filter.kind ?? "all"}
        options={CHOICES}
        onChoose={(kind) => set({ kind: kind === "all" ? undefined : kind })}
      />
    </div>
  );
}

const ICONS: Readonly<Record<WaitingKind, LucideIcon>> = { sleep: Moon, event: Hourglass, signal: Radio, run: Play };

function WaitingLine({ row, nameOf }: WaitingProps & { readonly row: WaitingStep }) {
  const { run_id: id, step, kind, since, until, function_slug: slug } = row;
  const Icon = ICONS[kind];
  return (
    <li className="line waiting-line">
      <Icon size={16} className="soft-icon" aria-hidden />
      <div className="line-main">
        <p className="wrap">
          <Link to="/runs/$id" params={{ id }} search={{ step: `${id}.${step.id}` }} className="ink strong">
            {slug === null ? row.function_id : nameOf(slug)}
          </Link>{" "}
          <span className="tag">{step.index === 0 ? step.name : `${step.name} (${step.index + 1})`}</span>
        </p>
        <p className="small soft wrap">
          <ForWhat row={row} />
        </p>
      </div>
      <div className="lane-when small soft">
        <p>
          {kind === "sleep" ? "wakes" : "gives up"} <Ahead at={until} />
        </p>
        <p>
          for <Lasted from={since} until={null} />
        </p>
      </div>
    </li>
  );
}

function ForWhat({ row }: { readonly row: WaitingStep }) {
  const { kind, names, expression, child_run_id: child } = row;
  switch (kind) {
    case "sleep":
      return `Sleeps until ${minuteText(Date.parse(row.until))}.`;
    case "signal":
      return names.length === 0
        ? "Waits for a signal that another run has taken over."
        : `Waits for the signal ${names[0]}.`;
    case "run":
      return (
        <>
          Waits for{" "}
          {child === null ? (
            "the run that it invoked"
          ) : (
            <Link to="/runs/$id" params={{ id: child }}>
              {`the run ${child.slice(-8)}`}
            </Link>
          )}
          .
        </>
      );
    case "event":
      if (names.length === 0) return "Waits for an event that cannot come: its condition is false whatever arrives.";
      return (
        <>
          {`Waits for the event ${names.join(" or ")}`}
          {expression !== null && (
            <>
              {" if "}
              <code>{expression}</code>
            </>
          )}
        </>
      );
  }
}
