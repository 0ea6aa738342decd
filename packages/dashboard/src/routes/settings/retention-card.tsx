/** How long what has ended is kept, how large the store may grow, and what that has deleted. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Retention } from "../../api/records.ts";
import { retentionQuery, setRetention } from "../../api/settings.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { bytesText, countOf } from "../../words/number.ts";

export function RetentionCard({ canChange }: { readonly canChange: boolean }) {
  const retention = useQuery(retentionQuery);
  const [isAsking, setAsking] = useState(false);
  return (
    <section className="card" aria-label="Retention">
      <header>
        <h2>Retention</h2>
        {canChange && retention.data !== undefined && retention.data.fixed.length < 2 && (
          <Button size="small" className="push" onClick={() => setAsking(true)}>
            Change …
          </Button>
        )}
      </header>
      <div className="body">
        {retention.error !== null && <Failure error={retention.error} retry={retention.refetch} />}
        {retention.isPending && <Bones count={3} />}
        {retention.data !== undefined && <RetentionFacts retention={retention.data} />}
      </div>
      {isAsking && retention.data !== undefined && (
        <RetentionDialog retention={retention.data} onClose={() => setAsking(false)} />
      )}
    </section>
  );
}

function RetentionFacts({ retention }: { readonly retention: Retention }) {
  const { keep, max_bytes: max, used_bytes: used, fixed, deleted } = retention;
  const given = (name: "keep" | "max_bytes") => (fixed.includes(name) ? " (given when the server was started)" : "");
  return (
    <dl className="facts">
      <dt>Ended runs are kept</dt>
      <dd>{`${keep === "forever" ? "for ever" : keep}${given("keep")}`}</dd>
      <dt>The store may grow</dt>
      <dd>{`${max === null ? "without limit" : `to ${bytesText(max)}`}${given("max_bytes")}`}</dd>
      <dt>It has now</dt>
      <dd>{used === null ? "not looked at yet" : bytesText(used)}</dd>
      <dt>Deleted since the start</dt>
      <dd>{`${countOf(deleted.runs, "run")}, ${countOf(deleted.events, "event")}`}</dd>
    </dl>
  );
}

interface RetentionDialogProps {
  readonly retention: Retention;
  readonly onClose: () => void;
}

function RetentionDialog({ retention, onClose }: RetentionDialogProps) {
  const { fixed, keep: keepNow, max_bytes: maxNow } = retention;
  const [keep, setKeep] = useState(keepNow);
  const [maxSize, setMaxSize] = useState(maxNow === null ? "none" : bytesText(maxNow));
  const client = useQueryClient();
  const save = async () => {
    const change = {
      ...(fixed.includes("keep") ? {} : { keep: keep.trim() }),
      ...(fixed.includes("max_bytes") ? {} : { maxSize: maxSize.trim() }),
    };
    client.setQueryData(retentionQuery.queryKey, await setRetention(change));
    tellDone("The retention was changed; what it deletes goes a little at a time.");
  };
  return (
    <Confirm title="Change the retention" verb="Change it" look="danger" act={save} onClose={onClose}>
      <p>What is shortened here deletes ended runs, with their steps, events and lines. They cannot be brought back.</p>
      <label className="field">
        <span>Ended runs are kept (a duration such as 30d, or forever)</span>
        <input
          className="input"
          value={keep}
          disabled={fixed.includes("keep")}
          onChange={(event) => setKeep(event.target.value)}
        />
      </label>
      <label className="field">
        <span>The store may grow to (a size such as 10 GB, or none)</span>
        <input
          className="input"
          value={maxSize}
          disabled={fixed.includes("max_bytes")}
          onChange={(event) => setMaxSize(event.target.value)}
        />
      </label>
    </Confirm>
  );
}
