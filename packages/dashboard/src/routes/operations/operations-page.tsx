/** Work on many runs, and how far it is. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Layers } from "lucide-react";
import { operationsQuery, stopOperation } from "../../api/operations.ts";
import type { Operation } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Bones, Empty, Failure } from "../../parts/states.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { tellDone, tellError } from "../../parts/toast.tsx";
import type { Tone } from "../../words/status.ts";
import { minuteText } from "../../words/time.ts";

const POLL_MS = 1_000;
const KINDS: Readonly<Record<Operation["kind"], string>> = { cancel: "Cancel", replay: "Replay", resume: "Resume" };
const TONES: Readonly<Record<Operation["status"], Tone>> = { Running: "busy", Completed: "ok", Cancelled: "calm" };

export function OperationsPage() {
  const operations = useQuery({
    ...operationsQuery,
    // The feed tells of runs, not of operations.
    refetchInterval: ({ state }) => (state.data?.some((one) => one.status === "Running") === true ? POLL_MS : false),
  });
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>Operations</h1>
          <p>Cancelling, replaying and resuming many runs at once. Begun from the runs list; done in the background.</p>
        </div>
      </header>
      {operations.error !== null && <Failure error={operations.error} retry={operations.refetch} />}
      {operations.isPending && <Bones />}
      {operations.data?.length === 0 && (
        <Empty icon={Layers} title="No operations yet">
          <p>Filter the runs list, then choose “All of these …”.</p>
        </Empty>
      )}
      {operations.data !== undefined && operations.data.length > 0 && (
        <ul className="card lines">
          {operations.data.map((operation) => (
            <OperationLine key={operation.id} operation={operation} />
          ))}
        </ul>
      )}
    </div>
  );
}

function OperationLine({ operation }: { readonly operation: Operation }) {
  const { id, kind, status, progress, created_at: createdAt } = operation;
  const client = useQueryClient();
  const stop = useMutation({
    mutationFn: () => stopOperation(id),
    onSuccess: () => {
      tellDone("The operation was stopped; what it has done stays done.");
      return client.invalidateQueries({ queryKey: operationsQuery.queryKey });
    },
    onError: tellError,
  });
  const handled = progress.done + progress.failed + progress.skipped;
  return (
    <li className="line operation-line">
      <Badge tone={TONES[status]}>{status}</Badge>
      <div className="line-main">
        <strong>{KINDS[kind]}</strong> <span className="soft small wrap">{filterText(operation)}</span>
        {progress.last_error !== null && <p className="small wrap">{progress.last_error}</p>}
      </div>
      <span className="number small operation-progress">
        {progress.total !== null && (
          <progress value={handled} max={Math.max(progress.total, 1)} aria-label="Progress">
            {handled}
          </progress>
        )}
        {` ${progress.done} done`}
        {progress.failed > 0 && `, ${progress.failed} failed`}
        {progress.skipped > 0 && `, ${progress.skipped} left alone`}
        {progress.total !== null && ` of ${progress.total}${progress.is_total_more ? "+" : ""}`}
      </span>
      <span className="soft small line-when">
        <Ago at={createdAt} />
      </span>
      {status === "Running" && (
        <DeedButton deed="cancelOperation" size="small" onClick={() => stop.mutate()} disabled={stop.isPending}>
          Stop
        </DeedButton>
      )}
    </li>
  );
}

function filterText({ filter }: Operation): string {
  const parts = [
    ...(filter.status === null ? [] : [filter.status.join(" or ").toLowerCase()]),
    ...(filter.function === null ? [] : [`of ${filter.function.join(", ")}`]),
    ...(filter.app === null ? [] : [`in ${filter.app}`]),
    ...(filter.from === null ? [] : [`from ${minuteText(Date.parse(filter.from))}`]),
    ...(filter.until === null ? [] : [`until ${minuteText(Date.parse(filter.until))}`]),
    ...(filter.text === null ? [] : [`with “${filter.text}”`]),
    ...(filter.if === null ? [] : [`if ${filter.if}`]),
  ];
  return parts.length === 0 ? "all runs" : parts.join(", ");
}
