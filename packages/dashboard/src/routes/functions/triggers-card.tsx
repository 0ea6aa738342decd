/** What starts a function: events with their conditions, and schedules with their next ticks. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Clock, Zap } from "lucide-react";
import { ticksQuery } from "../../api/apps.ts";
import type { Fn } from "../../api/records.ts";
import { Ago } from "../../parts/time-text.tsx";
import { minuteText } from "../../words/time.ts";

const TICKS_SHOWN = 3;

type Trigger = Fn["triggers"][number];

export function Triggers({ fn }: { readonly fn: Fn }) {
  return (
    <section className="card" aria-label="Triggers">
      <header>
        <h2>Triggers</h2>
      </header>
      {fn.triggers.length === 0 && <p className="soft body">None: it runs when something invokes it.</p>}
      <ul className="lines">
        {fn.triggers.map((trigger) => (
          <li key={JSON.stringify(trigger)} className="line">
            {"event" in trigger ? <EventTrigger trigger={trigger} /> : <CronTrigger trigger={trigger} fn={fn} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function EventTrigger({ trigger }: { readonly trigger: Extract<Trigger, { event: string }> }) {
  return (
    <>
      <Zap size={15} className="soft-icon" aria-label="Event" />
      <div className="line-main">
        <Link to="/events" search={{ name: trigger.event }} className="wrap">
          {trigger.event}
        </Link>
        {trigger.expression !== undefined && (
          <p className="small wrap">
            <span className="soft">if </span>
            <code>{trigger.expression}</code>
          </p>
        )}
      </div>
    </>
  );
}

interface CronTriggerProps {
  readonly trigger: Extract<Trigger, { cron: string }>;
  readonly fn: Fn;
}

function CronTrigger({ trigger, fn }: CronTriggerProps) {
  const ticks = useQuery({ ...ticksQuery(fn.slug, TICKS_SHOWN), refetchInterval: 30_000 });
  const own = ticks.data?.find(({ cron }) => cron === trigger.cron);
  return (
    <>
      <Clock size={15} className="soft-icon" aria-label="Schedule" />
      <div className="line-main">
        <code>{trigger.cron}</code>
        <p className="small soft">{`missed: ${trigger.misfire}, overlap: ${trigger.overlap}${own === undefined ? "" : `, ${own.zone}`}`}</p>
        {own !== undefined && (
          <ul className="small">
            {own.next.map((at) => (
              <li key={at}>
                <time dateTime={at} className="number">
                  {minuteText(Date.parse(at))}
                </time>{" "}
                <span className="soft">
                  <Ago at={at} />
                </span>
              </li>
            ))}
          </ul>
        )}
        {fn.paused !== null && <p className="small soft">It is paused: ticks start nothing meanwhile.</p>}
      </div>
    </>
  );
}
