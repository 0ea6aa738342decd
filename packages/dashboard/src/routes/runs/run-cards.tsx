/** A short list of runs inside another view. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Page, RunRow } from "../../api/records.ts";
import { StatusBadge } from "../../parts/badge.tsx";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ago, Lasted } from "../../parts/time-text.tsx";

interface RunCardsProps {
  readonly runs: UseQueryResult<Page<RunRow>>;
  readonly empty: string;
}

export function RunCards({ runs, empty }: RunCardsProps) {
  if (runs.error !== null) return <Failure error={runs.error} retry={runs.refetch} />;
  if (runs.data === undefined) {
    return (
      <div className="body">
        <Bones count={4} />
      </div>
    );
  }
  if (runs.data.rows.length === 0) return <p className="soft body">{empty}</p>;
  return (
    <ul className="lines">
      {runs.data.rows.map((run) => (
        <li key={run.id} className="line">
          <span className="run-card-status">
            <StatusBadge status={run.status} />
          </span>
          <div className="line-main cut">
            <Link to="/runs/$id" params={{ id: run.id }} className="row-link">
              {run.function.name === "" ? run.function.id : run.function.name}
            </Link>
          </div>
          <span className="soft small">
            <Lasted from={run.startedAt} until={run.endedAt} />
          </span>
          <span className="soft small line-when">
            <Ago at={run.queuedAt} />
          </span>
        </li>
      ))}
    </ul>
  );
}
