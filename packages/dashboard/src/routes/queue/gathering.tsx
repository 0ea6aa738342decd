/** Debounces and batches that gather events: when each begins, beginning it now, and discarding it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Pending } from "../../api/records.ts";
import { beginPending, discardPending, pendingQuery } from "../../api/stats.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Failure } from "../../parts/states.tsx";
import { Ahead } from "../../parts/time-text.tsx";
import { tellDone, tellError } from "../../parts/toast.tsx";
import { countOf } from "../../words/number.ts";

const POLL_MS = 5_000;

export function Gathering({ nameOf }: { readonly nameOf: (slug: string) => string }) {
  const pending = useQuery({ ...pendingQuery, refetchInterval: POLL_MS });
  if (pending.error !== null && pending.data === undefined) {
    return <Failure error={pending.error} retry={pending.refetch} />;
  }
  if (pending.data === undefined || pending.data.length === 0) return null;
  return (
    <section className="card" aria-label="Gathering events">
      <header>
        <h2>Gathering events</h2>
        <span className="soft small push">debounces and batches, the newest first</span>
      </header>
      <ul className="lines">
        {pending.data.map((one) => (
          <PendingLine key={one.run_id} pending={one} nameOf={nameOf} />
        ))}
      </ul>
    </section>
  );
}

interface PendingLineProps {
  readonly pending: Pending;
  readonly nameOf: (slug: string) => string;
}

function PendingLine({ pending, nameOf }: PendingLineProps) {
  const { run_id: id, function_slug: slug, rule, event_count: count, starts_at: startsAt } = pending;
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["queue"] });
  const begin = useMutation({
    mutationFn: () => beginPending(id),
    onSuccess: () => tellDone("It begins now."),
    onError: tellError,
    onSettled: refresh,
  });
  const name = slug === null ? pending.function_id : nameOf(slug);
  return (
    <li className="line lane-line">
      <strong className="lane-depth number">{count}</strong>
      <div className="line-main">
        <p className="wrap">
          <Link to="/runs/$id" params={{ id }} className="ink strong">
            {name}
          </Link>
        </p>
        <p className="small soft wrap">
          {rule}; begins <Ahead at={startsAt} />
        </p>
      </div>
      <div className="row lane-deeds">
        <DeedButton deed="runPending" size="small" onClick={() => begin.mutate()} disabled={begin.isPending}>
          Begin now
        </DeedButton>
        <DeedButton deed="discardPending" size="small" look="plain" onClick={() => setAsking(true)}>
          Discard …
        </DeedButton>
      </div>
      {isAsking && (
        <Confirm
          title={`Discard ${countOf(count, "event")} of ${name}`}
          verb="Discard"
          look="danger"
          act={async () => {
            await discardPending(id);
            tellDone("It was discarded.");
            await refresh();
          }}
          onClose={() => setAsking(false)}
        >
          <p>The run ends as cancelled, and the events that it has gathered start nothing. They stay stored.</p>
        </Confirm>
      )}
    </li>
  );
}
