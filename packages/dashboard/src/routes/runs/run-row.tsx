/** One run in a list. */
import { Link } from "@tanstack/react-router";
import type { RunRow } from "../../api/records.ts";
import { StatusBadge } from "../../parts/badge.tsx";
import { Ago, Lasted } from "../../parts/time-text.tsx";
import { isOpen } from "../../words/status.ts";

interface RunRowProps {
  readonly run: RunRow;
  /** Absent: rows cannot be selected here. */
  readonly selection?: { readonly isSelected: boolean; readonly toggle: (isRange: boolean) => void };
}

export function RunListRow({ run, selection }: RunRowProps) {
  const name = run.function.name === "" ? run.function.id : run.function.name;
  return (
    <div className="list-row run-row" data-selected={selection?.isSelected === true ? "" : undefined}>
      {selection !== undefined && (
        <label className="check above">
          <span className="unseen">{`Select run ${run.id}`}</span>
          <input
            type="checkbox"
            checked={selection.isSelected}
            onChange={(event) => selection.toggle((event.nativeEvent as MouseEvent).shiftKey)}
          />
        </label>
      )}
      <span className="run-status">
        <StatusBadge status={run.status} />
      </span>
      <span className="run-name cut">
        <Link to="/runs/$id" params={{ id: run.id }} className="row-link" title={name}>
          {name}
        </Link>
        {run.app.id !== "" && <span className="soft small wide-only">{` ${run.app.id}`}</span>}
      </span>
      <span className="cut soft small wide-only">{startText(run)}</span>
      <span className="mono soft small wide-only" title={run.id}>
        {run.id.slice(-8)}
      </span>
      <span className="soft small run-when">
        <Ago at={run.queuedAt} />
      </span>
      <span className="small soft wide-only">
        <Lasted from={run.queuedAt} until={run.startedAt ?? run.endedAt} />
      </span>
      <span className="small run-lasted">
        {run.startedAt === null ? (
          <span className="soft">–</span>
        ) : (
          <Lasted from={run.startedAt} until={isOpen(run.status) ? null : run.endedAt} />
        )}
      </span>
    </div>
  );
}

function startText({ trigger, parentRunId, originalRunId }: RunRow): string {
  if (parentRunId !== null) return "invoked by a run";
  if (originalRunId !== null) return "rerun";
  if (trigger.cronSchedule !== null) return `cron ${trigger.cronSchedule}`;
  return trigger.isBatch ? `batch of ${trigger.eventIds.length} events` : "event";
}

export function RunListHead({ hasSelection }: { readonly hasSelection: boolean }) {
  return (
    <div className="list-head run-row" aria-hidden>
      {hasSelection && <span />}
      <span>Status</span>
      <span>Function</span>
      <span>Started by</span>
      <span>Run</span>
      <span>Queued</span>
      <span>Waited</span>
      <span>Took</span>
    </div>
  );
}
