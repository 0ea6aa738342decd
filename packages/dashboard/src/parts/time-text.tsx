/** A time as its distance from now, and a duration that goes on while it is open. Exact times stand in the title. */
import { durationText, exactText, relativeText } from "../words/time.ts";
import { useNow } from "./now.ts";

export function Ago({ at }: { readonly at: string }) {
  const now = useNow();
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={exactText(instant)} className="number">
      {relativeText(instant, Math.max(now, instant > now && instant - now < 3_000 ? instant : now))}
    </time>
  );
}

/** What is to come; "now" once it is due: it happens any moment, and did not happen some time ago. */
export function Ahead({ at }: { readonly at: string }) {
  const now = useNow();
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={exactText(instant)} className="number">
      {instant <= now ? "now" : relativeText(instant, now)}
    </time>
  );
}

export function Exact({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} className="number">
      {exactText(Date.parse(at))}
    </time>
  );
}

interface LastedProps {
  readonly from: string | null;
  readonly until: string | null;
}

export function Lasted({ from, until }: LastedProps) {
  if (from === null) return <span className="soft">–</span>;
  if (until === null) return <Lasting from={from} />;
  return <span className="number">{durationText(Date.parse(until) - Date.parse(from))}</span>;
}

function Lasting({ from }: { readonly from: string }) {
  return <span className="number">{durationText(useNow() - Date.parse(from))}</span>;
}
