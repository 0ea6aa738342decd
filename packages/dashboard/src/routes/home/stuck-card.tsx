/** What is stuck, with reasons; or that nothing is. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, CirclePause, Hourglass, type LucideIcon, TriangleAlert } from "lucide-react";
import { appsQuery, functionsQuery, syncFailuresQuery } from "../../api/apps.ts";
import { queueQuery } from "../../api/stats.ts";
import { Bones } from "../../parts/states.tsx";
import { useSteadyHeight } from "../../parts/steady.ts";
import { Ahead, Lasted } from "../../parts/time-text.tsx";
import type { Tone } from "../../words/status.ts";
import { type StuckThing, stuckThings } from "./stuck.ts";

const SHOWN_MAX = 6;
/** Waiting is no event: the feed does not tell of it. */
const POLL_MS = 5_000;
/** Pausing is no event either, and somebody's deed: whoever did it sees it at once. */
const PAUSE_POLL_MS = 15_000;
const ICONS: Readonly<Partial<Record<Tone, LucideIcon>>> = { bad: TriangleAlert, warn: CirclePause, wait: Hourglass };

export function StuckCard() {
  const queue = useQuery({ ...queueQuery, refetchInterval: POLL_MS });
  const apps = useQuery({ ...appsQuery, refetchInterval: POLL_MS });
  const functions = useQuery({ ...functionsQuery, refetchInterval: PAUSE_POLL_MS });
  const failures = useQuery({ ...syncFailuresQuery, refetchInterval: POLL_MS });
  const place = useSteadyHeight<HTMLElement>();
  const isKnown = queue.data !== undefined && apps.data !== undefined && functions.data !== undefined;
  const things = stuckThings({
    queue: queue.data,
    apps: apps.data ?? [],
    functions: functions.data ?? [],
    failures: failures.data ?? [],
  });
  return (
    <section className="card stuck" aria-label="What is stuck" ref={place}>
      <header>
        <h2>What is stuck</h2>
        <Link to="/queue" className="push">
          The queue
        </Link>
      </header>
      {!isKnown && (
        <div className="body">
          <Bones count={3} />
        </div>
      )}
      {isKnown && things.length === 0 && (
        <p className="body row soft">
          <CircleCheck size={16} className="tone-ok toned" aria-hidden />
          Nothing is stuck: all work goes on as soon as it can.
        </p>
      )}
      {things.length > 0 && (
        <ul className="lines">
          {things.slice(0, SHOWN_MAX).map((thing) => (
            <StuckLine key={thing.key} thing={thing} />
          ))}
          {things.length > SHOWN_MAX && <li className="soft small body">{`and ${things.length - SHOWN_MAX} more`}</li>}
        </ul>
      )}
    </section>
  );
}

function StuckLine({ thing }: { readonly thing: StuckThing }) {
  const { tone, title, reason, since, expectedAt } = thing;
  const Icon = ICONS[tone] ?? Hourglass;
  return (
    <li className="line stuck-line">
      <Icon size={17} className={`tone-${tone} toned`} aria-hidden />
      <div className="line-main">
        <ThingLink thing={thing}>{title}</ThingLink>
        <p className="soft small wrap">{reason}</p>
      </div>
      <span className="soft small line-when">
        {expectedAt !== null ? (
          <>
            {thing.to.view === "app" ? "next try" : "goes on"} <Ahead at={expectedAt} />
          </>
        ) : (
          since !== null && (
            <>
              for <Lasted from={since} until={null} />
            </>
          )
        )}
      </span>
    </li>
  );
}

function ThingLink({ thing: { to }, children }: { readonly thing: StuckThing; readonly children: string }) {
  switch (to.view) {
    case "app":
      return (
        <Link to="/apps/$name" params={{ name: to.id }} className="row-link wrap">
          {children}
        </Link>
      );
    case "function":
      return (
        <Link to="/functions/$slug" params={{ slug: to.id }} className="row-link wrap">
          {children}
        </Link>
      );
    case "apps":
    case "queue":
      return (
        <Link to={`/${to.view}`} className="row-link wrap">
          {children}
        </Link>
      );
  }
}
