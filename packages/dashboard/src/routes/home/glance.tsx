/** A few counts. They come from the first page of a list, so a large one says "100+". */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { runsQuery } from "../../api/runs.ts";
import { lookOf, type RunStatus } from "../../words/status.ts";
import { filterOf } from "../runs/run-search.ts";

const COUNTED_MAX = 100;
const MINUTE = 60_000;

export function Glance() {
  return (
    <div className="tiles">
      <Tile status="RUNNING" label="running now" />
      <Tile status="QUEUED" label="queued now" />
      <Tile status="FAILED" label="failed in 24 h" since="24h" />
      <Tile status="COMPLETED" label="completed in 1 h" since="1h" />
    </div>
  );
}

interface TileProps {
  readonly status: RunStatus;
  readonly label: string;
  readonly since?: string;
}

function Tile({ status, label, since }: TileProps) {
  const search = { status, ...(since === undefined ? {} : { since }) };
  // To the minute: otherwise each look would be another question.
  const [now] = useState(() => Math.floor(Date.now() / MINUTE) * MINUTE);
  const { data } = useQuery(runsQuery(filterOf(search, now), COUNTED_MAX));
  const count = data === undefined ? "–" : `${data.rows.length}${data.cursor === null ? "" : "+"}`;
  const isQuiet = data === undefined || data.rows.length === 0;
  return (
    <Link to="/runs" search={search} className={`tile tone-${isQuiet ? "calm" : lookOf(status).tone}`}>
      <strong className="number">{count}</strong>
      <span>{label}</span>
    </Link>
  );
}
