/** One run in a list. */
import { Link } from "@tanstack/react-router";
import type { RunRow } from "../../api/records.ts";
import { StatusBadge } from "../../parts/badge.tsx";
import { RowCheck } from "../../parts/row-check.tsx";
import { Ago, Lasted } from "../../parts/time-text.tsx";
import { isOpen } from "../../words/status.ts";
import { COLUMNS, type Column } from "./columns.ts";

interface RunRowProps {
  readonly run: RunRow;
  readonly columns: readonly Column[];
  readonly isSelected: boolean;
  readonly toggle: (isRange: boolean) => void;
}

export function RunListRow({ run, columns, isSelected, toggle }: RunRowProps) {
  const name = run.function.name === "" ? run.function.id : run.function.name;
  return (
    <div className="list-row run-row" data-selected={isSelected ? "" : undefined}>
      <RowCheck label={`Select run ${run.id}`} isSelected={isSelected} toggle={toggle} />
      <span className="run-status">
        <StatusBadge status={run.status} />
      </span>
      <span className="run-name cut">
        <Link to="/runs/$id" params={{ id: run.id }} className="row-link" title={name}>
          {name}
        </Link>
        {run.app.id !== "" && <span className="soft small wide-only">{` ${run.app.id}`}</span>}
      </span>
      <span className="soft small run-when narrow-only">
        <Ago at={run.queuedAt} />
      </span>
      {columns.map((column) => (
        <span key={column} className="cut small soft wide-only">
          <Cell run={run} column={column} />
        </span>
      ))}
    </div>
  );
}

function Cell({ run, column }: { readonly run: RunRow; readonly column: Column }) {
  const { queuedAt, startedAt, endedAt, id, status } = run;
  switch (column) {
    case "origin":
      return startText(run);
    case "id":
      return (
        <span className="mono" title={id}>
          {id.slice(-8)}
        </span>
      );
    case "queued":
      return <Ago at={queuedAt} />;
    case "waited":
      return <Lasted from={queuedAt} until={startedAt ?? endedAt} />;
    case "took":
      return startedAt === null ? "–" : <Lasted from={startedAt} until={isOpen(status) ? null : endedAt} />;
    case "ended":
      return endedAt === null ? "–" : <Ago at={endedAt} />;
  }
}

function startText({ trigger, parentRunId, originalRunId }: RunRow): string {
  if (parentRunId !== null) return "invoked by a run";
  if (originalRunId !== null) return "rerun";
  if (trigger.cronSchedule !== null) return `cron ${trigger.cronSchedule}`;
  return trigger.isBatch ? `batch of ${trigger.eventIds.length} events` : "event";
}

export function RunListHead({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <div className="list-head run-row" aria-hidden>
      <span />
      <span>Status</span>
      <span>Function</span>
      {columns.map((column) => (
        <span key={column}>{COLUMNS[column].label}</span>
      ))}
    </div>
  );
}
